"""Sends one request to a fake the way a well-behaved client of its dialect does."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import aiohttp

from tests.upstreams.server import FakeVendor

_KEY_HEADER = MappingProxyType(
    {
        "openai_chat": "authorization",
        "openai_responses": "authorization",
        "anthropic_messages": "x-api-key",
        "gemini_generate": "x-goog-api-key",
    }
)


@dataclass(frozen=True, slots=True)
class Got:
    """What came back. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def headers_for(dialect: str, key: str) -> dict[str, str]:
    """Credentials and what else the dialect wants in its headers."""
    name = _KEY_HEADER[dialect]
    value = f"Bearer {key}" if name == "authorization" else key
    more = {"anthropic-version": "2023-06-01"} if dialect == "anthropic_messages" else {}
    return {name: value, **more}


async def send(
    vendor: FakeVendor,
    dialect: str,
    target: str,
    body: Any = None,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> Got:
    """One request; `headers` are added to the usual ones."""
    usual = headers_for(dialect, vendor.key or "none")
    async with (
        aiohttp.ClientSession(headers={**usual, **(headers or {})}, auto_decompress=False) as session,
        session.request(method, vendor.base_url + target, json=body) as response,
    ):
        found = {name.lower(): value for name, value in response.headers.items()}
        return Got(response.status, found, await response.read())
