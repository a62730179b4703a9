"""Who may do what: the first line of every view. A stranger's object is a 404 everywhere."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from collections_app.models import Collection, Image, Membership, Role, SavedSearch, Team, User
from collections_app.models.team import EDITING_ROLES


class SignedInRequest(HttpRequest):
    """A request of a signed-in user, as `LoginRequiredMiddleware` guarantees it."""

    user: User
    htmx: HtmxDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What somebody may do to a collection: as a member of its team with a `role`, or by a share (no role)."""

    role: str
    edits: bool

    @property
    def is_member(self) -> bool:
        """Members get originals as they were uploaded; all others without private metadata."""
        return bool(self.role)

    @property
    def can_edit(self) -> bool:
        return self.edits

    @property
    def can_manage(self) -> bool:
        return self.role in EDITING_ROLES

    @property
    def can_share(self) -> bool:
        return self.role == Role.OWNER


def sent_fields(request: HttpRequest) -> QueryDict | None:
    """Return what a form is bound to: an empty form that was sent is not one that is only shown."""
    return request.POST if request.method == "POST" else None


def visible_image_or_404(user: User, pk: int) -> Image:
    return get_object_or_404(Image.objects.visible_to(user).with_collection(), pk=pk)


def editable_image_or_404(user: User, pk: int) -> Image:
    """Raises PermissionDenied (a 403) where the user may see the picture and no more."""
    image = visible_image_or_404(user, pk)
    _deny_unless_editor(user, image.collection)
    return image


def visible_collection_or_404(user: User, pk: int) -> Collection:
    return get_object_or_404(Collection.objects.visible_to(user).select_related("team"), pk=pk)


def editable_collection_or_404(user: User, pk: int) -> Collection:
    """Raises PermissionDenied (a 403) where the user may see the collection and no more."""
    collection = visible_collection_or_404(user, pk)
    _deny_unless_editor(user, collection)
    return collection


def managed_collection_or_404(user: User, pk: int) -> Collection:
    """For what a share never allows: to rename, move and delete. Raises PermissionDenied where the user sees it."""
    collection = visible_collection_or_404(user, pk)
    if not Collection.objects.managed_by(user).filter(pk=pk).exists():
        raise PermissionDenied("Only owners and editors of the team may do this.")
    return collection


def owned_collection_or_404(user: User, pk: int) -> Collection:
    """For sharing. Raises PermissionDenied where the user sees the collection and no more."""
    collection = visible_collection_or_404(user, pk)
    if not Collection.objects.owned_by(user).filter(pk=pk).exists():
        raise PermissionDenied("Only owners of the team may share its collections.")
    return collection


def visible_team_or_404(user: User, pk: int) -> Team:
    return get_object_or_404(Team.objects.visible_to(user), pk=pk)


def edited_team_or_404(user: User, pk: int) -> Team:
    """Raises PermissionDenied where the user is a member who only looks."""
    team = visible_team_or_404(user, pk)
    if not Team.objects.editable_by(user).filter(pk=pk).exists():
        raise PermissionDenied("Only owners and editors of the team may do this.")
    return team


def owned_team_or_404(user: User, pk: int) -> Team:
    """Raises PermissionDenied where the user is a member and no owner."""
    team = visible_team_or_404(user, pk)
    if not Team.objects.owned_by(user).filter(pk=pk).exists():
        raise PermissionDenied("Only owners of the team may do this.")
    return team


def visible_search_or_404(user: User, pk: int) -> SavedSearch:
    return get_object_or_404(SavedSearch.objects.visible_to(user).select_related("team"), pk=pk)


def own_search_or_404(user: User, pk: int) -> SavedSearch:
    """Raises PermissionDenied where somebody else has shared it with the user."""
    search = visible_search_or_404(user, pk)
    if search.maker_id != user.pk:
        raise PermissionDenied("Only who made this search may do this.")
    return search


def shared_search_or_404(user: User, pk: int) -> SavedSearch:
    """For ending its sharing. Raises PermissionDenied where the user neither made it nor owns the team that has it."""
    search = visible_search_or_404(user, pk)
    if not SavedSearch.objects.removable_by(user).filter(pk=pk).exists() and search.maker_id != user.pk:
        raise PermissionDenied("Only who made this search and owners of the team may do this.")
    return search


def rights_over(user: User, collection: Collection) -> Rights:
    """Return what the user may do to a collection they see: templates show controls by it."""
    role = Membership.objects.filter(user=user, team=collection.team_id).values_list("role", flat=True).first()
    return Rights(role=role or "", edits=Collection.objects.editable_by(user).filter(pk=collection.pk).exists())


def _deny_unless_editor(user: User, collection: Collection) -> None:
    if not rights_over(user, collection).can_edit:
        raise PermissionDenied("You may look at this, but only editors of the team may change it.")
