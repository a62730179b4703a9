"""The models that the index is kept for. The database says which one is active, for all processes at once."""

import hashlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError

from collections_app.encoders import (
    Encoder,
    ModelSpec,
    check_model,
    get_encoder,
    is_model_ready,
    load_in_background,
    read_model_settings,
)
from collections_app.errors import ModelUnavailable
from collections_app.errors import gettext_noop as _
from collections_app.index import VectorIndex, open_index
from collections_app.models import IndexModel, ModelState
from collections_app.models.index_model import VectorFields
from collections_app.services.indexing.directory import SqlDirectory
from collections_app.services.indexing.model_progress import find_failed_changes

log = logging.getLogger(__name__)

_TAG_LETTERS = 8
DEMO_MODEL = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptModel:
    """One model with its encoder and its index. A search takes both, and all vectors, from one of these.

    None of its members uses the database. Calls of the index may, see `SqlDirectory`.
    """

    row: IndexModel

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def key(self) -> str:
        """See `Encoder`."""
        return self.row.key

    @property
    def tag(self) -> str:
        """A short form of the key, for addresses."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:_TAG_LETTERS]

    @property
    def fields(self) -> VectorFields:
        return self.row.fields

    @property
    def is_active(self) -> bool:
        return self.row.state == ModelState.ACTIVE

    @property
    def is_being_prepared(self) -> bool:
        return self.row.state == ModelState.PREPARING

    @property
    def spec(self) -> ModelSpec:
        return make_spec(self.row)

    @property
    def encoder(self) -> Encoder:
        """Raises EncoderError, also if the files of the model are not those that the index was made with."""
        encoder = get_encoder(self.spec)
        if encoder.key != self.key:
            sentence = _(
                "The files of the model %(name)s have changed, so they no longer fit the index. Put the former "
                "files back, or prepare the changed model under another name."
            )
            raise ModelUnavailable(sentence, name=self.name)
        return encoder

    @property
    def index(self) -> VectorIndex:
        return open_index(model_key=self.key, dim=self.row.dim, directory=SqlDirectory(model_key=self.key))


def make_spec(row: IndexModel) -> ModelSpec:
    """Return what the encoder of a stored model is made of, and for a row that is not stored, that of the settings."""
    if not row.pk:
        return read_model_settings()
    return ModelSpec(source=get_model_source(row.name), revision=row.revision, dtype=row.dtype)


def get_model_source(name: str) -> str:
    """Return the folder of the demo's model, else the name."""
    return str(settings.DEMO_MODEL_DIR) if name == DEMO_MODEL else name


def read_kept_models(*, using: str = DEFAULT_DB_ALIAS) -> list[KeptModel]:
    """Return the kept models, the active one first. One statement.

    Before the first start of a site it is the model of the settings. Raises EncoderError in that case.
    """
    rows = list(IndexModel.objects.using(using).kept())
    _latest[:] = rows
    return [KeptModel(row=row) for row in rows or [describe_model_settings(get_encoder())]]


def get_active_model() -> KeptModel:
    """Return the active model. One statement; within a search pass on what this returns."""
    return read_kept_models()[0]


def list_indexes() -> list[VectorIndex]:
    """Return the indexes of the kept models, and of dropped ones, whose vectors may not be deleted yet."""
    dropped = [KeptModel(row=row) for row in IndexModel.objects.dropped()]
    return [model.index for model in [*read_kept_models(), *dropped]]


def select_search_model(*, tag: str = "", example_keys: Sequence[Collection[str]] = ()) -> KeptModel:
    """Return the model of one search: the active one, unless another kept model fits the search better.

    Further results come from the model of the first page (`tag`). Uploaded examples need a model that has encoded them:
    `example_keys` are those of each. A web process that still loads the active model searches with the other one,
    unless that one could not encode some pictures.
    """
    models = [each for each in read_kept_models() if not each.is_being_prepared]
    fitting = [each for each in models if all(each.key in keys for keys in example_keys)] or models[:1]
    by_preference = sorted(fitting, key=lambda each: each.tag != tag)
    ready = next((each for each in by_preference if is_model_ready(each.spec)), None)
    if ready is None or not is_model_ready(models[0].spec):
        load_in_background(models[0].spec)
    if ready and ready is not by_preference[0] and find_failed_changes(ready.row).exists():
        ready = None  # it would not find these pictures
    return ready or by_preference[0]


def find_latest_name() -> str:
    """Return the active model's name as this process last read it, else CLIP_MODEL. Uses no database."""
    return next((row.name for row in _latest), settings.CLIP_MODEL)


def check_active_model() -> None:
    """See `encoders.check_model`. The database is read only if this process has not read the models yet."""
    row = next(iter(_latest), None)
    try:
        row = row or IndexModel.objects.kept().first()
    except DatabaseError:
        log.debug("The models could not be read. Checking the model of the settings.")
    check_model(make_spec(row) if row else None)


def forget_latest() -> None:
    """For tests: each has its own database."""
    _latest.clear()


def describe_model_settings(encoder: Encoder) -> IndexModel:
    """Return an unsaved row for the encoder of the settings."""
    return IndexModel(
        name=settings.CLIP_MODEL,
        revision=settings.CLIP_REVISION,
        dtype=encoder.dtype,
        key=encoder.key,
        dim=encoder.dim,
        slot=1,
        state=ModelState.ACTIVE,
    )


# What this process has last read, for pages and probes that do not read the models themselves.
_latest: list[IndexModel] = []
