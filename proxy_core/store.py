"""The contracts of persistence: four narrow ones, so that a server can put a database behind each.

Every coroutine here may take long (a keyring asks its user); implementations work off the loop and never
block it. Failures are ``StoreError``, ``VaultLockedError`` or ``VaultUnavailableError``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from proxy_core.settings import Settings

VaultState = Literal["ready", "locked", "unavailable"]


@dataclass(frozen=True, slots=True)
class VaultStatus:
    """``protected_by`` is for people: "GNOME Keyring", "a passphrase", "nothing: memory only"."""

    state: VaultState
    protected_by: str
    message: str = ""


class CredentialStore(Protocol):
    """The vault. Names are ``account/<id>`` and ``client-key/<id>``; values never leave it unasked."""

    async def status(self) -> VaultStatus:
        """Probe the vault with a round trip; never raises."""
        ...

    async def get(self, name: str) -> str | None:
        """Return a secret, None if there is none under that name."""
        ...

    async def put(self, name: str, secret: str) -> None:
        """Store durably: when this returns, a crash loses nothing."""
        ...

    async def remove(self, name: str) -> None:
        """Forget a secret; one that is not there is fine."""
        ...

    async def names(self) -> tuple[str, ...]:
        """Return what is stored, sorted."""
        ...


class SettingsStore(Protocol):
    """The settings file."""

    async def load(self) -> Settings:
        """Return the settings; a missing file gives the defaults. Raises SettingsError with the line."""
        ...

    async def change(self, edit: SettingsEdit) -> Settings:
        """Read, edit, check and write in one step, keeping the user's comments; returns the new settings.

        Safe against other processes that do the same. Raises SettingsError; the file is then unchanged.
        """
        ...

    def changes(self) -> AsyncGenerator[None, None]:
        """Yield each time the file may have changed on disk; wakes nobody while nothing happens."""
        ...


class SettingsEdit(Protocol):
    """A change to settings: gets the decoded TOML document (tables as mappings), edits it in place."""

    def __call__(self, document: dict[str, object], /) -> None:
        """Edit. Raises SettingsError to give up."""
        ...


class StateStore(Protocol):
    """What the program learned: small JSON values by name (cooldowns, fetched model lists)."""

    async def read(self, name: str) -> object | None:
        """Return a value, None if absent or if its file was damaged (it is then kept aside)."""
        ...

    async def write(self, name: str, value: object) -> None:
        """Replace a value atomically."""
        ...


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One exchange in the ledger.

    Times are epoch seconds and durations seconds; ``first_byte_s`` None if nothing was sent. Tokens None
    were not reported. ``cost_micro`` is the estimate in micro-dollars, None when a price is unknown.
    ``attempts`` counts upstream calls. ``client_key`` is the key's name, never the key.
    """

    id: str
    started_at: float
    client_key: str | None
    client_dialect: str
    operation: str
    requested_model: str | None
    model: str | None
    provider: str | None
    account: str | None
    upstream_dialect: str | None
    status: int
    error: str | None
    attempts: int
    duration_s: float
    first_byte_s: float | None
    input_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    usage_estimated: bool
    cost_micro: int | None
    streamed: bool
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class UsageTotal:
    """Sums of a group of exchanges.

    ``usage_estimated`` counts those whose tokens are our estimate; of pruned ones that is no longer known.
    """

    group: str
    requests: int
    failures: int
    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_micro: int | None
    usage_estimated: int = 0


UsageGroup = Literal["model", "provider", "account", "client_key", "day", "client_dialect"]


class UsageStore(Protocol):
    """The ledger."""

    async def add(self, row: UsageRow) -> None:
        """Append a row; when this returns it is durable."""
        ...

    async def recent(self, limit: int, before: float | None = None) -> Sequence[UsageRow]:
        """Return the newest rows, newest first, older than ``before`` (epoch seconds)."""
        ...

    async def totals(self, group: UsageGroup, since: float, until: float) -> Sequence[UsageTotal]:
        """Return sums per group between two times, most requests first."""
        ...

    async def prune(self, older_than: float) -> int:
        """Drop raw rows older than that (their daily roll-up stays); returns how many."""
        ...

    async def close(self) -> None:
        """Finish what is queued and close."""
        ...
