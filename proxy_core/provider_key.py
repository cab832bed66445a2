"""A provider that is only data: a key (or none) in a header, an address, and the dialects it speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from re import compile as pattern
from types import MappingProxyType
from typing import Any

from proxy_core import jsonbytes
from proxy_core.errors import (
    CredentialError,
    DecodeError,
    Failure,
    FailureKind,
    FailureScope,
    SettingsError,
    UnsupportedError,
    UpstreamProtocolError,
)
from proxy_core.profile import ModelProfile
from proxy_core.provider import (
    VERSION,
    KeyUse,
    LocalAnswer,
    ProviderState,
    SealBinding,
    Speech,
    UpstreamCall,
    join,
)
from proxy_core.transport import UpstreamRequest

_NONE: Mapping[str, str] = MappingProxyType({})
# A client's or account's header never says who we are to the vendor, nor how the connection works.
_KEYS = frozenset(
    {"authorization", "x-api-key", "x-goog-api-key", "api-key", "proxy-authorization", "cookie"}
)
_WIRE = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})
_OURS = _KEYS | _WIRE

STATUSES: Mapping[FailureKind, int] = MappingProxyType(
    {
        "invalid_request": 400,
        "unsupported": 400,
        "context_length": 400,
        "authentication": 401,
        "billing": 402,
        "permission": 403,
        "not_found": 404,
        "method_not_allowed": 405,
        "too_large": 413,
        "rate_limit": 429,
        "overloaded": 503,
        "timeout": 504,
        "server": 500,
        "cancelled": 499,
    }
)
_SCOPES: Mapping[FailureKind, FailureScope] = MappingProxyType(
    {
        "authentication": "account",
        "billing": "account",
        "permission": "account",
        "not_found": "model",
        "rate_limit": "model",
        "overloaded": "model",
        "timeout": "model",
        "server": "model",
    }
)
_BOUND = SealBinding("account", "2026-11-21", "Nothing is published: taken for bound, which is safe.")
_WAITING = frozenset({"rate_limit", "overloaded", "server", "timeout", "billing"})


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """What a vendor's refusal means, where its status or body says less than its words.

    It applies when every condition that is given holds: the HTTP status is one of ``statuses``; the vendor's
    code is one of ``codes`` (lower case) or its message has one of ``phrases`` (lower case). The first rule
    that applies wins.
    """

    kind: FailureKind
    scope: FailureScope
    codes: frozenset[str] = frozenset()
    phrases: tuple[str, ...] = ()
    statuses: frozenset[int] = frozenset()

    def applies(self, status: int, code: str, message: str) -> bool:
        """Say whether the rule holds; ``code`` and ``message`` in lower case."""
        if self.statuses and status not in self.statuses:
            return False
        if not self.codes and not self.phrases:
            return True
        return code in self.codes or any(phrase in message for phrase in self.phrases)


_COMMON_RULES = (
    # codes of the OpenAI error reference and of its imitators, 2026-08
    ErrorRule("context_length", "request", frozenset({"context_length_exceeded", "string_above_max_length"})),
    ErrorRule(
        "billing",
        "account",
        frozenset({"insufficient_quota", "billing_hard_limit_reached", "insufficient_balance"}),
        (
            "insufficient balance",
            "insufficient credits",
            "exceeded your current quota, please check your plan",
        ),
        frozenset({400, 402, 403, 429}),
    ),
    ErrorRule("authentication", "account", frozenset({"invalid_api_key", "account_deactivated"})),
    ErrorRule("not_found", "model", frozenset({"model_not_found", "model_not_supported", "invalid_model"})),
    ErrorRule(
        "not_found",
        "model",
        phrases=("model not supported", "unsupported model", "model unavailable", "model not exist"),
        statuses=frozenset({400, 403, 404, 422}),
    ),
    ErrorRule(
        "permission", "model", phrases=("access to model", "access to the model"), statuses=frozenset({403})
    ),
    # 498 is Groq's "flex tier has no capacity", 529 Anthropic's "overloaded"
    ErrorRule("overloaded", "model", statuses=frozenset({498, 529})),
)
RESETS: tuple[tuple[str, str], ...] = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
)
"""Pairs of headers: what is left in a window, and when the window starts anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyProvider:
    """A vendor described by data; it implements :class:`proxy_core.provider.Provider`.

    ``headers`` go with every request and a client or account may override them. ``list_path`` is the path of
    the model list, None where there is none; ``list_key_headers`` empty: as the first speech. ``guess`` finds
    a profile for a name that is not in ``models``. ``rules`` come before the common ones.
    """

    name: str
    title: str
    speaks: tuple[Speech, ...]
    base_url: str | None = None
    key_use: KeyUse = "required"
    key_url: str | None = None
    discover_url: str | None = None
    state: ProviderState = ProviderState("available", "2026-11-20")
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    models: tuple[ModelProfile, ...] = ()
    models_date: str = "2026-11-20"
    strict: bool = True
    lean: bool = False
    seal_binding: SealBinding = _BOUND
    list_path: str | None = "/v1/models"
    list_key_headers: tuple[str, ...] = ()
    guess: Callable[[str], ModelProfile | None] | None = field(default=None, repr=False)
    rules: tuple[ErrorRule, ...] = field(default=(), repr=False)
    resets: tuple[tuple[str, str], ...] = field(default=RESETS, repr=False)

    def speech(self, dialect: str) -> Speech | None:
        """Return how it speaks that dialect, or None."""
        return next((speech for speech in self.speaks if speech.dialect == dialect), None)

    def profile(self, model: str) -> ModelProfile:
        """Return the shipped profile, else a guess by family, else one with ``known`` False."""
        shipped = next((profile for profile in self.models if profile.id == model), None)
        guessed = shipped or (self.guess(model) if self.guess else None)
        return guessed or ModelProfile(id=model)

    def prepare(self, call: UpstreamCall) -> UpstreamRequest:
        """Dress an encoded body.

        Raises UnsupportedError without that operation, SettingsError without an address, CredentialError
        without a usable key.
        """
        speech = self.speech(call.dialect)
        path = _path(speech, call.operation, call.stream)
        if speech is None or path is None:
            raise UnsupportedError(f"{self.title} does not offer {call.operation} in {call.dialect}.")
        headers = {
            "accept": "text/event-stream" if call.stream and call.operation == "chat" else "application/json",
            "content-type": "application/json",
            **self._headers(speech.headers, call.headers, speech.key_headers, call.key),
        }
        base = self._address(call.base_url or speech.base_url)
        return UpstreamRequest(
            "POST", join(base, path, call.model), headers, call.body, proxy=call.proxy, stream=call.stream
        )

    def answer(self, request: UpstreamRequest) -> LocalAnswer | None:
        """Return None: the vendor answers."""
        return None

    def classify(self, status: int, headers: Mapping[str, str], failure: Failure) -> Failure:
        """Refine a failure: the rules, then the scope of its kind, then when to try again."""
        code, message = (failure.code or "").lower(), failure.message.lower()
        for rule in (*self.rules, *_COMMON_RULES):
            if rule.applies(status, code, message):
                found = replace(failure, kind=rule.kind, status=STATUSES[rule.kind], scope=rule.scope)
                break
        else:
            found = replace(failure, scope=_SCOPES.get(failure.kind, "request"))
        if found.kind not in _WAITING or found.scope == "request":
            return found.with_retry_after(None)
        return found.with_retry_after(self._wait(headers, found))

    def list_request(
        self, key: str | None, base_url: str | None, proxy: str | None
    ) -> UpstreamRequest | None:
        """Return the request for the vendor's model list; None where it has none."""
        if self.list_path is None:
            return None
        first = self.speaks[0]
        headers = {
            "accept": "application/json",
            **self._headers(first.headers, _NONE, self.list_key_headers or first.key_headers, key),
        }
        url = join(self._address(base_url or first.base_url), self.list_path, "")
        return UpstreamRequest("GET", url, headers, proxy=proxy)

    def read_models(self, body: bytes) -> Sequence[ModelProfile]:
        """Read the vendor's list, in the shape of OpenAI, Anthropic, Google or a bare array.

        What the list says of a model goes over what is shipped. Raises UpstreamProtocolError.
        """
        return tuple(_listed(self.profile(name), entry) for name, entry in _entries(body).items())

    def _address(self, own: str | None) -> str:
        base = own or self.base_url
        if not base:
            raise SettingsError(f"An account of {self.title} needs an address.", field="base_url")
        return base

    def _headers(
        self, speech: Mapping[str, str], sent: Mapping[str, str], key_headers: Sequence[str], key: str | None
    ) -> dict[str, str]:
        merged = {"user-agent": f"trunkline/{VERSION}"}
        for source in (self.headers, speech, sent):
            for name, value in source.items():
                if name.lower() not in _OURS:
                    merged[name.lower()] = value
        secret = self._key(key)
        if secret is not None:
            merged.update((name, _credential(name, secret)) for name in key_headers)
        return merged

    def _key(self, key: str | None) -> str | None:
        secret = (key or "").strip()
        if self.key_use == "none":
            return None
        if not secret and self.key_use == "required":
            raise CredentialError(f"The account of {self.title} has no API key.")
        if not secret.isascii() or not secret.isprintable():
            raise CredentialError(f"The API key of {self.title} holds characters that no key has.")
        return secret or None

    def _wait(self, headers: Mapping[str, str], failure: Failure) -> float | None:
        wait = retry_after(headers)
        if wait is None:
            wait = failure.retry_after_s
        if wait is None and failure.kind == "rate_limit":
            wait = window_reset(headers, self.resets)
        return wait


