"""A vendor in the box: offline, deterministic, for seeing the whole way before any sign-in."""

from __future__ import annotations

from proxy_core.provider import Provider
from proxy_core.providers.demo.upstream import DEMO

PROVIDERS: tuple[Provider, ...] = (DEMO,)
