"""Public links: made, revoked, and their passwords asked for."""

from datetime import datetime

from django.contrib.auth.hashers import check_password, make_password

from collections_app.models import Collection, PublicLink, User


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


def opens(link: PublicLink, password: str) -> bool:
    return check_password(password, link.password)
