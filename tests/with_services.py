"""Run the tests against PostgreSQL, a Milvus server and an S3 server on loopback: `python -m tests.with_services`.

First everything that uses the database or files; then, in a browser, a whole site that has nothing but services behind
it. `--main` leaves out, of the first part, the tests of pages, searches and commands, for a run in half the time. Other
words after the command go to pytest in place of both parts. PostgreSQL is Debian's package, S3 moto's server, Milvus
the package `milvus`. Left out is what uses none of them (pictures, models, drawings), and what is about SQLite and the
embedded store: the processes' tests, and those of the index that do not start a Milvus server by themselves.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.index.milvus_server import milvus_server

FOLDERS = (
    *("tests/models", "tests/services", "tests/views", "tests/permissions", "tests/commands", "tests/test_admin.py"),
    *("tests/index/test_server.py", "tests/load/test_lost_site.py::test_site_on_servers_lost_under_load_is_restored"),
)
# Tables, locks, query plans, rights and files: where databases and storages differ most.
MAIN = (
    *("tests/models", "tests/permissions", "tests/views/test_query_plans.py", "tests/commands/test_start_lock.py"),
    *("tests/services/backup", "tests/services/erasure", "tests/services/indexing", "tests/services/library"),
    *FOLDERS[-2:],
)
IN_A_BROWSER = ("tests/browser/test_main_path.py", "tests/browser/test_sharing.py")
_START_S = 60
_BUCKETS = ("pictures", "site")


def main() -> int:
    is_main = sys.argv[1:] == ["--main"]
    words = [] if is_main else sys.argv[1:]
    scratch_folder = tempfile.TemporaryDirectory(prefix="imagesearch-services-")
    # An analysis beside a test sees no rows of the test's transaction, and the planner would believe it.
    with scratch_folder as scratch, postgresql("-c", "autovacuum=off") as databases, s3() as storage:
        environment = {**os.environ, **storage, "DATA_DIR": scratch}
        used = {"DATABASE_URL": databases["postgres"], "STORAGE_URL": "s3://pictures"}
        folders = MAIN if is_main else FOLDERS
        failed = run_pytest(words or [*folders, "-q"], {**environment, **used})
        if failed or words:
            return failed
        with milvus_server() as uri:
            used = {"DATABASE_URL": databases["site"], "STORAGE_URL": "s3://site", "MILVUS_URI": uri}
            site = {f"SITE_{name}": value for name, value in used.items()}
            # In one process: each process would start a site of its own on the same services.
            return run_pytest([*IN_A_BROWSER, "-q", "-n", "1"], {**environment, **site})


def run_pytest(chosen: Sequence[str], environment: dict[str, str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *chosen], env=environment, check=False).returncode


@contextmanager
def postgresql(*settings: str) -> Iterator[dict[str, str]]:
    """A cluster of its own in a temporary folder, run by an unprivileged user, which PostgreSQL insists on.

    Yields the addresses of its databases by their names.
    """
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
    options = ["-k", str(folder), "-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    log = (folder / "log").open("wb")
    command = [str(programs[-1] / "postgres"), "-D", str(data), *options, *settings]
    server = subprocess.Popen(command, stdout=log, stderr=log, user=_user(user), cwd="/")
    try:
        wait_for(port, server)
        address = ("-h", "127.0.0.1", "-p", str(port), "-U", "imagesearch")
        subprocess.run([str(programs[-1] / "createdb"), *address, "site"], check=True)
        names = ("postgres", "site")
        yield {name: f"postgresql://imagesearch@127.0.0.1:{port}/{name}" for name in names}
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
        _make_buckets(settings)
        yield settings
    finally:
        server.terminate()
        server.wait()


def _make_buckets(settings: dict[str, str]) -> None:
    program = "import boto3, sys; [boto3.client('s3').create_bucket(Bucket=name) for name in sys.argv[1:]]"
    subprocess.run([sys.executable, "-c", program, *_BUCKETS], env={**os.environ, **settings}, check=True)


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
