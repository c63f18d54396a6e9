"""Commands that show examples, and groups of them that offer the nearest name and import one only when it is named."""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import click

from infersim.errors import nearest


class Command(click.Command):
    """A command whose help ends with examples.

    Args:
        examples: command lines as people type them.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **options: Any):
        super().__init__(*args, **options)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self.examples:
            return
        formatter.write_paragraph()
        formatter.write("Examples:\n")
        for example in self.examples:
            # the shell reads a backslash at a line's end as: it goes on
            lines = textwrap.wrap(
                example, formatter.width - 4, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
            formatter.write(textwrap.indent(" \\\n".join(lines), "  ") + "\n")


class Group(Command, click.Group):
    """A group that answers an unknown command with the nearest one."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            hint = nearest(args[0], known) or f"Commands: {', '.join(known)}"
            raise click.UsageError(f"no such command {args[0]!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """A group of commands in modules of their own.

    Args:
        homes: `module:name` of each command.
    """

    def __init__(self, *args: Any, homes: Mapping[str, str], **options: Any):
        super().__init__(*args, **options)
        self._homes = homes

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._homes:
            return None
        module, _, name = self._homes[cmd_name].partition(":")
        return getattr(importlib.import_module(module), name)
