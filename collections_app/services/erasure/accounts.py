"""The deletion of accounts by their owners: scheduled, cancelled by signing in, and done after a grace period."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext

from collections_app.errors import ImageSearchError, LastOwnerRequired, NotAllowed
from collections_app.errors import gettext_noop as _
from collections_app.models import AccountDeletion, Erasure, ImageTotal, User
from collections_app.services.erasure.erasing import (
    begin_account_erasure,
    delete_erased_rows,
    finish_erasure,
    has_waiting_jobs,
)
from collections_app.services.erasure.sessions import end_sessions
from collections_app.services.library.quotas import Usage, measure_usage
from collections_app.services.sharing.owners import list_solely_owned, lock_owned_teams

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionPreview:
    """What is deleted with an account, and how many pictures in other teams stay without the person's name."""

    usage: Usage
    kept_image_count: int


def preview_account_deletion(user: User) -> DeletionPreview:
    elsewhere = ImageTotal.objects.filter(uploader_id=user.pk).exclude(collection__team=user.personal_team)
    return DeletionPreview(usage=measure_usage(user.personal_team), kept_image_count=elsewhere.sum_images())


@transaction.atomic
def schedule_account_deletion(*, user: User) -> AccountDeletion:
    """Delete the account after ACCOUNT_DELETION_DAYS, and sign it out everywhere. A mail says so.

    Raises LastOwnerRequired or NotAllowed.
    """
    lock_owned_teams(user)
    if list_solely_owned(user):
        raise LastOwnerRequired(
            _("Some of your teams have no other owner. Make someone else an owner, or delete them.")
        )
    superusers = User.objects.filter(is_superuser=True, is_active=True, deletion=None)
    if user.is_superuser and not superusers.exclude(pk=user.pk).exists():
        raise NotAllowed(_("You are the only administrator of this site. Make someone else an administrator first."))
    due_at = timezone.now() + timedelta(days=settings.ACCOUNT_DELETION_DAYS)
    deletion, created = AccountDeletion.objects.get_or_create(user=user, defaults={"due_at": due_at})
    end_sessions(user=user)
    if created:
        _send_deletion_mail(deletion)
    return deletion


def cancel_account_deletion(*, user: User) -> bool:
    """Keep the account; return whether it was to be deleted. An account whose erasure has begun is not kept."""
    return bool(AccountDeletion.objects.filter(user=user, user__is_active=True).delete()[0])


def erase_due_accounts() -> None:
    """Erase the accounts whose grace period is over, and continue erasures that were interrupted."""
    for deletion in AccountDeletion.objects.due():
        try:
            with transaction.atomic():
                # The person may have signed in a moment ago.
                if AccountDeletion.objects.select_for_update().filter(pk=deletion.pk).exists():
                    begin_account_erasure(user=deletion.user)
        except LastOwnerRequired as error:
            log.warning("Account %s can't be deleted yet: %s", deletion.user_id, error)
    for erasure in Erasure.objects.order_by("pk"):
        try:
            _resume_erasure(erasure)
        except (ImageSearchError, OSError) as error:
            log.warning("The %s waits: %s", erasure, error)


def _resume_erasure(erasure: Erasure) -> None:
    delete_erased_rows(erasure=erasure)
    if has_waiting_jobs(erasure):
        return
    name, proof = str(erasure), finish_erasure(erasure=erasure)
    if proof.is_clean:
        log.info("The %s is complete: nothing is left.", name)
    for line in proof.lines:
        if line.found:
            log.error("The %s is not complete. Left in %s: %s", name, line.searched, ", ".join(line.found[:10]))


def _send_deletion_mail(deletion: AccountDeletion) -> None:
    subject = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + gettext("Your account will be deleted")
    text = render_to_string("email/account_deletion.txt", {"deletion": deletion})
    send_mail(subject, text, None, [deletion.user.email])
