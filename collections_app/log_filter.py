"""A log filter that replaces secrets in the paths and query parameters of addresses, and what people search for."""

import logging
import re
import traceback

BLANK = "[secret]"
# Names of path and query parameters whose values give access without any other right.
SECRET_NAMES = ("secret", "token", "key", "code", "state", "password", "id_token", "access_token", "sessionid")
_SLASH = r"(?:/|%2F|\\/)"
# What precedes a secret in the site's addresses. The parameter `next` contains addresses with quoted slashes.
_BEFORE_SECRETS = (
    rf"{_SLASH}s{_SLASH}",
    rf"{_SLASH}g{_SLASH}",
    rf"{_SLASH}invitations{_SLASH}",
    rf"{_SLASH}search{_SLASH}examples{_SLASH}",
    rf"{_SLASH}confirm-email{_SLASH}",
    rf"{_SLASH}password{_SLASH}reset{_SLASH}key{_SLASH}",
)
_IN_PATHS = re.compile(
    rf"((?:{'|'.join(_BEFORE_SECRETS)})(?:{_SLASH}|[\s\"'<(\[])*)((?:(?!%2F|\\/)[^\s/?#&\"'<>,;)\]}}])+)", re.IGNORECASE
)
_IN_QUERIES = re.compile(
    rf"((?:[?&;]|%3F|%26)(?:{'|'.join(SECRET_NAMES)})(?:=|%3D))(?:(?!%26|%23)[^\s&#\"'<>])+", re.IGNORECASE
)
# What a person searches for is private. It may contain quotes, and `&` as %26 unless the address is itself quoted.
_SEARCHES = re.compile(r"([?&;]q=)[^\s&#]+|((?:%3F|%26)q%3D)(?:(?!%26|%23)[^\s&#])+", re.IGNORECASE)
_MIN_SECRET_LENGTH = 6
_USUAL_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime"}


class BlankSecrets(logging.Filter):
    """Replaces secrets in the message, the traceback, the stack and the extra fields of each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        found = _find_secrets(record)
        record.msg, record.args = blank_secrets(_format_message(record), found), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        if record.exc_text:
            record.exc_text = blank_secrets(record.exc_text, found)
        if record.stack_info:
            record.stack_info = blank_secrets(record.stack_info, found)
        for name in list_extra_fields(record):
            value = getattr(record, name)
            if isinstance(value, str):
                setattr(record, name, BLANK if name.lower() in SECRET_NAMES else blank_secrets(value, found))
        return True


def list_extra_fields(record: logging.LogRecord) -> list[str]:
    """Return the names of the fields that the code that logs has added."""
    return [name for name in vars(record) if name not in _USUAL_FIELDS]


def blank_secrets(text: str, known: tuple[str, ...] = ()) -> str:
    """Replace secrets in addresses, and the `known` ones wherever they are."""
    for secret in known:
        text = text.replace(secret, BLANK)
    text = _IN_PATHS.sub(_blank_segment, text)
    text = _IN_QUERIES.sub(rf"\1{BLANK}", text)
    return _SEARCHES.sub(lambda found: f"{found[1] or found[2]}{BLANK}", text)


def _blank_segment(found: re.Match[str]) -> str:
    """Keep numbers: they identify an object, but give no access. Keep what is blank already, too."""
    is_blank = f"{found[1][-1]}{found[2]}]" == BLANK
    return found[0] if is_blank or found[2].isdigit() else f"{found[1]}{BLANK}"


def _format_message(record: logging.LogRecord) -> str:
    """Return the message. Arguments that do not match it must not fail the code that logs."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, LookupError):
        return f"{record.msg} {record.args}"


def _find_secrets(record: logging.LogRecord) -> tuple[str, ...]:
    """Return the secrets of the record's request. They may occur outside an address, as in the text of an error."""
    match = getattr(getattr(record, "request", None), "resolver_match", None)
    values = [value for name, value in (match.kwargs if match else {}).items() if name in SECRET_NAMES]
    return tuple(value for value in values if isinstance(value, str) and len(value) >= _MIN_SECRET_LENGTH)
