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


class EncoderError(ImageSearchError):
    """The model cannot be loaded or used."""


class IndexUnavailable(ImageSearchError):
    """The index cannot be reached or does not respond. A later attempt may succeed."""


class IndexRefused(IndexUnavailable):
    """The index works but rejects this request permanently."""


class NotAllowed(ImageSearchError):
    """The person may see the object but not do this to it."""


class NameTaken(ImageSearchError):
    """The team has a collection of this name already."""


class NameMissing(ImageSearchError):
    """Nothing visible is left of a name."""


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
    """Too many wrong passwords were tried lately."""


class QuotaExceeded(ImageSearchError):
    """The team has reached its quota."""


class ModelLoading(EncoderError):
    """The model is still loading. The same request succeeds in a moment."""


class ModelUnavailable(EncoderError):
    """The model files are missing. No image is at fault."""
