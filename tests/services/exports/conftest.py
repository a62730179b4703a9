"""The commands catch signals, which their tests give back."""

from tests.commands.test_commands import own_signals

__all__ = ["own_signals"]
