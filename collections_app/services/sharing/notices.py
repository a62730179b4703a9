"""Notices for the header: shares that a person has not answered yet, invitations to them, and their exports.

A share gives its right at once; its notice only informs the person. An invitation gives its right when it is accepted.
Its notice is for people who have verified the invited address: they can accept it without its secret.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce

from collections_app.models import ExportState, Invitation, ShareNotice, TeamExport, User
from collections_app.services.sharing.invitations import list_invitations_to

_MAX_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`target` is the name of the collection or, with `is_to_team`, of the team that the person is invited to.

    Of an export, `target` is the name of the team, and `is_failed` says how it ended.

    `sender` is a display name or an address; the sender of an invitation may be a stranger, so it has both.
    """

    pk: int
    is_invitation: bool
    is_export: bool
    is_failed: bool
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


def build_notice_check(user: User) -> ExpressionWrapper[Q]:
    """Return an expression that is false if the person has no notices.

    It is much cheaper than the list. If it is true, the list may still be empty: it asks for the rights too.
    """
    invitations = Invitation.objects.filter(email__in=EmailAddress.objects.filter(user=user).values("email"))
    exports = TeamExport.objects.filter(requester=user, has_notice=True)
    shares = ShareNotice.objects.filter(user=user)
    return _is_true(Q(Exists(shares)) | Q(Exists(invitations)) | Q(Exists(exports)))


def list_notices(user: User) -> Sequence[Notice]:
    """Return the first notices, with one statement."""
    shares = ShareNotice.objects.visible_to(user).annotate(
        is_invitation=Value(False),
        is_export=Value(False),
        is_failed=Value(False),
        is_to_team=Value(False),
        can_decline=_is_true(Q(share__team=None)),
        target=F("share__collection__name"),
        sender_id=F("share__sharer"),
        sender_name=F("share__sharer__display_name"),
        sender_email=F("share__sharer__email"),
    )
    invitations = list_invitations_to(user).annotate(
        is_invitation=Value(True),
        is_export=Value(False),
        is_failed=Value(False),
        is_to_team=_is_true(Q(collection=None)),
        can_decline=Value(True),
        target=Coalesce("collection__name", "team__name"),
        sender_id=F("inviter"),
        sender_name=F("inviter__display_name"),
        sender_email=F("inviter__email"),
    )
    exports = (
        TeamExport.objects.made_for(user)
        .filter(has_notice=True)
        .annotate(
            is_invitation=Value(False),
            is_export=Value(True),
            is_failed=_is_true(Q(state=ExportState.FAILED)),
            is_to_team=Value(False),
            can_decline=Value(False),
            target=F("team__name"),
            sender_id=F("requester"),
            sender_name=Value(""),
            sender_email=Value(""),
        )
    )
    fields = list(Notice.__slots__)
    others = (invitations.values_list(*fields), exports.values_list(*fields))
    rows = shares.values_list(*fields).union(*others, all=True)[:_MAX_SHOWN]
    return [Notice(**dict(zip(fields, row, strict=True))) for row in rows]


def _is_true(condition: Q) -> ExpressionWrapper[Q]:
    return ExpressionWrapper(condition, output_field=BooleanField())
