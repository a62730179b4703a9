"""The audit trail: who shared, revoked, invited, removed, deleted, exported or changed what."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collections_app.models.team import Team

MAX_NAME_LENGTH = 254


class AuditAction(models.TextChoices):
    COLLECTION_SHARED = "collection_shared", _("Collection shared")
    SHARE_CHANGED = "share_changed", _("Permission changed")
    SHARE_REVOKED = "share_revoked", _("Access revoked")
    LINK_CREATED = "link_created", _("Public link created")
    LINK_CHANGED = "link_changed", _("Public link changed")
    LINK_REVOKED = "link_revoked", _("Public link revoked")
    GUEST_LINK_CREATED = "guest_link_created", _("Guest link created")
    GUEST_LINK_REVOKED = "guest_link_revoked", _("Guest link revoked")
    INVITATION_SENT = "invitation_sent", _("Invitation sent")
    INVITATION_ACCEPTED = "invitation_accepted", _("Invitation accepted")
    INVITATION_DECLINED = "invitation_declined", _("Invitation declined")
    INVITATION_REVOKED = "invitation_revoked", _("Invitation revoked")
    MEMBER_ADDED = "member_added", _("Member added")
    MEMBER_REMOVED = "member_removed", _("Member removed")
    MEMBER_LEFT = "member_left", _("Member left")
    ROLE_CHANGED = "role_changed", _("Role changed")
    TEAM_RENAMED = "team_renamed", _("Team renamed")
    TEAM_EXPORTED = "team_exported", _("Team exported")
    TEAM_DELETED = "team_deleted", _("Team deleted")
    COLLECTION_RENAMED = "collection_renamed", _("Collection renamed")
    COLLECTION_TRASHED = "collection_trashed", _("Collection moved to trash")
    COLLECTION_RESTORED = "collection_restored", _("Collection restored")
    COLLECTION_DELETED = "collection_deleted", _("Collection deleted permanently")
    IMAGES_TRASHED = "images_trashed", _("Pictures moved to trash")
    IMAGES_RESTORED = "images_restored", _("Pictures restored")
    IMAGES_DELETED = "images_deleted", _("Pictures deleted permanently")
    ACCOUNT_DELETED = "account_deleted", _("Account deleted")
    ADDED_BY_STAFF = "added_by_staff", _("Added in the administration")
    CHANGED_BY_STAFF = "changed_by_staff", _("Changed in the administration")
    DELETED_BY_STAFF = "deleted_by_staff", _("Deleted in the administration")
    INDEXING_PAUSED = "indexing_paused", _("Indexing paused")
    INDEXING_RESUMED = "indexing_resumed", _("Indexing resumed")
    INDEXING_RETRIED = "indexing_retried", _("Failed pictures retried")


class AuditObject(models.TextChoices):
    """What an event is about. Events of collections that are shared name the collection."""

    TEAM = "team", _("team")
    COLLECTION = "collection", _("collection")
    IMAGE = "image", _("picture")
    SHARE = "share", _("share")
    PUBLIC_LINK = "publiclink", _("public link")
    GUEST_LINK = "guestlink", _("guest link")
    INVITATION = "invitation", _("invitation")
    ACCOUNT = "user", _("account")
    OTHER = "other", _("other data")


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def in_team(self, team: Team) -> Self:
        return self.filter(team=team)

    def by_actor(self, actor_id: int) -> Self:
        return self.filter(actor=actor_id)

    def with_people(self) -> Self:
        return self.select_related("actor", "person")

    def created_before(self, time: datetime) -> Self:
        return self.filter(created_at__lt=time)


class AuditEvent(models.Model):
    """One action. Its names are those of the time, and stay when the account, the team or the object is gone.

    No key has a constraint, and deleting an account or a team changes no event: there may be many. So an id may be
    that of a deleted row. Without `actor` the site acted itself. With `actor` but without its name, the name was
    erased. An event contains no secrets, queries, file names of storages, or texts of mails.
    """

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    action = models.CharField(max_length=30, choices=AuditAction)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    actor_name = models.CharField(max_length=MAX_NAME_LENGTH, blank=True)
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    team_name = models.CharField(max_length=MAX_NAME_LENGTH, blank=True)
    object_kind = models.CharField(max_length=12, choices=AuditObject, blank=True)
    object_id = models.BigIntegerField(null=True, blank=True)
    object_name = models.CharField(max_length=MAX_NAME_LENGTH, blank=True)
    # The person whom the action concerns: a member, a person with a share, or an invited address (without an id).
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    person_name = models.CharField(max_length=MAX_NAME_LENGTH, blank=True)
    details: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event of the audit trail")
        verbose_name_plural = _("audit trail")
        indexes = [
            # Reader: the page of a team's activity, whole and filtered by action.
            models.Index(fields=["team", "id"], name="audit_event_in_team"),
            models.Index(fields=["team", "action", "id"], name="audit_event_by_action"),
            # Readers: the same page filtered by person, and the erasure of a person's name.
            models.Index(fields=["actor", "team", "id"], name="audit_event_by_actor"),
            # Reader: the erasure of a person's name.
            models.Index(fields=["person"], condition=Q(person__isnull=False), name="audit_event_of_person"),
            # Reader: the purge of old events.
            models.Index(fields=["created_at"], name="audit_event_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.object_name or self.person_name}".strip()
