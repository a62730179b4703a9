"""Metrics and JSON logs of a whole site, as `serve` runs it."""

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.clock import wait_until
from tests.metrics.conftest import Scrape
from tests.processes.installation import Installation, find_free_port, finish
from tests.processes.test_serve import children_of
from tests.processes.visitor import Visitor

pytestmark = pytest.mark.process


def make_scrape(port: int) -> Callable[[], Scrape]:
    def scrape() -> Scrape:
        answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return Scrape(answer.text)

    return scrape


def count_all(page: Scrape, name: str) -> float:
    return sum(page.read(name).values())


def test_metrics_of_all_processes_are_those_of_the_history(installation: Installation) -> None:
    port = find_free_port()
    process = installation.serve(METRICS_PORT=str(port))
    scrape = make_scrape(port)
    try:
        visitor = Visitor(installation.address)
        assert [visitor.upload(number) for number in range(3)] == [201] * 3
        wait_until(lambda: installation.count_indexed() == 3)
        assert [visitor.search(f"{number} red dogs") for number in range(6)] == [200] * 6
        wait_until(lambda: scrape().read_one("imagesearch_index_queue_length") == 0)
        page = scrape()
        assert page.read("imagesearch_images_indexed_total")["encoded",] == 3
        assert page.read_one("imagesearch_searches_total", outcome="done") == 6
        assert page.read_one("imagesearch_requests_total", view="upload", method="POST", status="2xx") == 3
        assert page.read_one("imagesearch_requests_total", view="search", status="2xx") == 6
        assert page.read("imagesearch_processes") == {("web",): 2, ("index_worker",): 1, ("command",): 0}
        assert sum(page.read("imagesearch_store_owner").values()) == 1
        assert list(page.read("imagesearch_embedding_coverage_ratio").values()) == [1]
        assert set(page.read("imagesearch_part_readable").values()) == {1}

        before = count_all(page, "imagesearch_requests_total")
        killed = children_of(process.pid)["web 1"]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: killed not in children_of(process.pid).values())
        wait_until(lambda: scrape().read_one("imagesearch_processes", process="web") == 2)
        assert count_all(scrape(), "imagesearch_requests_total") >= before
        assert visitor.search("another dog") == 200
        assert count_all(scrape(), "imagesearch_requests_total") > before
        assert len(list((installation.data_dir / "metrics").glob("counter_*.db"))) <= 4
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_site_without_a_port_serves_and_stores_no_metrics(installation: Installation) -> None:
    process = installation.serve(WEB_WORKERS="1")
    try:
        assert len(children_of(process.pid)) == 2
        assert not (installation.data_dir / "metrics").exists()
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_port_in_use_stops_the_start_with_a_sentence(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = installation.start("serve", METRICS_PORT=str(port))
        output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert f"Cannot listen on 127.0.0.1:{port}" in output
    assert "Set METRICS_HOST and METRICS_PORT to others." in output


def test_exporter_without_a_port_says_what_to_set(installation: Installation) -> None:
    process = installation.start("metrics")
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Set METRICS_PORT" in output


def test_exporter_runs_beside_processes_that_a_service_manager_starts(installation: Installation) -> None:
    port = find_free_port()
    own = {"METRICS_PORT": str(port), "WEB_WORKERS": "1"}
    exporter = installation.start("metrics", **own)
    web = installation.start("web", **own)
    try:
        scrape = make_scrape(port)

        def is_counted() -> bool:
            try:
                requests.get(f"{installation.address}/-/live/", timeout=5)
                return scrape().read("imagesearch_requests_total").get(("GET", "2xx", "live"), 0) > 0
            except requests.ConnectionError:
                return False

        wait_until(is_counted)
        assert scrape().read_one("imagesearch_processes", process="web") == 1
        web.send_signal(signal.SIGKILL)
        web.wait()
        assert scrape().read_one("imagesearch_processes", process="web") == 0
    finally:
        web.kill()
        exporter.terminate()
        finish(exporter)
        web.communicate()


def test_every_line_of_a_site_is_json(installation: Installation, tmp_path: Path) -> None:
    log_path = tmp_path / "site.log"
    with log_path.open("w") as log:
        process = installation.serve(log, LOG_FORMAT="json", METRICS_PORT=str(find_free_port()), WEB_WORKERS="1")
        visitor = Visitor(installation.address)
        assert visitor.upload(1) == 201
        assert visitor.session.get(f"{installation.address}/missing/").status_code == 404
        process.terminate()
        process.wait(timeout=60)
    lines = [json.loads(line) for line in log_path.read_text().splitlines()]
    assert any(line["message"].startswith("Serving on http://") for line in lines)
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    (missing,) = [line for line in lines if line["message"] == "Not Found: /missing/"]
    assert len(missing["request_id"]) == 32
