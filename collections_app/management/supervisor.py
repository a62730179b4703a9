"""The supervisor of `serve`: keeps child processes running until it is stopped."""

import ctypes
import logging
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from collections_app.management.liveness import Liveness

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_STOP_S = 30
_LONGEST_PAUSE_S = 15.0
_STABLE_S = 30.0


@dataclass(slots=True, kw_only=True)
class Child:
    name: str
    command: Sequence[str]
    stdout: int | None = None
    pass_fds: Sequence[int] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0
    pause_s: float = 0
    restart_at: float = 0
    liveness: Liveness | None = None

    def start(self) -> None:
        self.started = time.monotonic()
        self._forget_liveness()
        self.liveness = Liveness()
        # In a session of its own: the terminal's Ctrl-C reaches only the supervisor, which then stops the children.
        self.process = subprocess.Popen(  # noqa: S603
            self.command,
            stdout=self.stdout,
            pass_fds=(*self.pass_fds, self.liveness.writer),
            env=self.liveness.environment,
            preexec_fn=_request_signal_on_parent_death,
            start_new_session=True,
        )
        self.liveness.close_writer()

    def watch(self) -> None:
        """Restart the child if it has died: at once the first time, then after growing pauses. End a frozen one."""
        now = time.monotonic()
        self._kill_if_frozen()
        if self.process and self.process.poll() is not None:
            self.pause_s = 0 if now - self.started > _STABLE_S else min(_LONGEST_PAUSE_S, self.pause_s * 2 + 0.5)
            log.warning("The %s ended (%s). Starting it again.", self.name, self.process.returncode)
            self.process, self.restart_at = None, now + self.pause_s
        if self.process is None and now >= self.restart_at:
            self.start()

    def _kill_if_frozen(self) -> None:
        """Use SIGKILL, which also ends a stopped process. The kernel then releases its locks, such as the store's."""
        if self.process and self.liveness and self.process.poll() is None and self.liveness.is_frozen(self.process.pid):
            log.error("The %s (process %s) does not respond. Ending it.", self.name, self.process.pid)
            self.process.kill()
            self.process.wait()

    def _forget_liveness(self) -> None:
        if self.liveness:
            self.liveness.close()
        self.liveness = None

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        self._forget_liveness()
        if self.process is None:
            return
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_and_wait(child: Child, stop: threading.Event) -> bool:
    """Run a child to its end, or until `stop` is set; return whether it succeeded."""
    child.start()
    try:
        while child.process and child.process.poll() is None and not stop.wait(0.1):
            pass
    finally:
        child.stop()
        child.wait()
    return bool(child.process and child.process.returncode == 0)


def supervise(children: Sequence[Child], stop: threading.Event) -> None:
    """Run the children until `stop` is set, then terminate them all; kill those that need more than 30 s."""
    try:
        while not stop.is_set():
            for child in children:
                child.watch()
            stop.wait(0.5)
    finally:
        for child in children:
            child.stop()
        for child in children:
            child.wait()


def _request_signal_on_parent_death() -> None:
    """Let Linux terminate this child if the supervisor is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
