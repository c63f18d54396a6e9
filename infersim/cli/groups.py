"""Groups of commands that offer the nearest name, and that import a command only when it is named."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from infersim.errors import nearest


class Group(click.Group):
    """A group that answers an unknown command with the nearest one."""

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
