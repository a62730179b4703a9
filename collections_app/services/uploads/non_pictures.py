"""Names of files that are never pictures: one list for folders, drops and ZIP files."""

from pathlib import PurePath, PurePosixPath

# Files and folders that operating systems and network drives create, in lower case.
SYSTEM_NAMES = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon", "__macosx", "lost+found"),
        *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@__thumb", "@tmp"),
        *("$recycle.bin", "recycler", "system volume information", "network trash folder", "temporary items"),
        *("picasa.ini", "zbthumbnail.info", "pspbrwse.jbf"),
    }
)
# Such as .DS_Store, ._IMG_1.jpg, .Trashes and .picasa.ini.
SYSTEM_PREFIXES = (".",)
# Files that are often in a folder with pictures: notes, sidecars of other programs, videos and sounds.
COMPANION_SUFFIXES = frozenset(
    {
        *(".txt", ".md", ".csv", ".log", ".rtf", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx"),
        *(".htm", ".html", ".css", ".js", ".url", ".lnk", ".ini", ".db", ".info"),
        *(".xmp", ".json", ".xml", ".aae", ".thm", ".pp3", ".dop", ".cos", ".lrcat", ".lrprev", ".photoslibrary"),
        *(".mov", ".mp4", ".m4v", ".avi", ".mkv", ".webm", ".3gp", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".lrv"),
        *(".mp3", ".m4a", ".wav", ".aac", ".flac", ".ogg"),
    }
)


def is_system_path(path: str) -> bool:
    """Return whether any part of the path, separated by slashes, is a system's file or folder."""
    return any(_is_system_name(part) for part in PurePosixPath(path).parts)


def is_companion(name: str) -> bool:
    """Return whether the suffix says that the file is not a picture."""
    return PurePath(name).suffix.lower() in COMPANION_SUFFIXES


def _is_system_name(name: str) -> bool:
    return name.startswith(SYSTEM_PREFIXES) or name.strip().casefold() in SYSTEM_NAMES
