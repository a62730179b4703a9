"""Running a container of the image: another user, no capabilities, a root that cannot be written, and one volume.

`buildah run` cannot make the root read-only, and starts no processes of their own, so this uses `unshare`.
"""

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MOUNTS = """
mount --bind "$0" "$0"
mount --bind "$1" "$0/data"
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
mount -o remount,bind,ro "$0"
shift
exec "$@"
"""
_STOP_S = 60


@dataclass(slots=True, kw_only=True)
class Container:
    """`root` is the mounted image, `volume` the folder for DATA_DIR, `config` the configuration of the image."""

    root: Path
    volume: Path
    config: Mapping[str, Any]
    settings: Mapping[str, str]
    log: Path
    started: float = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _pid: int = field(default=0, init=False)

    def start(self, command: Sequence[str] = ()) -> None:
        """Start the role, by default the image's, as process 1 of the container."""
        role = [*self.config["Entrypoint"], *(command or self.config["Cmd"])]
        unshare = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private")
        mounts = ("sh", "-ec", _MOUNTS, str(self.root), str(self.volume))
        self.started = time.monotonic()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen([*unshare, *mounts, *self._enter(role)], stdout=output, stderr=output)
        self._pid = self._find_first()

    def execute(self, *words: str, check: bool = True) -> str:
        """Run a command in the running container and return its output, errors included."""
        entered = ("nsenter", "--target", str(self._pid), "--mount", "--pid", *self._enter(words))
        done = subprocess.run(entered, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert not check or done.returncode == 0, f"{words}: {done.stdout}\n{self.read_log()}"
        return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stdout}"

    def is_healthy(self) -> bool:
        """Run the HEALTHCHECK of the image."""
        kind, *command = self.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        return not self.execute(*command, check=False).startswith("exit ")

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def read_status(self) -> dict[str, str]:
        """Return what the kernel says of process 1: Uid, CapEff, NoNewPrivs and so on."""
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def read_log(self) -> str:
        return self.log.read_text()[-3000:]

    def stop(self) -> float:
        """Send SIGTERM to process 1, as `docker stop` does. Return how many seconds it took to end."""
        assert self._process
        began = time.monotonic()
        subprocess.run(["kill", "-TERM", str(self._pid)], check=True)
        code = self._process.wait(_STOP_S)
        assert code == 0, f"The container ended with {code}.\n{self.read_log()}"
        return time.monotonic() - began

    def kill(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _enter(self, words: Sequence[str]) -> list[str]:
        uid, _, gid = self.config["User"].partition(":")
        environment = [*self.config["Env"], *(f"{name}={value}" for name, value in self.settings.items())]
        user = ("setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs", "--bounding-set=-all")
        return [
            "chroot",
            str(self.root),
            "env",
            "-i",
            f"--chdir={self.config['WorkingDir']}",
            *environment,
            *user,
            *words,
        ]

    def _find_first(self) -> int:
        assert self._process
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if found := children.read_text().split():
                return int(found[0])
            time.sleep(0.02)
        raise AssertionError("The container has no process.")
