"""Which sockets are ready, asked of the system in one question for all of them.

qasync 0.28 gives every socket a notifier of its own, and Qt reports them one by one: with 200 streams that
alone takes longer than a window may wait. Here one notifier watches the system's own list; what is ready goes
into the loop's agenda, where windows get their turn in between.
"""

from __future__ import annotations

import selectors
import sys
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier
from qasync import QEventLoop, _QEventLoop

IS_KNOWN = sys.platform == "linux"
"""Where Qt can watch the system's list; elsewhere qasync's way stays."""

Ready = list[tuple[selectors.SelectorKey, int]]


class Readiness(QObject):
    """Hands ``take`` what is ready, and asks again when ``call_soon`` comes round to it: after all that."""

    def __init__(
        self, take: Callable[[Ready], object], call_soon: Callable[[Callable[[], None]], object]
    ) -> None:
        super().__init__()
        self.selector: selectors.BaseSelector = selectors.DefaultSelector()
        self._take = take
        self._call_soon = call_soon
        self._notifier = QSocketNotifier(self._descriptor(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._look)

    def close(self) -> None:
        """Stop to watch; the selector is closed by the loop that uses it."""
        self._notifier.setEnabled(False)

    def _descriptor(self) -> int:
        assert isinstance(self.selector, selectors.EpollSelector)
        return self.selector.fileno()

    def _look(self) -> None:
        # what is ready stays so until it was read, and would be reported again and again
        self._notifier.setEnabled(False)
        self._take(self.selector.select(0))
        self._call_soon(self._again)

    def _again(self) -> None:
        self._notifier.setEnabled(True)


class SocketLoop(QEventLoop):  # type: ignore[misc]
    """qasync's loop with one watch for all sockets, where the system has one."""

    _readiness: Readiness | None = None
    _selector: selectors.BaseSelector

    def close(self) -> None:
        """Give everything back."""
        if self._readiness is not None:
            self._readiness.close()
        super().close()

    def _make_self_pipe(self) -> None:
        # the first that asyncio does with its selector
        if IS_KNOWN:
            self._readiness = Readiness(self._process_events, self.call_soon)
            self._selector.close()
            self._selector = self._readiness.selector
        super()._make_self_pipe()

    def _add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> Any:
        return self._road()._add_reader(fd, callback, *args)

    def _remove_reader(self, fd: Any) -> Any:
        return self._road()._remove_reader(fd)

    def _add_writer(self, fd: Any, callback: Callable[..., Any], *args: Any) -> Any:
        return self._road()._add_writer(fd, callback, *args)

    def _remove_writer(self, fd: Any) -> Any:
        return self._road()._remove_writer(fd)

    def _road(self) -> Any:
        """Return asyncio's own way to watch sockets, or qasync's."""
        return super() if self._readiness is None else super(_QEventLoop, self)
