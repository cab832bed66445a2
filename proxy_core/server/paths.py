"""From the path of a request to an endpoint, also when a base URL was pasted wrongly.

``/v1/chat/completions``, ``/chat/completions``, ``/v1/v1/chat/completions``, ``/v1beta/v1/…`` and a whole
endpoint pasted as a base URL (``/v1/chat/completions/chat/completions``) all mean the same, with slashes
doubled or at the end as well. A colon may come as ``%3A``, a slash as ``%2F``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from proxy_core.dialect import Dialect, Endpoint

_VERSIONS = frozenset({"v1", "v1beta", "v1alpha", "api"})
_MODEL = "{model}"
_MOST_DOUBLED = 4
_REMEMBERED, _LONGEST_REMEMBERED = 256, 200
"""Clients ask the same few paths over and over."""
_SLASHES = re.compile("//+")
_COLON = re.compile("%3a", re.IGNORECASE)
_SLASH = re.compile("%2f", re.IGNORECASE)
_HEALTH = frozenset({"health", "healthz"})


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

    @property
    def verb(self) -> str:
        """What stands behind the model's name, with its colon; nothing for most."""
        return self.endpoint.path.partition(_MODEL)[2]


class Paths:
    """Finds endpoints."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        self._dialects = tuple(dialects)
        self._routes: Sequence[_Route] = tuple(
            _Route(dialect, endpoint, _pattern(endpoint.path))
            for dialect in self._dialects
            for endpoint in dialect.endpoints
        )
        tails = {_tail(route.endpoint.path) for route in self._routes}
        plain = {tail for tail in tails if "{" not in tail}
        self._plain = tuple(sorted(plain, key=len, reverse=True))
        verbs = {tail.partition(_MODEL)[2] + "/" for tail in tails if not tail.endswith(_MODEL)}
        self._verbs = tuple(sorted(verbs - {"/"}))
        self._seen = lru_cache(_REMEMBERED)(self._looked_up)

    def find(self, method: str, path: str, headers: Mapping[str, str]) -> Match | None:
        """Return what ``method`` on ``path`` means; of several dialects the one whose client this is."""
        matches = [match for match in self._matches(path) if match.endpoint.method == method]
        if len(matches) < 2:
            return matches[0] if matches else None
        path = _COLON.sub(":", path)
        return max(matches, key=lambda match: match.dialect.affinity(headers, path))

    def methods(self, path: str) -> tuple[str, ...]:
        """Return the methods that the path knows, for a 405."""
        return tuple(sorted({match.endpoint.method for match in self._matches(path)}))

    def unknown_verb(self, method: str, path: str) -> str | None:
        """Return the verb of a call like ``models/m:embedContent`` that no dialect has, without its colon.

        A read is none: the colon may belong to the model's name (``llama3:8b``).
        """
        tail = self._normal(path)
        if method != "POST" or any(route.verb for route in self._routes_of(tail)):
            return None
        for route in self._routes_of(tail):
            _, colon, verb = tail.rpartition("/")[2].rpartition(":")
            if colon and route.endpoint.path.endswith(_MODEL):
                return verb
        return None

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs that a model's path may end in, without their colons."""
        return tuple(verb.strip(":/") for verb in self._verbs)

    def nearest_dialect(self, path: str, headers: Mapping[str, str], method: str = "GET") -> Dialect:
        """Return whose errors a client on this path most likely understands."""
        for match in self._matches(path):
            if match.endpoint.operation not in ("list_models", "get_model"):
                return match.dialect
        if self.unknown_verb(method, path) is not None:
            return next(route.dialect for route in self._routes if route.verb)
        path = _COLON.sub(":", path)
        return max(self._dialects, key=lambda dialect: dialect.affinity(headers, path))

    def _matches(self, path: str) -> tuple[Match, ...]:
        return self._seen(path) if len(path) <= _LONGEST_REMEMBERED else self._looked_up(path)

    def _looked_up(self, path: str) -> tuple[Match, ...]:
        tail = self._normal(path)
        found = []
        for route in self._routes_of(tail):
            hit = route.pattern.fullmatch(tail)
            if hit is not None:
                model = hit.groupdict().get("model")
                found.append(Match(route.dialect, route.endpoint, unquote(model) if model else None))
        return tuple(found)

    def _routes_of(self, tail: str) -> list[_Route]:
        found = [route for route in self._routes if route.pattern.fullmatch(tail)]
        # a verb at the end is no part of a model's name
        return [route for route in found if route.verb] or found

    def _normal(self, path: str) -> str:
        tail = _tail(_SLASH.sub("/", _COLON.sub(":", path)))
        for _ in range(_MOST_DOUBLED):
            rest = self._behind_doubled(tail)
            if rest is None:
                break
            tail = rest
        # a model may hold a doubled slash (provider://model), nothing else does
        return tail if self._is_known(tail) else _SLASHES.sub("/", tail)

    def _behind_doubled(self, tail: str) -> str | None:
        for verb in self._verbs:
            if verb in tail:
                rest = _tail(tail.rpartition(verb)[2])
                return rest if self._is_known(rest) else None
        doubled = next((plain for plain in self._plain if tail.startswith(plain + "/")), None)
        if doubled is None:
            return None
        rest = _tail(tail[len(doubled) + 1 :])
        # only what still means something counts as doubled: /v1/models/gpt-5 names a model
        return rest if self._is_known(rest) else None

    def _is_known(self, tail: str) -> bool:
        return tail in self._plain or any(route.pattern.fullmatch(tail) for route in self._routes)


def is_root(path: str) -> bool:
    """Whether a path is only a base address: nothing, or a version."""
    return not _tail(path)


def is_health(path: str) -> bool:
    """Whether a path asks only whether somebody is there, under a version or not."""
    return _tail(path) in _HEALTH


def _tail(path: str) -> str:
    rest = path.strip("/")
    while True:
        first, _, behind = rest.partition("/")
        if first.lower() not in _VERSIONS:
            return rest
        rest = behind.lstrip("/")


def _pattern(path: str) -> re.Pattern[str]:
    before, model, after = _tail(path).partition(_MODEL)
    middle = "(?P<model>.+)" if model else ""
    return re.compile(re.escape(before) + middle + re.escape(after), re.DOTALL)
