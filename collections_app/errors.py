"""The tree of our own exceptions. Every message is a sentence that can be shown to a person, in any language."""

Value = str | int | float


class gettext_noop(str):  # noqa: N801
    """English that stands in the catalogue: `make messages` looks for this name. No Django is known on this floor."""

    __slots__ = ()


class ImageSearchError(Exception):
    """Anything this application refuses or cannot do.

    `sentence` names its `values` as %(name)s. As a str it is English, for logs and the terminal; views show it in the
    reader's language with `wording.in_words`.
    """

    def __init__(self, sentence: str = "", **values: Value) -> None:
        super().__init__(sentence % {name: _english(value) for name, value in values.items()} if values else sentence)
        self.sentence, self.values = sentence, values


def _english(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:,}"


class InvalidImage(ImageSearchError):
    """An upload that is not a picture we accept. `code` is stable; the message says what to do."""

    def __init__(self, code: str, sentence: str, **values: Value) -> None:
        super().__init__(sentence, **values)
        self.code = code


class EncoderError(ImageSearchError):
    """The model cannot be loaded or used."""


class IndexUnavailable(ImageSearchError):
    """The vector index cannot be reached or refused to answer. Trying again later may help."""


class IndexRefused(IndexUnavailable):
    """The index works and will not take this one, now or later."""


class NotAllowed(ImageSearchError):
    """The person may see the object but not do this to it."""


class NameTaken(ImageSearchError):
    """A collection of this name exists in the team already."""


class NotIndexed(ImageSearchError):
    """The picture has no vector yet, so nothing can be compared with it."""


class CancelledOut(ImageSearchError):
    """The parts of a search leave nothing to look for."""


class CollectionGone(ImageSearchError):
    """The collection was deleted while something was on its way into it."""


class PictureGone(ImageSearchError):
    """A picture that something depends on was deleted meanwhile."""


class StorageUnavailable(ImageSearchError):
    """Files can be neither read nor written just now: no picture's fault."""


class LastOwner(ImageSearchError):
    """A team would be left without an owner."""


class PersonalTeam(ImageSearchError):
    """What is not done to a personal team."""


class InvitationGone(ImageSearchError):
    """The invitation was used, revoked, or has expired."""


class WrongAddress(ImageSearchError):
    """The invitation is for somebody else."""


class QuotaExceeded(ImageSearchError):
    """The team may not store more."""


class ModelLoading(EncoderError):
    """The model is on its way: the same request will be answered in a moment."""


class ModelUnavailable(EncoderError):
    """The model is not there: no picture's fault, and the same for all of them."""
