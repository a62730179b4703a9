"""How the commands name a person."""

from django.core.management.base import CommandError

from collections_app.models import User


def user_by_email(email: str) -> User:
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise CommandError(f"There is no account with the address {email}.")
    return user
