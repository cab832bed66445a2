"""Gemini API: `:generateContent`, `:streamGenerateContent`, `:countTokens` and the model list."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from tests.samples import load
from tests.upstreams import gemini_rules, gemini_turns
from tests.upstreams.gemini_rules import folded
from tests.upstreams.shapes import Flaw, Path
from tests.upstreams.steps import gemini_grounding, gemini_parts
from tests.upstreams.vendor import (
    Answer,
    Ask,
    Call,
    Exchange,
    Offered,
    Reply,
    Route,
    RouteKind,
    Trouble,
    Vendor,
    bearer,
    compact,
    event_stream,
    pieces,
    plausible_count,
    replayed,
    whole,
)

_STATUS = {
    "invalid": "INVALID_ARGUMENT",
    "auth": "UNAUTHENTICATED",
    "billing": "RESOURCE_EXHAUSTED",
    "permission": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "too_large": "INVALID_ARGUMENT",
    "rate_limit": "RESOURCE_EXHAUSTED",
    "overloaded": "UNAVAILABLE",
    "server": "INTERNAL",
}
_RPC = "type.googleapis.com/google.rpc."
_VERB = re.compile(r"/models/(?P<model>[^:]+):(?P<verb>generateContent|streamGenerateContent|countTokens)")


_HOSTED = {"googleSearch": "web_search", "codeExecution": "code_execution", "urlContext": "web_fetch"}


class GeminiGenerate(Vendor):
    """The generateContent dialect."""

    dialect = "gemini_generate"
    credential_headers = frozenset({"x-goog-api-key", "authorization"})

    def route(self, method: str, path: str) -> Route | None:
        """Paths under the version prefix."""
        if method == "GET" and path == "/models":
            return Route("models")
        if method == "GET" and path.startswith("/models/"):
            return Route("model", path.removeprefix("/models/"))
        found = _VERB.fullmatch(path)
        if method != "POST" or found is None:
            return None
        kind: RouteKind = "count" if found["verb"] == "countTokens" else "generate"
        return Route(kind, found["model"], stream=found["verb"] == "streamGenerateContent")

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """`x-goog-api-key`, `?key=` or a bearer token."""
        return headers.get("x-goog-api-key") or query.get("key") or bearer(headers)

    def trouble(self, kind: Trouble, message: str, status: int, retry_after: int | None = None) -> Answer:
        """`{"error": {code, message, status, details}}`; the wait is RetryInfo, there is no header."""
        details = []
        if retry_after is not None:
            details.append({"@type": _RPC + "RetryInfo", "retryDelay": f"{retry_after}s"})
        return _error(status, message, _STATUS[kind], details)

    def wrong_key(self, given: str | None) -> Answer:
        """400 with reason API_KEY_INVALID, or 403 where no key came: this vendor has no 401 for keys."""
        if given is None:
            message = "Method doesn't allow unregistered callers (callers without established identity)."
            return _error(403, message, "PERMISSION_DENIED", [])
        info = {"@type": _RPC + "ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
        return _error(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT", [info])

    def worded(self, flaw: Flaw) -> Answer:
        """400 INVALID_ARGUMENT; for fields that do not exist with a BadRequest detail."""
        where = dotted(flaw.at)
        if flaw.kind == "unknown":
            parent, name = dotted(flaw.at[:-1]), flaw.at[-1]
            inside = f" at '{parent}'" if parent else ""
            sentence = f'Invalid JSON payload received. Unknown name "{name}"{inside}: Cannot find field.'
            violation = {"field": parent, "description": sentence}
            detail = {"@type": _RPC + "BadRequest", "fieldViolations": [violation]}
            return _error(400, sentence, "INVALID_ARGUMENT", [detail])
        words = {
            "missing": f"* GenerateContentRequest.{where}: must be specified",
            "type": f"Invalid value at '{where}' ({flaw.detail})",
            "value": f"Invalid value at '{where}': expected {flaw.detail}",
            "rule": f"* GenerateContentRequest.{where}: {flaw.detail}" if flaw.at else flaw.detail,
        }
        return _error(400, words[flaw.kind], "INVALID_ARGUMENT", [])

    def check(self, exchange: Exchange) -> None:
        """See `gemini_rules` and `gemini_turns`."""
        gemini_rules.check(exchange)
        if exchange.route.kind == "generate":
            gemini_turns.check(exchange)

    def ask(self, exchange: Exchange) -> Ask:
        """User texts and function responses in order."""
        body = folded(exchange.body)
        history: list[tuple[Literal["text", "result"], str]] = []
        for role, parts in gemini_turns.turns(body):
            for part in parts if role == "user" else ():
                if "text" in part:
                    history.append(("text", part["text"]))
                elif "functionResponse" in part:
                    history.append(("result", _response_text(part["functionResponse"]["response"])))
        thinking = folded(folded(body.get("generationConfig", {})).get("thinkingConfig", {}))
        return Ask(
            model=exchange.route.model,
            stream=exchange.route.stream,
            history=tuple(history),
            tools=tuple(
                Offered(one["name"], "json", one.get("parametersJsonSchema") or one.get("parameters") or {})
                for one in gemini_rules.declarations(body)
            ),
            think=bool(thinking.get("includeThoughts")),
            hosted=frozenset(
                kind
                for tool in body.get("tools", ())
                for member, kind in _HOSTED.items()
                if member in folded(tool)
            ),
        )

    def write(self, exchange: Exchange, reply: Reply) -> Answer:
        """One response, or chunks as SSE or as a JSON array."""
        chunks = _parts(exchange, reply)
        given = plausible_count(folded(exchange.body)["contents"])
        thought = plausible_count(reply.thinking) if reply.thinking else 0
        made = plausible_count([reply.text, [dict(call.arguments) for call in reply.calls]])
        usage = {
            "promptTokenCount": given,
            "candidatesTokenCount": made,
            "totalTokenCount": given + made + thought,
        }
        if thought:
            usage["thoughtsTokenCount"] = thought
        ids = {"modelVersion": exchange.route.model, "responseId": exchange.memory.next_id("gem")}

        def response(parts: list[Any], last: bool) -> dict[str, Any]:
            candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
            if last:
                candidate |= {"finishReason": "STOP", **gemini_grounding(reply)}
            total = usage if last else {"promptTokenCount": given, "totalTokenCount": given}
            return {"candidates": [candidate], "usageMetadata": total, **ids}

        if not exchange.route.stream:
            return whole(response(_joined(chunks), True))
        last = len(chunks) - 1
        return _framed(exchange, [response([part], index == last) for index, part in enumerate(chunks)])

    def replay(self, exchange: Exchange, sample: load.Sample) -> Answer:
        """The stored answer; a stream that was not asked for as SSE becomes a JSON array."""
        answer = replayed(sample, exchange.route.stream)
        if not answer.streamed or exchange.query.get("alt") == "sse":
            return answer
        return _framed(exchange, [json.loads(frame.removeprefix(b"data: ")) for frame in answer.frames])

    def count(self, tokens: int) -> Answer:
        """`{"totalTokens": n}`."""
        return whole({"totalTokens": tokens})

    def models(self, names: tuple[str, ...]) -> Answer:
        """`{"models": […]}`."""
        return whole({"models": [_entry(name) for name in names]})

    def model(self, name: str) -> Answer:
        """One model object."""
        return whole(_entry(name))

    def in_band_error(self, message: str) -> bytes:
        """A data line that holds an error object."""
        return _data({"error": {"code": 503, "message": message, "status": "UNAVAILABLE"}})

    def noise(self) -> tuple[bytes, ...]:
        """A chunk with nothing but usage."""
        return (_data({"usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 1}}),)


def dotted(at: Path) -> str:
    """A path as the API spells it: `contents[0].parts[1]`."""
    out = ""
    for step in at:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


def _error(status: int, message: str, name: str, details: list[Any]) -> Answer:
    error: dict[str, Any] = {"code": status, "message": message, "status": name}
    if details:
        error["details"] = details
    return whole({"error": error}, status)


def _entry(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "displayName": name,
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def _response_text(response: Any) -> str:
    if len(response) == 1:
        value = next(iter(response.values()))
        if isinstance(value, str):
            return value
    return compact(response)


def _data(chunk: Any) -> bytes:
    return f"data: {compact(chunk)}\r\n\r\n".encode()


def _framed(exchange: Exchange, chunks: list[Any]) -> Answer:
    if exchange.query.get("alt") == "sse":
        return event_stream([_data(chunk) for chunk in chunks])
    frames = [
        ("," if index else "[").encode() + compact(chunk).encode() for index, chunk in enumerate(chunks)
    ]
    return Answer(200, (*frames, b"]"), streamed=True)


def _parts(exchange: Exchange, reply: Reply) -> list[dict[str, Any]]:
    """The parts as they are streamed; calls arrive whole, the first one signed."""
    memory = exchange.memory
    parts: list[dict[str, Any]] = [{"text": piece, "thought": True} for piece in pieces(reply.thinking)]
    parts += gemini_parts(reply.steps)
    parts += [{"text": piece} for piece in pieces(reply.text)]
    for index, call in enumerate(reply.calls):
        part: dict[str, Any] = {"functionCall": _call(exchange, call)}
        memory.made[part["functionCall"]["id"]] = dict(call.arguments)
        if index == 0:
            part["thoughtSignature"] = memory.issue(b"\x12\x40\x0a", part["functionCall"]["id"])
        parts.append(part)
    if not reply.calls:
        parts.append({"text": "", "thoughtSignature": memory.issue(b"\x12\x40\x0a")})
    return parts


def _call(exchange: Exchange, call: Call) -> dict[str, Any]:
    return {"name": call.name, "args": dict(call.arguments), "id": exchange.memory.next_id("fc")}


def _joined(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring texts of one kind as one part, as in a whole answer."""
    joined: list[dict[str, Any]] = []
    for part in parts:
        same = joined and "text" in part and "text" in joined[-1]
        if same and part.get("thought") == joined[-1].get("thought"):
            joined[-1] = {**joined[-1], **part, "text": joined[-1]["text"] + part["text"]}
        else:
            joined.append(part)
    return joined
