"""All exceptions that we raise. Each message is a translatable sentence for people."""

Value = str | int | float


class gettext_noop(str):  # noqa: N801
    """Marks English text for translation; `make messages` searches for this name. This layer does not import Django."""

    __slots__ = ()


class ImageSearchError(Exception):
    """Something that the application rejects or cannot do.

    `sentence` contains its `values` as %(name)s. `str(error)` is English, for logs and the terminal. Views show the
    reader's language with `messages.describe_error`.
    """

    def __init__(self, sentence: str = "", **values: Value) -> None:
        super().__init__(
            sentence % {name: _format_english(value) for name, value in values.items()} if values else sentence
        )
        self.sentence, self.values = sentence, values


def _format_english(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:,}"


class InvalidImage(ImageSearchError):
    """An upload that we do not accept as a picture. `code` is stable; the message says what to do."""

    def __init__(self, code: str, sentence: str, **values: Value) -> None:
        super().__init__(sentence, **values)
        self.code = code


class InvalidArchive(ImageSearchError):
    """A ZIP file that we do not accept as a whole."""


class TooManyArchives(ImageSearchError):
    """A person has as many waiting ZIP files as one account may have."""


class TimeBudgetSpent(ImageSearchError):
    """A request has reached its time limit. The same request continues the work."""


class EncoderError(ImageSearchError):
    """The model cannot be loaded or used."""


class IndexUnavailable(ImageSearchError):
    """The index cannot be reached or does not respond. A later attempt may succeed."""


class IndexingPaused(ImageSearchError):
    """An administrator has paused indexing, so the queue cannot be worked off."""


class IndexRefused(IndexUnavailable):
    """The index works but rejects this request permanently."""


class IndexDamaged(IndexUnavailable):
    """The files of the embedded store cannot be read. `manage.py reindex` rebuilds them."""


class IndexIncomplete(IndexUnavailable):
    """The index has lost entries. The index worker restores them."""


class NotAllowed(ImageSearchError):
    """The person may see the object but not do this to it."""


class LimitReached(NotAllowed):
    """The account, team or collection has as many rows of this kind as it may have."""


class NameTaken(ImageSearchError):
    """The team has a collection of this name already."""


class NameMissing(ImageSearchError):
    """A name has no visible character."""


class NotIndexed(ImageSearchError):
    """The image has no vector yet."""


class SearchNotUnderstood(ImageSearchError):
    """A part of a search or of a form cannot be understood. Nothing was found and nothing was changed."""


class CancelledOut(ImageSearchError):
    """The parts of a query cancel each other out."""


class CollectionDeleted(ImageSearchError):
    """The collection was deleted during an upload or a move into it."""


class ImageDeleted(ImageSearchError):
    """An image that the request needs was deleted meanwhile."""


class StorageUnavailable(ImageSearchError):
    """The storage cannot be read or written now. No image is at fault."""


class LastOwnerRequired(ImageSearchError):
    """A team would be left without an owner."""


class PersonalTeamProtected(ImageSearchError):
    """A personal team does not allow this."""


class InvitationInvalid(ImageSearchError):
    """The invitation is used, revoked or expired."""


class WrongEmail(ImageSearchError):
    """The invitation is for another address."""


class TooManyAttempts(ImageSearchError):
    """Too many passwords or codes were tried recently. The next attempt is admitted after `retry_after_s`."""

    def __init__(self, sentence: str, *, retry_after_s: int, **values: Value) -> None:
        super().__init__(sentence, **values)
        self.retry_after_s = retry_after_s


class TooManyDownloads(ImageSearchError):
    """As many ZIP downloads are running as one account (`is_own_limit`) or the whole process may run."""

    def __init__(self, sentence: str, *, is_own_limit: bool, **values: Value) -> None:
        super().__init__(sentence, **values)
        self.is_own_limit = is_own_limit


class TooManyRequests(ImageSearchError):
    """A person, or the visitors of a public link, made too many requests recently."""


class QuotaExceeded(ImageSearchError):
    """The team has reached its quota."""


class GuestLinkFull(QuotaExceeded):
    """A guest link has received as many files or bytes as it may."""


class ModelLoading(EncoderError):
    """The model is still loading. The same request succeeds in a moment."""


class ModelUnavailable(EncoderError):
    """The model files are missing. No image is at fault."""


class BackupFailed(ImageSearchError):
    """A backup was not completed. What it has copied is kept, and the next one continues with it."""


class BackupRunning(BackupFailed):
    """Another process makes a backup in the same folder."""


class FilesHeld(ImageSearchError):
    """A running backup copies stored files, so none may be deleted before it ends."""


class RestoreFailed(ImageSearchError):
    """A backup cannot be restored here, or was not restored completely."""


class InvalidExport(ImageSearchError):
    """A folder or ZIP file that is no complete, undamaged export of a team."""


class ImportRefused(ImageSearchError):
    """An export cannot be imported into this team now."""


class ModelChangeRefused(ImageSearchError):
    """The model cannot be changed like this."""
