"""Context of every template: the site's limits and its state."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db.models import Exists, Q, Subquery, Sum
from django.http import HttpRequest
from django.utils.translation import get_language

from collections_app.models import Collection, Image, ImageTotal, IndexingPause, IndexState, User
from collections_app.models.newest_images import list_newest_ids
from collections_app.services.indexing.completeness import Coverage, measure_coverage
from collections_app.services.indexing.kept_models import DEMO_MODEL, find_latest_name
from collections_app.services.library.quotas import resolve_max_bytes
from collections_app.services.sharing.notices import Notice, build_notice_check, list_notices
from collections_app.services.uploads.non_pictures import COMPANION_SUFFIXES, SYSTEM_NAMES, SYSTEM_PREFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexingStatus:
    """Counts of the images without an index entry that one person sees. `reason` is the error of one failed image.

    `is_paused`: an administrator has paused indexing, so the images wait.
    """

    waiting: int = 0
    failed: int = 0
    retryable_count: int = 0
    reason: str = ""
    is_paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The bytes of a person's own team, with the trash. `max_bytes` is 0 where there is no limit."""

    byte_size: int = 0
    max_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameState:
    """The state that the frame of each page shows. One statement reads it."""

    has_unindexed: bool = False
    is_indexing_paused: bool = False
    storage: Storage = Storage()
    may_have_notices: bool = False


def read_frame_state(user: User) -> FrameState:
    """Return the state. A database index tells whether all images are indexed, as they usually are."""
    states = User.objects.filter(pk=user.pk).values_list(
        Exists(ImageTotal.objects.unindexed().with_images()),
        Exists(IndexingPause.objects.all()),
        Subquery(ImageTotal.objects.sum_bytes_of_owner()),
        "personal_team__max_bytes",
        build_notice_check(user),
    )
    for has_unindexed, is_paused, byte_size, max_bytes, may_have_notices in states:
        storage = Storage(byte_size=byte_size or 0, max_bytes=resolve_max_bytes(max_bytes))
        return FrameState(
            has_unindexed=has_unindexed,
            is_indexing_paused=is_paused,
            storage=storage,
            may_have_notices=may_have_notices,
        )
    return FrameState()


def read_indexing_status(user: User, state: FrameState) -> IndexingStatus:
    """Return the counts."""
    if not state.has_unindexed:
        return IndexingStatus()
    failed, waiting = Q(index_state=IndexState.FAILED), Q(index_state=IndexState.PENDING)
    editable = Q(collection__in=Collection.objects.editable_by(user))
    counts = ImageTotal.objects.visible_to(user).aggregate(
        waiting=Sum("image_count", filter=waiting, default=0),
        failed=Sum("image_count", filter=failed, default=0),
        retryable_count=Sum("image_count", filter=failed & editable, default=0),
    )
    reason = _read_reason(user) if counts["failed"] else ""
    return IndexingStatus(**counts, reason=reason, is_paused=state.is_indexing_paused)


def _read_reason(user: User) -> str:
    """Return the error of the newest failed picture."""
    failed, visible = Image.objects.not_trashed().failed(), Collection.objects.visible_to(user)
    ids = list_newest_ids(failed, visible, field="created_at", limit=1)
    return Image.objects.filter(pk__in=ids).values_list("index_error", flat=True).first() or ""


class Site:
    """Facts that templates read as `our_site`. Each is computed on access."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._user = getattr(request, "user", None)  # an error page may be rendered before there is one

    @property
    def uploader(self) -> dict[str, object]:
        """The limit, the model, the account and the names of files that are no pictures, for uploads."""
        return {
            "max_mb": settings.MAX_UPLOAD_MB,
            "has_demo_model": self.has_demo_model,
            "account": getattr(self._user, "pk", None),
            "system_names": "/".join(sorted(SYSTEM_NAMES)),
            "system_prefixes": "/".join(SYSTEM_PREFIXES),
            "companion_suffixes": "/".join(sorted(COMPANION_SUFFIXES)),
        }

    @property
    def trash_days(self) -> int:
        return int(settings.TRASH_DAYS)

    @property
    def has_demo_model(self) -> bool:
        return find_latest_name() == DEMO_MODEL

    @property
    def needs_english_hint(self) -> bool:
        """Whether to suggest English: the model was trained on English captions and the page is in another language."""
        knows_english_only = self.has_demo_model or find_latest_name().startswith("openai/clip-")
        return knows_english_only and get_language() != "en"

    @property
    def return_url(self) -> str:
        """The page to return to after switching the language. For the response to a form it is the page of the form."""
        if self._request.method in ("GET", "HEAD"):
            return self._request.get_full_path()
        return self._request.headers.get("Referer") or self._request.get_full_path()

    @property
    def is_open_for_signup(self) -> bool:
        return bool(settings.SIGNUP_OPEN)

    @property
    def sends_mail(self) -> bool:
        """Whether mail goes anywhere: to a mail server or to the console."""
        return settings.EMAIL_BACKEND != "django.core.mail.backends.dummy.EmailBackend"

    @property
    def prints_mail(self) -> bool:
        """Whether mail goes to the console of the server, because there is no mail server."""
        return settings.EMAIL_BACKEND == "django.core.mail.backends.console.EmailBackend"

    @property
    def has_single_sign_on(self) -> bool:
        return bool(settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"])

    @cached_property
    def _frame(self) -> FrameState:
        return read_frame_state(self._user) if isinstance(self._user, User) else FrameState()

    @property
    def storage(self) -> Storage:
        return self._frame.storage

    @cached_property
    def indexing(self) -> IndexingStatus:
        return read_indexing_status(self._user, self._frame) if isinstance(self._user, User) else IndexingStatus()

    @cached_property
    def share_notices(self) -> Sequence[Notice]:
        if not isinstance(self._user, User) or not self._frame.may_have_notices:
            return ()
        return list_notices(self._user)

    @cached_property
    def coverage(self) -> Coverage:
        """How many of the person's visible pictures are searchable."""
        totals = ImageTotal.objects
        return measure_coverage(totals.visible_to(self._user) if isinstance(self._user, User) else totals.none())


def add_site(request: HttpRequest) -> dict[str, Site]:
    """Add `our_site`. The name `site` is taken by allauth's pages."""
    return {"our_site": Site(request)}


def read_site(request: HttpRequest) -> Site:
    """Return `our_site`, with what the frame of each page shows read already."""
    site = Site(request)
    _ = site.indexing, site.share_notices
    return site
