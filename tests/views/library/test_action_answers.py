"""Actions on pictures: answers to scripts without a reload, the page to return to, and undo by the action's id."""

from typing import Any

import pytest
from django.test import Client

from collections_app.models import Collection, Image, Membership, Role, Share, Team
from collections_app.services.library.collections import create_collection
from collections_app.services.library.trash import trash_images
from tests.sample_team import SampleTeam, put_picture, put_pictures, sign_in_client

JSON = {"Accept": "application/json"}


def send(client: Client, address: str, **form: object) -> dict[str, Any]:
    response = client.post(address, form, headers=JSON)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def texts(answer: dict[str, Any]) -> list[str]:
    return [each["text"] for each in answer["messages"]]


def is_trashed(image: Image) -> bool:
    return Image.objects.trashed().filter(pk=image.pk).exists()


def test_script_gets_messages_and_the_pictures_that_leave(as_owner: Client, sample: SampleTeam) -> None:
    answer = send(as_owner, "/pictures/trash/", image=sample.image.pk, collection=sample.collection.pk)
    assert texts(answer) == ["1 picture moved to trash."]
    assert answer["removed"] == [sample.image.pk]
    assert is_trashed(sample.image)
    assert "moved to trash" not in as_owner.get("/").content.decode()


def test_undo_by_id_works_once(as_owner: Client, sample: SampleTeam) -> None:
    first = send(as_owner, "/pictures/trash/", image=sample.image.pk)
    other = put_picture(sample.collection, sample.owner, "other.png")
    send(as_owner, "/pictures/trash/", image=other.pk)
    action_id = first["messages"][0]["undo"]
    undone = send(as_owner, "/pictures/undo/", action=action_id)
    assert (texts(undone), undone["restored"]) == (["1 picture restored."], 1)
    assert (is_trashed(sample.image), is_trashed(other)) == (False, True)
    again = send(as_owner, "/pictures/undo/", action=action_id)
    assert (texts(again), again["restored"]) == (["There is nothing to undo."], 0)


@pytest.mark.parametrize("action_id", [None, "x", "00000000-0000-0000-0000-000000000000"])
def test_another_person_cannot_undo(action_id: str | None, as_owner: Client, sample: SampleTeam) -> None:
    """Nor can anybody undo what is no action."""
    answer = send(as_owner, "/pictures/trash/", image=sample.image.pk)
    Membership.objects.filter(user=sample.viewer).update(role=Role.OWNER)
    sent = action_id or answer["messages"][0]["undo"]
    undone = send(sign_in_client(sample.viewer), "/pictures/undo/", action=sent)
    assert texts(undone) == ["There is nothing to undo."]
    assert is_trashed(sample.image)


def test_refused_pictures_are_named_and_stay(as_owner: Client, sample: SampleTeam) -> None:
    others = create_collection(team=sample.outsider.personal_team, name="Theirs", creator=sample.outsider)
    shared = put_picture(others, sample.outsider, "fern.png")
    Share.objects.create(collection=others, user=sample.owner, role="viewer")
    answer = send(as_owner, "/pictures/trash/", image=[sample.image.pk, shared.pk])
    assert texts(answer) == ["1 picture moved to trash.", "1 picture skipped: you can only view it. (fern.png)"]
    assert answer["removed"] == [sample.image.pk]
    assert not is_trashed(shared)


def test_picture_of_a_stranger_is_not_named(as_owner: Client, sample: SampleTeam) -> None:
    others = create_collection(team=sample.outsider.personal_team, name="Theirs", creator=sample.outsider)
    hidden = put_picture(others, sample.outsider, "fern.png")
    answer = send(as_owner, "/pictures/trash/", image=hidden.pk)
    assert (texts(answer), answer["removed"]) == (["Select pictures first."], [])


def test_moved_pictures_leave_their_collection_but_not_search_results(as_owner: Client, sample: SampleTeam) -> None:
    target = create_collection(team=sample.team, name="Target", creator=sample.owner)
    form = {"image": sample.image.pk, "target": target.pk}
    answer = send(as_owner, "/pictures/move/", collection=sample.collection.pk, **form)
    assert answer["removed"] == [sample.image.pk]
    send(as_owner, "/pictures/undo/", action=answer["messages"][0]["undo"])
    assert send(as_owner, "/pictures/move/", q="red", **form)["removed"] == []


