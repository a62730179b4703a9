"""The audit trail in words: who did what, as one sentence for each event."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from collections_app.messages import format_count
from collections_app.models import AuditAction, AuditEvent, AuditObject, Role, ShareRole, User

# How a form groups the actions.
ACTION_GROUPS: Mapping[Promise, tuple[AuditAction, ...]] = {
    _("Sharing"): (AuditAction.COLLECTION_SHARED, AuditAction.SHARE_CHANGED, AuditAction.SHARE_REVOKED),
    _("Public links"): (AuditAction.LINK_CREATED, AuditAction.LINK_CHANGED, AuditAction.LINK_REVOKED),
    _("Guest links"): (AuditAction.GUEST_LINK_CREATED, AuditAction.GUEST_LINK_REVOKED),
    _("Invitations"): (
        AuditAction.INVITATION_SENT,
        AuditAction.INVITATION_ACCEPTED,
        AuditAction.INVITATION_DECLINED,
        AuditAction.INVITATION_REVOKED,
    ),
    _("Members"): (
        AuditAction.MEMBER_ADDED,
        AuditAction.MEMBER_REMOVED,
        AuditAction.MEMBER_LEFT,
        AuditAction.ROLE_CHANGED,
        AuditAction.ACCOUNT_DELETED,
    ),
    _("Team"): (AuditAction.TEAM_RENAMED, AuditAction.TEAM_EXPORTED),
    _("Collections"): (
        AuditAction.COLLECTION_RENAMED,
        AuditAction.COLLECTION_TRASHED,
        AuditAction.COLLECTION_RESTORED,
        AuditAction.COLLECTION_DELETED,
    ),
    _("Pictures"): (AuditAction.IMAGES_TRASHED, AuditAction.IMAGES_RESTORED, AuditAction.IMAGES_DELETED),
    _("Administration"): (AuditAction.ADDED_BY_STAFF, AuditAction.CHANGED_BY_STAFF, AuditAction.DELETED_BY_STAFF),
}
_SENTENCES: Mapping[str, Promise] = {
    AuditAction.COLLECTION_SHARED: _("“%(object)s” shared with %(whom)s (%(role)s)."),
    AuditAction.SHARE_CHANGED: _("Permission of %(whom)s for “%(object)s” changed: %(former_role)s → %(role)s."),
    AuditAction.SHARE_REVOKED: _("Access of %(whom)s to “%(object)s” revoked."),
    AuditAction.LINK_CREATED: _("Public link to “%(object)s” created."),
    AuditAction.LINK_CHANGED: _("Public link to “%(object)s” changed."),
    AuditAction.LINK_REVOKED: _("Public link to “%(object)s” revoked."),
    AuditAction.GUEST_LINK_CREATED: _("Guest link to “%(object)s” created."),
    AuditAction.GUEST_LINK_REVOKED: _("Guest link to “%(object)s” revoked."),
    AuditAction.INVITATION_SENT: _("%(whom)s invited to “%(object)s” (%(role)s)."),
    AuditAction.INVITATION_ACCEPTED: _("Invitation to “%(object)s” accepted (%(role)s)."),
    AuditAction.INVITATION_DECLINED: _("Invitation to “%(object)s” declined."),
    AuditAction.INVITATION_REVOKED: _("Invitation of %(whom)s to “%(object)s” revoked."),
    AuditAction.MEMBER_ADDED: _("%(whom)s added to the team (%(role)s)."),
    AuditAction.MEMBER_REMOVED: _("%(whom)s removed from the team."),
    AuditAction.MEMBER_LEFT: _("%(whom)s left the team."),
    AuditAction.ROLE_CHANGED: _("Role of %(whom)s changed: %(former_role)s → %(role)s."),
    AuditAction.TEAM_RENAMED: _("Team renamed: “%(former_name)s” → “%(object)s”."),
    AuditAction.TEAM_EXPORTED: _("Team “%(object)s” exported with all its pictures."),
    AuditAction.TEAM_DELETED: _("Team “%(object)s” deleted permanently."),
    AuditAction.COLLECTION_RENAMED: _("Collection renamed: “%(former_name)s” → “%(object)s”."),
    AuditAction.COLLECTION_RESTORED: _("Collection “%(object)s” restored from trash."),
    AuditAction.COLLECTION_DELETED: _("Collection “%(object)s” deleted permanently."),
    AuditAction.ACCOUNT_DELETED: _("Account of %(whom)s deleted."),
    AuditAction.ADDED_BY_STAFF: _("Added in the administration: %(thing)s."),
    AuditAction.CHANGED_BY_STAFF: _("Changed in the administration: %(thing)s."),
    AuditAction.DELETED_BY_STAFF: _("Deleted in the administration: %(thing)s."),
    AuditAction.INDEXING_PAUSED: _("Indexing paused."),
    AuditAction.INDEXING_RESUMED: _("Indexing resumed."),
}
_COUNTED: Mapping[str, Promise] = {
    AuditAction.COLLECTION_TRASHED: ngettext_lazy(
        "Collection “%(object)s” moved to trash with %(number)s picture.",
        "Collection “%(object)s” moved to trash with %(number)s pictures.",
        "count",
    ),
    AuditAction.IMAGES_TRASHED: ngettext_lazy(
        "%(number)s picture moved to trash.", "%(number)s pictures moved to trash.", "count"
    ),
    AuditAction.IMAGES_RESTORED: ngettext_lazy(
        "%(number)s picture restored.", "%(number)s pictures restored.", "count"
    ),
    AuditAction.IMAGES_DELETED: ngettext_lazy(
        "%(number)s picture deleted permanently.", "%(number)s pictures deleted permanently.", "count"
    ),
    AuditAction.INDEXING_RETRIED: ngettext_lazy("Retrying %(number)s job.", "Retrying %(number)s jobs.", "count"),
}
_IMAGE_SENTENCES: Mapping[str, Promise] = {
    AuditAction.IMAGES_TRASHED: _("“%(object)s” moved to trash."),
    AuditAction.IMAGES_RESTORED: _("“%(object)s” restored from trash."),
    AuditAction.IMAGES_DELETED: _("“%(object)s” deleted permanently."),
}


def describe_event(event: AuditEvent) -> str:
    """Return a sentence that does not name the actor. Read the event `with_people`."""
    values = {
        "object": event.object_name,
        "whom": _name_whom(event),
        "role": _name_role(event, "role"),
        "former_role": _name_role(event, "former_role"),
        "former_name": event.details.get("former_name", ""),
        "thing": _name_thing(event),
    }
    if event.object_name and event.action in _IMAGE_SENTENCES:
        return str(_IMAGE_SENTENCES[event.action] % values)
    if event.action in _COUNTED:
        return format_count(_COUNTED[event.action], event.details.get("count", 0), **values)
    return str(_SENTENCES[event.action] % values)


def name_actor(event: AuditEvent) -> str:
    """Return who did it. Read the event `with_people`."""
    if event.actor_id is None:
        return gettext("Automatically")
    return _name_person(event.actor, event.actor_name)


def _name_whom(event: AuditEvent) -> str:
    if "with_team" in event.details:
        return event.details["with_team"] or gettext("(deleted team)")
    return _name_person(event.person, event.person_name)


def _name_person(account: User | None, stored_name: str) -> str:
    """Return the present name of an account, or else the name at the time, unless it was erased."""
    return account.name if account else stored_name or gettext("(deleted account)")


def _name_role(event: AuditEvent, key: str) -> str:
    """Return the role in the team, or in a collection what the person may do."""
    role = event.details.get(key, "")
    is_in_team = event.object_kind not in (AuditObject.SHARE, AuditObject.INVITATION) or event.details.get("to_team")
    labels = dict(Role.choices) if is_in_team else dict(ShareRole.choices)
    return str(labels.get(role, role))


def _name_thing(event: AuditEvent) -> str:
    """Return the kind of an object that was changed in the administration, with its name."""
    kind = AuditObject(event.object_kind).label if event.object_kind else ""
    name = event.object_name or (_name_whom(event) if event.person_name or event.person_id else "")
    return f"{kind} “{name}”" if name else str(kind)
