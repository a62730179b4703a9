"""Addresses: nobody gets another person's, and nothing that was shared with it."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from collections_app.models import Collection, Membership, Role, Share, User
from collections_app.services.sharing.accounts import mark_address_verified
from collections_app.services.sharing.invitations import invite
from collections_app.services.sharing.shares import share_with_teammate
from tests.sample_team import SampleTeam, sign_in_client
from tests.views.sign_in_steps import PASSWORD, confirm_access, is_signed_in, sign_in, sign_up

NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"
ADDRESSES = "/accounts/email/"


@pytest.fixture
def no_mail_server(settings: Settings, db: None) -> None:
    settings.EMAIL_BACKEND = NO_MAIL
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"


@pytest.fixture
def with_mail_server(settings: Settings, db: None) -> None:
    cache.clear()
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def read_addresses(user: User) -> set[str]:
    user.refresh_from_db()
    return {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}


@pytest.mark.parametrize("action", ["action_add", "action_primary", "action_send"])
def test_no_address_changes_while_nothing_can_be_verified(
    action: str, sample: SampleTeam, no_mail_server: None
) -> None:
    owner = sign_in_client(sample.owner)
    confirm_access(owner)
    EmailAddress.objects.create(user=sample.owner, email="second@example.com")
    address = "colleague@example.com" if action == "action_add" else "second@example.com"
    answer = owner.post(ADDRESSES, {"email": address, action: ""})
    assert answer.status_code == 403
    assert "Ask an administrator to change your" in answer.content.decode()
    sample.owner.refresh_from_db()
    assert sample.owner.email == "owner@example.com"
    assert read_addresses(sample.owner) == {"owner@example.com", "second@example.com"}
    assert not EmailAddress.objects.filter(user=sample.owner, primary=True).exclude(email="owner@example.com").exists()


def test_page_says_why_and_offers_no_change(sample: SampleTeam, no_mail_server: None) -> None:
    page = sign_in_client(sample.owner).get(ADDRESSES).content.decode()
    assert "This site has no mail server" in page
    assert "owner@example.com" in page
    assert "action_add" not in page
    assert "action_primary" not in page


def test_second_address_can_be_removed(sample: SampleTeam, no_mail_server: None) -> None:
    owner = sign_in_client(sample.owner)
    confirm_access(owner)
    EmailAddress.objects.create(user=sample.owner, email="owner@example.com", primary=True)
    EmailAddress.objects.create(user=sample.owner, email="second@example.com")
    owner.post(ADDRESSES, {"email": "second@example.com", "action_remove": ""})
    assert read_addresses(sample.owner) == {"owner@example.com"}


def test_taken_address_made_primary_is_rejected_with_a_sentence(sample: SampleTeam, with_mail_server: None) -> None:
    mark_address_verified(user=sample.owner)
    EmailAddress.objects.create(user=sample.owner, email=sample.outsider.email, verified=True)
    owner = sign_in_client(sample.owner)
    confirm_access(owner)
    answer = owner.post(ADDRESSES, {"email": sample.outsider.email, "action_primary": ""}, follow=True)
    assert answer.status_code == 200
    assert "Another account uses this address" in answer.content.decode()
    assert EmailAddress.objects.get(user=sample.owner, primary=True).email == "owner@example.com"


def test_confirmed_address_of_another_account_is_rejected_with_a_sentence(
    sample: SampleTeam, with_mail_server: None
) -> None:
    from allauth.account.models import EmailConfirmationHMAC

    added = EmailAddress.objects.create(user=sample.owner, email=sample.outsider.email)
    owner = sign_in_client(sample.owner)
    answer = owner.post(f"/accounts/confirm-email/{EmailConfirmationHMAC.create(added).key}/", follow=True)
    assert answer.status_code == 200
    assert "Another account uses this address" in answer.content.decode()
    added.refresh_from_db()
    assert not added.verified


@pytest.mark.parametrize("email", ["owner@example.com", "OWNER@Example.com", " owner@example.com "])
def test_taken_address_makes_no_second_account(email: str, sample: SampleTeam, no_mail_server: None) -> None:
    answer = sign_up(Client(), email)
    assert answer.status_code == 200
    assert User.objects.filter(email__iexact="owner@example.com").count() == 1


@pytest.mark.parametrize("letter", ["\u212a", "\u017f", "\u0131"])  # K, s and i, once their case is changed
def test_addresses_that_only_look_different_are_rejected(letter: str, no_mail_server: None) -> None:
    User.objects.create_user("kisses@example.com", PASSWORD)
    plain = {"\u212a": "k", "\u017f": "s", "\u0131": "i"}[letter]
    answer = sign_up(Client(), "kisses@example.com".replace(plain, letter, 1))
    assert answer.status_code == 200
    assert re.search("English letters|already registered", answer.content.decode())
    assert User.objects.count() == 1


def test_dots_make_another_address(no_mail_server: None) -> None:
    User.objects.create_user("ada.lovelace@example.com", PASSWORD)
    assert sign_up(Client(), "adalovelace@example.com").status_code == 302
    assert User.objects.count() == 2


def test_share_acts_at_once_only_for_a_verified_address(sample: SampleTeam, no_mail_server: None) -> None:
    """A teammate may have signed up with somebody else's address."""
    collection = sample.owner.personal_team.collections.create(name="Mine")
    options = {"collection": collection, "role": "viewer", "sharer": sample.owner}
    assert share_with_teammate(email="viewer@example.com", **options) is None  # type: ignore[arg-type]
    assert not Share.objects.exists()
    mark_address_verified(user=sample.viewer)
    assert share_with_teammate(email="Viewer@example.com", **options)  # type: ignore[arg-type]


