"""The sessions of an account."""

from collections.abc import Iterator

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from collections_app.models import User


def end_sessions(*, user: User) -> None:
    """Sign the account out in all browsers, as its page of sessions does."""
    sessions = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=list(sessions.values_list("session_key", flat=True))).delete()
    sessions.delete()


def find_session_keys(user_id: int) -> Iterator[str]:
    """Yield the keys of all stored sessions of the account. Reads every session, because they are encoded."""
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(user_id):
            yield session.session_key
