"""One set of facts and one wording, so that tray and windows cannot disagree. No Qt in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from proxy_core.events import ServerState
from proxy_core.network import is_loopback

State = Literal["stopped", "starting", "running", "attention", "error"]

_MARKS = (("running", "●"), ("attention", "●"), ("starting", "◐"), ("error", "✕"), ("stopped", "○"))


@dataclass(frozen=True, slots=True)
class Address:
    """What a person gives to a tool: whose tools (``OpenAI``), and the base URL they want."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known. ``vault_kind`` memory: nothing is kept when the program ends.

    ``rejected``: why an edit of the settings was not taken. ``restart_pending``: an edit that takes effect
    at the next start of the proxy. ``host``: what the proxy was told to listen on.
    """

    server: ServerState = "stopped"
    url: str | None = None
    message: str | None = None
    addresses: tuple[Address, ...] = ()
    host: str = "127.0.0.1"
    accounts: int = 0
    vault_kind: str = ""
    vault_state: str = "ready"
    vault_message: str = ""
    protected_by: str = ""
    has_key: bool = False
    rejected: str | None = None
    restart_pending: bool = False
    requests: int = 0
    failures: int = 0
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence or two that a person can act on. ``urgent`` shows in the icon."""

    text: str
    urgent: bool = True
    can_unlock: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """What is shown. ``heading`` is short and whole; ``mark`` is the state as a character."""

    state: State
    heading: str
    summary: str
    addresses: tuple[Address, ...]
    notices: tuple[Notice, ...]
    can_start: bool
    can_stop: bool
    has_key: bool
    secrets: str
    traffic: str

    @property
    def mark(self) -> str:
        """The state as a character, for places that have no picture."""
        return next(mark for state, mark in _MARKS if state == self.state)


def describe(facts: Facts) -> Status:
    """Put the facts into words."""
    notices = tuple(_notices(facts))
    runs = facts.server == "running"
    state: State = facts.server
    if runs and any(notice.urgent for notice in notices):
        state = "attention"
    heading = _heading(facts)
    return Status(
        state=state,
        heading=heading,
        summary=_summary(facts, heading),
        addresses=facts.addresses,
        notices=notices,
        can_start=facts.server in ("stopped", "error") and not facts.busy,
        can_stop=runs and not facts.busy,
        has_key=facts.has_key,
        secrets=_secrets(facts),
        traffic=_traffic(facts),
    )


def first_sentence(text: str) -> str:
    """Return a message up to the end of its first sentence, for places with one line."""
    sentence = text.partition(". ")[0].rstrip(".")
    return sentence if len(sentence) <= 90 else sentence[:89].rstrip() + "…"


def _heading(facts: Facts) -> str:
    if facts.server == "running" and facts.url:
        return f"Running · {urlsplit(facts.url).netloc}"
    if facts.server == "error":
        return f"Cannot start: {first_sentence(facts.message or 'see the log')}"
    return facts.server.capitalize()


def _summary(facts: Facts, heading: str) -> str:
    if facts.server != "running" or not facts.accounts:
        return f"Trunkline – {heading}"
    accounts = "1 account" if facts.accounts == 1 else f"{facts.accounts} accounts"
    return f"Trunkline – {heading} · {accounts}"


def _notices(facts: Facts) -> list[Notice]:
    found = []
    if facts.server == "error":
        found.append(Notice(facts.message or "The proxy could not start; the log says more."))
    if facts.vault_state != "ready" and facts.vault_kind:
        words = facts.vault_message or "The vault cannot be opened now."
        found.append(Notice(words, can_unlock=True))
    elif facts.vault_kind == "memory":
        reason = facts.vault_message or "No keyring works here."
        lasts = "Until that is done the local key lasts only until Trunkline ends."
        found.append(Notice(f"{reason} {lasts}"))
    if facts.rejected:
        found.append(Notice(f"The edited settings are not used, the old ones stay: {facts.rejected}"))
    if facts.restart_pending:
        found.append(Notice("The edited address or vault takes effect when you stop and start the proxy."))
    if facts.server == "running" and not is_loopback(facts.host):
        words = "Other machines on your network can reach Trunkline. They need a key; nothing is encrypted."
        found.append(Notice(words, urgent=False))
    return found


def _secrets(facts: Facts) -> str:
    if not facts.vault_kind:
        return ""
    if facts.vault_kind == "memory":
        return "Secrets are kept in memory only, until Trunkline ends."
    if facts.vault_kind == "file":
        return f"Secrets are kept in an encrypted file, protected by {facts.protected_by}."
    return f"Secrets are kept in {facts.protected_by}."


def _traffic(facts: Facts) -> str:
    if not facts.requests:
        return "No requests yet."
    requests = "1 request" if facts.requests == 1 else f"{facts.requests} requests"
    failed = f", {facts.failures} failed" if facts.failures else ""
    return f"{requests} since Trunkline was opened{failed}."
