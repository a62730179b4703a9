"""A real Milvus server for tests: standalone, from the package `milvus`, in a directory of its own.

While it runs its own parts listen on every address (Milvus 2.3.5 knows nothing else); etcd listens on loopback.
"""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

START_TIMEOUT_S = 120.0
# Few, so that a test can fill a collection; one partition is Milvus' own.
MAX_PARTITIONS = 32
# Where the parts look for each other; without it Milvus takes the first address that is not loopback.
_PARTS = ("rootCoord", "proxy", "queryCoord", "queryNode", "indexNode", "dataCoord", "dataNode")
# Milliseconds. A search that sees every write waits for the next tick, a collection for the next checks.
_SHORT_INTERVALS = {
    "proxy.timeTickInterval": "20",
    "queryCoord.checkSegmentInterval": "50",
    "queryCoord.checkChannelInterval": "50",
    "queryCoord.distPullInterval": "50",
}


class NoServerError(Exception):
    """This machine cannot run the server; the message says why."""


@contextmanager
def milvus_server(*, settings: dict[str, str] | None = None) -> Iterator[str]:
    """Yield the uri of a fresh, empty server; stop it and remove its data afterwards.

    `settings` are further lines of its configuration, such as {"rootCoord.maxPartitionNum": "8"}.
    """
    with ExitStack() as stops:
        server = _start(settings or {}, stops)
        yield f"http://127.0.0.1:{server.listen_port}"


def milvus_server_uri() -> Iterator[str]:
    """The body of a session fixture: skip without a server, unless REQUIRE_SERVER=1 makes that a failure.

    In tests/conftest.py: `milvus_uri = pytest.fixture(scope="session")(milvus_server_uri)`
    """
    try:
        context = milvus_server(settings={"rootCoord.maxPartitionNum": str(MAX_PARTITIONS)})
        uri = context.__enter__()
    except NoServerError as error:
        if os.environ.get("REQUIRE_SERVER") == "1":
            raise
        pytest.skip(f"no Milvus server here: {error}")
    try:
        yield uri
    finally:
        context.__exit__(None, None, None)


def _start(settings: dict[str, str], stops: ExitStack) -> Any:
    """Start a server, a second one if the first one fails: its port may be taken, or the machine too busy."""
    for is_last in (False, True):
        with ExitStack() as own_stops:
            directory = Path(tempfile.mkdtemp(prefix="milvus-server-"))
            own_stops.callback(shutil.rmtree, directory, ignore_errors=True)
            server = _make_server(directory, settings)
            own_stops.callback(server.stop)
            try:
                server.start()
                _wait_until_healthy(server)
            except (OSError, RuntimeError) as error:
                if is_last:
                    raise NoServerError(str(error)) from error
            else:
                stops.enter_context(own_stops.pop_all())
                return server
    raise AssertionError


def _make_server(directory: Path, settings: dict[str, str]) -> Any:
    try:
        from milvus import MilvusServer, MilvusServerConfig
    except ImportError as error:
        raise NoServerError(f"the package milvus cannot be imported ({error})") from error
    config = MilvusServerConfig(data_dir=str(directory), proxy_port=_free_port())
    for name, value in ({f"{part}.ip": "127.0.0.1" for part in _PARTS} | _SHORT_INTERVALS | settings).items():
        config.set(name, value)
    return MilvusServer(config, wait_for_started=False)


def _wait_until_healthy(server: Any) -> None:
    """The package has its own wait, which does not notice that the server has died."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.server_proc.poll() is not None:
            raise RuntimeError(f"it ended with {server.server_proc.returncode}")
        with suppress(OSError), urlopen(f"http://127.0.0.1:{server.webservice_port}/healthz", timeout=5) as answer:
            if b"OK" in answer.read():
                return
        time.sleep(0.1)
    raise RuntimeError(f"it did not answer within {START_TIMEOUT_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
