"""Filters of log records."""

import logging


class RefusalsWithoutTraceback(logging.Filter):
    """Drops the traceback of a request that was refused: anybody can send one, and nothing in the site is broken."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
