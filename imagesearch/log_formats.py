"""Formats of log lines. The filter `blank_secrets` has removed the secrets of a record before it is formatted."""

import json
import logging
from datetime import UTC, datetime

from collections_app.log_filter import list_extra_fields
from collections_app.request_ids import get_request_id

_SCALARS = (str, int, float, bool)


class AddRequestId(logging.Filter):
    """Adds the id of the thread's request to each record: `request_id`, and `request_tag` for lines of text."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = get_request_id()
        record.__dict__ |= {"request_id": request_id, "request_tag": f" [{request_id}]" if request_id else ""}
        return True


class JsonLines(logging.Formatter):
    """Writes each record as one line of JSON, in ASCII, so that every terminal and file can store it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        exception = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else "")
        line |= {"exception": exception} if exception else {}
        line |= {"stack": record.stack_info} if record.stack_info else {}
        for name in list_extra_fields(record):
            value = getattr(record, name)
            if name not in line and name != "request_tag" and value != "" and isinstance(value, _SCALARS):
                line[name] = value
        return json.dumps(line)
