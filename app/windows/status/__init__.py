"""The small window: state, addresses, key, where secrets are kept."""

from __future__ import annotations

from app.window import WindowSpec
from app.windows.status.window import StatusWindow

WINDOWS = (WindowSpec(name="status", title="Open Trunkline", order=0, open=StatusWindow),)
