"""One daemon thread for one library that blocks (a keyring, a database): calls keep their order.

A daemon, unlike an executor's thread, does not keep the program from ending while a keyring still waits
for its user. The loop is handed in by the caller's own ``await``, never fetched beforehand.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor  # noqa: F401 - else asyncio reads it inside the loop
from typing import Any, TypeVar

T = TypeVar("T")

_Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Worker:
    """Runs functions one after another beside the loop."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def is_used(self) -> bool:
        """Whether anything was run since the start, or since it was closed."""
        return self._thread is not None

    async def run(self, function: Callable[[], T]) -> T:
        """Run ``function`` in the thread and return its result; its exception is raised here.

        A caller that is cancelled does not stop the function: what was begun is finished.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((function, loop, future))
        return await future

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            function, loop, future = job
            try:
                result, error = function(), None
            except BaseException as caught:  # noqa: BLE001 - carried over to the caller
                result, error = None, caught
            try:
                loop.call_soon_threadsafe(_settle, future, result, error)
            except RuntimeError:
                continue  # that loop is closed: nobody waits there any more

    async def close(self, timeout_s: float = 5.0) -> None:
        """Finish what is queued and end the thread; give up waiting after ``timeout_s``."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._jobs.put(None)
        await asyncio.to_thread(thread.join, timeout_s)


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
