"""One tray per set of places: a lock decides, a local socket brings the later starts to the first.

A socket alone does not decide: of eight simultaneous starts that each probe and then listen, two believed
to be the first (measured 2026-11-20). So the lock is taken before the socket is touched.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QLockFile, QObject, QThread, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

SHOW = "show"
_ANSWER = b"ok\n"
_LONGEST_MESSAGE = 4096
_LONGEST_PATH = 90
"""Bytes. A local socket's address holds 104 or more, and Qt makes it under a longer name first."""


class Instance(QObject):
    """The claim to be the only one. ``folder`` holds the lock; ``name`` is the same for the same places."""

    asked = Signal(str)
    """A later start asks: ``show``."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__()
        self._folder = folder
        self._address = _address(folder, name)
        self._lock = QLockFile(str(folder / "tray.lock"))
        # never by age: only a dead process loses its lock
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None

    @property
    def owner(self) -> int:
        """The process that holds the lock, 0 if nobody does or it cannot be told."""
        return max(0, self._lock.getLockInfo()[0])

    def claim(self) -> bool:
        """Become the only one; False if another process is. Where no lock can be made, True.

        Needs no application yet, so that a later start is quick. Then call ``listen``.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            log.warning("no lock in %s: %s", self._folder, error.strerror)
            return True
        if not self._lock.tryLock(0):
            if self._lock.error() == QLockFile.LockError.LockFailedError:
                return False
            log.warning("no lock in %s: a second start will not be noticed", self._folder)
        return True

    def listen(self) -> None:
        """Hear what later starts ask; needs the application, and that ``claim`` was granted."""
        if not self._lock.isLocked():
            return
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        # ours by the lock; left behind if the last one crashed
        QLocalServer.removeServer(self._address)
        if not self._server.listen(self._address):
            log.warning("later starts cannot reach this one: %s", self._server.errorString())

    def ask(self, message: str, wait_ms: int = 10_000) -> bool:
        """Send the only one a message; True if it took it. Blocks: for use before there is a loop."""
        deadline = QDeadlineTimer(wait_ms)
        while not deadline.hasExpired():
            socket = QLocalSocket()
            socket.connectToServer(self._address)
            # the first may hold the lock and not listen yet
            if socket.waitForConnected(max(1, deadline.remainingTime())):
                socket.write(f"{message}\n".encode())
                socket.waitForBytesWritten(max(1, deadline.remainingTime()))
                while not socket.canReadLine() and socket.waitForReadyRead(max(1, deadline.remainingTime())):
                    pass
                if socket.readLine().data() == _ANSWER:
                    return True
            QThread.msleep(50)
        return False

    def release(self) -> None:
        """Let the next one be the first."""
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _greet(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.setParent(self)
            socket.setReadBufferSize(_LONGEST_MESSAGE)
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(lambda visitor=socket: self._listen(visitor))
            self._listen(socket)

    def _listen(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() >= _LONGEST_MESSAGE:
                socket.abort()
            return
        message = bytes(socket.readLine().data()).decode("utf-8", "replace").strip()
        socket.write(_ANSWER)
        socket.flush()
        self.asked.emit(message)


def _address(folder: Path, name: str) -> str:
    """Return where the socket is: beside the lock, or, where that path is too long, in the common place."""
    if os.name == "nt":
        return f"trunkline-{name}"
    beside = str(folder / "tray.sock")
    if len(os.fsencode(beside)) <= _LONGEST_PATH:
        return beside
    return str(Path(tempfile.gettempdir()) / f"trunkline-{name}")