def test_new_collection_is_created_in_the_team_of_the_pictures(as_owner: Client, sample: SampleTeam) -> None:
    answer = send(as_owner, "/pictures/move/", image=sample.image.pk, target="", new_name="Roses")
    assert texts(answer) == ["1 picture moved to “Roses”."]
    assert Collection.objects.get(name="Roses", team=sample.team).images.get() == sample.image


def test_new_collection_for_pictures_of_two_teams_is_in_the_personal_team(as_owner: Client, sample: SampleTeam) -> None:
    own = create_collection(team=sample.owner.personal_team, name="Mine", creator=sample.owner)
    images = [sample.image.pk, put_picture(own, sample.owner, "sky.png").pk]
    send(as_owner, "/pictures/move/", image=images, new_name="Both")
    assert Collection.objects.get(name="Both", team=sample.owner.personal_team).images.count() == 2


def test_new_collection_is_not_kept_if_no_picture_could_be_moved(as_viewer: Client, sample: SampleTeam) -> None:
    answer = send(as_viewer, "/pictures/move/", image=sample.image.pk, new_name="Roses")
    assert texts(answer) == ["1 picture skipped: you can only view it. (rose.png)"]
    assert not Collection.objects.filter(name="Roses").exists()


@pytest.mark.parametrize(
    ("form", "sentence"),
    [({"new_name": "garden"}, "already exists"), ({"new_name": " "}, "Select a"), ({"target": "9"}, "Select a")],
    ids=str,
)
def test_move_without_a_possible_target_says_why(
    form: dict[str, str], sentence: str, as_owner: Client, sample: SampleTeam
) -> None:
    answer = send(as_owner, "/pictures/move/", image=sample.image.pk, **form)
    assert [sentence in text for text in texts(answer)] == [True]
    assert Image.objects.get().collection == sample.collection


def test_move_asks_for_the_target_without_a_script(as_owner: Client, sample: SampleTeam) -> None:
    create_collection(team=sample.team, name="Target", creator=sample.owner)
    form = {"image": sample.image.pk, "collection": sample.collection.pk, "next": "/favourites/?page=2"}
    page = as_owner.post("/pictures/move/", form).content.decode()
    for name, value in form.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert "Target" in page
    assert f'name="target" value="{sample.collection.pk}"' not in page
    assert as_owner.post("/pictures/move/", {}).headers["Location"] == "/"


def test_targets_are_collections_that_the_person_may_edit(as_viewer: Client, sample: SampleTeam) -> None:
    create_collection(team=sample.viewer.personal_team, name="Mine", creator=sample.viewer)
    part = as_viewer.get("/pictures/move/targets/").content.decode()
    assert "Mine" in part
    assert "Garden" not in part


@pytest.mark.parametrize(
    ("sent", "address"),
    [
        ("/favourites/?after_id=3", "/favourites/?after_id=3"),
        ("https://evil.example/", "/collections/{}/"),
        ("//evil.example/", "/collections/{}/"),
        ("/\\evil.example/", "/collections/{}/"),
        ("javascript:alert(1)", "/collections/{}/"),
        ("", "/collections/{}/"),
    ],
)
def test_actions_and_undo_return_to_a_page_of_this_site(
    sent: str, address: str, as_owner: Client, sample: SampleTeam
) -> None:
    form = {"image": sample.image.pk, "collection": sample.collection.pk, "next": sent}
    expected = address.format(sample.collection.pk)
    assert as_owner.post("/pictures/trash/", form).headers["Location"] == expected
    assert as_owner.post("/pictures/undo/").headers["Location"] == expected
    assert as_owner.post(f"/images/{sample.image.pk}/delete/", form).headers["Location"] == expected
    assert as_owner.post("/trash/restore/", form).headers["Location"] == address.replace("/collections/{}/", "/trash/")


