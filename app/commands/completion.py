"""``trunkline completion``: shell completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from app.terminal import emit


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@click.pass_context
def completion(context: click.Context, shell: str, as_json: bool) -> None:
    """Print the completion script for a shell.

    \b
    bash:  eval "$(trunkline completion bash)"       in ~/.bashrc
    zsh:   eval "$(trunkline completion zsh)"        in ~/.zshrc
    fish:  trunkline completion fish | source        in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"No completion for {shell}.")
    root = context.find_root().command
    script = kind(root, {}, "trunkline", "_TRUNKLINE_COMPLETE").source()
    emit(as_json, {"shell": shell, "script": script}, script)


COMMANDS = (completion,)
