"""Files of the installation that other accounts of the machine must not read."""

import contextlib
import os
import stat
from pathlib import Path

# In DATA_DIR. Everything in a closed folder is closed too. `static` holds nothing private.
_PRIVATE_NAMES = (
    *("imagesearch.sqlite3", "imagesearch.sqlite3-wal", "imagesearch.sqlite3-shm", "imagesearch.sqlite3-journal"),
    *("secret-key", "uploads", "index", "tmp"),
)


def close_data_to_others(folder: Path) -> list[Path]:
    """Create new files for this account alone, and close those that exist. Return the paths that must be closed.

    A path that belongs to another account stays as it is: `check` reports it.
    """
    os.umask(os.umask(0o077) | 0o077)
    paths = [folder / name for name in _PRIVATE_NAMES]
    for path in paths:
        # Not Path.exists(): the path may vanish, as SQLite's do.
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                path.chmod(mode & stat.S_IRWXU)
    return paths
