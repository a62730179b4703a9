"""Run the tests against PostgreSQL and an S3 server, both started here on loopback: `python -m tests.with_services`.

Words after it go to pytest in place of the usual folders. PostgreSQL is Debian's package; S3 is moto's server. The
Milvus server has its own tests in tests/index, which start it themselves. Whole processes and browsers, which bring
a site of their own, are left to the usual run.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDERS = ("tests/models", "tests/services", "tests/views", "tests/permissions", "tests/index/test_server.py")
_START_S = 60


def main() -> int:
    scratch_folder = tempfile.TemporaryDirectory(prefix="imagesearch-services-")
    with scratch_folder as scratch, postgresql() as database, s3() as bucket:
        environment = {**os.environ, **database, **bucket, "DATA_DIR": scratch}
        chosen = sys.argv[1:] or [*FOLDERS, "-q"]
        return subprocess.run([sys.executable, "-m", "pytest", *chosen], env=environment, check=False).returncode


@contextmanager
def postgresql() -> Iterator[dict[str, str]]:
    """A cluster of its own in a temporary folder, run by an unprivileged user, which PostgreSQL insists on."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        sys.exit("PostgreSQL is not installed: apt-get install postgresql")
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    folder, port = Path(tempfile.mkdtemp(prefix="imagesearch-postgresql-")), free_port()
    shutil.chown(folder, user)
    data = folder / "data"
    initdb = [
        str(programs[-1] / "initdb"),
        "-D",
        str(data),
        "-U",
        "imagesearch",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=_user(user), cwd="/")
    options = ("-k", str(folder), "-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
    log = (folder / "log").open("wb")
    command = [str(programs[-1] / "postgres"), "-D", str(data), *options]
    server = subprocess.Popen(command, stdout=log, stderr=log, user=_user(user), cwd="/")
    try:
        wait_for(port, server)
        yield {"DATABASE_URL": f"postgresql://imagesearch@127.0.0.1:{port}/postgres"}
    finally:
        server.terminate()
        server.wait()
        log.close()
        shutil.rmtree(folder)


@contextmanager
def s3() -> Iterator[dict[str, str]]:
    port = free_port()
    command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    settings = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    try:
        wait_for(port, server)
        _make_bucket(settings)
        yield {**settings, "STORAGE_URL": "s3://pictures"}
    finally:
        server.terminate()
        server.wait()


def _make_bucket(settings: dict[str, str]) -> None:
    program = "import boto3; boto3.client('s3').create_bucket(Bucket='pictures')"
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **settings}, check=True)


def _user(user: str) -> str | None:
    """Only root can, and must, become somebody else."""
    return user if os.getuid() == 0 else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    sys.exit(f"A server on port {port} did not start.")


if __name__ == "__main__":
    sys.exit(main())
