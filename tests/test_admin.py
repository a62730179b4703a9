"""The administration: every list opens and shows pictures to staff only."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collections_app.models import Image, IndexJob, IndexModel, IndexState, Membership, Role, Team, User
from collections_app.services.indexing.model_settings import ensure_active_model
from collections_app.services.indexing.worker import IndexWorker
from collections_app.services.library.trash import trash_images
from tests.sample_team import SampleTeam, sign_in_client
from tests.services.indexing.agreement import assert_index_agrees

MODELS = ("user", "team", "collection", "share", "image", "indexjob", "indexmodel")


@pytest.fixture
def staff(sample: SampleTeam) -> Client:
    return sign_in_client(User.objects.create_superuser("staff@example.com", "a long password"))


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens(staff: Client, model: str) -> None:
    assert staff.get(f"/admin/collections_app/{model}/").status_code == 200


def test_thumbnails_are_visible_to_staff_only(staff: Client, sample: SampleTeam) -> None:
    address = f"/admin/collections_app/image/{sample.image.pk}/thumbnail/"
    assert staff.get(address)["Content-Type"] == "image/jpeg"
    assert sign_in_client(sample.owner).get(address).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_failed_job_is_listed_with_its_error_and_retried(staff: Client, sample: SampleTeam) -> None:
    address = "/admin/collections_app/indexjob/"
    IndexJob.objects.update(is_failed=True, attempts=5, error="The disk was on fire.")
    Image.objects.all().record_index_state(index_state=IndexState.FAILED, index_error="The disk was on fire.")
    assert "The disk was on fire." in staff.get(f"{address}?is_failed__exact=1").content.decode()

    form = {"action": "retry", "_selected_action": [job.pk for job in IndexJob.objects.all()]}
    assert "Retrying 1 job." in staff.post(address, form, follow=True).content.decode()

    assert Image.objects.get().index_state == IndexState.PENDING
    IndexWorker().drain()
    assert Image.objects.get().is_indexed
    assert_index_agrees()


@pytest.mark.django_db(transaction=True)
def test_selected_pictures_are_indexed_again(staff: Client, sample: SampleTeam) -> None:
    IndexWorker().drain()
    form = {"action": "reindex", "_selected_action": [sample.image.pk]}
    page = staff.post("/admin/collections_app/image/", form, follow=True).content.decode()

    assert "1 picture queued." in page
    assert Image.objects.get().index_sha256 == ""  # so that it gets a new vector
    IndexWorker().drain()
    assert_index_agrees()


def test_trashed_pictures_are_labelled(staff: Client, sample: SampleTeam) -> None:
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    address = "/admin/collections_app/image/?trashed_at__isempty="
    assert "rose.png" in staff.get(f"{address}0").content.decode()
    assert "rose.png" not in staff.get(f"{address}1").content.decode()


def test_team_gets_its_own_quota(staff: Client, sample: SampleTeam) -> None:
    page = staff.get(f"/admin/collections_app/team/{sample.team.pk}/change/").content
    assert b"max_bytes" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", ["image", "collection", "team", "user"])
@pytest.mark.parametrize("is_selected", [True, False])
def test_pictures_are_deleted_in_other_transactions_than_that_of_the_page(
    staff: Client, sample: SampleTeam, model: str, is_selected: bool
) -> None:
    Membership.objects.create(team=sample.team, user=User.objects.get(email="staff@example.com"), role=Role.OWNER)
    row = {"image": sample.image, "collection": sample.collection, "team": sample.team, "user": sample.owner}[model]
    IndexJob.objects.all().delete()
    list_page = f"/admin/collections_app/{model}/"
    page, form = f"{list_page}{row.pk}/delete/", {"post": "yes"}
    if is_selected:
        page, form = list_page, {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}
    with CaptureQueriesContext(connection) as queries:
        staff.post(page, form)
    assert not type(row)._default_manager.filter(pk=row.pk).exists()
    assert IndexJob.objects.get().image_id == sample.image.pk
    transactions = " ".join(query["sql"] for query in queries.captured_queries).split("BEGIN")
    assert not [each for each in transactions if "django_admin_log" in each and "indexjob" in each]


@pytest.mark.django_db(transaction=True)
def test_personal_team_is_deleted_only_with_its_account(staff: Client, sample: SampleTeam) -> None:
    personal = sample.viewer.personal_team
    address = f"/admin/collections_app/team/{personal.pk}"
    assert "membership" not in staff.get(f"{address}/change/").content.decode()
    assert staff.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", "_selected_action": [personal.pk], "post": "yes"}
    staff.post("/admin/collections_app/team/", form)
    assert Team.objects.filter(pk=personal.pk).exists()

    staff.post(f"/admin/collections_app/user/{sample.viewer.pk}/delete/", {"post": "yes"})
    assert not Team.objects.filter(pk=personal.pk).exists()
    assert Team.objects.filter(pk=sample.team.pk).exists()


def test_administration_shows_no_keys_of_sessions_and_authenticators(sample: SampleTeam) -> None:
    root = User.objects.create_superuser("root@example.com", "a long password")
    admin = sign_in_client(root)
    secret = generate_totp_secret()
    authenticator = TOTP.activate(sample.owner, secret).instance
    session = UserSession.objects.create(
        user=sample.owner, session_key="a-session-key", ip="192.0.2.1", user_agent="a browser"
    )
    for address in (
        f"mfa/authenticator/{authenticator.pk}/change/",
        "mfa/authenticator/",
        f"usersessions/usersession/{session.pk}/change/",
        "usersessions/usersession/?q=owner",
    ):
        answer = admin.get(f"/admin/{address}")
        assert answer.status_code == 200
        page = answer.content.decode()
        assert secret not in page
        assert "a-session-key" not in page
    assert admin.get("/admin/mfa/authenticator/add/").status_code == 403
    fields = {"user": sample.owner.pk, "type": "totp", "created_at_0": "2026-01-01", "created_at_1": "00:00"}
    admin.post(f"/admin/mfa/authenticator/{authenticator.pk}/change/", fields)
    authenticator.refresh_from_db()
    assert authenticator.data["secret"]


def test_list_of_models_shows_the_progress_of_a_preparation(sample: SampleTeam, staff: Client) -> None:
    IndexWorker().drain()
    active = ensure_active_model().row
    IndexModel.objects.create(
        name="another",
        dtype="float32",
        key="another key",
        dim=2,
        slot=2,
        state="preparing",
        created_at=active.created_at,
    )

    page = staff.get("/admin/collections_app/indexmodel/").content.decode()

    assert "1 / 1" in page
    assert "0 / 1" in page
    assert staff.get("/admin/collections_app/indexmodel/add/").status_code == 403
