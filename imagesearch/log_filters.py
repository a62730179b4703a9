"""Filters of log records."""

import logging


class RefusalsWithoutTraceback(logging.Filter):
    """Drops tracebacks of refused requests. Anybody can cause them, and they are no errors of the site."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True
