"""Bulk actions: move, delete, download, tag, undo; each picture is checked for itself."""

import io
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from collections_app.models import Collection, Image, Membership, Share, Team, User
from collections_app.services.library.collections import create_collection
from collections_app.services.library.zip_download import CHECKED_FOR_S, stream_zip
from tests.sample_team import SampleTeam, put_picture, put_pictures, sign_in_client
from tests.searches import find_ids
from tests.services.indexing.agreement import assert_index_agrees


def in_collection(collection: Collection) -> set[int]:
    return set(Image.objects.not_trashed().filter(collection=collection).values_list("pk", flat=True))


@pytest.fixture
def elsewhere(sample: SampleTeam) -> Collection:
    return create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)


def unpack(chunks: Iterator[bytes]) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_selected_pictures_are_trashed_and_restored(as_owner: Client, sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    selected = sorted(in_collection(sample.collection))[:2]
    address = f"/collections/{sample.collection.pk}/"
    page = as_owner.post("/pictures/trash/", {"image": selected, "collection": sample.collection.pk}, follow=True)

    assert "2 pictures moved to trash" in page.content.decode()
    assert page.redirect_chain[-1][0] == address
    assert len(in_collection(sample.collection)) == 2
    as_owner.post("/pictures/undo/")
    assert len(in_collection(sample.collection)) == 4


def test_whole_collection_is_selected_without_ids(as_owner: Client, sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    as_owner.post("/pictures/trash/", {"all": "1", "collection": sample.collection.pk})
    assert in_collection(sample.collection) == set()


def test_view_only_pictures_are_skipped_and_reported(as_viewer: Client, sample: SampleTeam) -> None:
    page = as_viewer.post("/pictures/trash/", {"image": sample.image.pk}, follow=True).content.decode()
    assert "1 picture skipped" in page
    assert in_collection(sample.collection) == {sample.image.pk}


def test_selection_of_another_person_cannot_be_used(as_outsider: Client, sample: SampleTeam) -> None:
    for action in ("trash", "move", "download"):
        as_outsider.post(f"/pictures/{action}/", {"image": sample.image.pk, "target": sample.collection.pk})
    assert in_collection(sample.collection) == {sample.image.pk}


@pytest.mark.django_db(transaction=True)
def test_move_updates_the_partition_and_visibility_at_once(
    as_owner: Client, sample: SampleTeam, elsewhere: Collection, drain: Callable[[], None]
) -> None:
    drain()
    sample.image.file.storage.delete(sample.image.file_name)  # nothing can be encoded again
    as_owner.post("/pictures/move/", {"image": sample.image.pk, "target": elsewhere.pk})

    assert find_ids(sample.viewer, "red") == []
    drain()
    assert_index_agrees()
    assert find_ids(sample.owner, "red") == [sample.image.pk]
    as_owner.post("/pictures/undo/")
    assert in_collection(sample.collection) == {sample.image.pk}


def test_editor_by_share_cannot_move_pictures_out(sample: SampleTeam) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="editor")
    own = create_collection(team=sample.outsider.personal_team, name="Mine", creator=sample.outsider)
    client = sign_in_client(sample.outsider)
    client.post("/pictures/move/", {"image": sample.image.pk, "target": own.pk})
    assert in_collection(sample.collection) == {sample.image.pk}


def test_a_move_does_not_exceed_the_other_team_s_quota(
    as_owner: Client, sample: SampleTeam, elsewhere: Collection
) -> None:
    put_pictures(sample, 2)
    Team.objects.filter(pk=elsewhere.team_id).update(max_images=2)
    form = {"all": "1", "collection": sample.collection.pk, "target": elsewhere.pk}
    assert "has no storage left" in as_owner.post("/pictures/move/", form, follow=True).content.decode()
    assert len(in_collection(sample.collection)) == 3


def test_zip_has_every_selected_picture_under_a_unique_name(as_viewer: Client, sample: SampleTeam) -> None:
    put_picture(sample.collection, sample.owner, "ROSE.png", colour="green")
    answer: Any = as_viewer.post("/pictures/download/", {"all": "1", "collection": sample.collection.pk})
    files = unpack(answer.streaming_content)
    assert sorted(files) == ["ROSE.png", "rose (2).png"]
    with sample.image.file.open() as file:
        assert file.read() in files.values()


def test_revoked_right_ends_a_download_before_the_next_file(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    chunks = stream_zip(image_ids=sorted(in_collection(sample.collection)), user=sample.viewer)
    received = [next(chunks)]
    time.sleep(CHECKED_FOR_S)
    Membership.objects.filter(user=sample.viewer).delete()
    assert len(unpack(iter([*received, *chunks]))) == 1


def test_deactivated_account_ends_a_download_before_the_next_file(sample: SampleTeam) -> None:
    put_pictures(sample, 3)
    chunks = stream_zip(image_ids=sorted(in_collection(sample.collection)), user=sample.viewer)
    received = [next(chunks)]
    time.sleep(CHECKED_FOR_S)
    User.objects.filter(pk=sample.viewer.pk).update(is_active=False)
    assert len(unpack(iter([*received, *chunks]))) == 1


def test_missing_file_is_named_and_the_others_are_included(sample: SampleTeam) -> None:
    put_pictures(sample, 1)
    sample.image.file.storage.delete(sample.image.file_name)
    files = unpack(stream_zip(image_ids=sorted(in_collection(sample.collection)), user=sample.viewer))
    assert sorted(files) == ["0.png", "missing.txt"]
    assert files["missing.txt"] == b"rose.png"


def test_viewer_by_share_downloads_a_copy_without_metadata(sample: SampleTeam) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer")
    assert sorted(unpack(stream_zip(image_ids=[sample.image.pk], user=sample.outsider))) == ["rose.jpg"]


def test_tags_are_added_to_many_and_undone(as_owner: Client, as_viewer: Client, sample: SampleTeam) -> None:
    Image.objects.update(tags=["Red"])
    form = {"image": sample.image.pk, "tags": "red, flower"}
    assert "1 picture skipped" in as_viewer.post("/pictures/tag/", form, follow=True).content.decode()
    as_owner.post("/pictures/tag/", form)
    assert Image.objects.get().tags == ["Red", "flower"]
    as_owner.post("/pictures/undo/")
    assert Image.objects.get().tags == ["Red"]


def test_invalid_tags_are_reported(as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.post("/pictures/tag/", {"image": sample.image.pk, "tags": ""}, follow=True)
    assert "required" in answer.content.decode()
    assert Image.objects.get().tags == []


@pytest.mark.django_db(transaction=True)
def test_all_results_of_a_search_are_selected_by_its_query(
    as_owner: Client, sample: SampleTeam, elsewhere: Collection, drain: Callable[[], None]
) -> None:
    other = put_picture(elsewhere, sample.owner, "sky.png")
    drain()
    form = {"all": "1", "q": "blue", "collection": elsewhere.pk}
    answer = as_owner.post("/pictures/trash/", form)
    assert answer.headers["Location"] == f"/search/?q=blue&collection={elsewhere.pk}"
    assert list(Image.objects.trashed()) == [other]


@pytest.mark.parametrize("line", ['"red" -"red"', "like:{}"])
def test_empty_search_selects_nothing_and_says_why(line: str, as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.post("/pictures/trash/", {"all": "1", "q": line.format(sample.image.pk)}, follow=True)
    assert not Image.objects.trashed().exists()
    assert re.search("cancel each other out|searchable yet", answer.content.decode())


def test_failed_search_selects_nothing_and_says_why(as_owner: Client, sample: SampleTeam, broken_index: None) -> None:
    as_owner.post("/pictures/trash/", {"all": "1", "q": "red"})
    assert not Image.objects.trashed().exists()
