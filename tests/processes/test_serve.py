"""The whole site as `serve` runs it: under load, with a child killed, stopped, and without a model."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.clock import wait_until
from tests.processes.installation import Installation, Process
from tests.processes.visitor import Visitor

pytestmark = pytest.mark.process

AT_ONCE = 20


def all_children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def children_of(pid: int) -> dict[str, int]:
    """Return the child processes of `serve`, by what they do."""
    commands = {child: Path(f"/proc/{child}/cmdline").read_text() for child in sorted(all_children_of(pid))}
    web = [child for child, words in commands.items() if "\0web\0" in words]
    workers = [("worker", child) for child, words in commands.items() if "index_worker" in words]
    return dict([(f"web {number}", child) for number, child in enumerate(web, 1)] + workers)


def wait_for_children(process: Process) -> dict[str, int]:
    """Return the three child processes. The site may answer before the last one runs."""
    wait_until(lambda: children_of(process.pid).keys() == {"web 1", "web 2", "worker"})
    return children_of(process.pid)


def is_replaced(process: Process, name: str, killed: int) -> bool:
    """Return whether `killed` is gone and three processes run, as before."""
    children = children_of(process.pid)
    return killed not in children.values() and len(children) == 3


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_concurrent_searches_uploads_and_rebuild_succeed(installation: Installation, served: Process) -> None:
    visitor = Visitor(installation.address)
    assert visitor.upload(200) == 201
    with ThreadPoolExecutor(2 * AT_ONCE + 1) as threads:
        rebuild = threads.submit(installation.run, "reindex", "--all")
        uploads = [threads.submit(visitor.upload, number) for number in range(AT_ONCE)]
        searches = [threads.submit(visitor.search, f"{number} red dogs") for number in range(AT_ONCE)]
    rebuild.result()
    assert [each.result() for each in uploads] == [201] * AT_ONCE
    assert [each.result() for each in searches] == [200] * AT_ONCE

    installation.run("reindex")
    installation.run("reindex", "--check")
    assert installation.count_indexed() == AT_ONCE + 1


def test_killed_children_are_restarted(served: Process) -> None:
    for name, killed in wait_for_children(served).items():
        os.kill(killed, signal.SIGKILL)
        wait_until(partial(is_replaced, served, name, killed))


def test_frozen_owner_of_the_index_is_replaced(installation: Installation, served: Process) -> None:
    visitor = Visitor(installation.address)
    assert visitor.upload(1) == 201
    wait_until(lambda: installation.count_indexed() == 1)
    assert visitor.search("a red dog") == 200
    owner = int((installation.data_dir / "index" / "owner.lock").read_text())

    os.kill(owner, signal.SIGSTOP)

    wait_until(lambda: visitor.search("a red dog") == 200 and not is_alive(owner), timeout_s=180)
    assert visitor.upload(2) == 201
    wait_until(lambda: installation.count_indexed() == 2)


def test_frozen_index_worker_is_replaced(installation: Installation, served: Process) -> None:
    assert Visitor(installation.address).upload(1) == 201
    wait_until(lambda: installation.count_indexed() == 1)
    worker = children_of(served.pid)["worker"]

    os.kill(worker, signal.SIGSTOP)

    wait_until(partial(is_replaced, served, "worker", worker), timeout_s=180)


def test_stopping_ends_every_process(installation: Installation) -> None:
    process = installation.serve()
    children = wait_for_children(process)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == 0
    assert not any(map(is_alive, children.values()))
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{installation.address}/healthz/", timeout=5)


def test_children_end_with_a_killed_supervisor(installation: Installation) -> None:
    process = installation.serve()
    children = wait_for_children(process)

    process.kill()
    process.wait()

    wait_until(lambda: not any(map(is_alive, children.values())))


def test_stopping_ends_a_running_model_download(installation: Installation) -> None:
    """The hub is one that takes the call and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as hub:
        hub.settimeout(60)
        address = f"http://127.0.0.1:{hub.getsockname()[1]}"
        own = {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "0", "HF_HOME": str(installation.data_dir), "no_proxy": "*"}
        process = installation.start("serve", CLIP_MODEL="openai/clip-vit-base-patch32", **own)
        call, _ = hub.accept()
        (download,) = all_children_of(process.pid)

        process.terminate()
        process.communicate(timeout=60)
        call.close()

    assert process.returncode == 0
    assert not is_alive(download)


def test_missing_model_is_explained_in_one_sentence(installation: Installation) -> None:
    own = {"CLIP_MODEL": "openai/clip-vit-base-patch32", "HF_HUB_OFFLINE": "1", "HF_HOME": str(installation.data_dir)}
    process = installation.start("serve", **own)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "Start once with a network connection, or set CLIP_MODEL" in output
    assert "Traceback" not in output


def try_to_sign_in(address: str, number: int) -> int:
    with requests.Session() as session:
        session.get(f"{address}/accounts/login/", timeout=60)
        fields = {
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
            "login": f"{number}@example.com",
            "password": "?",
        }
        return session.post(f"{address}/accounts/login/", data=fields, timeout=60).status_code


def test_attempts_are_counted_across_web_processes(installation: Installation, served: Process) -> None:
    """Thirty a minute are allowed; two processes that counted by themselves would allow sixty."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(partial(try_to_sign_in, installation.address), range(40)))
    assert set(answers) == {200, 429}
    assert answers.count(200) <= 30
