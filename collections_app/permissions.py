"""Lookups that check rights, for the first line of a view. They raise Http404 for what the user may not see."""

from dataclasses import dataclass
from typing import NoReturn

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from collections_app.errors import NotAllowed
from collections_app.errors import gettext_noop as _
from collections_app.models import Collection, Image, Membership, Role, SavedSearch, Team, User
from collections_app.models.team import EDITING_ROLES

_EDITORS_ONLY = _("Only owners and editors of the team can do this.")
_OWNERS_ONLY = _("Only owners of the team can do this.")


class SignedInRequest(HttpRequest):
    """A request of a signed-in user, which `LoginRequiredMiddleware` guarantees."""

    user: User
    htmx: HtmxDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """A user's rights in a collection. `role` is their role in its team; empty for people who see it by a share."""

    role: str
    can_edit: bool

    @property
    def is_member(self) -> bool:
        """Members get originals as uploaded; everyone else gets them without private metadata."""
        return bool(self.role)

    @property
    def can_manage(self) -> bool:
        return self.role in EDITING_ROLES

    @property
    def can_share(self) -> bool:
        return self.role == Role.OWNER


def get_visible_image(user: User, pk: int) -> Image:
    return get_object_or_404(Image.objects.visible_to(user).with_collection(), pk=pk)


def get_editable_image(user: User, pk: int) -> Image:
    """Raises PermissionDenied (403) if the user may only view the image."""
    image = get_visible_image(user, pk)
    _deny_unless_editor(user, image.collection)
    return image


def get_visible_collection(user: User, pk: int) -> Collection:
    return get_object_or_404(Collection.objects.visible_to(user).select_related("team"), pk=pk)


def get_editable_collection(user: User, pk: int) -> Collection:
    """Raises PermissionDenied (403) if the user may only view the collection."""
    collection = get_visible_collection(user, pk)
    _deny_unless_editor(user, collection)
    return collection


def get_managed_collection(user: User, pk: int) -> Collection:
    """For renaming, moving and deleting, which a share never allows. Raises PermissionDenied if the user sees it."""
    collection = get_visible_collection(user, pk)
    if not Collection.objects.managed_by(user).filter(pk=pk).exists():
        _refuse(_EDITORS_ONLY)
    return collection


def get_owned_collection(user: User, pk: int) -> Collection:
    """For sharing. Raises PermissionDenied if the user sees the collection but does not own its team."""
    collection = get_visible_collection(user, pk)
    if not Collection.objects.owned_by(user).filter(pk=pk).exists():
        _refuse(_OWNERS_ONLY)
    return collection


def get_visible_team(user: User, pk: int) -> Team:
    return get_object_or_404(Team.objects.visible_to(user), pk=pk)


def get_editable_team(user: User, pk: int) -> Team:
    """Raises PermissionDenied if the user is a viewer of the team."""
    team = get_visible_team(user, pk)
    if not Team.objects.editable_by(user).filter(pk=pk).exists():
        _refuse(_EDITORS_ONLY)
    return team


def get_owned_team(user: User, pk: int) -> Team:
    """Raises PermissionDenied if the user is a member but not an owner."""
    team = get_visible_team(user, pk)
    if not Team.objects.owned_by(user).filter(pk=pk).exists():
        _refuse(_OWNERS_ONLY)
    return team


def get_visible_search(user: User, pk: int) -> SavedSearch:
    return get_object_or_404(SavedSearch.objects.visible_to(user).select_related("team"), pk=pk)


def get_own_search(user: User, pk: int) -> SavedSearch:
    """Raises PermissionDenied if someone else shared the search with the user."""
    search = get_visible_search(user, pk)
    if search.maker_id != user.pk:
        _refuse(_("Only the person who saved this search can do this."))
    return search


def get_search_to_unshare(user: User, pk: int) -> SavedSearch:
    """For unsharing. Raises PermissionDenied unless the user made the search or owns its team."""
    search = get_visible_search(user, pk)
    if not SavedSearch.objects.unshare_allowed_for(user).filter(pk=pk).exists() and search.maker_id != user.pk:
        _refuse(_("Only the person who saved this search and owners of the team can do this."))
    return search


def get_rights(user: User, collection: Collection) -> Rights:
    """Return the user's rights in a collection that they see. Templates show controls accordingly."""
    role = Membership.objects.filter(user=user, team=collection.team_id).values_list("role", flat=True).first()
    return Rights(role=role or "", can_edit=Collection.objects.editable_by(user).filter(pk=collection.pk).exists())


def _deny_unless_editor(user: User, collection: Collection) -> None:
    if not get_rights(user, collection).can_edit:
        _refuse(_("Only owners and editors of the team and people who can edit the shared collection can do this."))


def _refuse(sentence: str) -> NoReturn:
    """Raise PermissionDenied. The page shows the sentence of its cause, which says who may do this."""
    raise PermissionDenied(sentence) from NotAllowed(sentence)
