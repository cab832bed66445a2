"""The response object: what the request set is said again, the rest is what the reply brought."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.dialects.openai_responses.settings_encode import encode_format
from proxy_core.dialects.openai_responses.tools_encode import encode_choice, encode_tools
from proxy_core.dialects.openai_responses.wire import ResponseUsage, Status
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Json, Text
from proxy_core.ir.request import Request
from proxy_core.ir.stream import Finish, FinishReason

_STEM = re.compile(r"resp_([A-Za-z0-9_-]{1,40})\Z")
_INCOMPLETE: Mapping[FinishReason, str] = MappingProxyType(
    {
        "length": "max_output_tokens",
        "context_full": "max_output_tokens",
        "continue": "max_output_tokens",
        "filter": "content_filter",
    }
)


class Identity:
    """The ids of a response and its items, all derived from the upstream's own id."""

    def __init__(self, reply_id: str, request: Request, created: int) -> None:
        own = _STEM.match(reply_id)
        if own is not None:
            self._stem = own[1]
        else:
            seed = reply_id or f"{request.model}\0{created}\0{len(request.messages)}"
            self._stem = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def response(self) -> str:
        """The response's id."""
        return f"resp_{self._stem}"

    def item(self, prefix: str, index: int) -> str:
        """Return the id of the item at a place of the output: ``msg_…_0``."""
        return f"{prefix}_{self._stem}_{index}"


def incomplete_reason(finish: Finish) -> str | None:
    """Return ``incomplete_details.reason``, None where the response is complete."""
    return _INCOMPLETE.get(finish.reason)


class ResponseObject:
    """Builds the response for every stage of its life."""

    def __init__(self, identity: Identity, request: Request, created: int) -> None:
        self._head = {"id": identity.response, "object": "response", "created_at": created}
        self._echo = _echo(request)

    def build(
        self,
        status: Status,
        output: list[Json],
        usage: ResponseUsage | None = None,
        error: dict[str, Json] | None = None,
        incomplete: str | None = None,
    ) -> dict[str, Json]:
        """Return the response object with all members that are required by type."""
        return {
            **self._head,
            "status": status,
            "background": False,
            "error": error,
            "incomplete_details": None if incomplete is None else {"reason": incomplete},
            "output": output,
            **self._echo,
            "usage": usage,
        }


def _echo(request: Request) -> dict[str, Json]:
    sampling, reasoning = request.sampling, request.reasoning
    text: dict[str, Json] = {"format": encode_format(request.output)}
    if sampling.verbosity is not None:
        text["verbosity"] = sampling.verbosity
    effort = "none" if reasoning.mode == "off" else reasoning.level
    return {
        "instructions": _instructions(request),
        "max_output_tokens": sampling.max_output_tokens,
        "model": request.model,
        "parallel_tool_calls": sampling.parallel_tool_calls is not False,
        "previous_response_id": None,
        "reasoning": {"effort": effort, "summary": reasoning.detail if reasoning.show else None},
        "store": bool(sampling.store),
        "temperature": 1.0 if sampling.temperature is None else sampling.temperature,
        "text": text,
        "tool_choice": _choice(request),
        "tools": _tools(request),
        "top_p": 1.0 if sampling.top_p is None else sampling.top_p,
        "truncation": "disabled",
        "metadata": dict(sampling.metadata or {}),
    }


def _instructions(request: Request) -> str | None:
    # Several parts, or one with a cache mark, were items of the input, which a response does not repeat.
    only = request.system[0] if len(request.system) == 1 else None
    return only.text if isinstance(only, Text) and only.cache is None else None


def _tools(request: Request) -> list[Json]:
    try:
        return encode_tools(request.tools, own=True)[0]
    except UnsupportedError:
        return []


def _choice(request: Request) -> Json:
    if request.tool_choice is None:
        return "auto"
    try:
        return encode_choice(request.tool_choice, request.tools)
    except UnsupportedError:
        return request.tool_choice.mode
