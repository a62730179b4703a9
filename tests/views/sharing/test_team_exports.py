"""The page of an export: started, shown while it is prepared, downloaded by the owner who requested it, deleted."""

import zipfile
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from collections_app.models import ExportPart, ExportState, Membership, Role, TeamExport
from collections_app.services.exports.making import Exporter
from tests.sample_team import SampleTeam, sign_in_client

pytestmark = pytest.mark.django_db(transaction=True)


def page(client: Client, sample: SampleTeam) -> str:
    return client.get(f"/teams/{sample.team.pk}/export/").content.decode()


def start(client: Client, sample: SampleTeam) -> Any:
    return client.post(f"/teams/{sample.team.pk}/export/", follow=True)


def part_address(sample: SampleTeam) -> str:
    return f"/teams/{sample.team.pk}/export/{ExportPart.objects.get().pk}/"


def test_owner_exports_and_downloads(as_owner: Client, sample: SampleTeam) -> None:
    assert f"/teams/{sample.team.pk}/export/" in as_owner.get(f"/teams/{sample.team.pk}/").content.decode()
    assert "Being prepared: 0 of 1 pictures" in start(as_owner, sample).content.decode()
    assert "Cancel" in page(as_owner, sample)
    Exporter().export_next()
    shown = page(as_owner, sample)
    assert "Ready to download until" in shown
    assert part_address(sample) in shown
    response = as_owner.get(part_address(sample))
    assert response.headers["Content-Disposition"] == 'attachment; filename="Gardeners-1.zip"'
    assert "sandbox" in response.headers["Content-Security-Policy"]
    archive = zipfile.ZipFile(BytesIO(b"".join(response.streaming_content)))  # type: ignore[attr-defined]
    assert "Garden/rose.png" in archive.namelist()


def test_notice_opens_the_page_or_is_dismissed(as_owner: Client, sample: SampleTeam) -> None:
    start(as_owner, sample)
    Exporter().export_next()
    sentence = "The pictures of “Gardeners” are ready to download."
    assert sentence in as_owner.get("/").content.decode()
    export = TeamExport.objects.get()
    response = as_owner.post(f"/exports/{export.pk}/answer/", {"answer": "accept"})
    assert response.headers["Location"] == f"/teams/{sample.team.pk}/export/"
    assert sentence not in as_owner.get("/").content.decode()


def test_second_export_waits_for_the_first(as_owner: Client, sample: SampleTeam) -> None:
    start(as_owner, sample)
    assert "An export of this team is being prepared." in start(as_owner, sample).content.decode()
    Membership.objects.filter(user=sample.viewer).update(role=Role.OWNER)
    assert "Another owner" in page(sign_in_client(sample.viewer), sample)
    assert TeamExport.objects.count() == 1


def test_another_owner_gets_neither_the_file_nor_the_notice(as_owner: Client, sample: SampleTeam) -> None:
    """It contains the favourites of the person who requested it."""
    start(as_owner, sample)
    Exporter().export_next()
    Membership.objects.filter(user=sample.viewer).update(role=Role.OWNER)
    other = sign_in_client(sample.viewer)
    assert other.get(part_address(sample)).status_code == 404
    assert other.post(f"/exports/{TeamExport.objects.get().pk}/answer/").status_code == 404
    assert "Ready to download" not in page(other, sample)
    other.post(f"/teams/{sample.team.pk}/export/delete/")
    assert TeamExport.objects.count() == 1


def test_former_owner_and_expiry_end_the_download(as_owner: Client, sample: SampleTeam) -> None:
    start(as_owner, sample)
    Exporter().export_next()
    Membership.objects.filter(user=sample.owner).update(role=Role.EDITOR)
    assert as_owner.get(part_address(sample)).status_code == 403
    assert "ready to download" not in as_owner.get("/").content.decode()
    Membership.objects.filter(user=sample.owner).update(role=Role.OWNER)
    TeamExport.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert as_owner.get(part_address(sample)).status_code == 404
    assert "Ready to download" not in page(as_owner, sample)


def test_deleted_or_cancelled_export_can_be_started_again(as_owner: Client, sample: SampleTeam) -> None:
    start(as_owner, sample)
    response = as_owner.post(f"/teams/{sample.team.pk}/export/delete/", follow=True)
    assert "Export deleted." in response.content.decode()
    assert not Exporter().export_next()
    start(as_owner, sample)
    assert Exporter().export_next()


def test_failed_export_says_why(as_owner: Client, sample: SampleTeam) -> None:
    start(as_owner, sample)
    TeamExport.objects.update(attempts=9)
    Exporter().export_next()
    assert TeamExport.objects.get().state == ExportState.FAILED
    shown = page(as_owner, sample)
    assert "The export failed several times." in shown
    assert "Export again" in shown
    assert "could not be exported" in as_owner.get("/").content.decode()


def test_damaged_pictures_are_counted_on_the_page(as_owner: Client, sample: SampleTeam) -> None:
    start(as_owner, sample)
    sample.image.file.delete(save=False)
    Exporter().export_next()
    assert "1 picture is missing or damaged." in page(as_owner, sample)


def test_personal_team_can_be_exported(as_owner: Client, sample: SampleTeam) -> None:
    address = f"/teams/{sample.owner.personal_team.pk}/export/"
    assert address in as_owner.get("/account/").content.decode()
    as_owner.post(address)
    Exporter().export_next()
    assert "Ready to download" in as_owner.get(address).content.decode()
