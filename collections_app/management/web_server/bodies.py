"""How large the body of a request may be, by its headers, and how much space all bodies together may take."""

import shutil
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import parse_cookie

from collections_app.management.web_server.refusals import DISK_FULL, SIGNED_OUT, TOO_LARGE
from collections_app.refusals import Refusal
from collections_app.services.uploads.upload_pass import read_upload_pass
from collections_app.upload_handlers import get_max_request_bytes

# Signed-out people send only small forms: an email address and a password, or a passkey.
FORM_BYTES = 256 * 1024
# For the form fields around an upload's files.
_SLACK_BYTES = 1024 * 1024
_MIN_FREE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends a body. `account_id` is None without an upload pass."""

    account_id: int | None
    sends_files: bool

    @property
    def max_bytes(self) -> int:
        if self.account_id is None:
            return FORM_BYTES
        if not self.sends_files:
            return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        return min(get_max_request_bytes() + _SLACK_BYTES, int(settings.WEB_MAX_BODIES_MB) * 2**19)

    @property
    def too_large(self) -> Refusal:
        """Files without a pass usually come from a page whose session has ended."""
        return SIGNED_OUT if self.account_id is None and self.sends_files else TOO_LARGE


def identify_sender(headers: Mapping[str, str]) -> Sender:
    """Read the upload pass and the type of the body. `headers` have waitress' names, such as CONTENT_TYPE."""
    value = parse_cookie(headers.get("COOKIE", "")).get(settings.UPLOAD_PASS_COOKIE_NAME)
    content_type = headers.get("CONTENT_TYPE", "").lower()
    return Sender(
        account_id=read_upload_pass(value) if value else None,
        sends_files=content_type.startswith("multipart/form-data"),
    )


class BodyLedger:
    """Counts the bytes of the bodies that this process has received, in total and for each account."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total = 0
        self._by_account: Counter[int | None] = Counter()

    def find_refusal(self, sender: Sender, length: int) -> Refusal | None:
        """Return why a body of the declared length cannot be received, or None."""
        if length > sender.max_bytes:
            return sender.too_large
        if length > FORM_BYTES and shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free - length < _MIN_FREE_BYTES:
            return DISK_FULL
        return None

    def add(self, sender: Sender, count: int) -> bool:
        """Count received bytes; return whether they are within the limits. One account gets half of the total."""
        with self._lock:
            self._total += count
            self._by_account[sender.account_id] += count
            max_bytes = int(settings.WEB_MAX_BODIES_MB) * 2**20
            return self._total <= max_bytes and self._by_account[sender.account_id] <= max_bytes // 2

    def release(self, sender: Sender, count: int) -> None:
        with self._lock:
            self._total -= count
            self._by_account[sender.account_id] -= count
            if not self._by_account[sender.account_id]:
                del self._by_account[sender.account_id]
