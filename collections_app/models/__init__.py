"""The database: one file a model. Reads are query-set methods; writes belong to the services."""

from collections_app.models.collection import Collection
from collections_app.models.distinct_images import DistinctImages
from collections_app.models.image import Image, IndexState
from collections_app.models.index_job import IndexJob
from collections_app.models.invitation import Invitation
from collections_app.models.pending_file import PendingFile
from collections_app.models.public_link import PublicLink
from collections_app.models.share import Share, ShareRole
from collections_app.models.team import Membership, Role, Team
from collections_app.models.user import User

__all__ = [
    "Collection",
    "DistinctImages",
    "Image",
    "IndexJob",
    "IndexState",
    "Invitation",
    "Membership",
    "PendingFile",
    "PublicLink",
    "Role",
    "Share",
    "ShareRole",
    "Team",
    "User",
]
