"""A process of its own for the tests: `python -m tests.index.program TASK DIRECTORY [FIRST COUNT]`.

It prints what it has done line by line, so that whatever was printed before it is killed counts as acknowledged.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from collections_app.index.connection import Connection
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.milvus import MilvusIndex
from tests.index.records import DIM, record

MODEL_KEY = "processes"
FORGET_EVERY = 5


def write(store: EmbeddedStore, index: MilvusIndex, first: int, count: int) -> None:
    """Write so many ids, one by one, moving each once, and delete every fifth again."""
    for an_id in range(first, first + count):
        index.upsert([record(an_id, team=2)])
        index.upsert([record(an_id, team=1)])
        if an_id % FORGET_EVERY == 0:
            index.delete([an_id])
        say(an_id, "owner" if store.owned else "client")


def serve(store: EmbeddedStore, index: MilvusIndex) -> None:
    """Stay until standard input is closed, then leave in good order."""
    index.upsert([record(1)])
    say("owner" if store.owned else "client")
    sys.stdin.read()


def fork(store: EmbeddedStore, index: MilvusIndex) -> None:
    """Own the store and leave behind a child that would keep whatever it has inherited."""
    index.upsert([record(1)])
    if os.fork() == 0:
        say(os.getpid(), "owner" if store.owned else "client")
        time.sleep(600)
        os._exit(0)
    sys.stdin.read()


def say(*words: object) -> None:
    print(*words, flush=True)


if __name__ == "__main__":
    task, directory, *numbers = sys.argv[1:]
    opened = EmbeddedStore(Path(directory))
    vectors = MilvusIndex(Connection(opened), model_key=MODEL_KEY, dim=DIM)
    tasks: dict[str, Callable[..., None]] = {"write": write, "serve": serve, "fork": fork}
    tasks[task](opened, vectors, *map(int, numbers))
