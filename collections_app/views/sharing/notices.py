"""Answers to the notices in the header: about shares, invitations and exports."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from collections_app.errors import InvitationInvalid, NotAllowed
from collections_app.messages import describe_error
from collections_app.models import ShareNotice, TeamExport
from collections_app.permissions import SignedInRequest
from collections_app.services.exports.queue import dismiss_export_notice
from collections_app.services.sharing.invitations import accept_invitation_to, list_invitations_to
from collections_app.services.sharing.notices import decline_share, list_notices
from collections_app.views.sharing.invitations import redirect_to_accepted


@require_POST
def share_notice_answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Accept (and open the collection), dismiss or decline. The share itself ends only by declining."""
    notices = ShareNotice.objects.visible_to(request.user).select_related("share__collection", "share__user")
    notice, answer = get_object_or_404(notices, pk=pk), request.POST.get("answer")
    collection = notice.share.collection
    if answer == "decline":
        decline_share(notice=notice)
        return _return(request, _("“%(name)s” is no longer shared with you.") % {"name": collection})
    if answer in ("accept", "dismiss"):
        notice.delete()
    return redirect("collection", collection.pk) if answer == "accept" else _return(request)


@require_POST
def invitation_answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Accept or decline an invitation to an address that the person has verified."""
    invitation, answer = get_object_or_404(list_invitations_to(request.user), pk=pk), request.POST.get("answer")
    if answer == "decline":
        invitation.delete()
        return _return(request, _("Invitation declined."))
    if answer == "accept":
        try:
            return redirect_to_accepted(request, accept_invitation_to(pk=pk, user=request.user))
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
    """Answer htmx with the other notices; return other clients to the page of the notice, which says the sentence."""
    page = request.POST.get("next", "")
    if request.htmx.target == "share-notices":
        context = {"notices": list_notices(request.user), "page": page}
        return render(request, "partials/_share_notices.html", context)
    if sentence:
        messages.success(request, sentence)
    is_safe = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(page if is_safe else "gallery")
