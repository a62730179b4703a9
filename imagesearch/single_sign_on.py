"""allauth's configuration of the identity provider that the environment names."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


def build_openid_connect_apps(values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one application for the four variables, or none if they are not set."""
    if not values:
        return []
    return [
        {
            # The host identifies the provider, because two providers may use the same user ids.
            "provider_id": urlsplit(values["OIDC_SERVER_URL"]).hostname,
            "name": values["OIDC_NAME"],
            "client_id": values["OIDC_CLIENT_ID"],
            "secret": values["OIDC_CLIENT_SECRET"],
            "settings": {"server_url": values["OIDC_SERVER_URL"]},
        }
    ]
