"""The command line. Each command is a module of its own, imported when it is called; so is what it needs."""

from infersim.cli.app import main

__all__ = ["main"]
