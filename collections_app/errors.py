"""The tree of our own exceptions. Every message is a sentence that can be shown to a person."""


class ImageSearchError(Exception):
    """Anything this application refuses or cannot do."""


class InvalidImage(ImageSearchError):
    """An upload that is not a picture we accept. `code` is stable; the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
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


class ModelUnavailable(EncoderError):
    """The model is not there: no picture's fault, and the same for all of them."""
