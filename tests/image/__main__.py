"""Build the image and use a site that runs from it: `make image-test`, as root on Debian. Prints size and times."""

import os
import re
import shutil
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.image.building import IMAGE, Builder, install_tools
from tests.image.container import Container

NEEDED_GIB = 15
START_S, STOP_S = 180, 10
UID = 10001
ACCOUNT = {"login": "demo@example.com", "password": "demo"}
BUILD_TOOLS = ("gcc", "cc", "c++", "make", "pip", "pip3", "git")
SITE_FILES = {".venv", "LICENSE", "requirements.txt", "manage.py"}
CONTENTS = SITE_FILES | {"collections_app", "imagesearch", "static", "templates"}
NOT_RUN = (
    "Docker and podman themselves, limits of memory and processor time (cgroups), seccomp, compose.yaml,"
    " compose.production.yaml, Kubernetes, the download of a model from the hub"
)


def main() -> None:
    if os.getuid() != 0 or not shutil.which("apt-get"):
        sys.exit("This needs root on Debian: it installs buildah and debootstrap, and mounts the image.")
    if shutil.disk_usage(tempfile.gettempdir()).free < NEEDED_GIB * 2**30:
        sys.exit(f"This needs {NEEDED_GIB} GiB in {tempfile.gettempdir()}. Set TMPDIR to another folder.")
    install_tools()
    scratch = Path(tempfile.mkdtemp(prefix="imagesearch-image-"))
    builder = Builder(scratch=scratch)
    try:
        builder.make_base()
        builder.build()
        try_image(builder)
    finally:
        shutil.rmtree(scratch)


def try_image(builder: Builder) -> None:
    print(f"Size: {builder.get_size()}", flush=True)
    root = Path(builder.run("mount", builder.run("from", "--pull-never", IMAGE)))
    volume = builder.scratch / "volume"
    shutil.copytree(root / "data", volume)
    os.chown(volume, UID, UID)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    settings = {"HOST": "127.0.0.1", "PORT": port, "CLIP_MODEL": "demo"}
    log = builder.scratch / "log"
    container = Container(root=root, volume=volume, config=builder.describe(), settings=settings, log=log)
    with running(container):
        try_container(container, f"http://127.0.0.1:{port}")
    print(f"Not run: {NOT_RUN}.")


@contextmanager
def running(container: Container) -> Iterator[None]:
    container.start()
    try:
        yield
    finally:
        container.kill()


def try_container(container: Container, address: str) -> None:
    wait_until_ready(container, address)
    print(f"Ready after {time.monotonic() - container.started:.1f} s, on an empty volume.", flush=True)
    assert container.is_healthy(), container.execute("python", "manage.py", "health", check=False)
    check_isolation(container)
    check_contents(container)
    container.execute("python", "manage.py", "prepare")
    container.execute("python", "manage.py", "demo")
    container.execute("python", "manage.py", "index_worker", "--drain")
    titles = search(address, "a white dog")
    assert titles, "The search found nothing."
    assert all("white dog" in title.lower() for title in titles[:5]), titles
    print(f"“a white dog” finds: {', '.join(titles[:5])}.", flush=True)
    stopped_s = container.stop()
    print(f"Stopped {stopped_s:.1f} s after SIGTERM.", flush=True)
    assert stopped_s < STOP_S, container.read_log()


def wait_until_ready(container: Container, address: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert container.is_running(), container.read_log()
        try:
            urllib.request.urlopen(f"{address}/-/ready/", timeout=10).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"The site was not ready after {START_S} s.\n{container.read_log()}")


def check_isolation(container: Container) -> None:
    status = container.read_status()
    assert set(status["Uid"].split()) == {str(UID)}, status["Uid"]
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    for folder in ("/", "/tmp", "/var/tmp", "/opt/imagesearch"):
        assert "Read-only file system" in container.execute("touch", f"{folder}/written", check=False), folder
    assert container.execute("stat", "--format=%u %a", "/backups").strip() == f"{UID} 700"
    print(f"The site runs as user {UID}, without capabilities, and writes to /data alone.", flush=True)


def check_contents(container: Container) -> None:
    for tool in BUILD_TOOLS:
        assert "exit" in container.execute("sh", "-c", f"command -v {tool}", check=False), f"The image has {tool}."
    version = container.execute("python", "-c", "import torch; print(torch.__version__, torch.version.cuda)")
    assert version.strip().endswith("+cpu None"), version
    assert set(container.execute("ls", "-A", "/opt/imagesearch").split()) == CONTENTS
    print(f"It has torch {version.split()[0]}, no build tools, and no file that .dockerignore leaves out.", flush=True)


def search(address: str, words: str) -> list[str]:
    """Return the titles that the search page shows, best first."""
    visitor = requests.Session()
    visitor.headers["Connection"] = "close"
    visitor.get(f"{address}/accounts/login/", timeout=60).raise_for_status()
    form = {**ACCOUNT, "csrfmiddlewaretoken": visitor.cookies["csrftoken"]}
    assert visitor.post(f"{address}/accounts/login/", data=form, timeout=60).url == f"{address}/"
    page = visitor.get(f"{address}/search/", params={"q": words}, timeout=60)
    page.raise_for_status()
    return re.findall(r'<div class="caption"[^>]*>\s*<span>([^<]+)</span>', page.text)


if __name__ == "__main__":
    main()
