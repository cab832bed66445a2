"""The legacy completions dialect. No provider speaks it here: its upstream side refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NoReturn

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
from proxy_core.dialects.openai_completions import errors, request
from proxy_core.dialects.openai_completions.reply import StreamEncoder, encode_reply
from proxy_core.dialects.openai_completions.wire import FAMILY, NAME
from proxy_core.errors import DecodeError, Failure, UnsupportedError
from proxy_core.ir.fold import WholeEncoder
from proxy_core.ir.request import EncodedRequest, Loss, Request
from proxy_core.ir.stream import ReplyDecoder, ReplyEncoder
from proxy_core.profile import ModelProfile
from proxy_core.sse import COMMENT_BEAT

_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "max_output_tokens": "max_tokens",
        "messages": "prompt",
    }
)


class CompletionsDialect:
    """A ``Dialect`` for clients only."""

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
        """The one path."""
        return (Endpoint("POST", "/v1/completions", "chat"),)

    @property
    def request_headers(self) -> frozenset[str]:
        """None: nothing is passed on."""
        return frozenset()

    @property
    def seal_fields(self) -> SealFields | None:
        """None: the dialect knows no reasoning."""
        return None

    @property
    def reply_headers(self) -> frozenset[str]:
        """None: nothing is passed on."""
        return frozenset()

    def affinity(self, headers: Mapping[str, str], path: str) -> int:
        """Only its own path tells."""
        path = path.rstrip("/")
        return 6 if path.endswith("/completions") and not path.endswith("/chat/completions") else 0

    def claims(self, members: frozenset[str]) -> bool:
        """Sure with a prompt and none of the other dialects' messages."""
        return "prompt" in members and not members & {"messages", "input", "contents"}

    def peek(self, body: bytes | jsonbytes.Members, call: Call) -> Peek:
        """Read model and mode. Raises DecodeError."""
        found = jsonbytes.peek(body, ("model", "stream"))
        model, stream = found.get("model"), found.get("stream")
        if not isinstance(model, str) or not model:
            raise DecodeError("`model` must be a non-empty string.", param="model")
        if stream is not None and not isinstance(stream, bool):
            raise DecodeError("`stream` must be true or false.", param="stream")
        return Peek(model, "stream" if stream else "whole")

    def decode_request(self, body: bytes, call: Call) -> Request:
        """Decode a completion request. Raises DecodeError or UnsupportedError."""
        return request.decode_request(body)

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
        """Return a comment, which the clients' SSE readers skip."""
        return b"" if mode == "whole" else COMMENT_BEAT

    def encode_models(self, cards: Sequence[ModelCard]) -> bytes:
        """Raise: the model lists belong to another dialect."""
        _refuse()

    def encode_model(self, card: ModelCard) -> bytes:
        """Raise: the model lists belong to another dialect."""
        _refuse()

    def encode_count(self, input_tokens: int) -> bytes:
        """Raise: the dialect has no token counter."""
        _refuse()

    def encode_request(self, request: Request, target: EncodeTarget) -> EncodedRequest:
        """Raise: no upstream is spoken to in this dialect."""
        _refuse()

    def encode_count_request(self, request: Request, target: EncodeTarget) -> EncodedRequest | None:
        """Return None: the dialect has no token counter."""
        return None

    def decode_count(self, body: bytes) -> int:
        """Raise: the dialect has no token counter."""
        _refuse()

    def reply_decoder(self, mode: Mode, source: DecodeSource) -> ReplyDecoder:
        """Raise: no upstream is spoken to in this dialect."""
        _refuse()

    def decode_error(self, status: int, body: bytes) -> Failure:
        """Return a plain failure; there is no upstream whose words it could read."""
        return Failure("server", 502, f"The provider answered with status {status}.")

    def mend(self, body: bytes, call: Call) -> Mended | None:
        """Nothing is known that would need it."""
        return None

    def edit_request(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> bytes:
        """Raise: no upstream is spoken to in this dialect."""
        _refuse()

    def edit_losses(self, body: bytes, call: Call, edits: Edits, profile: ModelProfile) -> tuple[Loss, ...]:
        """Raise: no upstream is spoken to in this dialect."""
        _refuse()

    def tap(self, mode: Mode) -> Tap:
        """Raise: no upstream is spoken to in this dialect."""
        _refuse()


def _refuse() -> NoReturn:
    raise UnsupportedError("Providers are not spoken to in the legacy completions dialect.")
