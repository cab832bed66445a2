"""Stores that forget when the program ends: for tests, embedding, and a machine without a vault."""

from __future__ import annotations

from collections.abc import Sequence

from proxy_core.store import UsageGroup, UsageRow, UsageTotal, VaultStatus


class MemoryVault:
    """Secrets in memory only."""

    def __init__(self, reason: str = "") -> None:
        self._secrets: dict[str, str] = {}
        self._reason = reason

    async def status(self) -> VaultStatus:
        """Always ready."""
        return VaultStatus("ready", "nothing: memory only", self._reason)

    async def get(self, name: str) -> str | None:
        """Return a secret."""
        return self._secrets.get(name)

    async def put(self, name: str, secret: str) -> None:
        """Keep a secret until the program ends."""
        self._secrets[name] = secret

    async def remove(self, name: str) -> None:
        """Forget a secret."""
        self._secrets.pop(name, None)

    async def names(self) -> tuple[str, ...]:
        """Return what is kept."""
        return tuple(sorted(self._secrets))


class MemoryUsage:
    """A ledger in memory, the newest 10,000 rows."""

    def __init__(self, most: int = 10_000) -> None:
        self.rows: list[UsageRow] = []
        self._most = most

    async def add(self, row: UsageRow) -> None:
        """Append a row."""
        self.rows.append(row)
        del self.rows[: -self._most]

    async def recent(self, limit: int, before: float | None = None) -> Sequence[UsageRow]:
        """Return the newest rows, newest first."""
        rows = [row for row in self.rows if before is None or row.started_at < before]
        return sorted(rows, key=lambda row: -row.started_at)[:limit]

    async def totals(self, group: UsageGroup, since: float, until: float) -> Sequence[UsageTotal]:
        """A ledger that forgets gives no sums."""
        return ()

    async def prune(self, older_than: float) -> int:
        """Drop old rows."""
        kept = [row for row in self.rows if row.started_at >= older_than]
        dropped = len(self.rows) - len(kept)
        self.rows = kept
        return dropped

    async def close(self) -> None:
        """Nothing is open."""
