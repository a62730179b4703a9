"""`manage.py web`: one web process alone, as a service manager starts it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
import requests

from collections_app.management.web_server.process import limit_model_threads, open_listener, watch_turns
from collections_app.management.web_server.server import WebServer
from tests.processes.installation import ROOT, Installation, find_free_port, finish
from tests.web_server.conftest import answer_path
from tests.web_server.raw_client import RawClient

HOST = "Host: localhost\r\n"


def wait_for_health(address: str, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 120
    while True:
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < deadline
        try:
            assert requests.get(f"{address}/healthz/", timeout=5).status_code == 200
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return


@pytest.mark.process
def test_web_process_serves_alone_and_ends_with_sigterm(installation: Installation) -> None:
    process = installation.start("web")
    wait_for_health(installation.address, process)
    with RawClient(installation.port) as half_sent, RawClient(installation.port) as idle:
        half_sent.send("GET / HT")
        idle.send(f"GET /healthz/ HTTP/1.1\r\n{HOST}\r\n")
        assert idle.read_response().body == b"ok"
        process.terminate()
        finish(process)


@pytest.mark.process
def test_web_process_that_still_loads_the_model_ends_with_sigterm(installation: Installation) -> None:
    sites = [replace(installation, port=find_free_port()) for _ in range(4)]
    processes = [site.start("web") for site in sites]
    for number, (site, process) in enumerate(zip(sites, processes, strict=True)):
        wait_for_health(site.address, process)
        time.sleep(number / 4)
        process.terminate()
    for process in processes:
        finish(process)


@pytest.mark.process
def test_two_web_processes_share_an_inherited_socket(installation: Installation) -> None:
    """A process that is stopped takes no connection from the other one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = {"DATA_DIR": str(installation.data_dir), "CLIP_MODEL": "demo", "MILVUS_URI": "", "DATABASE_URL": ""}
        processes = [
            subprocess.Popen(
                [sys.executable, "manage.py", "web", "--fd", str(listener.fileno())],
                cwd=ROOT,
                env={**os.environ, **settings, "STORAGE_URL": "", "HTTPS": ""},
                pass_fds=[listener.fileno()],
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for _ in range(2)
        ]
        wait_for_health(address, processes[0])
        time.sleep(5)  # the second starts too
        for process in processes:
            process.send_signal(signal.SIGSTOP)
            try:
                for _ in range(5):
                    assert requests.get(f"{address}/healthz/", timeout=30).text == "ok"
            finally:
                process.send_signal(signal.SIGCONT)
        for process in processes:
            process.terminate()
        for process in processes:
            finish(process)


def test_running_request_ends_before_the_server() -> None:
    running, release, stop = threading.Event(), threading.Event(), threading.Event()

    def wait_and_answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        running.set()
        release.wait(60)
        return answer_path(environ, start_response)

    listener = open_listener("127.0.0.1", 0)
    server = WebServer(wait_and_answer, listener=listener)

    def serve() -> None:
        server.run(stop.is_set)
        server.close(timeout_s=60)

    thread = threading.Thread(target=serve)
    thread.start()
    with RawClient(listener.getsockname()[1]) as client:
        client.send(f"GET /a HTTP/1.1\r\n{HOST}\r\n")
        running.wait(60)
        stop.set()
        time.sleep(2)
        release.set()
        assert client.read_response().body == b"/a 0"
        assert client.is_closed()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.process
@pytest.mark.parametrize(("words", "sentence"), [(("--fd", "77"), "--fd 77 is not an open socket.")])
def test_wrong_socket_is_explained(installation: Installation, words: tuple[str, ...], sentence: str) -> None:
    process = installation.start("web", *words)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert sentence in output
    assert "Traceback" not in output


@pytest.mark.process
@pytest.mark.parametrize("command", ["web", "serve"])
def test_port_in_use_is_explained(installation: Installation, command: str) -> None:
    with socket.create_server(("127.0.0.1", installation.port)):
        process = installation.start(command)
        output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert f"Cannot listen on 127.0.0.1:{installation.port}" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("7", "7")])
def test_web_process_computes_on_one_thread_unless_told_otherwise(
    given: str | None, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    limit_model_threads()
    assert os.environ["OMP_NUM_THREADS"] == used


@pytest.mark.parametrize(("count_turns", "gives_up"), [(lambda: 5, True), (time.monotonic_ns, False)])
def test_process_that_stops_looking_at_its_connections_is_noticed(
    count_turns: Callable[[], int], gives_up: bool
) -> None:
    given_up = threading.Event()
    watch_turns(count_turns, give_up=given_up.set, checks=5, check_s=0.01)
    assert given_up.wait(30 if gives_up else 0.5) == gives_up
