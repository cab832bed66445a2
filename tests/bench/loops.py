"""The loop under everything that is compared: uvloop where there is one, as in the program itself."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any


def factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes a loop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def run(work: Coroutine[Any, Any, Any]) -> None:
    """Run until done or interrupted."""
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=factory()) as runner:
        runner.run(work)
