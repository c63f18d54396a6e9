"""The `infersim` command: its subcommands, and how every way to fail ends: one message, an exit code, no traceback."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence

import click

from infersim import __version__
from infersim.errors import InfersimError, nearest

FAILED, INTERRUPTED = 2, 130
_COMMANDS = {
    "run": "infersim.cli.run:run",
    "devices": "infersim.cli.profiles:devices",
    "models": "infersim.cli.profiles:models",
    "schema": "infersim.cli.schema:schema",
    "validate": "infersim.cli.validate:validate",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        return getattr(importlib.import_module(module), name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            hint = nearest(name, _COMMANDS) or f"Commands: {', '.join(_COMMANDS)}"
            raise click.UsageError(f"no such command {name!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="infersim")
def app() -> None:
    """Simulate an LLM inference cluster before you buy or rent it."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Exit codes: 0 done; 1 `validate --strict` found a disagreement; 2 unusable input or output; 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app.main(args, prog_name="infersim", standalone_mode=False) or 0
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _failed("interrupted", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        code = FAILED
    except InfersimError as error:
        code = _failed(str(error))
    except BrokenPipeError:
        code = 0
    except OSError as error:
        code = _failed(f"{error.filename or 'output'}: {error.strerror or error}")
    except MemoryError:
        code = _failed("not enough memory for this run; fewer requests need less")
    sys.exit(_flushed(code))


def _failed(message: str, code: int = FAILED) -> int:
    click.echo(message, err=True)
    return code


def _flushed(code: int) -> int:
    """The exit code, once nothing is left to write: the interpreter's own last flush would print a traceback."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), stream.fileno())
            if not isinstance(error, BrokenPipeError) and code == 0:
                code = _failed(f"output: {error.strerror}")
    return code