def _path(speech: Speech | None, operation: str, stream: bool) -> str | None:
    if speech is None:
        return None
    streamed = speech.paths.get("stream") if stream and operation == "chat" else None
    return streamed or speech.paths.get(operation)


def _credential(header: str, key: str) -> str:
    return f"Bearer {key}" if header == "authorization" else key


# --- when to try again; the vendor's own Date header is the clock

_DURATION = pattern(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_EPOCH_S, _EPOCH_MS = 1e9, 1e12


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return what ``retry-after-ms`` or ``retry-after`` (seconds or a date) says, in seconds."""
    precise = _number(headers.get("retry-after-ms", ""))
    if precise is not None:
        return max(precise / 1000, 0.0)
    return seconds_until(headers.get("retry-after", ""), headers)


def window_reset(headers: Mapping[str, str], pairs: Sequence[tuple[str, str]]) -> float | None:
    """Return the seconds until the used-up windows start anew; until all do where none is known used up."""
    used_up: list[float] = []
    known: list[float] = []
    for left, reset in pairs:
        wait = seconds_until(headers.get(reset, ""), headers)
        if wait is not None:
            known.append(wait)
            if _number(headers.get(left, "")) == 0:
                used_up.append(wait)
    return max(used_up or known, default=None)


def seconds_until(text: str, headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a header stands for, never negative; None when it cannot be read.

    Seconds (``20``), durations (``6m0s``, ``20ms``), epoch seconds and milliseconds, RFC 3339 and HTTP dates.
    """
    text = text.strip()
    number = _number(text)
    if number is not None and number < _EPOCH_S:
        return max(number, 0.0)
    spans = _DURATION.fullmatch(text)
    if spans and text:
        return sum(float(span or 0) * unit for span, unit in zip(spans.groups(), _UNITS, strict=True))
    now = _moment(headers.get("date", ""))
    then = _moment(text) if number is None else number / (1000 if number >= _EPOCH_MS else 1)
    return None if now is None or then is None else max(then - now, 0.0)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _moment(text: str) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
        except ValueError:
            continue
        if moment.tzinfo is not None:
            return moment.timestamp()
    return None


# --- model lists

_NOT_CHAT = frozenset({"embedding", "image", "audio", "rerank", "moderation", "video", "transcribe"})
_CONTEXT = ("inputTokenLimit", "max_input_tokens", "context_length", "context_window", "max_model_len")
_OUTPUT = ("outputTokenLimit", "max_tokens", "max_completion_tokens", "max_output_tokens")
_TITLE = ("display_name", "displayName", "name")


def _entries(body: bytes) -> dict[str, Mapping[str, Any]]:
    try:
        value = jsonbytes.decode(body)
    except DecodeError as error:
        raise UpstreamProtocolError("The provider's model list is not JSON.") from error
    if isinstance(value, dict):
        listed = next((value[name] for name in ("data", "models") if name in value), False)
        # Ollama without any model says null.
        value = [] if listed is None else listed
    if not isinstance(value, list):
        raise UpstreamProtocolError("The provider's model list has an unknown shape.")
    found: dict[str, Mapping[str, Any]] = {}
    for entry in value:
        name = (entry.get("id") or entry.get("name")) if isinstance(entry, dict) else None
        if isinstance(name, str):
            found.setdefault(name.removeprefix("models/"), entry)
    return found


def _listed(profile: ModelProfile, entry: Mapping[str, Any]) -> ModelProfile:
    methods = entry.get("supportedGenerationMethods")
    chats = entry.get("type") not in _NOT_CHAT and (methods is None or "generateContent" in methods)
    title = next((entry[name] for name in _TITLE if isinstance(entry.get(name), str)), None)
    created = entry.get("created")
    return replace(
        profile,
        title=profile.title or (None if title in (None, profile.id, f"models/{profile.id}") else title),
        owner=profile.owner or (entry["owned_by"] if isinstance(entry.get("owned_by"), str) else None),
        context_tokens=_count(entry, _CONTEXT) or profile.context_tokens,
        max_output_tokens=_count(entry, _OUTPUT) or profile.max_output_tokens,
        created=created if isinstance(created, int) and created > 0 else profile.created,
        hidden=profile.hidden or not chats,
    )


def _count(entry: Mapping[str, Any], names: Sequence[str]) -> int | None:
    values = (entry.get(name) for name in names)
    return next((value for value in values if type(value) is int and value > 0), None)
