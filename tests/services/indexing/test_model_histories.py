"""Random histories of a site that changes its model: a search uses one model, and in the end both indexes agree."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collections_app.encoders import ModelSpec
from collections_app.errors import ModelChangeRefused
from collections_app.models import Image, IndexJob, IndexModel, IndexState, Membership, Role, Team, User
from collections_app.services.indexing.batches import BatchWriter
from collections_app.services.indexing.kept_models import read_kept_models
from collections_app.services.indexing.model_changes import (
    advance_preparation,
    drop_model,
    roll_back_model,
    start_preparing,
    switch_model,
)
from collections_app.services.indexing.model_settings import ensure_active_model
from collections_app.services.indexing.preparation import prepare_batch
from collections_app.services.indexing.queue import claim_jobs
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import restore_images, trash_images
from collections_app.services.maintenance import run_maintenance
from collections_app.services.search.request import parse_search_request
from collections_app.services.search.results import run_search
from tests.sample_team import put_picture
from tests.services.indexing.agreement import assert_index_agrees
from tests.services.indexing.test_model_changes import Killed, KilledWhileWriting, do_not_wait, work_once
from tests.services.indexing.test_worker_faults import ModelWithIndex

# After a timeout Hypothesis would go on with a database connection that waits for an answer.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]

_numbers = count()
ACTIONS = (
    *("upload", "upload", "upload", "move", "trash", "restore", "purge", "tag"),
    *("prepare", "prepare", "switch", "switch", "roll_back", "drop", "drop"),
    *("work", "work", "kill", "kill", "drain", "maintain"),
)


@dataclass(kw_only=True)
class Site:
    """Two collections in two teams of one owner, and the model beside the demo's."""

    other: ModelSpec
    owner: User
    places: list[Any]
    models: dict[str, ModelSpec] = field(default_factory=dict)

    def pick(self, number: int, *, trashed: bool = False) -> Image | None:
        images = Image.objects.trashed() if trashed else Image.objects.not_trashed()
        among = list(images.order_by("pk"))
        return among[number % len(among)] if among else None

    def upload(self, number: int) -> None:
        serial = next(_numbers)
        colour = (serial % 256, serial // 256 % 256, 99)
        put_picture(self.places[number % 2], self.owner, f"{serial}.png", colour=colour)

    def move(self, number: int) -> None:
        if image := self.pick(number):
            image.collection = self.places[number % 2]
            image.save()

    def trash(self, number: int) -> None:
        if image := self.pick(number):
            trash_images(images=Image.objects.filter(pk=image.pk), trasher=self.owner)

    def restore(self, number: int) -> None:
        if image := self.pick(number, trashed=True):
            restore_images(images=Image.objects.filter(pk=image.pk))

    def purge(self, number: int) -> None:
        if image := self.pick(number, trashed=True):
            image.delete()

    def tag(self, number: int) -> None:
        if image := self.pick(number):
            Image.objects.all().replace_tags({image.pk: [f"tag {number}"]})

    def prepare(self, number: int) -> None:
        """Prepare the model that is not active."""
        active = ensure_active_model().name
        name, spec = next(pair for pair in self.models.items() if pair[0] != active)
        start_preparing(spec, name=name)

    def switch(self, _number: int) -> None:
        switch_model(max_wait_s=0)

    def roll_back(self, _number: int) -> None:
        roll_back_model(max_wait_s=0)

    def drop(self, _number: int) -> None:
        active, *others = read_kept_models()
        for each in others:
            django_settings.CLIP_MODEL, django_settings.CLIP_MODEL_PATH = active.name, active.spec.source
            drop_model(each.name, pause=do_not_wait)

    def work(self, number: int) -> None:
        work_once(limit=1 + number % 3)

    def kill(self, number: int) -> None:
        """A worker is killed before or after it stores the vectors of one of the models; its lease ends."""
        worker = uuid.uuid4()
        jobs, models = claim_jobs(worker=worker, limit=3), read_kept_models()
        batch = prepare_batch(jobs=jobs, models=models)
        place = number % len(models)
        faulty = KilledWhileWriting(models[place].index, after=number > 4)
        models[place] = ModelWithIndex(row=models[place].row, faulty=faulty)
        try:
            BatchWriter(worker=worker, models=models).write(batch)
        except Killed:
            IndexJob.objects.update(leased_until=timezone.now(), attempts=0)

    def drain(self, _number: int) -> None:
        IndexWorker().drain()
        advance_preparation()

    def maintain(self, _number: int) -> None:
        run_maintenance()


def make_site(folder: Path) -> Site:
    for rows in (User.objects.all(), Team.objects.all()):
        rows.delete()
    IndexWorker().drain()  # the indexes of all models are empty now
    IndexModel.objects.all().delete()
    django_settings.CLIP_MODEL, django_settings.CLIP_MODEL_PATH = "demo", str(django_settings.DEMO_MODEL_DIR)
    owner = User.objects.create_user("owner@example.com")
    team = Team.objects.create(name="Two")
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    places = [create_collection(team=each, name="Place", creator=owner) for each in (owner.personal_team, team)]
    demo, other = ModelSpec(source=str(django_settings.DEMO_MODEL_DIR)), ModelSpec(source=str(folder))
    ensure_active_model()
    return Site(other=other, owner=owner, places=places, models={"demo": demo, str(folder): other})


def check_search(site: Site, step: tuple[str, int]) -> None:
    """Every searchable picture in the scope is found, with its own cosine: a mixed search has other cosines."""
    request = parse_search_request(user=site.owner, parameters={"q": "a blue thing"})
    results = run_search(request)
    model = next(each for each in read_kept_models() if each.tag == results.cutoffs.model_tag)
    words = model.encoder.encode_texts(["a blue thing"])[0]
    settled = Image.objects.not_trashed().indexed().without_waiting_job()
    vectors = model.index.get_vectors(list(settled.values_list("pk", flat=True)))
    assert len(vectors) == settled.count(), step
    scores = {each.id: each.score for each in results.ranked if each.score is not None}
    for pk in vectors.keys() & scores.keys():
        assert scores[pk] == pytest.approx(float(vectors[pk] @ words), abs=1e-3), step
    hidden = len(vectors.keys() - scores.keys())
    assert hidden <= results.hidden_count, step


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 9)), min_size=8, max_size=30))
def test_both_indexes_agree_after_any_history(history: list[tuple[str, int]], other_folder: Path) -> None:
    site = make_site(other_folder)
    for step in history:
        perform: Callable[[int], None] = getattr(site, step[0])
        with suppress(ModelChangeRefused):
            perform(step[1])
        check_search(site, step)
    IndexWorker().drain()
    advance_preparation()
    IndexModel.objects.dropped().update(changed_at=timezone.now() - timedelta(minutes=1))
    run_maintenance()
    assert not Image.objects.exclude(index_state=IndexState.INDEXED).exists()
    assert_index_agrees()
    for row in IndexModel.objects.dropped():
        assert not Image.objects.encoded_by(row.key, row.fields).exists()
