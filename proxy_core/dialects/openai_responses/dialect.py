"""The dialect: puts the codec's pieces behind the contract."""

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
from proxy_core.dialects.openai_responses import body_edit, errors, models, request_decode, request_encode
from proxy_core.dialects.openai_responses.compaction import Compacting
from proxy_core.dialects.openai_responses.fields import Fields
from proxy_core.dialects.openai_responses.stream_decode import StreamDecoder, WholeDecoder
from proxy_core.dialects.openai_responses.stream_encode import StreamEncoder, encode_fault, encode_reply
from proxy_core.dialects.openai_responses.tap import ReplyTap
from proxy_core.dialects.openai_responses.wire import FAMILY, NAME
from proxy_core.errors import DecodeError, Failure, UpstreamProtocolError
from proxy_core.ir.fold import WholeEncoder
from proxy_core.ir.request import EncodedRequest, Loss, Request
from proxy_core.ir.stream import ReplyDecoder, ReplyEncoder
from proxy_core.profile import ModelProfile
from proxy_core.sse import COMMENT_BEAT

_ENDPOINTS = (
    Endpoint("POST", "/v1/responses", "chat"),
    Endpoint("POST", "/v1/responses/input_tokens", "count_tokens"),
)
_REQUEST_HEADERS = frozenset(
    {
        # Sent by Codex 0.169 (captured 2026-11-20) and the official SDKs.
        "conversation_id",
        "idempotency-key",
        "openai-beta",
        "originator",
        "session-id",
        "session_id",
        "thread-id",
        "version",
        "x-client-request-id",
        "x-codex-beta-features",
        "x-codex-turn-metadata",
        "x-codex-turn-state",
        "x-codex-window-id",
        "x-openai-internal-codex-responses-lite",
        "x-openai-subagent",
    }
)
_SEALS = SealFields(
    marks=(b'encrypted_content"',),
    members=(b'"encrypted_content"',),
    call_mark=b'_call"',
)
_REPLY_HEADERS = frozenset(
    {
        "openai-model",
        "openai-processing-ms",
        "openai-version",
        "retry-after",
        "retry-after-ms",
        "x-codex-turn-state",
        "x-ratelimit-limit-requests",
        "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-requests",
        "x-ratelimit-reset-tokens",
        "x-reasoning-included",
        "x-request-id",
        "x-should-retry",
    }
)
_OTHERS = frozenset({"messages", "contents", "encoding_format", "dimensions"})


_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "messages": "input",
        "system": "instructions",
        "reasoning": "reasoning.effort",
        "response_format": "text.format",
        "verbosity": "text.verbosity",
        "logprobs": "include",
        "cache_key": "prompt_cache_key",
        "citations": "input[].content[].annotations",
        "detail": "input[].content[].detail",
        "cache_control": "input[].content[].prompt_cache_breakpoint",
        "tool_results": "input[].call_id",
        "messages[].reasoning": "input[].encrypted_content",
        "tools.strict": "tools[].strict",
    }
)


