"""Public links: creating and revoking them, and checking their passwords."""

from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password

from collections_app.models import Collection, PublicLink, User
from collections_app.services.attempts import LINK_PASSWORD, take_attempt


def create_link(
    *,
    collection: Collection,
    creator: User,
    password: str = "",
    expires_at: datetime | None = None,
    allows_download: bool = False,
) -> PublicLink:
    return PublicLink.objects.create(
        collection=collection,
        creator=creator,
        password=make_password(password) if password else "",
        expires_at=expires_at,
        allows_download=allows_download,
    )


def revoke_link(*, link: PublicLink) -> None:
    link.delete()


def check_link_password(*, link: PublicLink, password: str, address: str, device: str = "") -> bool:
    """Return whether the password is right. Raises TooManyAttempts.

    `address` is the client's IP address; `device` names a device that opened the link before.
    """
    attempt = take_attempt(policy=LINK_PASSWORD, subject=str(link.pk), address=address, device=device)
    if not check_password(password, link.password):
        return False
    attempt.give_back()
    return True
