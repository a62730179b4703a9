"""The filters above the results: what their chips say, and where their links and forms lead."""

import pytest
from django.test import Client

from collections_app.imaging import FORMATS_BY_WORD
from collections_app.views.search.filter_chips import FilterChip
from tests.sample_team import SampleTeam


def get_chip(client: Client, kind: str, **parameters: str) -> FilterChip:
    chips: list[FilterChip] = client.get("/search/", parameters).context["filter_chips"]
    (chip,) = [each for each in chips if each.kind == kind]
    return chip


@pytest.mark.parametrize(
    ("kind", "part", "value"),
    [
        ("collection", "in:Garden", "Garden"),
        ("date", "after:2025-06", "from 2025-06"),
        ("shape", "is:portrait", "Portrait"),
        ("shape", "min:300", "at least 300"),
        ("person", "by:me", "me"),
        ("format", "format:png", "png"),
        ("tag", "-tag:old", "not old"),
    ],
)
def test_chip_shows_its_filter_and_removes_it(
    as_owner: Client, sample: SampleTeam, kind: str, part: str, value: str
) -> None:
    chip = get_chip(as_owner, kind, q=f"red {part} like:{sample.image.pk}")
    assert chip.value == value
    left = as_owner.get(chip.remove).context["search"]
    assert left.text == f"red like:{sample.image.pk}"
    assert get_chip(as_owner, kind, q="red").value == ""


def test_collection_of_the_address_is_removed_with_its_chip(as_owner: Client, sample: SampleTeam) -> None:
    chip = get_chip(as_owner, "collection", q="red", collection=str(sample.collection.pk))
    assert chip.value == "Garden"
    assert as_owner.get(chip.remove).context["search"].collection is None


def test_choice_replaces_filters_of_its_kind_only(as_owner: Client, sample: SampleTeam) -> None:
    chip = get_chip(as_owner, "shape", q="red is:portrait min:300")
    chosen = {each.text: each for each in chip.choices}
    assert chosen["Portrait"].is_active
    assert as_owner.get(chosen["Portrait"].url).context["search"].text == "red min:300"
    assert as_owner.get(chosen["Square"].url).context["search"].text == "red min:300 is:square"


def test_every_offered_format_is_understood(as_owner: Client, sample: SampleTeam) -> None:
    names = [each.text.lower() for each in get_chip(as_owner, "format", q="red").choices]
    assert set(names) <= FORMATS_BY_WORD.keys()


def test_box_shows_examples_as_pictures_and_keeps_their_weights(as_owner: Client, sample: SampleTeam) -> None:
    term = f"-0.3:like:{sample.image.pk}"
    answer = as_owner.get("/search/", {"q": f"red {term} by:me"})
    page = answer.content.decode()
    assert 'name="q" value="red by:me"' in page
    assert f'<input type="hidden" name="like" value="{term}">' in page
    sent = as_owner.get("/search/", {"q": "blue by:me", "like": term})
    assert as_owner.get(sent["Location"]).context["search"].text == f"blue by:me {term}"