class OpenAIResponses:
    """OpenAI Responses, as client and as upstream."""

    @property
    def name(self) -> str:
        """Its id."""
        return NAME

    @property
    def family(self) -> str:
        """Shares its vocabulary with Chat Completions."""
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
        """Responses and their token counter."""
        return _ENDPOINTS

    @property
    def request_headers(self) -> frozenset[str]:
        """Client headers that a vendor of this dialect may see."""
        return _REQUEST_HEADERS

    @property
    def seal_fields(self) -> SealFields | None:
        """Where encrypted reasoning stands."""
        return _SEALS

    @property
    def reply_headers(self) -> frozenset[str]:
        """Vendor headers that a client of this dialect may see."""
        return _REPLY_HEADERS

    def affinity(self, headers: Mapping[str, str], path: str) -> int:
        """Only the path and Codex's beta header tell this dialect from its older sibling."""
        if "/responses" in path:
            return 8
        return 5 if headers.get("openai-beta", "").startswith("responses") else 0

    def claims(self, members: frozenset[str]) -> bool:
        """A body with ``input`` that is no embeddings request."""
        return "input" in members and not members & _OTHERS

    def peek(self, body: bytes | jsonbytes.Members, call: Call) -> Peek:
        """Read model and stream flag."""
        top = Fields(jsonbytes.peek(body, ("model", "stream")))
        return Peek(top.need("model"), "stream" if top.flag("stream") else "whole")

    def decode_request(self, body: bytes, call: Call) -> Request:
        """See ``request_decode``; raises UnsupportedError for what only the vendor's store could answer."""
        return request_decode.decode_request(body, call)

    def reply_encoder(self, mode: Mode, request: Request, created: int) -> ReplyEncoder:
        """Return the encoder for the client's mode."""
        encoder: ReplyEncoder = StreamEncoder(request, created)
        if mode == "whole":
            encoder = WholeEncoder(lambda reply: encode_reply(reply, request, created))
        return Compacting(encoder) if request.compacts else encoder

    def encode_error(self, failure: Failure) -> ErrorReply:
        """Write ``{"error": …}``."""
        return errors.encode_error(failure)

    def encode_fault(self, failure: Failure, mode: Mode) -> bytes:
        """Write ``response.failed``: Codex tries again and shows its message."""
        return b"" if mode == "whole" else encode_fault(failure)

    def parting(self, failure: Failure, mode: Mode) -> bytes | None:
        """Return None: every client of this dialect takes the in-band error as it is meant."""
        return None

    def keep_alive(self, mode: Mode) -> bytes:
        """A comment: the SDK refuses any event before ``response.created``."""
        return b"" if mode == "whole" else COMMENT_BEAT

    def encode_models(self, cards: Sequence[ModelCard]) -> bytes:
        """Write OpenAI's model list."""
        return models.encode_models(cards)

    def encode_model(self, card: ModelCard) -> bytes:
        """Write one model."""
        return models.encode_model(card)

    def encode_count(self, input_tokens: int) -> bytes:
        """Write the answer of ``/responses/input_tokens``."""
        return jsonbytes.encode({"object": "response.input_tokens", "input_tokens": input_tokens})

    def encode_request(self, request: Request, target: EncodeTarget) -> EncodedRequest:
        """See ``request_encode``."""
        return request_encode.encode_request(request, target)

    def encode_count_request(self, request: Request, target: EncodeTarget) -> EncodedRequest | None:
        """Encode for ``/responses/input_tokens``."""
        return request_encode.encode_count_request(request, target)

    def decode_count(self, body: bytes) -> int:
        """Read ``input_tokens``."""
        try:
            count = jsonbytes.decode_object(body).get("input_tokens")
        except DecodeError:
            count = None
        if isinstance(count, bool) or not isinstance(count, int):
            raise UpstreamProtocolError("The provider did not answer with a number of input tokens.")
        return count

    def reply_decoder(self, mode: Mode, source: DecodeSource) -> ReplyDecoder:
        """Return the decoder for the upstream's mode."""
        return WholeDecoder(source) if mode == "whole" else StreamDecoder(source)

    def decode_error(self, status: int, body: bytes) -> Failure:
        """See ``errors``."""
        return errors.decode_error(status, body)

    def mend(self, body: bytes, call: Call) -> Mended | None:
        """See ``body_edit``."""
        return body_edit.mend(body, call)

    def edit_request(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> bytes:
        """See ``body_edit``."""
        return body_edit.edit_request(body, edits, profile)

    def edit_losses(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
        """Return what the edits leave unsaid."""
        return body_edit.edit_losses(edits, profile)

    def tap(self, mode: Mode) -> Tap:
        """Return a tap for the mode."""
        return ReplyTap("whole" if mode == "whole" else "stream")
