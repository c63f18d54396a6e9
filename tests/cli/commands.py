"""Every command of the command line, groups and all."""

from __future__ import annotations

from collections.abc import Iterator

import click

from infersim.cli.app import app


def commands(group: click.Group = app, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Words and command of each, the group's own first."""
    yield path, group
    with click.Context(group) as ctx:
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            if isinstance(command, click.Group):
                yield from commands(command, (*path, name))
            else:
                assert command is not None
                yield (*path, name), command


COMMANDS = dict(commands())
NAMED = {" ".join(("infersim", *path)): path for path in COMMANDS}
