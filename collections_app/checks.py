"""System checks that need neither a model nor the index."""

import shutil
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.module_loading import import_string

_MIN_FREE_BYTES = 2**30
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
# Modes of libpq that require encryption. Its default, "prefer", connects without encryption if the server has none.
_ENCRYPTED_SSL_MODES = {"require", "verify-ca", "verify-full"}


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
    """Report a site that may take the proxy's address for the address of every client."""
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


@register(deploy=True)
def check_parts_of_several_machines(**_: Any) -> list[CheckMessage]:
    """Report what each of several machines would have of its own. MACHINES says how many there are."""
    if settings.MACHINES < 2:
        return []
    found: list[CheckMessage] = []
    if "sqlite" in settings.DATABASES["default"]["ENGINE"]:
        sentence = "MACHINES is {}, but the database is SQLite, which works on one machine only."
        hint = "Set DATABASE_URL to a PostgreSQL database that all machines use."
        found.append(Warning(sentence.format(settings.MACHINES), hint=hint, id="imagesearch.W016"))
    if not settings.MILVUS_URI:
        sentence = "MACHINES is {}, but the index is the embedded store, which works on one machine only."
        hint = "Set MILVUS_URI to a Milvus server that all machines use."
        found.append(Warning(sentence.format(settings.MACHINES), hint=hint, id="imagesearch.W017"))
    if "bucket_name" not in settings.STORAGES["default"]["OPTIONS"]:
        sentence = "MACHINES is {}, but pictures are stored in DATA_DIR, where other machines do not find them."
        hint = "Set STORAGE_URL to a bucket that all machines use."
        found.append(Warning(sentence.format(settings.MACHINES), hint=hint, id="imagesearch.W018"))
    return found


@register(deploy=True)
def check_mail_server(**_: Any) -> list[CheckMessage]:
    if settings.EMAIL_HOST:
        return []
    sentence = "There is no mail server: nobody can reset a forgotten password, and addresses are not verified."
    return [Warning(sentence, hint="Set EMAIL_HOST and the settings beside it.", id="imagesearch.W019")]


@register(deploy=True)
def check_backups(**_: Any) -> list[CheckMessage]:
    """Report that no backup is scheduled, or that none was completed since there is a database."""
    if not (settings.BACKUP_DIR and settings.BACKUP_AT):
        hint = "Set BACKUP_DIR to a folder on another disk, and BACKUP_AT to a time such as 03:30."
        return [Warning("No backup is made.", hint=hint, id="imagesearch.W020")]
    database = settings.DATABASES["default"]
    has_data = "sqlite" not in database["ENGINE"] or Path(database["NAME"]).exists()
    if not has_data or import_string("collections_app.services.backup.manifest.find_latest_backup")():
        return []
    sentence = f"There is no complete backup in {settings.BACKUP_DIR} yet."
    return [Warning(sentence, hint="Run manage.py backup.", id="imagesearch.W021")]


@register
def check_data_privacy(**_: Any) -> list[CheckMessage]:
    """Report what other accounts of the machine can read or replace in DATA_DIR."""
    found: list[CheckMessage] = []
    readable = [str(path) for path in settings.PRIVATE_PATHS if _get_mode(path) & (stat.S_IRWXG | stat.S_IRWXO)]
    if readable:
        hint = "Run the site as their owner, or remove the rights of others: chmod go= PATH."
        sentence = f"Other accounts of this machine can read {', '.join(readable)}."
        found.append(Warning(sentence, hint=hint, id="imagesearch.W010"))
    if _get_mode(settings.DATA_DIR) & (stat.S_IWGRP | stat.S_IWOTH):
        sentence = f"Other accounts of this machine can replace files in {settings.DATA_DIR}."
        found.append(Warning(sentence, hint=f"chmod go-w {settings.DATA_DIR}", id="imagesearch.W011"))
    return found


@register(deploy=True)
def check_single_sign_on_encryption(**_: Any) -> list[CheckMessage]:
    address = settings.OIDC.get("OIDC_SERVER_URL", "")
    if not _is_unencrypted_elsewhere(address):
        return []
    sentence = "OIDC_SERVER_URL begins with http://: anyone on the network path can sign in as any person."
    return [Error(sentence, hint="Use the provider's https:// address.", id="imagesearch.E010")]


@register(deploy=True)
def check_encryption_of_services(**_: Any) -> list[CheckMessage]:
    """Report services on other machines that receive pictures, vectors, rows or mails unencrypted."""
    found: list[CheckMessage] = []
    if _is_unencrypted_elsewhere(settings.MILVUS_URI) and not settings.MILVUS_TOKEN:
        sentence = "Vectors are sent to Milvus unencrypted: use an https:// MILVUS_URI."
        found.append(Warning(sentence, id="imagesearch.W012"))
    if "bucket_name" in settings.STORAGES["default"]["OPTIONS"] and _is_unencrypted_elsewhere(settings.S3_ENDPOINT_URL):
        sentence = "Pictures are sent to the S3 server unencrypted: use an https:// address."
        found.append(Warning(sentence, id="imagesearch.W013"))
    if _is_database_unencrypted(settings.DATABASES["default"]):
        sentence = "The database may be used unencrypted: add ?sslmode=verify-full or ?sslmode=require to DATABASE_URL."
        found.append(Warning(sentence, id="imagesearch.W014"))
    is_mail_encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    if settings.EMAIL_HOST and not is_mail_encrypted and settings.EMAIL_HOST not in _LOCAL_HOSTS:
        sentence = "Mails and EMAIL_HOST_PASSWORD are sent unencrypted: set EMAIL_USE_TLS=true."
        found.append(Warning(sentence, id="imagesearch.W015"))
    return found


def _is_unencrypted_elsewhere(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and (parts.hostname or "") not in _LOCAL_HOSTS


def _is_database_unencrypted(database: dict[str, Any]) -> bool:
    host = database.get("HOST") or ""
    if "sqlite" in database["ENGINE"] or not host or host.startswith("/") or host in _LOCAL_HOSTS:
        return False
    return database.get("OPTIONS", {}).get("sslmode") not in _ENCRYPTED_SSL_MODES


def _get_mode(path: Path) -> int:
    """Return the mode, or 0 if the path does not exist or cannot be read."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
