"""The files below a folder, and what cannot be imported."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collections_app.services.uploads.non_pictures import is_system_path


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderEntry:
    """A file below the folder. `name` is its path relative to the folder, `problem` the reason to skip it."""

    path: Path
    name: str
    problem: str = ""
    is_system_file: bool = False


def walk_folder(folder: Path) -> Iterator[FolderEntry]:
    """Yield all files below the folder in the order of their names, without following links to folders."""
    pending = [folder]
    while pending:
        parent = pending.pop()
        try:
            with os.scandir(parent) as listing:
                children = sorted(listing, key=lambda child: child.name)
        except OSError as error:
            yield _build_entry(parent, folder, f"This folder can't be read ({_describe(error)}).")
            continue
        folders = []
        for child in children:
            entry = _inspect(Path(child.path), folder)
            if entry is None:
                folders.append(Path(child.path))
            else:
                yield entry
        pending.extend(reversed(folders))


def _inspect(path: Path, folder: Path) -> FolderEntry | None:
    """Return the entry of a file; None for a folder to walk."""
    if is_system_path(path.name):
        return _build_entry(path, folder, is_system_file=True)
    try:
        is_link = path.is_symlink()
        mode = path.stat().st_mode
    except FileNotFoundError:
        return _build_entry(path, folder, "This link leads nowhere.")
    except OSError as error:
        return _build_entry(path, folder, f"This can't be read ({_describe(error)}).")
    if stat.S_ISDIR(mode):
        return _build_entry(path, folder, "This is a link to a folder. Import that folder too.") if is_link else None
    problem = "" if stat.S_ISREG(mode) else "This is not a file but a device, a pipe or a socket."
    return _build_entry(path, folder, problem)


def _build_entry(path: Path, folder: Path, problem: str = "", *, is_system_file: bool = False) -> FolderEntry:
    name = "." if path == folder else path.relative_to(folder).as_posix()
    return FolderEntry(path=path, name=name, problem=problem, is_system_file=is_system_file)


def _describe(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
