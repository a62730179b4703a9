"""Sign-in steps for tests."""

from typing import TYPE_CHECKING, TypeAlias

from django.test import Client

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

    Response: TypeAlias = _MonkeyPatchedWSGIResponse

PASSWORD = "a long password"
NEW_PASSWORD = "kettle-orchard-42"


def sign_in(client: Client, email: str, password: str = PASSWORD, **headers: str) -> "Response":
    return client.post("/accounts/login/", {"login": email, "password": password}, headers=headers)


def sign_up(client: Client, email: str, **fields: str) -> "Response":
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    return client.post("/accounts/signup/", {"email": email, **passwords, **fields})


def confirm_access(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200
