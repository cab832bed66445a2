"""``trunkline serve``."""

from __future__ import annotations

from typing import Any

import click

from app.command import Options, common


@click.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one.")
@click.option("--host", help="Address to listen on; anything but loopback lets other machines in.")
@click.option("--people", is_flag=True, help="Print addresses and key for a person instead of JSON.")
@common
def serve(options: Options, port: int | None, host: str | None, people: bool) -> Any:
    """Run the proxy without a window; prints one JSON line when it listens."""
    return options.serve(host=host, port=port, for_people=people)


COMMANDS = (serve,)
