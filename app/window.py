"""The contract between the host and the windows on the shelf ``app.windows``. No Qt in here.

A window only lays out and forwards; what it knows comes as :class:`Status`, what it wants goes to the Host.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.status import Status


class Host(Protocol):
    """What a window may ask for. Nothing here blocks; results come back as a new status."""

    @property
    def status(self) -> Status:
        """What is going on now."""
        ...

    @property
    def has_tray(self) -> bool:
        """Whether the person has an icon to come back by."""
        ...

    @property
    def is_quitting(self) -> bool:
        """Whether windows close because all ends."""
        ...

    def watch(self, show: Callable[[Status], None]) -> Callable[[], None]:
        """Call ``show`` with every new status; returns what ends it."""
        ...

    def start_proxy(self) -> None:
        """Start to listen, with the settings as they are in the file now."""
        ...

    def stop_proxy(self) -> None:
        """Stop listening."""
        ...

    def unlock(self) -> None:
        """Try the vault again."""
        ...

    def copy_address(self, number: int) -> None:
        """Put one of the status's addresses on the clipboard."""
        ...

    def copy_key(self) -> None:
        """Put the local key on the clipboard, marked as a secret."""
        ...

    def quit(self) -> None:
        """Stop the proxy and end the program."""
        ...


class Window(Protocol):
    """An open window."""

    def present(self) -> None:
        """Show it in front."""
        ...

    def discard(self) -> None:
        """Close it for good and drop its connections."""
        ...


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """A window on the shelf. ``title`` stands in the menu; the lowest ``order`` opens first."""

    name: str
    title: str
    order: int
    open: Callable[[Host], Window]
