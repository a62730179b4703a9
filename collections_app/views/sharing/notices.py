"""Answers to the notices in the header: about shares, invitations and exports."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from collections_app.errors import InvitationInvalid, NotAllowed
from collections_app.messages import describe_error
from collections_app.models import ShareNotice, TeamExport
from collections_app.permissions import SignedInRequest
from collections_app.services.exports.queue import dismiss_export_notice
from collections_app.services.sharing.invitations import (
    accept_verified_invitation,
    decline_invitation,
    list_invitations_to,
)
from collections_app.services.sharing.notices import list_notices
from collections_app.services.sharing.shares import revoke_share
from collections_app.views.library.answers import redirect_to_next
from collections_app.views.sharing.invitations import redirect_to_accepted


@require_POST
def share_notice_answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Accept (and open the collection), dismiss or decline. The share itself ends only by declining.

    A share with a whole team cannot be declined.
    """
    notices = ShareNotice.objects.visible_to(request.user).select_related("share__collection", "share__user")
    notice, answer = get_object_or_404(notices, pk=pk), request.POST.get("answer")
    collection = notice.share.collection
    if answer == "decline" and notice.share.user_id == request.user.pk:
        revoke_share(share=notice.share, revoker=request.user)
        return _return(request, _("“%(name)s” is no longer shared with you.") % {"name": collection})
    if answer in ("accept", "dismiss"):
        notice.delete()
    return redirect("collection", collection.pk) if answer == "accept" else _return(request)


@require_POST
def invitation_answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Accept or decline an invitation to an address that the person has verified."""
    invitation, answer = get_object_or_404(list_invitations_to(request.user), pk=pk), request.POST.get("answer")
    if answer == "decline":
        decline_invitation(invitation=invitation, user=request.user)
        return _return(request, _("Invitation declined."))
    if answer == "accept":
        try:
            return redirect_to_accepted(request, accept_verified_invitation(pk=pk, user=request.user))
        except (InvitationInvalid, NotAllowed) as error:
            messages.error(request, describe_error(error))
    return _return(request)


@require_POST
def export_notice_answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Open the page of a finished export, or dismiss the notice."""
    export, answer = get_object_or_404(TeamExport.objects.made_for(request.user), pk=pk), request.POST.get("answer")
    if answer in ("accept", "dismiss"):
        dismiss_export_notice(export=export)
    return redirect("team_export", export.team_id) if answer == "accept" else _return(request)


def _return(request: SignedInRequest, sentence: str = "") -> HttpResponse:
    """Answer htmx with the other notices. Redirect other clients to their page, which shows the sentence."""
    if request.htmx.target == "share-notices":
        context = {"notices": list_notices(request.user), "page": request.POST.get("next", "")}
        return render(request, "partials/_share_notices.html", context)
    if sentence:
        messages.success(request, sentence)
    return redirect_to_next(request) or redirect("gallery")
