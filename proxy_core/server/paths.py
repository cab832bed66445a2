"""From the path of a request to an endpoint, also when a base URL was pasted wrongly.

``/v1/chat/completions``, ``/chat/completions``, ``/v1/v1/chat/completions``, ``/v1beta/v1/…`` and a whole
endpoint pasted as a base URL (``/v1/chat/completions/chat/completions``) all mean the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from proxy_core.dialect import Dialect, Endpoint

_VERSIONS = frozenset({"v1", "v1beta", "v1alpha", "api"})


@dataclass(frozen=True, slots=True)
class Match:
    """An endpoint of a dialect that a path means, with the model that the path names."""

    dialect: Dialect
    endpoint: Endpoint
    path_model: str | None


@dataclass(frozen=True, slots=True)
class _Route:
    dialect: Dialect
    endpoint: Endpoint
    pattern: re.Pattern[str]


class Paths:
    """Finds endpoints."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        self._dialects = tuple(dialects)
        self._routes: Sequence[_Route] = tuple(
            _Route(dialect, endpoint, _pattern(endpoint.path))
            for dialect in self._dialects
            for endpoint in dialect.endpoints
        )
        plain = {_tail(route.endpoint.path) for route in self._routes if "{" not in route.endpoint.path}
        self._plain = tuple(sorted(plain, key=len, reverse=True))

    def find(self, method: str, path: str, headers: Mapping[str, str]) -> Match | None:
        """Return what ``method`` on ``path`` means; of several dialects the one whose client this is."""
        matches = [match for match in self._matches(path) if match.endpoint.method == method]
        if not matches:
            return None
        return max(matches, key=lambda match: match.dialect.affinity(headers, path))

    def methods(self, path: str) -> tuple[str, ...]:
        """Return the methods that the path knows, for a 405."""
        return tuple(sorted({match.endpoint.method for match in self._matches(path)}))

    def nearest_dialect(self, path: str, headers: Mapping[str, str]) -> Dialect:
        """Return whose errors a client on this path most likely understands."""
        for match in self._matches(path):
            if match.endpoint.operation not in ("list_models", "get_model"):
                return match.dialect
        return max(self._dialects, key=lambda dialect: dialect.affinity(headers, path))

    def _matches(self, path: str) -> list[Match]:
        tail = self._normal(path)
        found = []
        for route in self._routes:
            hit = route.pattern.fullmatch(tail)
            if hit is not None:
                model = hit.groupdict().get("model")
                found.append(Match(route.dialect, route.endpoint, unquote(model) if model else None))
        return found

    def _normal(self, path: str) -> str:
        tail = _tail(path)
        while True:
            doubled = next((plain for plain in self._plain if tail.startswith(plain + "/")), None)
            rest = None if doubled is None else _tail(tail[len(doubled) + 1 :])
            # only what still means something counts as doubled: /v1/models/gpt-5 names a model
            if rest is None or rest not in self._plain:
                return tail
            tail = rest


def _tail(path: str) -> str:
    parts = [part for part in path.split("/") if part]
    while parts and parts[0].lower() in _VERSIONS:
        parts.pop(0)
    return "/".join(parts)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{model\})", _tail(path))
    return re.compile("".join("(?P<model>.+?)" if part == "{model}" else re.escape(part) for part in parts))
