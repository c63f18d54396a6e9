"""`infersim completion`: the script by which a shell completes commands, options and names."""

from __future__ import annotations

import click

from infersim.cli.groups import Command

_INSTALL = {
    "bash": 'eval "$(infersim completion bash)"     # in ~/.bashrc',
    "zsh": 'eval "$(infersim completion zsh)"     # in ~/.zshrc, after compinit',
    "fish": "infersim completion fish > ~/.config/fish/completions/infersim.fish",
}
VARIABLE = "_INFERSIM_COMPLETE"


@click.command(
    cls=Command,
    short_help="Print the script that lets a shell complete.",
    examples=('eval "$(infersim completion bash)"', _INSTALL["fish"]),
)
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, files, names of profiles and paths of --set.

    Its first line says how to install it.
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:  # a choice is one that click knows
        raise click.UsageError(f"no completion for {shell}", ctx)
    script = made(ctx.find_root().command, {}, "infersim", VARIABLE)
    click.echo(f"# install: {_INSTALL[shell]}")
    click.echo(script.source_template % script.source_vars())
