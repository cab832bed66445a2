"""What both OpenAI dialects share: errors, keys, model list, embeddings, function schemas.

Field lists: openai 3.52.0 types, 2026-11-20. Texts of the refusals follow the public API's.
"""

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from tests.upstreams.shapes import (
    Check,
    Flaw,
    Path,
    anything,
    boolean,
    mapping,
    matching,
    nullable,
    one_of,
    record,
    rule,
    text,
)
from tests.upstreams.vendor import Answer, Route, Trouble, Vendor, bearer, compact, whole

TOOL_NAME = matching(r"[a-zA-Z0-9_-]{1,64}")
EFFORT = one_of("none", "minimal", "low", "medium", "high", "xhigh", "max")
IMAGE_DETAIL = one_of("auto", "low", "high", "original")
CACHE_BREAKPOINT = record({"mode": one_of("explicit")}, {"ttl": one_of("30m", "12h")})
CACHE_OPTIONS = record(
    {},
    {
        "mode": one_of("implicit", "explicit"),
        "ttl": one_of("30m", "12h"),
        "prewarm": boolean,
        "comparison_response_id": text,
    },
)
SERVICE_TIER = one_of("auto", "default", "flex", "scale", "priority", "fast")

_TYPES = {
    "invalid": ("invalid_request_error", None),
    "auth": ("invalid_request_error", "invalid_api_key"),
    "billing": ("insufficient_quota", "insufficient_quota"),
    "permission": ("invalid_request_error", "insufficient_permissions"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "rate_limit": ("requests", "rate_limit_exceeded"),
    "overloaded": ("server_error", "server_error"),
    "server": ("server_error", "server_error"),
}
_CODES = {
    "unknown": "unknown_parameter",
    "missing": "missing_required_parameter",
    "type": "invalid_type",
    "value": "invalid_value",
}
_IMAGE_DATA = re.compile(r"data:image/(png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/=]+")


def dotted(at: Path) -> str:
    """A path as OpenAI spells it: `messages[0].content[1].text`."""
    out = ""
    for step in at:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


def image_url(value: Any, at: Path) -> None:
    """Accept a public address or an inline image of the four known types."""
    text(value, at)
    if value.startswith(("https://", "http://")) or _IMAGE_DATA.fullmatch(value):
        return
    raise rule(
        at,
        "Invalid image data. Expected a URL or a base64-encoded data URL with an image MIME type (png, jpeg, "
        "gif, webp).",
        "invalid_image_url",
    )


def function_schema(strict: bool, schema: Any, at: Path, name: str) -> None:
    """Refuse what OpenAI refuses in a function's or a reply format's JSON schema."""
    mapping(schema, at)
    if schema.get("type") != "object":
        found = schema.get("type")
        _bad_schema(at, name, f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{found}\"'")
    _schema_node(strict, schema, at, name, ())


def _bad_schema(at: Path, name: str, why: str) -> None:
    raise rule(at, f"Invalid schema for function '{name}': {why}.", "invalid_function_parameters")


def _schema_node(strict: bool, node: Any, at: Path, name: str, context: tuple[str, ...]) -> None:
    if not isinstance(node, dict):
        return
    here = f"In context={context!r}, "
    properties = node.get("properties")
    if node.get("type") == "object" and not isinstance(properties, dict):
        open_map = not strict and node.get("additionalProperties") not in (None, False)
        if not open_map:
            _bad_schema(at, name, here + "object schema missing properties")
    if node.get("type") == "array" and not isinstance(node.get("items"), dict | bool):
        _bad_schema(at, name, here + "array schema missing items")
    if strict and node.get("type") == "object":
        _strict_object(node, at, name, here)
    for key, child in (properties or {}).items():
        _schema_node(strict, child, at, name, (*context, "properties", key))
    _schema_node(strict, node.get("items"), at, name, (*context, "items"))
    for branch in node.get("anyOf", ()):
        _schema_node(strict, branch, at, name, (*context, "anyOf"))


def _strict_object(node: Mapping[str, Any], at: Path, name: str, here: str) -> None:
    if node.get("additionalProperties") is not False:
        _bad_schema(at, name, here + "'additionalProperties' is required to be supplied and to be false")
    if set(node.get("required", ())) != set(node.get("properties", {})):
        _bad_schema(
            at,
            name,
            here
            + "'required' is required to be supplied and to be an array including every key in properties",
        )


def json_schema_format(value: Any, at: Path) -> None:
    """Check the schema of a `json_schema` reply format; its fields were checked already."""
    if value.get("schema") is not None and value.get("strict"):
        function_schema(True, value["schema"], (*at, "schema"), value["name"])


JSON_SCHEMA_FIELDS: dict[str, Check] = {
    "description": text,
    "schema": mapping,
    "strict": nullable(boolean),
}


class OpenAI(Vendor):
    """Errors, keys and lists of OpenAI's API."""

    credential_headers = frozenset({"authorization"})

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """OpenAI takes bearer tokens only."""
        return bearer(headers)

    def shared_route(self, method: str, path: str) -> Route | None:
        """Paths that both dialects' servers have."""
        if method == "GET" and path == "/models":
            return Route("models")
        if method == "GET" and path.startswith("/models/"):
            return Route("model", path.removeprefix("/models/"))
        if method == "POST" and path == "/embeddings":
            return Route("embeddings")
        return None

    def trouble(self, kind: Trouble, message: str, status: int, retry_after: int | None = None) -> Answer:
        """`{"error": {message, type, param, code}}`."""
        name, code = _TYPES[kind]
        headers = {} if retry_after is None else {"retry-after": str(retry_after)}
        error = {"message": message, "type": name, "param": None, "code": code}
        return whole({"error": error}, status, headers)

    def wrong_key(self, given: str | None) -> Answer:
        """401 `invalid_api_key`; the message shows the key's ends only, as the real one does."""
        if given is None:
            message = (
                "You didn't provide an API key. You need to provide your API key in an Authorization header."
            )
        else:
            message = f"Incorrect API key provided: {given[:3]}***{given[-4:]}."
        return self.trouble("auth", message, 401)

    def worded(self, flaw: Flaw) -> Answer:
        """400 with `param` and `code`."""
        param = dotted(flaw.at)
        words = {
            "unknown": f"Unknown parameter: '{param}'.",
            "missing": f"Missing required parameter: '{param}'.",
            "type": f"Invalid type for '{param}': expected {flaw.detail}.",
            "value": f"Invalid value for '{param}': expected {flaw.detail}.",
            "rule": flaw.detail,
        }
        error = {
            "message": words[flaw.kind],
            "type": "invalid_request_error",
            "param": param or None,
            "code": flaw.code or _CODES.get(flaw.kind),
        }
        return whole({"error": error}, 400)

    def models(self, names: tuple[str, ...]) -> Answer:
        """`{"object": "list", "data": […]}`."""
        return whole({"object": "list", "data": [self._entry(name) for name in names]})

    def model(self, name: str) -> Answer:
        """One model object."""
        return whole(self._entry(name))

    def in_band_error(self, message: str) -> bytes:
        """A data line that holds an error object."""
        error = {"message": message, "type": "server_error", "param": None, "code": "server_error"}
        return f"data: {compact({'error': error})}\n\n".encode()

    def noise(self) -> tuple[bytes, ...]:
        """Comments, which SSE readers skip."""
        return (b": keep-alive\n\n", b":\n\n")

    @staticmethod
    def _entry(name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": 1794000000, "owned_by": "openai"}

    @abstractmethod
    def route(self, method: str, path: str) -> Route | None:
        """Paths without the leading version."""


def embeddings(body: Any) -> Answer:
    """The vectors for an embeddings request: two numbers per input, the text's length and its index."""
    check_embeddings(body, ())
    given = body["input"] if isinstance(body["input"], list) else [body["input"]]
    data = [
        {"object": "embedding", "index": index, "embedding": [float(len(item)), float(index)]}
        for index, item in enumerate(given)
    ]
    used = sum(len(item) for item in given)
    usage = {"prompt_tokens": used, "total_tokens": used}
    return whole({"object": "list", "data": data, "model": body["model"], "usage": usage})


check_embeddings: Check = record(
    {"input": anything, "model": text},
    {"dimensions": anything, "encoding_format": one_of("float", "base64"), "user": text},
)
