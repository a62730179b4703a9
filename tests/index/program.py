"""A process of its own for the tests: `python -m tests.index.program TASK DIRECTORY [FIRST COUNT]`.

It prints a line for each finished step, so that everything printed before it is killed counts as acknowledged.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from collections_app.index.connection import Connection
from collections_app.index.embedded_store import EmbeddedStore
from collections_app.index.milvus import MilvusIndex
from tests.index.records import DIM, record

MODEL_KEY = "processes"
FORGET_EVERY = 5


def write(store: EmbeddedStore, index: MilvusIndex, first: int, count: int) -> None:
    """Write `count` ids one by one, move each once, and delete every fifth."""
    for an_id in range(first, first + count):
        index.upsert([record(an_id, team=2)])
        index.upsert([record(an_id, team=1)])
        if an_id % FORGET_EVERY == 0:
            index.delete([an_id])
        print_line(an_id, "owner" if store.is_owner else "client")


def serve(store: EmbeddedStore, index: MilvusIndex) -> None:
    """Run until standard input is closed, then exit normally."""
    index.upsert([record(1)])
    print_line("owner" if store.is_owner else "client")
    sys.stdin.read()


def hold_write_lock(store: EmbeddedStore, _index: MilvusIndex) -> None:
    with store.lock_writes():
        print_line("holds")
        sys.stdin.read()


def outlive_main_thread(_store: EmbeddedStore, index: MilvusIndex) -> None:
    """End the main thread without closing the connection, but keep a pool's thread until standard input is closed."""
    index.upsert([record(1)])
    pool = ThreadPoolExecutor(1)
    pool.submit(wait_after_main_thread, pool)


def wait_after_main_thread(pool: ThreadPoolExecutor) -> None:
    try:
        while True:
            pool.submit(int)
            time.sleep(0.01)
    except RuntimeError:
        print_line("closed")
        sys.stdin.read()


def fork(store: EmbeddedStore, index: MilvusIndex) -> None:
    """Own the store and leave a child that would keep everything it has inherited."""
    index.upsert([record(1)])
    if os.fork() == 0:
        print_line(os.getpid(), "owner" if store.is_owner else "client")
        time.sleep(600)
        os._exit(0)
    sys.stdin.read()


def print_line(*words: object) -> None:
    print(*words, flush=True)


if __name__ == "__main__":
    task, directory, *numbers = sys.argv[1:]
    opened = EmbeddedStore(Path(directory))
    connection = Connection(opened)
    vectors = MilvusIndex(connection, model_key=MODEL_KEY, dim=DIM)
    tasks: dict[str, Callable[..., None]] = {
        "write": write,
        "serve": serve,
        "hold_write_lock": hold_write_lock,
        "outlive_main_thread": outlive_main_thread,
        "fork": fork,
    }
    tasks[task](opened, vectors, *map(int, numbers))
    if task != "outlive_main_thread":
        connection.close()
