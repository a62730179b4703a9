"""The languages' catalogues, compiled when Django needs them: no tool to install, no compiled file to commit."""

import hashlib
import os
from pathlib import Path

import polib


def compiled_catalogues(source: Path, target: Path) -> Path:
    """Return a folder in `target` with a .mo for each .po in `source`, made on first use.

    It is named after what is in them, so that a changed catalogue is compiled anew, whatever the files' times say, and
    two versions of the site may share their data.
    """
    catalogues = sorted(source.glob("*/LC_MESSAGES/*.po"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in catalogues)).hexdigest()
    folder = target / digest[:16]
    for path in catalogues:
        _compile_once(path, (folder / path.relative_to(source)).with_suffix(".mo"))
    return folder


def _compile_once(catalogue: Path, compiled: Path) -> None:
    if compiled.exists():
        return
    compiled.parent.mkdir(parents=True, exist_ok=True)
    draft = compiled.with_name(f"{compiled.name}.{os.getpid()}")
    polib.pofile(str(catalogue)).save_as_mofile(str(draft))
    draft.replace(compiled)  # whole or not at all, for processes that start at once
