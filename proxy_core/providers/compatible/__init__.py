"""Vendors and servers that speak somebody else's dialect: one literal each in ``presets``."""

from __future__ import annotations

from proxy_core.provider import Provider
from proxy_core.providers.compatible.presets import PRESETS

PROVIDERS: tuple[Provider, ...] = PRESETS
