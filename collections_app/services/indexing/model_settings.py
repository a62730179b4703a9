"""What CLIP_MODEL means: the model of a new site. Later it must name a model that is kept."""

import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from collections_app.encoders import check_model, get_encoder, make_encoder, read_model_settings
from collections_app.errors import EncoderError, ModelChangeRefused
from collections_app.errors import gettext_noop as _
from collections_app.models import Image, IndexModel, ModelState
from collections_app.services.indexing.kept_models import KeptModel, describe_model_settings, get_active_model

log = logging.getLogger(__name__)

_AUTO = "auto"


def ensure_active_model() -> KeptModel:
    """Return the active model. Store that of the settings at the first start, and while nothing is indexed.

    Raises ModelChangeRefused if the settings name a model that is not kept although pictures are indexed, and
    EncoderError.
    """
    kept = list(IndexModel.objects.kept())
    if any(is_named_by_settings(row) for row in kept) or (kept and Image.objects.indexed().exists()):
        refuse_unprepared_model()
        return get_active_model()
    described = describe_model_settings(get_encoder())
    encoded = Image.objects.encoded_by(described.key, described.fields)
    if Image.objects.indexed().exists() and not encoded.exists():  # an update from a version that stored no model
        sentence = _(
            "The pictures are indexed with the model %(name)s, but CLIP_MODEL is %(given)s. Set CLIP_MODEL, "
            "CLIP_REVISION and CLIP_DTYPE to the former values. To change the model, then run: manage.py model prepare "
            "%(given)s"
        )
        raise ModelChangeRefused(sentence, name=_find_name_in_images(), given=settings.CLIP_MODEL)
    try:
        with transaction.atomic():
            IndexModel.objects.kept().update(state=ModelState.DROPPED, changed_at=timezone.now())
            IndexModel.objects.filter(key=described.key).delete()
            described.save()
    except IntegrityError:
        log.info("Another process has stored the model of the settings.")
    return get_active_model()


def refuse_unprepared_model() -> None:
    """Raise ModelChangeRefused if the settings name a model that is not kept although pictures are indexed.

    A folder that was moved, or a number format that was written out, is the same model.
    """
    kept = list(IndexModel.objects.kept())
    if not kept or any(is_named_by_settings(row) for row in kept) or not Image.objects.indexed().exists():
        return
    renamed = IndexModel.objects.kept().filter(key=_find_settings_key())
    if not renamed.update(name=settings.CLIP_MODEL, revision=settings.CLIP_REVISION):
        sentence = _(
            "The pictures are indexed with the model %(name)s, but CLIP_MODEL is %(given)s. Set %(settings)s. To "
            "change the model, then run: manage.py model prepare %(given)s"
        )
        values = {"name": kept[0].name, "given": settings.CLIP_MODEL, "settings": describe_settings(kept[0])}
        raise ModelChangeRefused(sentence, **values)


def has_model_of_settings(rows: Sequence[IndexModel]) -> bool:
    """Return whether the settings name one of these models, perhaps in a folder that was moved."""
    return any(map(is_named_by_settings, rows)) or _find_settings_key() in {row.key for row in rows}


def describe_settings(row: IndexModel) -> str:
    """Return how to change the settings so that they name a model."""
    changes = [f"CLIP_MODEL={row.name}"]
    if row.revision != settings.CLIP_REVISION:
        changes.append(f"CLIP_REVISION={row.revision}")
    if not _has_dtype_of_settings(row):
        changes.append(f"CLIP_DTYPE={row.dtype}")
    return " ".join(changes)


def is_named_by_settings(row: IndexModel) -> bool:
    has_name = (row.name, row.revision) == (settings.CLIP_MODEL, settings.CLIP_REVISION)
    return has_name and _has_dtype_of_settings(row)


def _has_dtype_of_settings(row: IndexModel) -> bool:
    return settings.CLIP_DTYPE in (_AUTO, row.dtype)


def _find_settings_key() -> str:
    """Return the key of the model in the settings, or "" if its files are not on this machine or damaged."""
    try:
        check_model()
        return make_encoder(read_model_settings()).key
    except EncoderError:
        return ""


def _find_name_in_images() -> str:
    """Return the name of the model that has encoded one of the pictures."""
    keys = Image.objects.indexed().exclude(index_model_key="").values_list("index_model_key", flat=True)
    return (keys.first() or "").split("@")[0]
