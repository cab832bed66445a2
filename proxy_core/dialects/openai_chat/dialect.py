"""The OpenAI Chat Completions dialect, with embeddings and model lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    Tap,
)
from proxy_core.dialects.openai_chat import edit, errors, models, request_decode, request_encode
from proxy_core.dialects.openai_chat.reply_decode import StreamDecoder, decode_reply
from proxy_core.dialects.openai_chat.reply_encode import encode_reply
from proxy_core.dialects.openai_chat.shape import Shape
from proxy_core.dialects.openai_chat.stream_encode import StreamEncoder
from proxy_core.dialects.openai_chat.tap import ChatTap
from proxy_core.dialects.openai_chat.wire import FAMILY, NAME
from proxy_core.errors import Failure, UnsupportedError, UpstreamProtocolError
from proxy_core.ir.fold import WholeDecoder, WholeEncoder
from proxy_core.ir.request import EncodedRequest, Loss, Request
from proxy_core.ir.stream import ReplyDecoder, ReplyEncoder
from proxy_core.profile import ModelProfile
from proxy_core.sse import COMMENT_BEAT

_PATHS = ("/chat/completions", "/embeddings")
_OWN_HEADERS = ("openai-organization", "openai-project", "openai-beta")
_RATE_LIMITS = tuple(
    f"x-ratelimit-{what}-{unit}"
    for what in ("limit", "remaining", "reset")
    for unit in ("requests", "tokens")
)
_REQUEST_HEADERS = frozenset({"openai-beta", "x-client-request-id", "http-referer", "x-title"})
_REPLY_HEADERS = frozenset(
    {
        "x-request-id",
        "openai-processing-ms",
        "openai-version",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        *_RATE_LIMITS,
    }
)
_TELLING = frozenset({
    "max_completion_tokens", "response_format", "stream_options", "frequency_penalty", "presence_penalty",
    "logit_bias", "logprobs", "top_logprobs", "reasoning_effort", "parallel_tool_calls", "functions",
    "function_call", "web_search_options", "prediction", "modalities", "seed", "n", "stop",
})  # fmt: skip
_FOREIGN = frozenset({
    "system", "stop_sequences", "thinking", "output_config", "mcp_servers", "container", "context_management",
    "anthropic_version", "anthropic_beta", "betas", "input", "instructions", "contents", "generationConfig",
    "generation_config", "systemInstruction", "system_instruction",
})  # fmt: skip


_SEALS = SealFields(
    marks=(b'reasoning_content"', b'reasoning_details"', b'thought_signature"', b'thinking_blocks"'),
    members=(b'"thought_signature"', b'"signature"', b'"data"'),
    call_mark=b'"tool_calls"',
    is_official=False,
)


_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "max_output_tokens": "max_completion_tokens",
        "reasoning": "reasoning_effort",
        "cache_key": "prompt_cache_key",
        "citations": "messages[].annotations",
        "detail": "messages[].content[].image_url.detail",
        "cache_control": "messages[].content[].prompt_cache_breakpoint",
        "tool_results": "messages[].tool_call_id",
        "messages[].reasoning": "messages[].reasoning_content",
        "tools[].strict": "tools[].function.strict",
        "tools.strict": "tools[].function.strict",
        "response_format.strict": "response_format.json_schema.strict",
    }
)


class ChatDialect:
    """A ``Dialect``."""

    @property
    def name(self) -> str:
        """Its id."""
        return NAME

    @property
    def family(self) -> str:
        """Shared with the vendor's other dialects."""
        return FAMILY

    @property
    def member_names(self) -> Mapping[str, str]:
        """What its clients call what is lost."""
        return _MEMBERS

    @property
    def client_base(self) -> str:
        """Its tools add the endpoint to the version."""
        return "/v1"

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Chat, embeddings (passed on only) and the model lists."""
        return (
            Endpoint("POST", "/v1/chat/completions", "chat"),
            Endpoint("POST", "/v1/embeddings", "embeddings"),
            Endpoint("GET", "/v1/models", "list_models"),
            Endpoint("GET", "/v1/models/{model}", "get_model"),
        )

    @property
    def request_headers(self) -> frozenset[str]:
        """What a client may tell an upstream; organisation and project belong to its own key, not to ours."""
        return _REQUEST_HEADERS

    @property
    def seal_fields(self) -> SealFields | None:
        """Where vendors put opaque reasoning, which no official member carries."""
        return _SEALS

    @property
    def reply_headers(self) -> frozenset[str]:
        """What an upstream may tell a client."""
        return _REPLY_HEADERS

    def affinity(self, headers: Mapping[str, str], path: str) -> int:
        """The default dialect: 1 without any hint."""
        if any(known in path for known in _PATHS):
            return 6
        if headers.get("user-agent", "").startswith(("OpenAI/", "AsyncOpenAI/")):
            return 5
        return 5 if any(name in headers for name in _OWN_HEADERS) else 1

    def claims(self, members: frozenset[str]) -> bool:
        """Sure only with a member that no other dialect has: ``messages`` alone could be Anthropic's."""
        return "messages" in members and bool(members & _TELLING) and not members & _FOREIGN

    def peek(self, body: bytes | jsonbytes.Members, call: Call) -> Peek:
        """Read model and mode. Raises DecodeError."""
        found = Shape(jsonbytes.peek(body, ("model", "stream")), "")
        return Peek(found.needed_text("model"), "stream" if found.flag("stream") else "whole")

    def decode_request(self, body: bytes, call: Call) -> Request:
        """Decode a chat request. Raises DecodeError."""
        return request_decode.decode_request(body)

    def reply_encoder(self, mode: Mode, request: Request, created: int) -> ReplyEncoder:
        """Return an encoder for a reply to ``request``."""
        if mode == "whole":
            return WholeEncoder(lambda reply: encode_reply(reply, request, created))
        return StreamEncoder(request, created)

    def encode_error(self, failure: Failure) -> ErrorReply:
        """Return an error reply."""
        return errors.encode_error(failure)

    def encode_fault(self, failure: Failure, mode: Mode) -> bytes:
        """Return the in-band error of a stream; a whole body has no place for one."""
        return b"" if mode == "whole" else errors.encode_fault(failure)

    def parting(self, failure: Failure, mode: Mode) -> bytes | None:
        """Return a comment for what may pass: the clients of this dialect repeat only after an abort."""
        return errors.parting(failure)

    def keep_alive(self, mode: Mode) -> bytes:
        """Return a comment, which all clients of this dialect survive (measured 2026-11-20)."""
        return b"" if mode == "whole" else COMMENT_BEAT

    def encode_models(self, cards: Sequence[ModelCard]) -> bytes:
        """Return the model list."""
        return models.encode_models(cards)

    def encode_model(self, card: ModelCard) -> bytes:
        """Return one model."""
        return models.encode_model(card)

    def encode_count(self, input_tokens: int) -> bytes:
        """Raise: the dialect has no token counter."""
        raise UnsupportedError("Chat Completions has no token counter.")

    def encode_request(self, request: Request, target: EncodeTarget) -> EncodedRequest:
        """Encode a request for an upstream. Raises UnsupportedError."""
        return request_encode.encode_request(request, target)

    def encode_count_request(self, request: Request, target: EncodeTarget) -> EncodedRequest | None:
        """Return None: the dialect has no token counter."""
        return None

    def decode_count(self, body: bytes) -> int:
        """Raise: the dialect has no token counter."""
        raise UpstreamProtocolError("Chat Completions has no token counter.")

    def reply_decoder(self, mode: Mode, source: DecodeSource) -> ReplyDecoder:
        """Return a decoder for an upstream's reply."""
        if mode == "whole":
            return WholeDecoder(lambda body: decode_reply(body, source))
        return StreamDecoder(source)

    def decode_error(self, status: int, body: bytes) -> Failure:
        """Read an upstream's error body; never raises."""
        return errors.decode_error(status, body)

    def mend(self, body: bytes, call: Call) -> Mended | None:
        """Nothing is known that would need it."""
        return None

    def edit_request(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> bytes:
        """Apply shallow edits; for embeddings only the model's name is one."""
        return edit.edit_request(body, call.endpoint.operation == "chat", edits, profile)

    def edit_losses(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
        """Return what the edits leave unsaid."""
        return edit.edit_losses(call.endpoint.operation == "chat", edits, profile)

    def tap(self, mode: Mode) -> Tap:
        """Return a tap for a same-dialect reply."""
        return ChatTap(is_stream=mode != "whole")
