"""The secret key of an installation that does not set one."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def load_secret_key(path: Path) -> str:
    """Return the key in `path`; create it on first use. Processes that start at once get the same key."""
    try:
        return path.read_text()
    except FileNotFoundError:
        pass
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(get_random_secret_key())
    try:
        # Creating a link is atomic and fails if the path exists, so that no process reads half a key.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text()
