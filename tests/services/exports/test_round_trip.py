"""What is exported and imported again is equal, also after interruptions."""

import hashlib
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError
from django.utils import timezone
from pytest_django import Settings

from collections_app.management.run_until_signal import StoppedBySignal
from collections_app.models import Collection, Favourite, Image, IndexJob, Membership, Role, Team, TeamImport, User
from collections_app.services.exports.document import parse_document
from collections_app.services.exports.importing import import_team, start_import
from collections_app.services.exports.sources import open_source, read_verified_metadata
from collections_app.services.exports.targets import FolderTarget, ZipTarget
from collections_app.services.exports.writing import write_export
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_collection
from tests.sample_team import SampleTeam, put_picture
from tests.services.exports.teams import fill_team, read_metadata_file, run_command

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def filled(sample: SampleTeam) -> SampleTeam:
    fill_team(sample)
    return sample


def export(team: Team, folder: Path, favourites_of: User) -> Path:
    run_command("export_team", str(team.pk), str(folder), "--favourites-of", favourites_of.email)
    return folder


def list_files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_goes_out_and_in_again_is_equal(filled: SampleTeam, tmp_path: Path) -> None:
    first = export(filled.team, tmp_path / "first", filled.owner)
    output = run_command("import_team", str(first), "--owner", filled.outsider.email)
    assert "Imported 6 pictures" in output
    team = Team.objects.owned_by(filled.outsider).non_personal().get()
    second = export(team, tmp_path / "second", filled.outsider)
    assert read_metadata_file(second) == read_metadata_file(first)
    assert list_files(second) == list_files(first)
    for name in list_files(first) - {"about.json", "SHA256SUMS"}:
        assert (second / name).read_bytes() == (first / name).read_bytes()
    assert team.name == "Gardeners"
    assert Membership.objects.get(team=team).role == Role.OWNER
    imported = Image.objects.in_team(team)
    assert set(imported.values_list("uploader", flat=True)) == {filled.outsider.pk}
    assert IndexJob.objects.filter(image_id__in=imported.values("pk")).count() == 6


