"""The database, one model per file. Reads are query-set methods; services do the writes."""

from collections_app.models.archive_import import ArchiveImport, ArchiveState
from collections_app.models.audit_event import AuditAction, AuditEvent, AuditObject
from collections_app.models.backup_hold import BackupHold
from collections_app.models.collection import Collection
from collections_app.models.compared_image import ComparedImage, DuplicateGroup, TeamComparison
from collections_app.models.duplicate_dismissal import DuplicateDismissal
from collections_app.models.erasure import AccountDeletion, ErasedFile, Erasure, ErasureKind
from collections_app.models.example import Example
from collections_app.models.favourite import Favourite
from collections_app.models.guest_link import GuestLink
from collections_app.models.guest_upload import GuestUpload
from collections_app.models.image import Image
from collections_app.models.image_month import ImageMonth
from collections_app.models.image_name import ImageName
from collections_app.models.image_total import ImageTotal
from collections_app.models.index_audit import IndexAudit
from collections_app.models.index_job import IndexJob
from collections_app.models.index_model import IndexModel, ModelState
from collections_app.models.index_partition import IndexPartition
from collections_app.models.indexed_images import IndexState
from collections_app.models.indexing_pause import IndexingPause
from collections_app.models.invitation import Invitation
from collections_app.models.outgoing_mail import OutgoingMail
from collections_app.models.pending_file import PendingFile
from collections_app.models.public_link import PublicLink
from collections_app.models.recent_search import RecentSearch
from collections_app.models.relevance_judgment import RelevanceJudgment
from collections_app.models.saved_search import SavedSearch, SearchVisit
from collections_app.models.share import Share, ShareRole
from collections_app.models.share_notice import ShareNotice
from collections_app.models.tag_total import TagTotal
from collections_app.models.team import Membership, Role, Team
from collections_app.models.team_export import ExportPart, ExportState, TeamExport
from collections_app.models.team_import import TeamImport
from collections_app.models.undo_step import BulkAction, UndoStep
from collections_app.models.unfinished_restore import UnfinishedRestore
from collections_app.models.user import User

__all__ = [
    "AccountDeletion",
    "ArchiveImport",
    "ArchiveState",
    "AuditAction",
    "AuditEvent",
    "AuditObject",
    "BackupHold",
    "BulkAction",
    "Collection",
    "ComparedImage",
    "DuplicateDismissal",
    "DuplicateGroup",
    "ErasedFile",
    "Erasure",
    "ErasureKind",
    "Example",
    "ExportPart",
    "ExportState",
    "Favourite",
    "GuestLink",
    "GuestUpload",
    "Image",
    "ImageMonth",
    "ImageName",
    "ImageTotal",
    "IndexAudit",
    "IndexJob",
    "IndexModel",
    "IndexPartition",
    "IndexState",
    "IndexingPause",
    "Invitation",
    "Membership",
    "ModelState",
    "OutgoingMail",
    "PendingFile",
    "PublicLink",
    "RecentSearch",
    "RelevanceJudgment",
    "Role",
    "SavedSearch",
    "SearchVisit",
    "Share",
    "ShareNotice",
    "ShareRole",
    "TagTotal",
    "Team",
    "TeamComparison",
    "TeamExport",
    "TeamImport",
    "UndoStep",
    "UnfinishedRestore",
    "User",
]
