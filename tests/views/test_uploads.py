"""Uploading pictures."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from collections_app.models import Collection, Image
from collections_app.services.library.collections import create_collection
from tests.sample_team import SampleTeam, picture_bytes, picture_file, put_picture
from tests.views.test_archives import zipped

JSON = {"Accept": "application/json"}


@pytest.fixture
def address(sample: SampleTeam) -> str:
    return f"/collections/{sample.collection.pk}/upload/"


def test_outsider_uploads_nothing(address: str, as_outsider: Client, sample: SampleTeam) -> None:
    assert as_outsider.post(address, {"files": picture_file("b.png", "blue")}, headers=JSON).status_code == 404
    fields = {"collection": sample.collection.pk, "files": picture_file("b.png", "blue")}
    assert as_outsider.post("/upload/", fields, headers=JSON).status_code == 400
    assert Image.objects.count() == 1


def test_viewer_uploads_nothing(address: str, as_viewer: Client, sample: SampleTeam) -> None:
    assert as_viewer.post(address, {"files": picture_file("b.png", "blue")}, headers=JSON).status_code == 403
    fields = {"collection": sample.collection.pk, "files": picture_file("b.png", "blue")}
    assert as_viewer.post("/upload/", fields, headers=JSON).status_code == 400
    assert Image.objects.count() == 1


def test_signed_out_script_gets_a_sentence(address: str, client: Client, sample: SampleTeam) -> None:
    answer = client.post(address, {"files": picture_file()}, headers=JSON)
    assert answer.status_code == 401
    assert answer.json() == {"error": "You are signed out. Sign in and try again.", "code": "signed_out"}


def test_new_picture_gets_201_and_its_address(address: str, as_owner: Client) -> None:
    answer = as_owner.post(address, {"files": picture_file("blue.png", "blue")}, headers=JSON)
    image = Image.objects.get(original_name="blue.png")
    assert answer.status_code == 201
    assert answer.json() == {
        "id": image.pk,
        "url": f"/images/{image.pk}/",
        "title": "blue.png",
        "collection": image.collection.name,
        "thumbnail": f"/images/{image.pk}/thumbnail/",
        "created": True,
        "collection_url": f"/collections/{image.collection_id}/",
    }


def test_repeated_bytes_get_200_and_the_existing_picture(address: str, as_owner: Client, sample: SampleTeam) -> None:
    answer = as_owner.post(address, {"files": picture_file("again.png", "red")}, headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["created"] is False
    assert answer.json()["id"] == sample.image.pk


def test_unreadable_file_is_refused_with_a_sentence(address: str, as_owner: Client) -> None:
    file = SimpleUploadedFile("Thumbs.db", b"not a picture")
    answer = as_owner.post(address, {"files": file}, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["code"] == "not_a_picture"
    assert answer.json()["error"].endswith(".")


def test_oversized_file_is_refused_with_413(address: str, as_owner: Client, settings: Settings) -> None:
    settings.MAX_UPLOAD_MB = 0
    answer = as_owner.post(address, {"files": picture_file("b.png", "blue")}, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


@pytest.mark.parametrize("count", [0, 2])
def test_script_sends_one_file_a_request(count: int, address: str, as_owner: Client) -> None:
    files = [picture_file(f"{number}.png", (number, 0, 0)) for number in range(count)]
    answer = as_owner.post(address, {"files": files}, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["code"] == "not_one_file"


def test_plain_form_takes_many_files_and_reports_each(address: str, as_owner: Client, sample: SampleTeam) -> None:
    files = [
        picture_file("blue.png", "blue"),
        picture_file("again.png", "red"),
        SimpleUploadedFile("Thumbs.db", b"not a picture"),
    ]
    answer = as_owner.post(address, {"files": files})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "1 added, 1 already uploaded, 1 failed" in page
    assert f'href="/images/{sample.image.pk}/"' in page
    assert "isn&#x27;t a picture that can be read" in page


def test_plain_form_without_a_file_is_explained(address: str, as_owner: Client) -> None:
    answer = as_owner.post(address)
    assert answer.status_code == 400
    assert "No files selected." in answer.content.decode()


def test_upload_page_proposes_the_collection_of_the_latest_upload(as_owner: Client, sample: SampleTeam) -> None:
    page = as_owner.get("/upload/").content.decode()
    assert f'<option value="{sample.collection.pk}" selected>Garden</option>' in page


def test_files_of_one_upload_share_the_collection_they_name(as_outsider: Client, sample: SampleTeam) -> None:
    for colour in ("green", "blue"):
        fields = {"collection": "", "new_name": "Mine", "files": picture_file(f"{colour}.png", colour)}
        assert as_outsider.post("/upload/", fields, headers=JSON).status_code == 201
    assert Collection.objects.get(name="Mine").images.count() == 2


def test_upload_without_a_collection_is_refused(as_owner: Client, sample: SampleTeam) -> None:
    assert as_owner.post("/upload/", {"files": picture_file("b.png", "blue")}, headers=JSON).status_code == 400
    answer = as_owner.post("/upload/", {"files": picture_file("b.png", "blue")})
    assert answer.status_code == 400
    assert "name a new one." in answer.content.decode()


@pytest.mark.usefixtures("broken_index")
def test_upload_and_browsing_work_while_the_index_is_unreachable(
    address: str, as_owner: Client, sample: SampleTeam
) -> None:
    assert as_owner.post(address, {"files": picture_file("b.png", "blue")}, headers=JSON).status_code == 201
    for page in ("/", "/search/", f"/collections/{sample.collection.pk}/", "/indexing/status/"):
        assert as_owner.get(page).status_code == 200


def test_form_is_protected_against_other_sites(address: str, sample: SampleTeam) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(sample.owner)
    assert client.post(address, {"files": picture_file("b.png", "blue")}).status_code == 403
    assert put_picture(sample.collection, sample.owner, "b.png", "blue").original_name == "b.png"


def test_same_bytes_in_another_own_team_are_reported_and_not_merged(as_owner: Client, sample: SampleTeam) -> None:
    mine = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    form = {"files": picture_file("again.png", "red")}
    answer = as_owner.post(f"/collections/{mine.pk}/upload/", form, headers=JSON)
    assert answer.status_code == 201
    assert answer.json()["note"] == "You also have this picture in “Garden” of “Gardeners”."
    assert answer.json()["elsewhere"] == f"/images/{sample.image.pk}/"
    assert Image.objects.count() == 2


def test_same_bytes_in_another_team_are_reported_on_the_page(as_owner: Client, sample: SampleTeam) -> None:
    mine = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    page = as_owner.post(f"/collections/{mine.pk}/upload/", {"files": picture_file("a.png", "red")}).content.decode()
    assert "in “Garden” of “Gardeners”" in page


def test_same_bytes_in_an_invisible_team_are_not_revealed(as_outsider: Client, sample: SampleTeam) -> None:
    form = {"collection": "", "new_name": "Mine", "files": picture_file("a.png", "red")}
    answer = as_outsider.post("/upload/", form, headers=JSON)
    assert answer.status_code == 201
    assert not {"note", "elsewhere"} & answer.json().keys()


def test_repeated_upload_restores_a_lost_file(address: str, as_owner: Client, sample: SampleTeam) -> None:
    sample.image.file.storage.delete(sample.image.file_name)
    Image.objects.filter(pk=sample.image.pk).record_index_state(index_state="failed")
    answer = as_owner.post(address, {"files": picture_file("again.png", "red")}, headers=JSON)
    assert answer.json()["id"] == sample.image.pk
    assert Image.objects.get().index_state == "pending"
    with Image.objects.get().file.open() as file:
        assert file.read() == picture_bytes("red")


@pytest.mark.parametrize(("model", "count"), [("demo", 1), ("openai/clip-vit-base-patch32", 0)])
def test_result_says_that_a_demo_model_knows_drawings_only(
    model: str, count: int, address: str, as_owner: Client, settings: Settings
) -> None:
    settings.CLIP_MODEL = model
    sentence = "searches with a small demo model, which only understands drawn scenes"
    added = as_owner.post(address, {"files": [picture_file("b.png", "blue"), picture_file("c.png", "cyan")]})
    summary, tray = added.content.decode().split('<div id="tray">')  # which shows the results of its uploads
    assert "2 added" in summary
    assert (summary.count(sentence), tray.count(sentence)) == (count, count)
    archive = SimpleUploadedFile("one.zip", zipped(lambda file: file.writestr("d.png", picture_bytes("navy"))))
    report = as_owner.post(address, {"files": archive}, follow=True).content.decode()
    assert report.split('<div id="tray">')[0].count(sentence) == count


def test_only_people_who_may_edit_a_collection_can_drop_files_on_its_page(
    as_owner: Client, as_viewer: Client, sample: SampleTeam
) -> None:
    address = f"/collections/{sample.collection.pk}/"
    sign = f'data-address="{address}upload/"'
    assert sign in as_owner.get(address).content.decode()
    assert sign not in as_viewer.get(address).content.decode()


def test_tray_is_on_every_page_of_signed_in_people_and_no_other(as_owner: Client, client: Client) -> None:
    sign = 'data-tray data-address="/upload/"'
    assert all(sign in as_owner.get(address).content.decode() for address in ("/", "/trash/", "/account/", "/upload/"))
    assert sign not in client.get("/accounts/login/").content.decode()
