"""Brings rows into the ledger, also past a time in which it cannot be written (a full disk)."""

from __future__ import annotations

import logging
from collections import deque

from proxy_core.errors import StoreError
from proxy_core.store import UsageRow, UsageStore

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
"""Rows that wait in memory for the ledger; beyond them the oldest are given up."""


class Recorder:
    """Writes rows; while that fails they wait, and it is said once, not once a row."""

    def __init__(self, ledger: UsageStore) -> None:
        self._ledger = ledger
        self._waiting: deque[UsageRow] = deque(maxlen=MOST_WAITING)
        self._is_failing = False
        self._is_catching_up = False

    async def add(self, row: UsageRow) -> None:
        """Write a row, and those that waited once it can be written again."""
        try:
            await self._ledger.add(row)
        except StoreError as error:
            self._waiting.append(row)
            if not self._is_failing:
                self._is_failing = True
                log.warning("usage waits to be recorded: %s", error.message)
            return
        if self._is_failing and not self._is_catching_up:
            await self.catch_up()

    async def catch_up(self) -> None:
        """Write what waits, oldest first, as far as it goes."""
        self._is_catching_up = True
        try:
            while self._waiting:
                row = self._waiting.popleft()
                try:
                    await self._ledger.add(row)
                except StoreError:
                    self._waiting.appendleft(row)
                    return
            if self._is_failing:
                self._is_failing = False
                log.warning("usage is recorded again")
        finally:
            self._is_catching_up = False
