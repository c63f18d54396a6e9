"""The `infersim` command: its subcommands, and how every way to fail ends: one message, an exit code, no traceback."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import click

from infersim import __version__
from infersim.cli.groups import LazyGroup
from infersim.cli.interrupt import INTERRUPTED, note_interrupts
from infersim.errors import InfersimError

FAILED = 2
PREFIX = "Error: "
"""Of click's own messages."""
_COMMANDS = {
    "init": "infersim.cli.init:init",
    "run": "infersim.cli.run:run",
    "sweep": "infersim.cli.sweep:sweep",
    "results": "infersim.cli.results:results",
    "curve": "infersim.cli.curve:curve",
    "explain": "infersim.cli.explain:explain",
    "compare": "infersim.cli.compare:compare",
    "devices": "infersim.cli.profiles:devices",
    "models": "infersim.cli.profiles:models",
    "workloads": "infersim.cli.workloads:workloads",
    "schema": "infersim.cli.schema:schema",
    "validate": "infersim.cli.validate:validate",
    "calibrate": "infersim.cli.calibrate:calibrate",
    "doctor": "infersim.cli.doctor:doctor",
    "completion": "infersim.cli.completion:completion",
}


@click.group(
    cls=LazyGroup,
    homes=_COMMANDS,
    examples=("infersim init chat", "infersim run chat.yaml", "infersim devices list"),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="infersim")
def app() -> None:
    """Simulate an LLM inference cluster before you buy or rent it."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Exit codes: 0 done; 1 `validate --strict` found a disagreement, a refused row or a missed limit, `devices check
    --strict` something implausible, `doctor` something that does not work; 2 unusable input or output; 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    os.environ["MPLBACKEND"] = "Agg"  # pictures are written, never shown; the user's own choice may need a display
    interrupts = note_interrupts()
    try:
        # click itself writes colour to terminals only
        color = False if os.environ.get("NO_COLOR") else None
        code = app.main(args, prog_name="infersim", standalone_mode=False, color=color) or 0
        sys.stdout.flush()
    except SystemExit:  # click's answer to a reader that has left
        code = 0
    except (click.Abort, KeyboardInterrupt):
        code = _failed("interrupted", INTERRUPTED)
    except click.ClickException as error:
        message = _wrapped(error.format_message(), PREFIX)
        click.UsageError(message, getattr(error, "ctx", None)).show()
        code = FAILED
    except InfersimError as error:
        code = _failed(str(error))
    except BrokenPipeError:
        code = 0
    except OSError as error:
        code = _failed(f"{error.filename or 'output'}: {error.strerror or error}")
    except MemoryError:
        code = _failed("not enough memory for this run; fewer requests need less")
    except Exception:
        if not interrupts:
            raise
        code = _failed("interrupted", INTERRUPTED)  # in the middle of an import, which makes another error of it
    sys.exit(_flushed(code))


def _failed(message: str, code: int = FAILED) -> int:
    click.echo(_wrapped(message), err=True)
    return code


def _wrapped(message: str, prefix: str = "") -> str:
    """A message in lines that the terminal holds; a word that is longer, as a path may be, stays whole."""
    from infersim.cli.output import wrapped

    return wrapped(prefix + message)[len(prefix) :]


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
