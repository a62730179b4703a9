"""The identity provider that the environment names, as allauth wants it told."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


def openid_connect_apps(values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one application for the four variables, or none where they are not set."""
    if not values:
        return []
    return [
        {
            # The host is part of an identity: another provider may number its people alike.
            "provider_id": urlsplit(values["OIDC_SERVER_URL"]).hostname,
            "name": values["OIDC_NAME"],
            "client_id": values["OIDC_CLIENT_ID"],
            "secret": values["OIDC_CLIENT_SECRET"],
            "settings": {"server_url": values["OIDC_SERVER_URL"]},
        }
    ]
