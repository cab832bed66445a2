"""The dialect as the core sees it; every method hands over to a module beside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

from proxy_core import jsonbytes
from proxy_core.dialect import (
    Call,
    DecodeSource,
    Edits,
    EncodeTarget,
    Endpoint,
    ErrorReply,
    Mended,
    Mode,
    ModelCard,
    Peek,
    SealFields,
)
from proxy_core.dialect import Tap as TapContract
from proxy_core.dialects.anthropic_messages import errors, models, request_decode, request_encode, words
from proxy_core.dialects.anthropic_messages.edit import edit_losses, edit_request, mend
from proxy_core.dialects.anthropic_messages.reply_decode import decode_reply
from proxy_core.dialects.anthropic_messages.reply_encode import encode_reply
from proxy_core.dialects.anthropic_messages.stream_decode import StreamDecoder
from proxy_core.dialects.anthropic_messages.stream_encode import PING, StreamEncoder
from proxy_core.dialects.anthropic_messages.tap import Tap
from proxy_core.errors import DecodeError, Failure, UpstreamProtocolError
from proxy_core.ir.fold import WholeDecoder, WholeEncoder
from proxy_core.ir.request import EncodedRequest, Loss, Request
from proxy_core.ir.stream import ReplyDecoder, ReplyEncoder
from proxy_core.profile import ModelProfile

_ENDPOINTS = (
    Endpoint("POST", "/v1/messages", "chat"),
    Endpoint("POST", "/v1/messages/count_tokens", "count_tokens", streams=False),
    Endpoint("GET", "/v1/models", "list_models"),
    Endpoint("GET", "/v1/models/{model}", "get_model"),
)
_REQUEST_HEADERS = frozenset(
    {
        "anthropic-version", "anthropic-beta", "idempotency-key", "x-app", "x-claude-code-session-id",
        "x-claude-code-agent-id",
    }
)  # fmt: skip
_LIMITS = ("limit", "remaining", "reset")
_LIMITED = ("requests", "tokens", "input-tokens", "output-tokens")
_REPLY_HEADERS = frozenset(
    {
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        *(f"anthropic-ratelimit-{what}-{word}" for what in _LIMITED for word in _LIMITS),
    }
)
_OWN_MEMBERS = frozenset(
    {
        "system", "stop_sequences", "output_config", "context_management", "anthropic_version", "betas",
        "mcp_servers", "container",
    }
)  # fmt: skip
_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "max_output_tokens": "max_tokens",
        "stop": "stop_sequences",
        "reasoning": "thinking",
        "response_format": "output_config.format",
        "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
        "user": "metadata.user_id",
        "citations": "messages[].content[].citations",
        "tool_results": "messages[].content[].tool_use_id",
        "messages[].reasoning": "messages[].content[].thinking",
        "tools.strict": "tools[].strict",
    }
)


class AnthropicMessages:
    """``POST /v1/messages`` (anthropic 2.11.0, 2026-11-20)."""

    name = words.NAME
    family = words.FAMILY
    client_base = ""
    member_names: Mapping[str, str] = _MEMBERS
    seal_fields: SealFields | None = SealFields(
        marks=(b'signature"', b'redacted_thinking"'),
        members=(b'"signature"',),
        call_mark=b'"tool_use"',
        # images have `data` as well: it counts only beside the type of its block
        others=re.compile(
            rb'"redacted_thinking"\s*,\s*"data"\s*:\s*"([^"\\]*)"'
            rb'|"data"\s*:\s*"([^"\\]*)"\s*,\s*"type"\s*:\s*"redacted_thinking"'
        ),
    )
    endpoints: tuple[Endpoint, ...] = _ENDPOINTS
    request_headers: frozenset[str] = _REQUEST_HEADERS
    reply_headers: frozenset[str] = _REPLY_HEADERS

    def affinity(self, headers: Mapping[str, str], path: str) -> int:
        """9 for its own paths, 8 for ``anthropic-version``, 6 for ``anthropic-beta``, else 0."""
        if "/messages" in path and not path.startswith("/v1beta"):
            return 9
        if "anthropic-version" in headers:
            return 8
        return 6 if "anthropic-beta" in headers else 0

    def claims(self, members: frozenset[str]) -> bool:
        """A body with messages and a member that no other dialect has."""
        return "messages" in members and bool(members & _OWN_MEMBERS)

    def peek(self, body: bytes | jsonbytes.Members, call: Call) -> Peek:
        """Return model and mode. Raises DecodeError."""
        model, streams = request_decode.peek(body)
        is_chat = call.endpoint.operation == "chat"
        return Peek(model, "stream" if streams and is_chat else "whole")

    def decode_request(self, body: bytes, call: Call) -> Request:
        """Decode a chat or count request. Raises DecodeError."""
        return request_decode.decode_request(body)

    def reply_encoder(self, mode: Mode, request: Request, created: int) -> ReplyEncoder:
        """Return an encoder; the dialect states no time, so ``created`` is not used."""
        if mode == "whole":
            return WholeEncoder(partial(encode_reply, model=request.model))
        return StreamEncoder(request.model)

    def encode_error(self, failure: Failure) -> ErrorReply:
        """Return a whole error reply."""
        return errors.encode_error(failure)

    def encode_fault(self, failure: Failure, mode: Mode) -> bytes:
        """Return the in-band error; a whole body has no place for one."""
        return b"" if mode == "whole" else errors.error_event(failure)

    def parting(self, failure: Failure, mode: Mode) -> bytes | None:
        """Return None: every client of this dialect takes the in-band error as it is meant."""
        return None

    def keep_alive(self, mode: Mode) -> bytes:
        """Return a ping; it may come before ``message_start`` (measured 2026-11-20)."""
        return b"" if mode == "whole" else PING

    def encode_models(self, cards: Sequence[ModelCard]) -> bytes:
        """Return the model list."""
        return models.encode_models(cards)

    def encode_model(self, card: ModelCard) -> bytes:
        """Return one model."""
        return models.encode_model(card)

    def encode_count(self, input_tokens: int) -> bytes:
        """Return ``{"input_tokens": n}``."""
        return jsonbytes.encode({"input_tokens": input_tokens})

    def encode_request(self, request: Request, target: EncodeTarget) -> EncodedRequest:
        """Encode for an upstream. Raises UnsupportedError."""
        return request_encode.encode_request(request, target)

    def encode_count_request(self, request: Request, target: EncodeTarget) -> EncodedRequest | None:
        """Encode for the vendor's counter. Raises UnsupportedError."""
        return request_encode.encode_count_request(request, target)

    def decode_count(self, body: bytes) -> int:
        """Read ``input_tokens``. Raises UpstreamProtocolError."""
        try:
            count = jsonbytes.decode_object(body).get("input_tokens")
        except DecodeError as error:
            raise UpstreamProtocolError(f"The token count is not readable: {error.message}") from None
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise UpstreamProtocolError("The provider's answer holds no token count.")
        return count

    def reply_decoder(self, mode: Mode, source: DecodeSource) -> ReplyDecoder:
        """Return a decoder whose seals belong to the source's issuer."""
        if mode == "whole":
            return WholeDecoder(partial(decode_reply, issuer=source.issuer))
        return StreamDecoder(source.issuer)

    def decode_error(self, status: int, body: bytes) -> Failure:
        """Read an upstream's error body, whatever it is; never raises."""
        return errors.decode_error(status, body)

    def mend(self, body: bytes, call: Call) -> Mended | None:
        """Put the names of betas where the vendor wants them."""
        return mend(body, call)

    def edit_request(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> bytes:
        """Apply shallow edits; unchanged bytes if nothing applies. Raises DecodeError."""
        return edit_request(body, edits, profile, is_chat=call.endpoint.operation == "chat")

    def edit_losses(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
        """Return what the edits leave unsaid."""
        return edit_losses(body, edits, profile)

    def tap(self, mode: Mode) -> TapContract:
        """Return a tap for a same-dialect reply."""
        return Tap(is_stream=mode != "whole")
