"""The house of the views' tests, for the commands."""

from tests.views.conftest import broken_index, house

__all__ = ["broken_index", "house"]
