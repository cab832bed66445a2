"""One fake vendor by itself: `python -m tests.upstreams --dialect openai_chat --behaviour tool_task`.

Prints one JSON line with the address, then serves until it is stopped.
"""

import argparse
import asyncio
import json
import sys

from tests.upstreams.behaviours import NAMED, named
from tests.upstreams.server import KEY, FakeVendor


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.upstreams", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--dialect", action="append", required=True, help="may be given more than once")
    parser.add_argument("--behaviour", default="tool_task", help=f"replay:SAMPLE or {', '.join(NAMED)}")
    parser.add_argument("--key", default=KEY, help="the API key to insist on")
    parser.add_argument("--any-key", action="store_true", help="accept every key, and none")
    parser.add_argument("--compatible", action="store_true", help="a vendor that imitates OpenAI chat")
    parser.add_argument("--demands-seals", action="store_true", help="sealed reasoning must come back")
    parser.add_argument("--log", action="store_true", help="print a JSON line for each refused request")
    return parser.parse_args()


async def main(options: argparse.Namespace) -> None:
    """Serve until cancelled."""
    vendor = FakeVendor(
        *options.dialect,
        behaviour=named(options.behaviour),
        key=None if options.any_key else options.key,
        compatible=options.compatible,
        demands_seals=options.demands_seals,
        port=options.port,
        on_refusal=_tell if options.log else None,
    )
    async with vendor:
        _tell({"base_url": vendor.base_url, "key": vendor.key, "dialects": vendor.dialects})
        await asyncio.Event().wait()


def _tell(line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        asyncio.run(main(arguments()))
    except KeyboardInterrupt:
        sys.exit(130)