def test_checksums_are_those_that_sha256sum_checks(filled: SampleTeam, tmp_path: Path) -> None:
    folder = export(filled.team, tmp_path / "out", filled.owner)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    named = {line[66:] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert named == list_files(folder) - {"SHA256SUMS"}


def test_names_are_safe_unique_and_in_folders_by_collection(filled: SampleTeam, tmp_path: Path) -> None:
    files = list_files(export(filled.team, tmp_path / "out", filled.owner))
    assert {"Garden/rose.png", "Garden/ROSE (2).png", "Garden/rose (3).png"} <= files
    folders = {name.partition("/")[0] for name in files if "/" in name}
    assert len(folders) == 2  # the collection without pictures has no folder
    for name in files:
        assert not re.search(r'[\\:*?"<>|]', name)
        assert all(0 < len(part.encode()) <= 255 and part not in ("..", ".") for part in name.split("/"))


def test_sidecar_has_what_people_entered(filled: SampleTeam, tmp_path: Path) -> None:
    folder = export(filled.team, tmp_path / "out", filled.owner)
    facts = ElementTree.parse(folder / "Garden" / "rose.png.xmp").getroot()
    texts = [text.strip() for text in facts.itertext() if text.strip()]
    assert texts == ["A “rose” & <more>", "Two\nlines", "flower", "Ёлка", "2014-07-01T12:30:10.250000"]
    loved = (folder / "Garden" / "ROSE (2).png.xmp").read_text()
    assert "<xmp:Rating>5</xmp:Rating>" in loved
    assert "<exif:DateTimeOriginal>1969-05-01</exif:DateTimeOriginal>" in loved


def test_nobody_elses_favourites_addresses_or_trashed_pictures_go_out(filled: SampleTeam, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run_command("export_team", "Gardeners", str(folder))
    assert not any(each["is_favourite"] for each in read_metadata_file(folder)["images"])
    for name in list_files(folder):
        content = (folder / name).read_bytes()
        assert b"@example.com" not in content
        assert b"trashed" not in name.encode()
    assert '"role": "viewer"' in (folder / "about.json").read_text()
    assert folder.stat().st_mode & 0o77 == 0


def test_personal_team_goes_out_without_its_address(sample: SampleTeam, tmp_path: Path) -> None:
    run_command("export_team", str(sample.owner.personal_team.pk), str(tmp_path / "out"))
    assert read_metadata_file(tmp_path / "out")["team"] == {"name": "Personal pictures"}


def test_interrupted_export_continues_and_leaves_nothing_half(filled: SampleTeam, tmp_path: Path) -> None:
    work = tmp_path / ".out.incomplete"
    done = 0

    def stop_after_five() -> None:
        nonlocal done
        done += 1
        if done == 5:
            raise StoppedBySignal

    with pytest.raises(StoppedBySignal):
        write_export(team=filled.team, target=FolderTarget(work), favourites_of=None, on_image=stop_after_five)
    (work / ".part").write_bytes(b"half")
    kept = (work / "Garden" / "rose.png").stat().st_ino
    (work / "Garden" / "ROSE (2).png").write_bytes(b"cut")
    gone = Image.objects.not_trashed().in_team(filled.team).order_by("-pk")[0]
    trash_collection(collection=gone.collection, trasher=filled.owner)
    folder = export(filled.team, tmp_path / "out", filled.owner)
    assert not work.exists()
    assert (folder / "Garden" / "rose.png").stat().st_ino == kept
    files = {each["file"] for each in read_metadata_file(folder)["images"]}
    assert list_files(folder) == files | {f"{file}.xmp" for file in files} | {
        *("metadata.json", "about.json", "SHA256SUMS")
    }
    for each in read_metadata_file(folder)["images"]:
        assert hashlib.sha256((folder / each["file"]).read_bytes()).hexdigest() == each["sha256"]


def test_export_never_writes_into_a_folder_with_files(sample: SampleTeam, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CommandError, match="exists already"):
        run_command("export_team", "Gardeners", str(tmp_path))
    assert list_files(tmp_path) >= {"mine.txt"}


def test_full_disk_and_missing_pictures_give_a_sentence(sample: SampleTeam, tmp_path: Path) -> None:
    missing = put_picture(sample.collection, sample.owner, "lost.png")
    default_storage.delete(missing.file_name)
    with pytest.raises(SystemExit, match="1"):
        run_command("export_team", "Gardeners", str(tmp_path / "out"))
    assert [each["file"] for each in read_metadata_file(tmp_path / "out")["images"]] == ["Garden/rose.png"]
    full = Path("/dev/full")
    if full.exists():
        (tmp_path / ".next.incomplete").mkdir()
        (tmp_path / ".next.incomplete" / ".part").symlink_to(full)
        with pytest.raises(CommandError, match="No space left on device"):
            run_command("export_team", "Gardeners", str(tmp_path / "next"))


def test_damaged_picture_goes_out_as_it_is_and_is_named(sample: SampleTeam, tmp_path: Path) -> None:
    with default_storage.open(sample.image.file_name) as file:
        content = file.read() + b"more"
    default_storage.delete(sample.image.file_name)
    from django.core.files.base import ContentFile

    default_storage.save(sample.image.file_name, ContentFile(content))
    with pytest.raises(SystemExit):
        run_command("export_team", "Gardeners", str(tmp_path / "out"))
    assert "Imported 1 pictures" in run_command("import_team", str(tmp_path / "out"), "--owner", sample.owner.email)


def test_zip_files_are_imported_like_the_folder(filled: SampleTeam, tmp_path: Path, settings: Settings) -> None:
    parts: list[Path] = []

    def keep(file: object) -> None:
        parts.append(tmp_path / f"part-{len(parts)}.zip")
        parts[-1].write_bytes(file.read())  # type: ignore[attr-defined]

    with ZipTarget(max_bytes=300, store=keep) as target:
        write_export(team=filled.team, target=target, favourites_of=filled.owner, on_image=lambda: None)
    assert len(parts) > 3
    run_command("import_team", *map(str, parts), "--owner", filled.outsider.email, "--team", "From ZIP")
    folder = export(filled.team, tmp_path / "first", filled.owner)
    again = export(Team.objects.get(name="From ZIP"), tmp_path / "again", filled.outsider)
    first, second = read_metadata_file(folder), read_metadata_file(again)
    assert second.pop("team") == {"name": "From ZIP"}
    first.pop("team")
    assert second == first


def test_repeated_import_after_a_kill_creates_nothing_twice(filled: SampleTeam, tmp_path: Path) -> None:
    folder = export(filled.team, tmp_path / "first", filled.owner)
    owner = filled.outsider
    with open_source([folder]) as source:
        data, digest = read_verified_metadata(source)
        exported = parse_document(data)
        for stop_at in (1, 4, 6):
            running = start_import(exported=exported, digest=digest, owner=owner)
            done = 0

            def stop_in_time() -> None:
                nonlocal done
                done += 1
                if done == stop_at:  # noqa: B023
                    raise StoppedBySignal

            with pytest.raises(StoppedBySignal):
                import_team(exported=exported, source=source, running=running, owner=owner, on_image=stop_in_time)
    # A killed process leaves its lease, and a picture whose details it has not stored.
    half = Image.objects.in_team(running.team).order_by("-pk")[0]
    Image.objects.filter(pk=half.pk).update(title="", tags=[], taken_at=None, created_at=timezone.now())
    leased = TeamImport.objects.filter(pk=running.pk)
    leased.update(leased_until=timezone.now() + timedelta(seconds=10))
    with pytest.raises(CommandError, match="Another process"):
        run_command("import_team", str(folder), "--owner", owner.email)
    leased.update(leased_until=timezone.now())
    assert "6 were there already" in run_command("import_team", str(folder), "--owner", owner.email)
    second = export(running.team, tmp_path / "second", owner)
    assert read_metadata_file(second) == read_metadata_file(folder)
    assert Team.objects.owned_by(owner).non_personal().count() == 1
    with pytest.raises(CommandError, match="already"):
        run_command("import_team", str(folder), "--owner", owner.email)
    assert Image.objects.in_team(running.team).count() == 6


def test_import_fills_an_empty_team_of_the_owner_and_no_other(filled: SampleTeam, tmp_path: Path) -> None:
    folder = export(filled.team, tmp_path / "first", filled.owner)
    personal = filled.outsider.personal_team
    run_command("import_team", str(folder), "--owner", filled.outsider.email, "--team", str(personal.pk))
    assert Image.objects.in_team(personal).count() == 6
    assert Favourite.objects.filter(user=filled.outsider).count() == 1
    with pytest.raises(CommandError, match="is not empty"):
        run_command("import_team", str(folder), "--owner", filled.owner.email, "--team", "Gardeners")
    run_command("import_team", str(folder), "--owner", filled.viewer.email, "--team", "Gardeners")
    assert Team.objects.filter(name="Gardeners").count() == 2


def test_collection_with_the_name_of_the_unfinished_file_goes_out(sample: SampleTeam, tmp_path: Path) -> None:
    dots = create_collection(team=sample.team, name=".part", creator=sample.owner)
    put_picture(dots, sample.owner, "rose.png", colour="green")
    folder = export(sample.team, tmp_path / "first", sample.owner)
    assert len([name for name in list_files(folder) if name.endswith("rose.png")]) == 2


def test_pictures_that_leave_the_team_meanwhile_stay_behind(sample: SampleTeam, tmp_path: Path) -> None:
    other = create_collection(team=sample.team, name="Other", creator=sample.owner)
    put_picture(other, sample.owner, "secret.png", colour="green")

    def leave() -> None:
        Collection.objects.filter(team=sample.team).update(team=sample.outsider.personal_team)

    result = write_export(team=sample.team, target=FolderTarget(tmp_path / "first"), favourites_of=None, on_image=leave)
    assert (result.image_count, len([name for name in list_files(tmp_path / "first") if name.endswith(".png")])) == (
        1,
        1,
    )


def test_repeated_import_finds_a_team_whose_name_is_a_number(filled: SampleTeam, tmp_path: Path) -> None:
    folder = export(filled.team, tmp_path / "first", filled.owner)
    with open_source([folder]) as source:
        data, digest = read_verified_metadata(source)
        exported = parse_document(data)
        first = start_import(exported=exported, digest=digest, owner=filled.outsider, name="202400")
        again = start_import(exported=exported, digest=digest, owner=filled.outsider, name="202400")
    assert first == again
    assert Team.objects.filter(name="202400").count() == 1


def test_full_team_stops_the_import_and_more_room_continues_it(
    filled: SampleTeam, tmp_path: Path, settings: Settings
) -> None:
    folder = export(filled.team, tmp_path / "first", filled.owner)
    settings.TEAM_MAX_IMAGES = 3
    with pytest.raises(CommandError, match=r"has no storage left.*What was imported is kept"):
        run_command("import_team", str(folder), "--owner", filled.outsider.email)
    settings.TEAM_MAX_IMAGES = 0
    assert "3 were there already" in run_command("import_team", str(folder), "--owner", filled.outsider.email)


def test_pictures_that_this_site_refuses_are_named_and_the_others_imported(filled: SampleTeam, tmp_path: Path) -> None:
    folder = export(filled.team, tmp_path / "first", filled.owner)
    no_picture = b"no picture"
    data = (folder / "metadata.json").read_text()
    rose = next(each for each in read_metadata_file(folder)["images"] if each["file"].endswith(".xmp"))
    (folder / rose["file"]).write_bytes(no_picture)
    data = data.replace(
        f'"sha256": "{rose["sha256"]}", "byte_size": {rose["byte_size"]}',
        f'"sha256": "{hashlib.sha256(no_picture).hexdigest()}", "byte_size": {len(no_picture)}',
    )
    replace_metadata(folder, data)
    with pytest.raises(SystemExit):
        run_command("import_team", str(folder), "--owner", filled.outsider.email)
    team = Team.objects.owned_by(filled.outsider).non_personal().get()
    assert Image.objects.in_team(team).count() == 5


def replace_metadata(folder: Path, data: str) -> None:
    (folder / "metadata.json").write_text(data)
    digest = hashlib.sha256(data.encode()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  metadata.json\n")
