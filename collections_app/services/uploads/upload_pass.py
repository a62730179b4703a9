"""The upload pass: a signed cookie by which the web server recognises signed-in browsers without the database.

The web server stores a body before a view can check the sender. With a pass, a body may be as large as an upload;
without one, it may be as large as a form. The pass gives no other right. The page of a guest link sets a pass
too: it holds the link's id with a minus sign.
"""

from django.conf import settings
from django.core import signing

_SIGNER = signing.TimestampSigner(salt="collections_app.upload_pass")


def make_upload_pass(user_id: int) -> str:
    return _SIGNER.sign(str(user_id))


def read_upload_pass(value: str, *, max_age_s: int = 0) -> int | None:
    """Return the id of the account or minus that of the guest link; None if the pass is forged or too old."""
    try:
        return int(_SIGNER.unsign(value, max_age=max_age_s or settings.SESSION_COOKIE_AGE))
    except (signing.BadSignature, ValueError):
        return None
