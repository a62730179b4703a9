"""Readers of environment variables. Each returns a typed value, or stops the start with a sentence."""

# `environs` would not make this clearly shorter: it has no readers for folders, buckets and all-or-none groups, and its
# messages (`Environment variable "X" invalid: ['Must be one of: a, b.']`) would have to be rewritten.
import os
import re
from collections.abc import Callable, Sequence
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def refuse_old_names(**new_names: str) -> None:
    """Stop the start if a renamed variable is set: its value would be ignored."""
    for old, new in new_names.items():
        if old in os.environ:
            raise ImproperlyConfigured(f"{old} is now called {new}. Rename it in the environment.")


def text(name: str, default: str = "") -> str:
    """Return the variable, or the text of the file that NAME_FILE names. Only one of the two may have a value."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name, default).strip()
    if os.environ.get(name):
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set. Keep one of them.")
    return _read_file(f"{name}_FILE", path).strip()


def export_from_files(names: Sequence[str]) -> None:
    """Set variables that a library reads itself from their NAME_FILE, for this process and its children."""
    for name in names:
        if os.environ.get(f"{name}_FILE"):
            os.environ[name] = text(name)
            del os.environ[f"{name}_FILE"]  # else a child finds both


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name, str(default)).lower()
    if value not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value in _TRUE


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    return int(_number(name, default, minimum=minimum, read=int, kind="a whole number"))


def port(name: str, default: int, *, minimum: int = 1) -> int:
    value = integer(name, default, minimum=minimum)
    if value > 65_535:
        raise ImproperlyConfigured(f"{name} must be at most 65535, not {value}.")
    return value


def number(name: str, default: float, *, minimum: float = 0) -> float:
    return _number(name, default, minimum=minimum, read=float, kind="a number")


def percent(name: str, default: int) -> int:
    value = integer(name, default, minimum=1)
    if value > 100:
        raise ImproperlyConfigured(f"{name} must be at most 100, not {value}.")
    return value


def count_cores() -> int:
    """Return how many cores this process may use. macOS has no way to restrict them."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choice(name: str, default: str, *, among: Sequence[str]) -> str:
    value = text(name, default).lower()
    if value not in among:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(among)}, not {value!r}.")
    return value


def items(name: str, default: str = "") -> list[str]:
    """Return the non-empty parts of a comma-separated value."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def database(name: str) -> dict[str, Any] | None:
    """Return Django's settings for a postgresql:// address, or None without an address."""
    address = text(name)
    if not address:
        return None
    if not address.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(f"{name} must begin with postgresql://, or be empty for SQLite.")
    try:
        found: dict[str, Any] = dict(dj_database_url.parse(address, conn_max_age=60, conn_health_checks=True))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} cannot be read: {error}") from error
    # By default libpq waits without a limit. Keepalive packets detect a server that is gone.
    limits = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    found["OPTIONS"] = {**limits, "tcp_user_timeout": 60_000, **found.get("OPTIONS", {})}
    return found


def bucket(name: str) -> dict[str, str] | None:
    """Return `bucket_name` and `location` of s3://bucket/folder, or None without an address."""
    address = text(name)
    if not address:
        return None
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.hostname:
        raise ImproperlyConfigured(f"{name} must look like s3://bucket or s3://bucket/folder, not {address!r}.")
    return {"bucket_name": parts.hostname, "location": parts.path.strip("/")}


def web_address(name: str) -> str:
    """Return an http(s) address without its final slash, or an empty string."""
    value = text(name).rstrip("/")
    if value and not (value.startswith(("http://", "https://")) and urlsplit(value).hostname):
        raise ImproperlyConfigured(f"{name} must be an address that begins with https:// or http://, not {value!r}.")
    return value


def site_path(name: str) -> str:
    """Return the path without its final slash; empty for a site at the root of its host."""
    value = text(name).rstrip("/")
    if value and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", value):
        raise ImproperlyConfigured(f"{name} must be a path such as /pictures, of plain letters and digits.")
    return value


def require_less(limit: int, limit_name: str, **values: int) -> None:
    """Stop the start if a value is not below the limit."""
    for name, value in values.items():
        if value >= limit:
            raise ImproperlyConfigured(f"{name} must be less than {limit_name} ({limit}), not {value}.")


def all_or_none(**values: str) -> dict[str, str]:
    """Return the values, or an empty dict if none is set. An incomplete group stops the start."""
    missing = [name for name, value in values.items() if not value]
    if missing and len(missing) < len(values):
        raise ImproperlyConfigured(f"{', '.join(values)} belong together: {', '.join(missing)} must be set as well.")
    return {} if missing else values


def path(name: str) -> Path | None:
    """Return an absolute path, or None without a value. It may be missing, such as a drive that is not mounted."""
    value = text(name)
    return Path(value).expanduser().absolute() if value else None


def time_of_day(name: str) -> time | None:
    """Return a time such as 03:30, or None without a value."""
    value = text(name)
    if not value:
        return None
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value):
        raise ImproperlyConfigured(f"{name} must be a time of the day such as 03:30, not {value!r}.")
    hour, minute = value.split(":")
    return time(int(hour), int(minute))


def folder(name: str, default: Path) -> Path:
    """Return an absolute, writable folder. Create it if it is missing."""
    path = Path(text(name) or default).expanduser().absolute()
    try:
        make_folder(path)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: the folder {path} cannot be created: {error.strerror}.") from error
    if not os.access(path, os.W_OK):
        raise ImproperlyConfigured(f"{name}: the folder {path} cannot be written to.")
    return path


def make_folder(path: Path) -> Path:
    """Create a folder that only its owner can read, unless it exists."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _read_file(name: str, path: str) -> str:
    """Messages do not contain the text, which may be a secret."""
    try:
        content = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: the file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        content = "\0"
    if "\0" in content:
        raise ImproperlyConfigured(f"{name}: the file {path} is not a text in UTF-8.")
    return content


def _number(name: str, default: float, *, minimum: float, read: Callable[[str], float], kind: str) -> float:
    value = text(name, str(default))
    try:
        result = read(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be {kind}, not {value!r}.") from error
    if not result >= minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {value}.")
    return result
