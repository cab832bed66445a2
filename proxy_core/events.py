"""Frozen notifications for the host; plain values, never a secret or a body in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ServerState = Literal["stopped", "starting", "running", "error"]


@dataclass(frozen=True, slots=True)
class ServerChanged:
    """The proxy started, stopped or could not."""

    state: ServerState
    url: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class ExchangeStarted:
    """A request came in."""

    id: str
    dialect: str
    operation: str
    started_at: float


@dataclass(frozen=True, slots=True)
class ExchangeFinished:
    """A request is over; the ledger has its row. ``status`` is what the client saw."""

    id: str
    dialect: str
    model: str | None
    provider: str | None
    account: str | None
    status: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """An account was added, removed, is cooling down or is back."""

    account: str
    state: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """New settings are in force."""


@dataclass(frozen=True, slots=True)
class SettingsRejected:
    """An edit was not taken; the old settings stay. ``line`` counts from 1."""

    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class VaultChanged:
    """The vault is ready, locked or unavailable."""

    state: str
    message: str | None = None


Event = (
    ServerChanged
    | ExchangeStarted
    | ExchangeFinished
    | AccountChanged
    | SettingsChanged
    | SettingsRejected
    | VaultChanged
)
