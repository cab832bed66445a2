"""Steps of hosted tools on their way to a client of another dialect.

A step that we put into a client's own vocabulary gets an id that says so: when the client sends it back, it
is known as ours, and never passed off to a vendor as its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import replace

from proxy_core.ir.message import HostedStep, Part, Source, Text, Work
from proxy_core.ir.seal import PREFIX

LOCAL = "local"
"""The dialect of a step that no vendor can replay: we wrote it."""

_MARK = base64.b64encode(PREFIX.encode()).decode()


def made_up_id(prefix: str, *seed: object) -> str:
    """Return an id that depends on ``seed`` alone and is known by :func:`is_made_up`."""
    digest = hashlib.sha256("\0".join(map(str, seed)).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return f"{prefix}{_MARK}{digest}"


def is_made_up(step_id: str | None) -> bool:
    """Whether an id was made by :func:`made_up_id`.

    Its mark is also what shows that a body needs a closer look before it goes to a vendor.
    """
    return step_id is not None and _MARK in step_id


class StepJoiner:
    """Joins the two parts in which some vendors tell a step: its call waits for the result."""

    def __init__(self) -> None:
        self._calls: dict[str, HostedStep] = {}

    def take(self, step: HostedStep) -> HostedStep | None:
        """Return a whole step, or None for a call whose result is still to come."""
        key = step.id or f" {step.kind}"  # some vendors give no ids: the result of a kind follows its call
        if step.stage == "call":
            self._calls[key] = step
            return None
        call = self._calls.pop(key, None) if step.stage == "result" else None
        if call is None:
            return replace(step, stage="both")
        return replace(step, stage="both", work=_joined(call.work, step.work))

    def left(self) -> list[HostedStep]:
        """Return the calls that never got a result."""
        left = [
            replace(call, stage="both", work=replace(call.work, failed=True)) for call in self._calls.values()
        ]
        self._calls.clear()
        return left


def _joined(call: Work, result: Work) -> Work:
    return replace(
        result,
        queries=result.queries or call.queries,
        code=result.code if result.code is not None else call.code,
    )


def cited(parts: Iterable[Part]) -> tuple[Source, ...]:
    """Return the pages that texts cite, each once, in order."""
    found: dict[str, Source] = {}
    for part in parts:
        for citation in part.citations if isinstance(part, Text) else ():
            if citation.url:
                found.setdefault(citation.url, Source(citation.url, citation.title))
    return tuple(found.values())
