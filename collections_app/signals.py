"""Signal receivers: queue index jobs in the transaction of each change, revoke rights when memberships change, and set
up new accounts.
"""

from typing import Any

from allauth.account.signals import password_changed, password_set
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.db.models import QuerySet
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from collections_app.known_devices import remember_device
from collections_app.models import Collection, Image, IndexJob, Membership, User
from collections_app.models.image import ImageQuerySet
from collections_app.models.queued_writes import INDEXED_FIELDS
from collections_app.services.erasure.accounts import cancel_account_deletion
from collections_app.services.sharing.accounts import create_personal_team, mark_address_verified
from collections_app.services.sharing.grants import (
    end_personal_access,
    end_shares_within_team,
    revoke_grants,
    revoke_grants_of_account,
)
from collections_app.services.sharing.public_links import separate_links


@receiver(post_save, sender=Image)
def queue_saved_image(instance: Image, update_fields: frozenset[str] | None, **_: Any) -> None:
    if update_fields is None or INDEXED_FIELDS & update_fields:
        IndexJob.objects.enqueue([instance.pk])


@receiver(post_delete, sender=Image)
def queue_deleted_image(instance: Image, origin: object, **_: Any) -> None:
    """A query set of images has queued its jobs itself. The job also deletes the files."""
    if not isinstance(origin, ImageQuerySet):
        IndexJob.objects.enqueue_deleted({instance.pk: instance.file_name})


@receiver(post_save, sender=Collection)
def queue_moved_collection(instance: Collection, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    if not created and (update_fields is None or "team" in update_fields):
        Image.objects.filter(collection=instance).enqueue()
        end_shares_within_team(instance)
        separate_links(instance)


@receiver(pre_delete, sender=User)
def queue_images_of_deleted_uploader(instance: User, **_: Any) -> None:
    """Queue the images, because the database clears `uploader` without sending signals."""
    Image.objects.filter(uploader=instance).enqueue()


@receiver(post_save, sender=Membership)
def end_access_of_new_member(instance: Membership, created: bool, raw: bool, **_: Any) -> None:
    """End the shares and invitations of a new member: the role decides from now on."""
    if created and not raw and not instance.team.is_personal:
        end_personal_access(team=instance.team, user=instance.user)


@receiver(post_delete, sender=Membership)
def end_access_of_former_member(instance: Membership, origin: Any, **_: Any) -> None:
    """Do nothing if the team or the account is deleted: this deletes the rows too."""
    if origin is instance or (isinstance(origin, QuerySet) and origin.model is Membership):
        end_personal_access(team=instance.team, user=instance.user)
        revoke_grants(team=instance.team, user=instance.user)


@receiver(pre_delete, sender=User)
def revoke_grants_of_deleted_account(instance: User, **_: Any) -> None:
    revoke_grants_of_account(instance)


@receiver(post_save, sender=User)
def create_team_of_new_user(instance: User, created: bool, **_: Any) -> None:
    if created:
        create_personal_team(user=instance)


@receiver(post_save, sender=User)
def verify_address_of_new_superuser(instance: User, created: bool, **_: Any) -> None:
    if created and instance.is_superuser:
        mark_address_verified(user=instance)


@receiver(user_logged_in)
def keep_account_of_returning_user(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    if cancel_account_deletion(user=user):
        messages.info(request, _("Your account is kept. It will not be deleted."), fail_silently=True)


@receiver([user_logged_in, password_changed, password_set])
def remember_device_of_user(request: HttpRequest, user: User, **_: Any) -> None:
    """Also after a change of the password, which makes the entries of all browsers invalid."""
    remember_device(request, user)
