"""System checks: what can be told without loading a model or asking the index."""

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

_LITTLE_SPACE_BYTES = 2**30


@register
def check_model_folder(**_: Any) -> list[CheckMessage]:
    """A CLIP_MODEL that is meant as a folder must be one."""
    path = Path(settings.CLIP_MODEL_PATH).expanduser()
    looks_like_a_folder = path.is_absolute() or settings.CLIP_MODEL.startswith((".", "~"))
    if not looks_like_a_folder or (path / "config.json").is_file():
        return []
    hint = "Set CLIP_MODEL to a folder with config.json, to a model's name on the hub, or to demo."
    return [Error(f"CLIP_MODEL: there is no model in {path}.", hint=hint, id="imagesearch.E001")]


@register
def check_free_space(**_: Any) -> list[CheckMessage]:
    if shutil.disk_usage(settings.DATA_DIR).free >= _LITTLE_SPACE_BYTES:
        return []
    return [Warning(f"Less than 1 GiB is free in {settings.DATA_DIR}: uploads may fail.", id="imagesearch.W001")]


@register(deploy=True)
def check_token_travels_encrypted(**_: Any) -> list[CheckMessage]:
    if not settings.MILVUS_TOKEN or settings.MILVUS_URI.startswith("https://"):
        return []
    return [Warning("MILVUS_TOKEN is sent in the clear: use an https:// MILVUS_URI.", id="imagesearch.W002")]