def test_one_picture_is_trashed_like_many(as_owner: Client, sample: SampleTeam) -> None:
    answer = send(as_owner, f"/images/{sample.image.pk}/delete/")
    assert (texts(answer), answer["removed"]) == (["“rose.png” moved to trash."], [sample.image.pk])
    send(as_owner, "/pictures/undo/", action=answer["messages"][0]["undo"])
    assert not is_trashed(sample.image)


def test_picture_page_returns_to_the_grid_one_came_from(as_owner: Client, sample: SampleTeam) -> None:
    address = f"/images/{sample.image.pk}/"
    back = '<input type="hidden" name="next" value="{}">'
    for referer, expected in (
        ("http://testserver/search/?q=red", "/search/?q=red"),
        (f"http://testserver{address}", ""),
        ("http://evil.example/", ""),
    ):
        assert back.format(expected) in as_owner.get(address, headers={"Referer": referer}).content.decode()


def test_trash_tells_scripts_which_pictures_left_it(as_owner: Client, sample: SampleTeam) -> None:
    put_pictures(sample, 1)
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="editor")
    refused = send(sign_in_client(sample.outsider), "/trash/purge/", image=sample.image.pk)
    assert (texts(refused)[1:], refused["removed"]) == (["1 picture skipped: you don't have permission."], [])
    assert send(as_owner, "/trash/restore/", image=sample.image.pk)["removed"] == [sample.image.pk]
    assert send(as_owner, "/trash/purge/", all="1")["is_stale"]
    assert list(Image.objects.all()) == [sample.image]


def test_nothing_selected_is_a_message(as_owner: Client, sample: SampleTeam) -> None:
    for address in ("/pictures/trash/", "/pictures/tag/", "/trash/restore/", "/pictures/move/"):
        answer = send(as_owner, address, tags="red", target=sample.collection.pk)
        assert texts(answer) == ["Select pictures first."]


def test_signed_out_script_gets_a_sentence(sample: SampleTeam) -> None:
    response = Client().post("/pictures/trash/", {"image": sample.image.pk}, headers=JSON)
    assert response.status_code == 401
    assert "signed out" in response.json()["error"]


def test_more_pictures_than_one_selects_are_not_listed(as_owner: Client, sample: SampleTeam, monkeypatch: Any) -> None:
    monkeypatch.setattr("collections_app.views.library.answers.MAX_SELECTED", 1)
    put_pictures(sample, 1)
    answer = send(as_owner, "/pictures/trash/", all="1", collection=sample.collection.pk)
    assert (answer["is_stale"], answer["removed"]) == (True, [])
    assert not Team.objects.filter(collections__images__trashed_at=None, pk=sample.team.pk).exists()


@pytest.mark.parametrize("action", ["restore", "purge"])
def test_trash_does_not_tell_which_pictures_of_others_are_in_it(
    action: str, as_outsider: Client, sample: SampleTeam
) -> None:
    before = send(as_outsider, f"/trash/{action}/", image=sample.image.pk)
    trash_images(images=Image.objects.all(), trasher=sample.owner)
    assert send(as_outsider, f"/trash/{action}/", image=sample.image.pk) == before


def test_undo_deletes_the_new_collection_of_a_move(as_owner: Client, sample: SampleTeam) -> None:
    answer = send(as_owner, "/pictures/move/", image=sample.image.pk, new_name="Roses")
    send(as_owner, "/pictures/undo/", action=answer["messages"][0]["undo"])
    assert Image.objects.get().collection == sample.collection
    assert not Collection.objects.filter(name="Roses").exists()


def test_undo_keeps_a_new_collection_that_has_a_picture_or_is_shared(as_owner: Client, sample: SampleTeam) -> None:
    for name in ("Roses", "Tulips"):
        answer = send(as_owner, "/pictures/move/", image=sample.image.pk, new_name=name)
        made = Collection.objects.get(name=name)
        if name == "Roses":
            trash_images(
                images=Image.objects.filter(pk=put_picture(made, sample.owner, "x.png").pk), trasher=sample.owner
            )
        else:
            Share.objects.create(collection=made, user=sample.outsider, role="viewer")
        send(as_owner, "/pictures/undo/", action=answer["messages"][0]["undo"])
        assert Collection.objects.filter(pk=made.pk).exists()
