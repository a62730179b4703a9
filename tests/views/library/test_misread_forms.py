"""A form that cannot be understood changes nothing and says why."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from collections_app.models import Collection, DuplicateDismissal, Image, IndexJob
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_images
from tests.sample_team import SampleTeam, put_pictures

ALL_RESULTS: list[dict[str, Any]] = [
    *({"q": line} for line in ("red in:Gardn", "red by:nobody", "is:panorama", 'red "', "foo:bar", "tag:", "99:red")),
    *(
        {"q": "red", **more}
        for more in ({"collection": "99999"}, {"collection": "x"}, {"team": "x"}, {"colection": "1"})
    ),
    *({"q": "red", **more} for more in ({"show": "some"}, {"teams": "1"}, {"collection": ["{own}", "99999"]})),
    *({"q": "red " * 200}, {"q": ""}, {"q": " "}, {"q": "\x00"}, {"q": ["red", ""]}),
    *({"collection": ""}, {"collection": "99999"}, {"collection": "x"}, {"collection": "{other}"}, {"team": "{team}"}),
    *({}, {"image": ["{image}"], "collection": "99999"}, {"collection": "{own}", "team": "{team}"}),
]
SELECTED: list[dict[str, Any]] = [
    *({"image": ["{image}", value]} for value in ("abc", "-1", "0", "", "1.5", "9" * 30)),
    {"image": [str(number) for number in range(1, 1002)]},
    {"image": ["{image}"], "collection": "99999"},
    {"image": ["{image}"], "all": "0"},
    {"image": ["{image}"], "all": ""},
    {"image": ["{image}"], "al": "1"},
]
FORMS = [*({"all": "1", **form} for form in ALL_RESULTS), *SELECTED]


@pytest.fixture
def other(sample: SampleTeam) -> Collection:
    return create_collection(team=sample.outsider.personal_team, name="Other", creator=sample.outsider)


@pytest.fixture
def target(sample: SampleTeam) -> Collection:
    return create_collection(team=sample.team, name="Target", creator=sample.owner)


def fill(form: dict[str, Any], sample: SampleTeam, other: Collection) -> dict[str, Any]:
    names = {"own": sample.collection.pk, "other": other.pk, "team": sample.team.pk, "image": sample.image.pk}
    return {
        name: [each.format(**names) for each in value] if isinstance(value, list) else value.format(**names)
        for name, value in form.items()
    }


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_misread_selection_changes_nothing(
    as_owner: Client,
    sample: SampleTeam,
    other: Collection,
    target: Collection,
    drain: Callable[[], None],
    form: dict[str, Any],
    settings: Settings,
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
    put_pictures(sample, 1)
    drain()
    sent = fill(form, sample, other)
    for action in ("trash", "move", "tag"):
        page = as_owner.post(f"/pictures/{action}/", {**sent, "target": target.pk, "tags": "new"}, follow=True)
        assert "Nothing was changed." in unescape(page.content.decode())
    answer = as_owner.post("/pictures/download/", sent)
    assert answer.status_code == 400
    assert not answer.streaming
    assert Image.objects.filter(collection=sample.collection, trashed_at=None, tags=[]).count() == 2
    assert not IndexJob.objects.exists()


def test_script_gets_the_sentence_as_json(as_owner: Client, sample: SampleTeam) -> None:
    for action in ("trash", "download"):
        form = {"all": "1", "q": "in:Gardn"}
        answer = as_owner.post(f"/pictures/{action}/", form, headers={"Accept": "application/json"})
        assert answer.status_code == 400
        assert "No collection named “Gardn”" in answer.json()["error"]


def test_at_most_a_thousand_pictures_are_selected_by_number(as_owner: Client, sample: SampleTeam) -> None:
    form = {"image": [sample.image.pk, *range(10_000, 10_999)]}
    as_owner.post("/pictures/trash/", form)
    assert Image.objects.trashed().count() == 1


@pytest.mark.parametrize("form", [{"all": "0"}, {"all": ""}, {"image": "abc"}, {"image": ["{image}", "x"]}], ids=str)
def test_misread_trash_form_changes_nothing(
    as_owner: Client, sample: SampleTeam, other: Collection, form: dict[str, Any]
) -> None:
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    for action in ("restore", "purge"):
        page = as_owner.post(f"/trash/{action}/", fill(form, sample, other), follow=True)
        assert "Nothing was changed." in page.content.decode()
    assert Image.objects.trashed().count() == 1


@pytest.mark.parametrize("form", [{"keep": "{image}", "image": ["x", "2"]}, {"keep": "x", "image": "2"}], ids=str)
def test_misread_duplicates_form_changes_nothing(
    as_owner: Client, sample: SampleTeam, other: Collection, form: dict[str, Any]
) -> None:
    put_pictures(sample, 2)
    address = f"/teams/{sample.team.pk}/duplicates/"
    assert (
        "Nothing was changed."
        in as_owner.post(f"{address}trash/", fill(form, sample, other), follow=True).content.decode()
    )
    page = as_owner.post(f"{address}different/", {"member": [sample.image.pk, "x"]}, follow=True)
    assert "Nothing was changed." in page.content.decode()
    assert not Image.objects.trashed().exists()
    assert not DuplicateDismissal.objects.exists()


@pytest.mark.parametrize("value", ["", "abc", "0"])
def test_retry_of_an_unreadable_picture_does_not_retry_all(as_owner: Client, sample: SampleTeam, value: str) -> None:
    Image.objects.update(index_state="failed")
    IndexJob.objects.all().delete()
    assert as_owner.post("/indexing/retry/", {"image": value}).status_code == 404
    assert not IndexJob.objects.exists()
