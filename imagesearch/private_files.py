"""Permissions of the data folder: other accounts of the machine must not read it."""

import contextlib
import os
import stat
from pathlib import Path

# In DATA_DIR. A private folder also protects its contents. `static` contains nothing private.
_PRIVATE_NAMES = (
    *("imagesearch.sqlite3", "imagesearch.sqlite3-wal", "imagesearch.sqlite3-shm", "imagesearch.sqlite3-journal"),
    *("secret-key", "uploads", "index", "tmp"),
)


def close_data_to_others(folder: Path) -> list[Path]:
    """Remove the rights of other accounts from private files, and from files that this process creates later.

    Return the private paths. `check` reports those that stay open because they belong to another account.
    """
    os.umask(os.umask(0o077) | 0o077)
    paths = [folder / name for name in _PRIVATE_NAMES]
    for path in paths:
        # The path may be missing or vanish, as SQLite's files do.
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                path.chmod(mode & stat.S_IRWXU)
    return paths
