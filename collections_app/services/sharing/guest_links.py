"""Guest links: creating and revoking them."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from collections_app.errors import LimitReached
from collections_app.errors import gettext_noop as _
from collections_app.models import AuditAction, Collection, GuestLink, User
from collections_app.services.audit_trail import record_event
from collections_app.services.sharing.owners import lock_owned_team


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestLinkTerms:
    """The limits of a guest link, its end date, and whether pictures need approval."""

    max_files: int
    max_bytes: int
    label: str = ""
    expires_at: datetime | None = None
    needs_approval: bool = True


@transaction.atomic
def create_guest_link(*, collection: Collection, creator: User, terms: GuestLinkTerms) -> GuestLink:
    """Raises NotAllowed if the creator is no owner of the collection's team, and LimitReached."""
    lock_owned_team(team_id=collection.team_id, owner=creator)
    most = settings.PUBLIC_LINKS_PER_COLLECTION
    if most and GuestLink.objects.filter(collection=collection).not_revoked().count() >= most:
        sentence = _("This collection has %(most)s guest links, which is the limit. Revoke one first.")
        raise LimitReached(sentence, most=most)
    link = GuestLink.objects.create(
        collection=collection,
        creator=creator,
        label=terms.label,
        needs_approval=terms.needs_approval,
        max_files=terms.max_files,
        max_bytes=terms.max_bytes,
        expires_at=terms.expires_at,
    )
    record_event(action=AuditAction.GUEST_LINK_CREATED, actor=creator, team=collection.team, target=link)
    return link


@transaction.atomic
def revoke_guest_link(*, link: GuestLink, revoker: User) -> None:
    """Stop the link. Pictures that wait for approval stay."""
    if GuestLink.objects.not_revoked().filter(pk=link.pk).update(revoked_at=timezone.now()):
        record_event(action=AuditAction.GUEST_LINK_REVOKED, actor=revoker, team=link.collection.team, target=link)