def test_page_gives_the_sharer_a_link_to_pass_on(sample: SampleTeam, no_mail_server: None) -> None:
    collection = sample.owner.personal_team.collections.create(name="Mine")
    fields = {"email": "viewer@example.com", "role": "viewer"}
    page = sign_in_client(sample.owner).post(f"/collections/{collection.pk}/sharing/person/", fields).content.decode()
    assert "send this link yourself" in page
    assert "on its way" not in page
    address = page.partition("http://testserver")[2].partition('"')[0]
    viewer = sign_in_client(sample.viewer)
    assert viewer.get(f"/collections/{collection.pk}/").status_code == 404
    viewer.post(address)
    assert viewer.get(f"/collections/{collection.pk}/").status_code == 200


def test_existing_shares_stay(sample: SampleTeam, no_mail_server: None) -> None:
    collection = sample.owner.personal_team.collections.create(name="Mine")
    Share.objects.create(collection=collection, user=sample.viewer, role="viewer", sharer=sample.owner)
    assert sign_in_client(sample.viewer).get(f"/collections/{collection.pk}/").status_code == 200


def test_account_with_an_invited_address_gets_nothing_without_the_link(
    sample: SampleTeam, no_mail_server: None
) -> None:
    invite(email="new@example.com", role=Role.EDITOR, inviter=sample.owner, team=sample.team)
    invite(email="new@example.com", role="viewer", inviter=sample.owner, collection=sample.collection)
    newcomer = Client()
    sign_up(newcomer, "new@example.com")
    user = User.objects.get(email="new@example.com")
    assert not Membership.objects.filter(team=sample.team, user=user).exists()
    assert not Collection.objects.shared_with(user).exists()
    assert newcomer.get(f"/collections/{sample.collection.pk}/").status_code == 404


def test_new_account_with_the_address_of_a_deleted_one_gets_nothing_of_it(
    sample: SampleTeam, no_mail_server: None
) -> None:
    Share.objects.create(collection=sample.collection, user=sample.outsider, role="viewer", sharer=sample.owner)
    before = sign_in_client(sample.outsider)
    sample.outsider.delete()
    again = Client()
    sign_up(again, "outsider@example.com")
    assert again.get(f"/collections/{sample.collection.pk}/").status_code == 404
    assert not is_signed_in(before)


def test_administrator_changes_an_address(sample: SampleTeam, no_mail_server: None) -> None:
    EmailAddress.objects.create(user=sample.owner, email="owner@example.com", verified=True, primary=True)
    EmailAddress.objects.create(user=sample.viewer, email="second@example.com", verified=True)
    admin = sign_in_client(User.objects.create_superuser("root@example.com", PASSWORD))
    form = f"/admin/collections_app/user/{sample.owner.pk}/change/"
    for taken in ("VIEWER@example.com", "second@example.com", "\u212aate@example.com"):
        assert admin.post(form, {"email": taken, "is_active": "on"}).status_code == 200
    assert read_addresses(sample.owner) == {"owner@example.com"}

    assert admin.post(form, {"email": "New@example.com", "is_active": "on"}).status_code == 302
    assert read_addresses(sample.owner) == {"new@example.com"}
    assert EmailAddress.objects.get(user=sample.owner).verified
    old, new = Client(), Client()
    sign_in(old, "owner@example.com")
    sign_in(new, "new@example.com")
    assert (is_signed_in(old), is_signed_in(new)) == (False, True)


@pytest.mark.parametrize("address", ["/accounts/password/reset/", "/accounts/password/reset/done/"])
def test_reset_page_names_the_administrator_without_a_mail_server(
    address: str, client: Client, no_mail_server: None
) -> None:
    page = client.get(address).content.decode()
    assert "Ask an administrator to set a new password" in page
    assert 'name="email"' not in page


def test_strangers_cannot_fill_a_mailbox(sample: SampleTeam, with_mail_server: None, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for number in range(12):
        headers = {"X-Forwarded-For": f"192.0.2.{number}"}
        answer = Client().post("/accounts/password/reset/", {"email": sample.owner.email}, headers=headers)
        assert answer.headers["Location"] == "/accounts/password/reset/done/"
    assert len(mail.outbox) == 5
