"""Google's Gemini API, ``generateContent`` and its siblings (google-genai 3.4.0, 2026-11-20)."""

from __future__ import annotations

import re
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
    Operation,
    Peek,
    SealFields,
)
from proxy_core.dialects.gemini_generate import errors, models, reply_decode, request_decode, request_encode
from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.dialects.gemini_generate.framing import last_chunk
from proxy_core.dialects.gemini_generate.mending import mend
from proxy_core.dialects.gemini_generate.reply_encode import StreamEncoder, encode_reply
from proxy_core.dialects.gemini_generate.request_edit import edit_losses, edit_request
from proxy_core.dialects.gemini_generate.tap import ReplyTap
from proxy_core.errors import DecodeError, Failure, UpstreamProtocolError
from proxy_core.ir.fold import WholeEncoder
from proxy_core.ir.request import EncodedRequest, Loss, Request
from proxy_core.ir.stream import ReplyDecoder, ReplyEncoder
from proxy_core.profile import ModelProfile

_VERB = re.compile(r":(generateContent|streamGenerateContent|countTokens)$")
_VERBS: tuple[tuple[str, Operation, bool], ...] = (
    ("generateContent", "chat", False),
    ("streamGenerateContent", "chat", True),
    ("countTokens", "count_tokens", False),
)
_NAMED = ("models/{model}", "tunedModels/{model}", "publishers/google/models/{model}")
"""What google-genai 3.4.0 makes of a model that is named with the folder it is in (2026-11-20)."""

_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "messages": "contents",
        "system": "systemInstruction",
        "temperature": "generationConfig.temperature",
        "top_p": "generationConfig.topP",
        "top_k": "generationConfig.topK",
        "max_output_tokens": "generationConfig.maxOutputTokens",
        "stop": "generationConfig.stopSequences",
        "seed": "generationConfig.seed",
        "n": "generationConfig.candidateCount",
        "presence_penalty": "generationConfig.presencePenalty",
        "frequency_penalty": "generationConfig.frequencyPenalty",
        "logprobs": "generationConfig.responseLogprobs",
        "top_logprobs": "generationConfig.logprobs",
        "modalities": "generationConfig.responseModalities",
        "detail": "generationConfig.mediaResolution",
        "response_format": "generationConfig.responseJsonSchema",
        "reasoning": "generationConfig.thinkingConfig",
        "tool_choice": "toolConfig.functionCallingConfig",
        "service_tier": "serviceTier",
        "tool_results": "contents[].parts[].functionResponse",
        "messages[].reasoning": "contents[].parts[].thought",
    }
)


class GeminiGenerate:
    """The dialect; see the contract for what each method promises."""

    name: str = NAME
    family: str = request_decode.FAMILY
    client_base: str = ""
    member_names: Mapping[str, str] = _MEMBERS
    seal_fields: SealFields | None = SealFields(
        marks=(b'thoughtSignature"', b'thought_signature"'),
        members=(b'"thoughtSignature"', b'"thought_signature"'),
        call_mark=b'"function',
    )
    endpoints: tuple[Endpoint, ...] = (
        *(
            Endpoint("POST", f"/v1beta/{named}:{verb}", operation, streams)
            for named in _NAMED
            for verb, operation, streams in _VERBS
        ),
        Endpoint("GET", "/v1beta/models", "list_models", False),
        Endpoint("GET", "/v1beta/models/{model}", "get_model", False),
    )
    request_headers: frozenset[str] = frozenset({"x-goog-api-client", "x-server-timeout"})
    reply_headers: frozenset[str] = frozenset({"retry-after", "server-timing", "x-gemini-service-tier"})

    def affinity(self, headers: Mapping[str, str], path: str) -> int:
        """Tell by the verb in the path, the version prefix, or Google's own headers."""
        if _VERB.search(path.rstrip("/")):
            return 9
        if "x-goog-api-key" in headers or "x-goog-api-client" in headers:
            return 7
        return 7 if "/v1beta/" in f"{path}/" else 0

    def claims(self, members: frozenset[str]) -> bool:
        """Only this dialect calls the conversation ``contents``."""
        return "contents" in members and not members & {"messages", "input", "prompt"}

    def peek(self, body: bytes | jsonbytes.Members, call: Call) -> Peek:
        """Return model and mode, from the path where there is one."""
        return request_decode.peek(body, call)

    def decode_request(self, body: bytes, call: Call) -> Request:
        """Decode a request to generate or to count."""
        return request_decode.decode_request(body, call)

    def reply_encoder(self, mode: Mode, request: Request, created: int) -> ReplyEncoder:
        """Return an encoder; the dialect does not state the time."""
        if mode == "whole":
            return WholeEncoder(lambda reply: encode_reply(reply, request))
        return StreamEncoder(mode, request)

    def encode_error(self, failure: Failure) -> ErrorReply:
        """Return a whole error reply."""
        return errors.encode_error(failure)

    def encode_fault(self, failure: Failure, mode: Mode) -> bytes:
        """Return the error as a last chunk; an array that is under way is closed as well."""
        return last_chunk(mode, jsonbytes.encode(errors.error_object(failure)))

    def parting(self, failure: Failure, mode: Mode) -> bytes | None:
        """Return None: every client of this dialect takes the in-band error as it is meant."""
        return None

    def keep_alive(self, mode: Mode) -> bytes:
        """Return a blank line, between two chunks of either streamed form.

        Comments break google-genai 3.4.0 and Gemini CLI 0.61.0; a chunk without content is read by all, but
        google-genai's chats then forget the whole turn (measured 2026-11-21).
        """
        return b"" if mode == "whole" else b"\n"

    def encode_models(self, cards: Sequence[ModelCard]) -> bytes:
        """Return the model list."""
        return models.encode_models(cards)

    def encode_model(self, card: ModelCard) -> bytes:
        """Return one model."""
        return jsonbytes.encode(models.model_row(card))

    def encode_count(self, input_tokens: int) -> bytes:
        """Return the answer of ``countTokens``."""
        return jsonbytes.encode({"totalTokens": input_tokens})

    def encode_request(self, request: Request, target: EncodeTarget) -> EncodedRequest:
        """Encode a chat request."""
        return request_encode.encode_request(request, target)

    def encode_count_request(self, request: Request, target: EncodeTarget) -> EncodedRequest | None:
        """Encode a request for ``countTokens``."""
        return request_encode.encode_count_request(request, target)

    def decode_count(self, body: bytes) -> int:
        """Read ``totalTokens``."""
        try:
            total = jsonbytes.decode_object(body).get("totalTokens")
        except DecodeError:
            total = None
        if isinstance(total, bool) or not isinstance(total, int) or total < 0:
            raise UpstreamProtocolError("The provider's token count is missing.")
        return total

    def reply_decoder(self, mode: Mode, source: DecodeSource) -> ReplyDecoder:
        """Return a decoder for an upstream's reply."""
        return reply_decode.reply_decoder(mode, source)

    def decode_error(self, status: int, body: bytes) -> Failure:
        """Read an upstream's error body."""
        return errors.decode_error(status, body)

    def mend(self, body: bytes, call: Call) -> Mended | None:
        """Put signatures right."""
        return mend(body) if call.endpoint.operation == "chat" else None

    def edit_request(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> bytes:
        """Apply shallow edits."""
        return edit_request(body, call, edits, profile)

    def edit_losses(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
        """Return what the edits leave unsaid."""
        return edit_losses(call, edits, profile)

    def tap(self, mode: Mode) -> ReplyTap:
        """Return a tap for a same-dialect reply."""
        return ReplyTap(mode)
