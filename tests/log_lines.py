"""What the handlers of the settings write, as JSON."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from imagesearch.log_formats import JsonLines


class JsonLog:
    """The lines so far. `text` is what a file would contain."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def find(self, words: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if words in line["message"]]


@contextmanager
def record_json_log(level: int = logging.INFO) -> Iterator[JsonLog]:
    """Let the site's handlers write JSON here, with their filters."""
    log = JsonLog()
    loggers = [logging.getLogger(name) for name in (None, "django", "collections_app")]
    levels = {logger: logger.level for logger in loggers}
    handlers = {handler for logger in loggers for handler in logger.handlers if type(handler) is logging.StreamHandler}
    before = {handler: (handler.setStream(log.stream), handler.formatter) for handler in handlers}
    try:
        for handler in handlers:
            handler.setFormatter(JsonLines())
        for logger in loggers:
            logger.setLevel(level)
        yield log
    finally:
        for handler, (stream, formatter) in before.items():
            if stream:
                handler.setStream(stream)
            handler.setFormatter(formatter)
        for logger, former in levels.items():
            logger.setLevel(former)
