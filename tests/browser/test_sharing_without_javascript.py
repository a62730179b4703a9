"""Without scripts: teams, invitations, shares and public links."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from .actions import upload_without_javascript, wait_for_index_without_javascript
from .test_pictures_without_javascript import start_collection


def address_of(page: Page) -> str:
    page.goto("/account/")
    return page.locator(".panel h2").first.inner_text()


def make_team(page: Page, name: str) -> str:
    page.goto("/teams/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page.url


def invite(page: Page, address: str, role: str) -> str:
    page.get_by_label("Email").fill(address)
    page.get_by_label("Role", exact=True).select_option(label=role)
    page.get_by_role("button", name="Invite").click()
    return page.get_by_label("Link").input_value()


def accept(page: Page, invitation: str) -> None:
    page.goto(invitation)
    page.get_by_role("button", name="Accept").click()


@pytest.mark.sends("team_list", "team_rename", "team_delete")
def test_a_team_is_made_renamed_and_deleted(open_without_javascript: Callable[[], Page]) -> None:
    page = open_without_javascript()
    make_team(page, "Gardeners")
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name").fill("Growers")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Growers")
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("Enter the team's name").fill("Growers")
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("“Growers” and all its pictures deleted.")).to_be_visible()


@pytest.mark.sends("team_invite", "invitation_revoke", "invitation", "member_role", "member_remove", "team_leave")
def test_member_is_invited_changes_role_and_leaves(open_without_javascript: Callable[[], Page]) -> None:
    owner, friend = open_without_javascript(), open_without_javascript()
    address = address_of(friend)
    team = make_team(owner, "Gardeners")
    withdrawn = invite(owner, "nobody@example.com", "Viewer")
    owner.goto(team)
    owner.get_by_role("button", name="Revoke nobody@example.com").click()
    expect(owner.get_by_text("Invitation for nobody@example.com revoked.")).to_be_visible()
    assert owner.goto(withdrawn).status == 404  # type: ignore[union-attr]

    owner.goto(team)
    accept(friend, invite(owner, address, "Viewer"))
    expect(friend.get_by_role("heading", level=1)).to_have_text("Gardeners")
    owner.goto(team)
    owner.get_by_label(f"Role of {address}").select_option(label="Owner")
    owner.get_by_role("button", name=f"Save role of {address}").click()
    expect(owner.get_by_label(f"Role of {address}").locator("option:checked")).to_have_text("Owner")
    friend.reload()
    friend.get_by_role("button", name="Leave team").click()
    expect(friend.get_by_text("You left “Gardeners”.")).to_be_visible()

    owner.goto(team)
    accept(friend, invite(owner, address, "Editor"))
    owner.goto(team)
    owner.get_by_role("button", name=f"Remove {address}").click()
    expect(owner.get_by_text(f"{address} removed from the team.")).to_be_visible()


@pytest.mark.sends("member_role", "member_grants", "team_leave", "member_remove")
def test_owner_decides_about_the_links_of_members(open_without_javascript: Callable[[], Page]) -> None:
    owner, friend = open_without_javascript(), open_without_javascript()
    address = address_of(friend)
    team = make_team(owner, "Gardeners")
    accept(friend, invite(owner, address, "Owner"))
    friend.goto("/collections/new/")
    friend.get_by_label("Name").fill("Garden")
    friend.get_by_label("Visible to").select_option(label="Gardeners")
    friend.get_by_role("button", name="Create").click()
    friend.get_by_role("link", name="Share", exact=True).click()
    sharing = friend.url
    friend.get_by_role("switch", name="Public link").click()
    friend.get_by_text("New public link").click()
    friend.get_by_role("button", name="Create link").click()
    first, second = (friend.get_by_label("Link", exact=True).nth(number).input_value() for number in range(2))

    owner.goto(team)
    owner.get_by_label(f"Role of {address}").select_option(label="Editor")
    owner.get_by_role("button", name=f"Save role of {address}").click()
    expect(owner.get_by_role("heading", level=1)).to_have_text(f"What {address} shared with others")
    owner.get_by_role("checkbox", name="Revoke").last.uncheck()
    owner.get_by_role("button", name="Save", exact=True).click()
    assert friend.goto(first).status == 404  # type: ignore[union-attr]
    assert friend.goto(second).status == 200  # type: ignore[union-attr]

    rejoin_with_link(owner, friend, team, sharing)
    friend.goto(team)
    friend.get_by_role("link", name="Leave team").click()
    expect(friend.get_by_text("Public link to “Garden”")).to_be_visible()
    friend.get_by_role("button", name="Leave team").click()
    expect(friend.get_by_text("You left “Gardeners”.")).to_be_visible()

    rejoin_with_link(owner, friend, team, sharing)
    owner.goto(team)
    owner.get_by_role("link", name=f"Remove {address}").click()
    expect(owner.get_by_role("checkbox", name="Revoke")).to_be_checked()
    owner.get_by_role("button", name="Remove").click()
    expect(owner.get_by_text(f"{address} removed from the team.")).to_be_visible()
    assert friend.goto(sharing).status == 404  # type: ignore[union-attr]


def rejoin_with_link(owner: Page, friend: Page, team: str, sharing: str) -> None:
    """Let the friend become an owner again, and make a public link."""
    address = address_of(friend)
    owner.goto(team)
    if owner.get_by_label(f"Role of {address}").count():
        owner.get_by_role("button", name=f"Remove {address}").click()
    accept(friend, invite(owner, address, "Owner"))
    friend.goto(sharing)
    friend.get_by_text("New public link").click()
    friend.get_by_role("button", name="Create link").click()


@pytest.mark.sends("share_person", "share_team", "share_role", "share_revoke", "invitation")
def test_collection_is_shared_with_people_and_teams_and_revoked(open_without_javascript: Callable[[], Page]) -> None:
    owner, friend = open_without_javascript(), open_without_javascript()
    address = address_of(friend)
    make_team(owner, "Neighbours")
    collection = start_collection(owner, "Garden")
    owner.get_by_role("link", name="Share", exact=True).click()
    sharing = owner.url
    form = owner.locator("form", has=owner.get_by_role("heading", name="Share with a person"))
    form.get_by_label("Email").fill(address)
    form.get_by_role("button", name="Share").click()
    accept(friend, owner.get_by_label("Link").input_value())
    expect(friend.get_by_role("heading", level=1)).to_have_text("Garden")

    owner.goto(sharing)
    owner.get_by_label(f"Permission of {address}").select_option(value="editor")
    owner.get_by_role("button", name=f"Save permission of {address}").click()
    expect(owner.get_by_label(f"Permission of {address}")).to_have_value("editor")
    owner.get_by_role("button", name=f"Revoke {address}").click()
    expect(owner.get_by_text(f"Access revoked for {address}.")).to_be_visible()
    assert friend.goto(collection).status == 404  # type: ignore[union-attr]

    form = owner.locator("form", has=owner.get_by_role("heading", name="Share with a team"))
    form.get_by_label("Team").select_option(label="Neighbours")
    form.get_by_role("button", name="Share").click()
    expect(owner.get_by_text("Everyone in Neighbours")).to_be_visible()


@pytest.mark.sends("link_create", "link_edit", "link_revoke", "public_password")
def test_a_public_link_is_opened_with_its_password_and_searched(
    open_without_javascript: Callable[[], Page], scenes: list[Path]
) -> None:
    owner, visitor = open_without_javascript(), open_without_javascript()
    upload_without_javascript(owner, scenes[:2])
    wait_for_index_without_javascript(owner)
    owner.get_by_role("link", name="Share", exact=True).click()
    owner.get_by_role("switch", name="Public link").click()
    owner.get_by_role("link", name="Settings").click()
    owner.get_by_label("Password").fill("tulips in spring")
    owner.get_by_label("Expires on").fill((timezone.localdate() + timedelta(days=9)).isoformat())
    owner.get_by_label("Allow downloads").check()
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("Password required · Downloads allowed")).to_be_visible()

    visitor.context.clear_cookies()
    visitor.goto(owner.get_by_label("Link", exact=True).input_value())
    visitor.get_by_label("Password").fill("rose")
    visitor.get_by_role("button", name="Open").click()
    expect(visitor.get_by_text("Wrong password. Try again.")).to_be_visible()
    visitor.get_by_label("Password").fill("tulips in spring")
    visitor.get_by_role("button", name="Open").click()
    expect(visitor.locator("[data-public-id]")).to_have_count(2)
    visitor.get_by_label("Describe a picture").fill("a white dog")
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_text("Results for “a white dog”, best match first")).to_be_visible()
    visitor.locator("[data-public-id] a").first.click()
    with visitor.expect_download():
        visitor.get_by_role("link", name="Download").click()

    owner.get_by_role("switch", name="Public link").click()
    expect(owner.get_by_text("Link revoked.")).to_be_visible()
    assert visitor.reload().status == 404  # type: ignore[union-attr]
