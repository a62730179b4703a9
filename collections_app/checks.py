"""System checks that need neither a model nor the index."""

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

_MIN_FREE_BYTES = 2**30


@register
def check_model_folder(**_: Any) -> list[CheckMessage]:
    """Report a CLIP_MODEL that is written as a path but has no model."""
    path = Path(settings.CLIP_MODEL_PATH).expanduser()
    is_path = path.is_absolute() or settings.CLIP_MODEL.startswith((".", "~"))
    if not is_path or (path / "config.json").is_file():
        return []
    hint = "Set CLIP_MODEL to a folder with config.json, to a model's name on the hub, or to demo."
    return [Error(f"CLIP_MODEL: no model found in {path}.", hint=hint, id="imagesearch.E001")]


@register
def check_free_space(**_: Any) -> list[CheckMessage]:
    if shutil.disk_usage(settings.DATA_DIR).free >= _MIN_FREE_BYTES:
        return []
    return [Warning(f"Less than 1 GiB is free in {settings.DATA_DIR}: uploads may fail.", id="imagesearch.W001")]


@register(deploy=True)
def check_milvus_token_encryption(**_: Any) -> list[CheckMessage]:
    if not settings.MILVUS_TOKEN or settings.MILVUS_URI.startswith("https://"):
        return []
    return [Warning("MILVUS_TOKEN is sent unencrypted: use an https:// MILVUS_URI.", id="imagesearch.W002")]


@register(deploy=True)
def check_proxy_count(**_: Any) -> list[CheckMessage]:
    """Report a site that may see all people under the address of its proxy."""
    if not settings.HTTPS or settings.IS_PROXY_COUNT_SET:
        return []
    hint = "Set it to the number of proxies before the site, or to 0 if browsers connect to the site directly."
    return [
        Warning(
            "HTTPS is set, but TRUSTED_PROXY_COUNT is not: all people may count as one client, "
            "whose wrong passwords lock out everybody.",
            hint=hint,
            id="imagesearch.W003",
        )
    ]
