"""Duplicates in a team: copies and near copies are found, similar pictures are not, groups are not chained."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image as Pillow

from collections_app.errors import IndexUnavailable
from collections_app.models import Collection, DuplicateGroup, Image
from collections_app.services.duplicates.comparing import Comparer
from collections_app.services.duplicates.decisions import dismiss_duplicates
from collections_app.services.duplicates.distances import compute_median_distance
from collections_app.services.duplicates.hamming import MAX_BITS
from collections_app.services.duplicates.pages import ShownGroup, read_group_page
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.collections import create_collection
from collections_app.services.uploads.ingest import ingest_upload
from tests.duplicate_pictures import copies, draw, other_scenes, put, recoloured, set_hash_and_vector
from tests.sample_team import SampleTeam, put_picture

pytestmark = pytest.mark.django_db(transaction=True)


def shown(sample: SampleTeam) -> list[ShownGroup]:
    Comparer().drain()
    return list(read_group_page(team=sample.team, user=sample.owner, after=None, size=100).groups)


def groups(sample: SampleTeam) -> list[list[int]]:
    return [[image.pk for image in group.images] for group in shown(sample)]


def put_row(
    sample: SampleTeam, name: str, *, pixels: tuple[int, int] = (60, 40), collection: Collection | None = None
) -> Image:
    """A picture whose hash and vector the tests set."""
    red, green, blue = name.encode()
    image = put_picture(collection or sample.collection, sample.owner, name, colour=(red, green, blue))
    Image.objects.filter(pk=image.pk).update(width=pixels[0], height=pixels[1])
    return Image.objects.select_related("collection").get(pk=image.pk)


def test_copies_are_found_and_the_one_with_most_pixels_is_the_keeper(sample: SampleTeam) -> None:
    picture = draw()
    expected = [put(sample.collection, sample.owner, picture).pk]
    expected += [put(sample.collection, sample.owner, copy).pk for copy in copies(picture).values()]
    for scene in other_scenes():
        put(sample.collection, sample.owner, draw(scene))
    IndexWorker().drain()

    (group,) = shown(sample)
    assert sorted(image.pk for image in group.images) == sorted(expected)
    assert group.keeper.width * group.keeper.height == 320 * 240


def test_same_drawing_in_another_colour_is_no_duplicate(sample: SampleTeam) -> None:
    for scene in (recoloured(colour="white"), recoloured(colour="black"), *other_scenes()):
        put(sample.collection, sample.owner, draw(scene))
    IndexWorker().drain()
    assert groups(sample) == []


def test_identical_files_are_grouped_without_the_index(sample: SampleTeam, broken_index: None) -> None:
    other = create_collection(team=sample.team, name="Other", creator=sample.owner)
    copy = put_row(sample, "abc", collection=other)
    Image.objects.filter(pk=copy.pk).update(sha256=sample.image.sha256)
    Image.objects.record_index_state(index_state="failed")
    Comparer().drain()
    assert sorted(groups(sample)[0]) == [sample.image.pk, copy.pk]
    assert DuplicateGroup.objects.count() == 1


def test_images_wait_while_the_index_is_missing(sample: SampleTeam, broken_index: None) -> None:
    for name in ("aaa", "bbb"):
        image = Image.objects.filter(pk=put_row(sample, name).pk)
        image.record_index_state(index_state="indexed", index_model_key="x", perceptual_hash=77)
    with pytest.raises(IndexUnavailable):
        Comparer().drain()
    assert not Comparer().compare_next()
    page = read_group_page(team=sample.team, user=sample.owner, after=None, size=12)
    assert (page.groups, page.uncompared) == ([], 2)


def test_groups_are_not_chained_through_neighbours(sample: SampleTeam) -> None:
    """a, b and c lie in a row, the ends too far from each other. The best one takes its neighbours and no others."""
    ids = []
    for name, value, size in (("aaa", 0, (90, 90)), ("bbb", 0b111111, (80, 80)), ("ccc", 0b111111111111, (70, 70))):
        image = put_row(sample, name, pixels=size)
        set_hash_and_vector(image, value=value + 2**40, vector=[1])
        ids.append(image.pk)
    assert groups(sample) == [ids[:2]]


@pytest.mark.parametrize(
    ("bits", "cosine", "found"),
    [(MAX_BITS, 0.95, True), (MAX_BITS + 1, 0.99, False), (0, 0.9, False), (0, 0.93, True)],
    ids=["both near", "hash too far", "embedding too far", "just near enough"],
)
def test_both_hash_and_embedding_must_be_near(sample: SampleTeam, bits: int, cosine: float, found: bool) -> None:
    set_hash_and_vector(put_row(sample, "aaa"), value=2**40, vector=[1])
    set_hash_and_vector(put_row(sample, "bbb"), value=2**40 + 2**bits - 1, vector=[cosine, (1 - cosine**2) ** 0.5])
    assert bool(groups(sample)) is found


@pytest.mark.parametrize("by", ["pixels", "processing", "age"])
def test_keeper_is_the_best_and_states_the_reason(sample: SampleTeam, by: str) -> None:
    images = [put_row(sample, name) for name in ("aaa", "bbb", "ccc")]
    for image in images:
        set_hash_and_vector(image, value=2**40, vector=[1])
    best = images[1]
    Image.objects.update(processing=6, taken_at=datetime(2024, 1, 1, tzinfo=UTC))
    early = datetime(2020, 1, 1, tzinfo=UTC)
    changes = {"pixels": ("width", 61), "processing": ("processing", 5), "age": ("taken_at", early)}
    Image.objects.filter(pk=best.pk).update(**dict([changes[by]]))

    (group,) = shown(sample)
    assert group.keeper.pk == best.pk
    assert group.keep_reason == by


def save(picture: Pillow.Image, file_format: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def encode_again(content: bytes, quality: int) -> bytes:
    return save(Pillow.open(io.BytesIO(content)).convert("RGB"), "JPEG", quality=quality)


PNG, JPEG = save(draw(), "PNG", optimize=1), save(draw(), "JPEG", quality=80)


@pytest.mark.parametrize(
    ("original", "copy", "is_copy_first"),
    [
        (PNG, encode_again(PNG, 100), True),
        (JPEG, encode_again(JPEG, 100), False),
        (JPEG, encode_again(JPEG, 30), True),
        (JPEG, save(Pillow.open(io.BytesIO(JPEG)).resize((240, 180)), "PNG"), True),
    ],
    ids=["a larger JPEG of a PNG", "a larger JPEG of a JPEG", "a strongly compressed JPEG", "fewer pixels"],
)
def test_original_is_kept_whatever_the_bytes_of_the_copy(
    original: bytes, copy: bytes, is_copy_first: bool, sample: SampleTeam
) -> None:
    """A copy that another program has saved with a high quality leaves no trace: then the earliest is kept."""
    images = {}
    for content in (copy, original) if is_copy_first else (original, copy):
        file = io.BytesIO(content)
        found = ingest_upload(file=file, file_name="a", collection=sample.collection, uploader=sample.owner)
        set_hash_and_vector(found.image, value=2**40, vector=[1])
        images[content] = found.image
    (group,) = shown(sample)
    assert group.keeper == images[original]


def test_picture_without_a_rating_is_judged_by_its_format_and_date(sample: SampleTeam) -> None:
    images = [put_row(sample, name) for name in ("aaa", "bbb", "ccc")]
    for image in images:
        set_hash_and_vector(image, value=2**40, vector=[1])
    Image.objects.update(processing=None, format="JPEG")
    Image.objects.filter(pk=images[1].pk).update(format="PNG")
    Image.objects.filter(pk=images[2].pk).update(taken_at=datetime(2024, 1, 1), has_taken_time=True)
    (group,) = shown(sample)
    assert [image.pk for image in group.images] == [images[2].pk, images[1].pk, images[0].pk]


def test_dismissed_pictures_stay_away_but_a_new_copy_is_found(sample: SampleTeam) -> None:
    one, other = (put_row(sample, name) for name in ("aaa", "bbb"))
    for image in (one, other):
        set_hash_and_vector(image, value=2**40, vector=[1])
    dismiss_duplicates(team=sample.team, image_ids=[one.pk, other.pk], member=sample.owner)
    assert groups(sample) == []

    late = put_row(sample, "ccc")
    set_hash_and_vector(late, value=2**40, vector=[1])
    (group,) = groups(sample)
    assert late.pk in group
    assert len(group) == 2


def test_dismissal_applies_to_its_own_team_only(sample: SampleTeam) -> None:
    one, other = (put_row(sample, name) for name in ("aaa", "bbb"))
    for image in (one, other):
        set_hash_and_vector(image, value=2**40, vector=[1])
    dismiss_duplicates(team=sample.owner.personal_team, image_ids=[one.pk, other.pk], member=sample.owner)
    assert len(groups(sample)) == 1


def test_trashed_pictures_and_other_teams_are_ignored(sample: SampleTeam) -> None:
    mine = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    here, trashed, there = put_row(sample, "aaa"), put_row(sample, "bbb"), put_row(sample, "ccc", collection=mine)
    for image in (here, trashed, there):
        set_hash_and_vector(image, value=2**40, vector=[1])
    Image.objects.filter(pk=trashed.pk).update(trashed_at=datetime.now(tz=UTC))
    assert groups(sample) == []


def test_plain_pictures_and_pictures_without_a_hash_are_not_compared(sample: SampleTeam) -> None:
    for name in ("aaa", "bbb"):
        set_hash_and_vector(put_row(sample, name), value=0, vector=[1])
    assert groups(sample) == []
    Image.objects.all().record_index_state(perceptual_hash=None)
    assert groups(sample) == []


def test_threshold_is_stricter_when_all_pictures_are_alike() -> None:
    chance = np.random.default_rng(1)
    spread, alike = (chance.normal(size=(60, 64)) + shift for shift in (0, 5))
    distances = [
        compute_median_distance([(row / np.linalg.norm(row)).astype(np.float32) for row in rows])
        for rows in (spread, alike)
    ]
    assert distances[0] > 0.9
    assert distances[1] < 0.1


def test_few_vectors_do_not_change_the_threshold() -> None:
    few = [np.array([1, 0], dtype=np.float32)] * 10
    assert compute_median_distance(few) == 0.4
