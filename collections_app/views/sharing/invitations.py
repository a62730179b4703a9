"""Invitations: shown to the inviter once, opened through their link, accepted and revoked."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from collections_app.errors import InvitationInvalid, NotAllowed, WrongEmail
from collections_app.forms import InvitationForm
from collections_app.messages import describe_error
from collections_app.models import Invitation, User
from collections_app.permissions import SignedInRequest, get_owned_collection, get_owned_team
from collections_app.services.sharing.grants import count_personal_shares
from collections_app.services.sharing.invitations import (
    accept_invitation,
    delete_invitations,
    find_invitation,
    invite,
    is_addressed_to,
    send_invitation,
)
from collections_app.sharing_forms import ShareForm


def invite_and_show(request: SignedInRequest, form: InvitationForm | ShareForm, **target: Any) -> HttpResponse:
    """Invite to `team` or `collection`, and show the link. It cannot be shown again."""
    invitation, address = make_invitation(request, form, **target)
    return render(request, "sharing/invitation_made.html", {"invitation": invitation, "address": address})


def make_invitation(
    request: SignedInRequest, form: InvitationForm | ShareForm, **target: Any
) -> tuple[Invitation, str]:
    """Invite to `team` or `collection`; return the invitation and the address to open it."""
    made, secret = invite(inviter=request.user, **form.cleaned_data, **target)
    address = request.build_absolute_uri(reverse("invitation", args=[secret]))
    send_invitation(invitation=made, address=address)
    return made, address


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the invitation to anyone with its secret. Accepting it needs an account."""
    try:
        found = find_invitation(secret)
        if request.method == "POST" and isinstance(request.user, User):
            return _accept(request, request.user, secret)
    except (InvitationInvalid, NotAllowed, WrongEmail) as error:
        return render(request, "sharing/invitation.html", {"rejection": describe_error(error)}, status=404)
    user = request.user
    is_for_user = isinstance(user, User) and is_addressed_to(found, user)
    context = {"invitation": found, "is_for_user": is_for_user}
    if isinstance(user, User) and is_for_user and found.team:
        context["ending_share_count"] = count_personal_shares(team=found.team, user=user)
    return render(request, "sharing/invitation.html", context)


@require_POST
def invitation_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Invitation, pk=pk)
    if found.team_id:
        get_owned_team(request.user, found.team_id)
    else:
        get_owned_collection(request.user, found.collection_id or 0)
    delete_invitations(invitations=[found], revoker=request.user)
    messages.success(request, _("Invitation for %(email)s revoked.") % {"email": found.email})
    return redirect("team", found.team_id) if found.team_id else redirect("collection_sharing", found.collection_id)


def _accept(request: HttpRequest, user: User, secret: str) -> HttpResponse:
    return redirect_to_accepted(request, accept_invitation(secret=secret, user=user))


def redirect_to_accepted(request: HttpRequest, accepted: Invitation) -> HttpResponse:
    """Open what the person may see by the invitation."""
    name = accepted.team or accepted.collection
    messages.success(request, _("You now have access to “%(name)s”.") % {"name": name})
    return redirect("team", accepted.team_id) if accepted.team_id else redirect("collection", accepted.collection_id)
