"""What the small window shows and decides, without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from app.status import Notice, Status
from app.window import Host

Closing = Literal["hide", "close", "ask"]

ASK = "There is no tray icon on this desktop to come back by, so this window stays while the proxy runs."


@dataclass(frozen=True, slots=True)
class Row:
    """One address to copy. ``spoken`` is what a screen reader says of its button."""

    label: str
    url: str
    spoken: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything that is on the window. ``main`` is the label of the large button."""

    state: str
    headline: str
    subline: str
    main: str
    main_enabled: bool
    notices: tuple[Notice, ...]
    rows: tuple[Row, ...]
    key_enabled: bool
    footer: str


class StatusPresenter:
    """Between host and window."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def view(self, status: Status) -> View:
        """Return what to show."""
        return View(
            state=status.state,
            headline=_headline(status),
            subline=_subline(status),
            main="&Stop proxy" if status.can_stop else "&Start proxy",
            main_enabled=status.can_stop or status.can_start,
            notices=status.notices,
            rows=tuple(
                Row(f"{known.title} address", known.url, f"Copy the {known.title} address")
                for known in status.addresses
            ),
            key_enabled=status.has_key,
            footer="\n".join(line for line in (status.secrets, status.traffic) if line),
        )

    def toggle(self) -> None:
        """The large button: stop what runs, start what does not."""
        if self._host.status.can_stop:
            self._host.stop_proxy()
        else:
            self._host.start_proxy()

    def closing(self) -> Closing:
        """Return what closing the window means: without a tray nothing would be left to come back by."""
        if self._host.is_quitting:
            return "close"
        return "hide" if self._host.has_tray else "ask"


def _headline(status: Status) -> str:
    if status.state == "error":
        return "Cannot start"
    return status.heading.partition(" · ")[0]


def _subline(status: Status) -> str:
    if status.state in ("running", "attention") and status.addresses:
        return f"Your tools reach it at {urlsplit(status.addresses[0].url).netloc}"
    if status.state == "error":
        return "The proxy is not listening. Put it right and start it again."
    if status.state == "stopped":
        return "Your tools cannot reach it until you start it."
    return "One moment…"
