"""Options that many commands have."""

from __future__ import annotations

import click

PROFILES = click.option("--profiles", metavar="DIR", help="Folder of profiles of your own, laid over the shipped ones.")
