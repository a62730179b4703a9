"""Heartbeats: a lease is renewed while work goes on, also after the database has failed."""

import threading

import pytest
from django.db import OperationalError, connection

from collections_app.services.leases import Heartbeat

pytestmark = pytest.mark.django_db(transaction=True)

WAIT_S = 20


def test_lease_is_renewed_on_a_new_connection_after_a_failure() -> None:
    """A broken connection would fail at each renewal, and another worker would take over the work."""
    connections: list[object] = []
    is_renewed = threading.Event()

    def renew() -> None:
        connection.ensure_connection()
        connections.append(connection.connection)
        if len(connections) == 1:
            raise OperationalError("the connection is broken")
        is_renewed.set()

    with Heartbeat(renew=renew, lease_s=0.03):
        assert is_renewed.wait(WAIT_S)
    assert connections[0] is not connections[1]
