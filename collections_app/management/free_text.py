"""Command-line arguments that are free text and may begin with a minus, such as "-snow"."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

_SHORT_VERBOSITY = ("-v0", "-v1", "-v2", "-v3")


class FreeTextParser(CommandParser):
    """Treats an argument that begins with a minus as text, unless it is an option of the command.

    The value of an option may begin with a minus too. Everything after "--" is text.
    """

    def parse_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        return super().parse_args(self._sort_arguments(list(sys.argv[1:] if args is None else args)), namespace)

    def _sort_arguments(self, args: list[str]) -> list[str]:
        """Return the options, each joined with its value, then "--" and the texts."""
        options: list[str] = []
        texts: list[str] = []
        rest = iter(args)
        for arg in rest:
            name, sign, _value = arg.partition("=")
            action = self._find_action(name)
            if arg == "--":
                texts.extend(rest)
            elif action is None and arg not in _SHORT_VERBOSITY:
                texts.append(arg)
            elif action is not None and not sign and action.nargs is None:
                options.extend(_join_value(action.option_strings[-1], rest))
            else:
                options.append(arg)
        return [*options, "--", *texts] if texts else options

    def _find_action(self, name: str) -> argparse.Action | None:
        """Return the option with this name, or the only option whose long name begins with it."""
        actions = [action for action in self._actions if action.option_strings]
        exact = [action for action in actions if name in action.option_strings]
        if exact or len(name) < 3 or not name.startswith("--"):
            return exact[0] if exact else None
        similar = [action for action in actions if any(each.startswith(name) for each in action.option_strings)]
        return similar[0] if len(similar) == 1 else None


class FreeTextCommand(BaseCommand):
    """A command with arguments that are free text."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        plain = super().create_parser(prog_name, subcommand, add_help=False, **kwargs)
        return FreeTextParser(
            prog=plain.prog,
            description=plain.description,
            formatter_class=plain.formatter_class,
            missing_args_message=plain.missing_args_message,
            called_from_command_line=plain.called_from_command_line,
            parents=[plain],
        )


def _join_value(option: str, rest: Iterator[str]) -> Sequence[str]:
    """Return the option with the next argument as its value; alone if there is none, which argparse reports."""
    value = next(rest, None)
    return [option] if value is None else [f"{option}={value}"]
