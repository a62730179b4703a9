"""The state of the parts that the site needs, for probes and `manage.py health`."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache, partial

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from collections_app.errors import IndexDamaged, ModelLoading
from collections_app.index import check_index
from collections_app.request_ids import bind_request_id
from collections_app.services.indexing.kept_models import check_active_model
from collections_app.services.library.bounded_calls import share_time

log = logging.getLogger(__name__)

PART_TIMEOUT_S = 3.0
# Everybody may request the state. So requests in quick succession share one file in the storage.
_KEPT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """Whether a part works. Everybody may read `detail`: it has no name, address or path. The log has the reason."""

    is_ok: bool
    detail: str


@dataclass(slots=True, kw_only=True)
class _Part:
    """Runs one check at a time, each in a thread of its own, so that a check that hangs keeps nobody waiting.

    `find_problem` returns a sentence, or "" if the part works. An error that it raises means `failing`.
    """

    name: str
    find_problem: Callable[[], str]
    working: str
    failing: str
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _latest: "Future[str] | None" = None
    _ended_at: float = 0
    _logged: str = ""

    def start(self) -> "Future[str]":
        """Return the problem that the running check will find, or the check that has just ended."""
        with self._lock:
            latest = self._latest
            if latest is None or (latest.done() and time.monotonic() - self._ended_at > _KEPT_S):
                latest = Future()
                run = bind_request_id(partial(self._run, latest))
                threading.Thread(target=run, name=f"check-{self.name}", daemon=True).start()
                self._latest = latest
            return latest

    def _run(self, outcome: "Future[str]") -> None:
        reason = ""
        try:
            try:
                problem = self.find_problem()
            finally:
                connection.close()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the callers get an outcome
            problem, reason = self.failing, f" ({type(error).__name__}: {error})"
        if problem and problem + reason != self._logged:
            log.warning("%s%s", problem, reason)
        self._logged = problem and problem + reason
        self._ended_at = time.monotonic()
        outcome.set_result(problem)


def has_all_migrations() -> bool:
    """Return whether the database has every migration that the site needs. Raises DatabaseError."""
    applied = MigrationRecorder(connection).applied_migrations()
    return all(migration in applied for migration in _get_last_migrations())


def check_parts(names: Iterable[str] = ()) -> dict[str, PartState]:
    """Check these parts (none given: all) at the same time, for PART_TIMEOUT_S at most."""
    deadline = time.monotonic() + PART_TIMEOUT_S
    checks = {name: _PARTS[name].start() for name in names or PART_NAMES}
    return {name: _wait_for_state(_PARTS[name], check, deadline) for name, check in checks.items()}


def _wait_for_state(part: _Part, check: "Future[str]", deadline: float) -> PartState:
    try:
        problem = check.result(max(0, deadline - time.monotonic()))
    except TimeoutError:
        problem = f"There was no answer within {PART_TIMEOUT_S:g} seconds."
    return PartState(is_ok=not problem, detail=problem or part.working)


def _find_database_problem() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _find_migrations_problem() -> str:
    return "" if has_all_migrations() else "Migrations are missing. Run manage.py migrate, then restart the site."


def _find_storage_problem() -> str:
    content = uuid.uuid4().hex
    with share_time(PART_TIMEOUT_S):
        name = default_storage.save(f"health/{content}", ContentFile(content.encode()))
        try:
            with default_storage.open(name) as file:
                is_same = file.read() == content.encode()
        finally:
            default_storage.delete(name)
    return "" if is_same else "The storage returned a file with other bytes than were written."


def _find_index_problem() -> str:
    try:
        check_index(timeout_s=PART_TIMEOUT_S)
    except IndexDamaged:
        return "The index is damaged. Run manage.py reindex."
    return ""


def _find_model_problem() -> str:
    try:
        check_active_model()
    except ModelLoading:
        return "The model is still loading."
    return ""


@cache
def _get_last_migrations() -> list[tuple[str, str]]:
    """Return the newest migration of each app, from its files."""
    return list(MigrationLoader(connection=None).graph.leaf_nodes())


_PARTS = {
    part.name: part
    for part in (
        _Part(
            name="database",
            find_problem=_find_database_problem,
            working="The database answers.",
            failing="The database does not answer.",
        ),
        _Part(
            name="migrations",
            find_problem=_find_migrations_problem,
            working="All migrations are applied.",
            failing="The migrations of the database cannot be read.",
        ),
        _Part(
            name="storage",
            find_problem=_find_storage_problem,
            working="The storage can be written and read.",
            failing="The storage cannot be written or read.",
        ),
        _Part(
            name="index",
            find_problem=_find_index_problem,
            working="The index answers.",
            failing="The index does not answer.",
        ),
        _Part(
            name="model",
            find_problem=_find_model_problem,
            working="The model is available.",
            failing="The model cannot be loaded.",
        ),
    )
}
PART_NAMES = tuple(_PARTS)
