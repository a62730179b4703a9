"""Grants: the access that one person gave to others in a team by public links, shares, invitations and searches."""

from collections.abc import Collection as Items
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from django.db import transaction
from django.db.models import Q

from collections_app.models import (
    AuditAction,
    Collection,
    Invitation,
    Membership,
    PublicLink,
    SavedSearch,
    SearchVisit,
    Share,
    Team,
    User,
)
from collections_app.models.share import ShareQuerySet
from collections_app.services.audit_trail import record_event
from collections_app.services.sharing.invitations import delete_invitations, revoke_invitations
from collections_app.services.sharing.owners import lock_owned_team, lock_team
from collections_app.services.sharing.shares import record_share_event, revoke_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The grants of one person. `keys` are their names in forms, such as "link-3"."""

    links: Sequence[PublicLink]
    shares: Sequence[Share]
    invitations: Sequence[Invitation]
    searches: Sequence[SavedSearch]

    @property
    def keys(self) -> set[str]:
        names = {"link": self.links, "share": self.shares, "invitation": self.invitations, "search": self.searches}
        return {f"{name}-{each.pk}" for name, rows in names.items() for each in rows}

    def exclude_searches(self) -> Self:
        """Return the grants that only owners may make. Every member may share searches."""
        return replace(self, searches=())

    def select(self, keys: Items[str]) -> Self:
        """Return those whose keys are among `keys`."""
        return type(self)(
            links=[each for each in self.links if f"link-{each.pk}" in keys],
            shares=[each for each in self.shares if f"share-{each.pk}" in keys],
            invitations=[each for each in self.invitations if f"invitation-{each.pk}" in keys],
            searches=[each for each in self.searches if f"search-{each.pk}" in keys],
        )


def find_grants(*, team: Team, user: User) -> Grants:
    """Return the person's grants in the team, including those of collections in the trash."""
    in_team = Q(collection__team=team)
    to_others = Share.objects.filter(in_team, sharer=user).exclude(user=user)
    invitations = Invitation.objects.open().filter(Q(team=team) | in_team, inviter=user)
    return Grants(
        links=list(PublicLink.objects.filter(in_team, creator=user).select_related("collection").order_by("pk")),
        shares=list(to_others.with_people().select_related("collection").order_by("pk")),
        invitations=list(invitations.with_target().order_by("pk")),
        searches=list(SavedSearch.objects.filter(team=team, maker=user).order_by("pk")),
    )


def list_granters(team: Team) -> set[int]:
    """Return the ids of the people who have grants in the team, other than shared searches."""
    in_team = Q(collection__team=team)
    links = PublicLink.objects.filter(in_team).values_list("creator", flat=True)
    shares = Share.objects.filter(in_team).values_list("sharer", flat=True)
    invitations = Invitation.objects.open().filter(Q(team=team) | in_team).values_list("inviter", flat=True)
    return {pk for rows in (links, shares, invitations) for pk in rows.order_by().distinct() if pk is not None}


def list_members_to_confirm(team: Team) -> set[int]:
    """Return the ids of members who have grants in the team, or who see its collections through another team."""
    makers = SavedSearch.objects.filter(team=team).values_list("maker", flat=True)
    through = Share.objects.filter(collection__team=team).exclude(team=None).values("team")
    viewers = Membership.objects.filter(team__in=through).values_list("user", flat=True)
    return list_granters(team) | set(makers) | set(viewers)


def list_access_through_teams(*, team: Team, user: User) -> list[Share]:
    """Return the shares through which the person sees the team's collections after leaving it.

    These are shares with other teams of the person. Shares that the person made are grants, and are left out.
    """
    through = Share.objects.filter(collection__team=team, team__in=Membership.objects.team_ids_of(user))
    by_others = through.filter(Q(sharer=None) | ~Q(sharer=user))
    return list(by_others.with_people().select_related("collection").order_by("collection__name", "pk"))


@transaction.atomic
def revoke_grants(*, team: Team, user: User, revoked: Items[str] | None = None, revoker: User | None = None) -> None:
    """Revoke the person's grants in the team: those whose keys are in `revoked`, or all.

    `revoker` is for the audit trail; None: they end with the membership or the account.
    """
    lock_team(team.pk)
    grants = find_grants(team=team, user=user)
    if revoked is not None:
        grants = grants.select(revoked)
    for link in grants.links:
        record_event(action=AuditAction.LINK_REVOKED, actor=revoker, team=team, target=link)
    PublicLink.objects.filter(pk__in=_list_ids(grants.links)).delete()
    for share in grants.shares:
        revoke_share(share=share, revoker=revoker)
    delete_invitations(invitations=grants.invitations, revoker=revoker)
    SavedSearch.objects.filter(pk__in=_list_ids(grants.searches)).update(team=None)


@transaction.atomic
def transfer_grants(*, team: Team, user: User, transferred: Items[str], owner: User) -> None:
    """Transfer the grants whose keys are in `transferred` to an owner of the team. Raises NotAllowed."""
    lock_owned_team(team_id=team.pk, owner=owner)
    grants = find_grants(team=team, user=user).select(transferred)
    PublicLink.objects.filter(pk__in=_list_ids(grants.links)).update(creator=owner)
    Share.objects.filter(pk__in=_list_ids(grants.shares)).update(sharer=owner)
    Invitation.objects.filter(pk__in=_list_ids(grants.invitations)).update(inviter=owner)
    for search in grants.searches:
        _transfer_search(search, owner)


@transaction.atomic
def revoke_grants_of_account(user: User) -> None:
    """Revoke the person's grants in all teams and end all shares with the person, before the account is deleted."""
    end_shares(Share.objects.filter(user=user), None)
    for team in Team.objects.visible_to(user).non_personal().order_by("pk"):
        revoke_grants(team=team, user=user)


@transaction.atomic
def end_personal_access(*, team: Team, user: User, revoker: User | None = None) -> None:
    """Delete the shares of the team's collections with the person, and the person's open invitations to the team."""
    end_shares(Share.objects.filter(collection__team=team, user=user), revoker)
    revoke_invitations(user=user, team=team, revoker=revoker)


def end_shares_within_team(collection: Collection) -> None:
    """Delete the shares of a collection with its own team and the team's members, after it moved to this team."""
    members = Membership.objects.filter(team=collection.team_id).values("user")
    end_shares(Share.objects.filter(Q(team=collection.team_id) | Q(user__in=members), collection=collection), None)


def end_shares(shares: ShareQuerySet, revoker: User | None) -> None:
    """Delete the shares. `revoker` is for the audit trail; None: they end with something else."""
    for share in shares.with_people().select_related("collection__team"):
        record_share_event(AuditAction.SHARE_REVOKED, share, revoker, role=share.role)
    shares.delete()


def count_personal_shares(*, team: Team, user: User) -> int:
    return Collection.objects.filter(team=team, shares__user=user).count()


def _transfer_search(search: SavedSearch, owner: User) -> None:
    """Pass the search to the owner. Its maker keeps a copy, which is shared with nobody."""
    copy = SavedSearch.objects.create(maker=search.maker, name=search.name, query=search.query)
    SearchVisit.objects.filter(search=search, viewer=search.maker).update(search=copy)
    SavedSearch.objects.filter(pk=search.pk).update(maker=owner)


def _list_ids(rows: Iterable[PublicLink | Share | Invitation | SavedSearch]) -> list[int]:
    return [each.pk for each in rows]
