"""Notices for the header: shares that a person has not answered yet, and invitations to them.

A share gives its right at once, whatever the person answers, and its notice only tells of it. An invitation gives the
right when it is accepted. Without its secret only people who have verified the invited address see and accept it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce

from collections_app.models import ShareNotice, User
from collections_app.services.sharing.invitations import list_invitations_to
from collections_app.services.sharing.shares import revoke_share

_MAX_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`target` is the name of the collection or, with `is_to_team`, of the team that the person is invited to.

    `sender` is a display name or an address; the sender of an invitation may be a stranger, so it has both.
    """

    pk: int
    is_invitation: bool
    is_to_team: bool
    can_decline: bool
    target: str
    sender_id: int | None
    sender_name: str | None
    sender_email: str | None

    @property
    def sender(self) -> str:
        if self.is_invitation and self.sender_name:
            return f"{self.sender_name} ({self.sender_email})"
        return self.sender_name or self.sender_email or ""


def list_notices(user: User) -> Sequence[Notice]:
    """Return the first notices, with one statement."""
    shares = ShareNotice.objects.visible_to(user).annotate(
        is_invitation=Value(False),
        is_to_team=Value(False),
        can_decline=_is_true(Q(share__team=None)),
        target=F("share__collection__name"),
        sender_id=F("share__sharer"),
        sender_name=F("share__sharer__display_name"),
        sender_email=F("share__sharer__email"),
    )
    invitations = list_invitations_to(user).annotate(
        is_invitation=Value(True),
        is_to_team=_is_true(Q(collection=None)),
        can_decline=Value(True),
        target=Coalesce("collection__name", "team__name"),
        sender_id=F("inviter"),
        sender_name=F("inviter__display_name"),
        sender_email=F("inviter__email"),
    )
    fields = list(Notice.__slots__)
    rows = shares.values_list(*fields).union(invitations.values_list(*fields), all=True)[:_MAX_SHOWN]
    return [Notice(**dict(zip(fields, row, strict=True))) for row in rows]


@transaction.atomic
def decline_share(*, notice: ShareNotice, user: User) -> None:
    """Delete the share of a notice to its person. A share with a whole team stays; only its notice is deleted."""
    share = notice.share
    notice.delete()
    if share.user_id == notice.user_id:
        revoke_share(share=share, revoker=user)


def _is_true(condition: Q) -> ExpressionWrapper[Q]:
    return ExpressionWrapper(condition, output_field=BooleanField())
