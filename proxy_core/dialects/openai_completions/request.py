"""A request body of ``POST /v1/completions`` (openai 3.52.0 ``CompletionCreateParams``, 2026-11-20).

The prompt becomes one user message. What only a text model could do (fill in the middle, echo, tokens in
place of text) is refused; knobs without a neutral place go on as extensions, where they are reported as
dropped.
"""

from __future__ import annotations

from proxy_core import jsonbytes
from proxy_core.dialects.openai_completions.wire import FAMILY, NAME
from proxy_core.errors import DecodeError, UnsupportedError
from proxy_core.ir.message import Json, Message, Text
from proxy_core.ir.request import Request, Sampling

_MAPPED = frozenset({
    "model", "prompt", "stream", "stream_options", "max_tokens", "temperature", "top_p", "n", "stop", "seed",
    "presence_penalty", "frequency_penalty", "logit_bias", "user", "echo", "suffix", "best_of",
})  # fmt: skip


def decode_request(body: bytes) -> Request:
    """Decode a completion request. Raises DecodeError, and UnsupportedError for what no chat model does."""
    members = jsonbytes.decode_object(body)
    _refuse(members)
    model = _typed(members, "model", str, "a string")
    if not model:
        raise _wrong("model", "a non-empty string")
    options = _typed(members, "stream_options", dict, "an object") or {}
    rest = {name: value for name, value in members.items() if name not in _MAPPED and value is not None}
    if _integer(members, "best_of") not in (None, _integer(members, "n") or 1):
        rest["best_of"] = members["best_of"]
    return Request(
        dialect=NAME,
        model=model,
        messages=(Message("user", (Text(_prompt(members.get("prompt"))),)),),
        stream=bool(_typed(members, "stream", bool, "true or false")),
        want_usage=bool(_typed(options, "include_usage", bool, "true or false")),
        sampling=_sampling(members),
        extensions={FAMILY: rest} if rest else {},
    )


def _refuse(members: dict[str, Json]) -> None:
    if _typed(members, "suffix", str, "a string"):
        raise UnsupportedError("No chat model fills in the middle; leave `suffix` out.", param="suffix")
    if _typed(members, "echo", bool, "true or false"):
        raise UnsupportedError("The prompt cannot be echoed; leave `echo` out.", param="echo")


def _prompt(prompt: Json) -> str:
    if isinstance(prompt, str):
        return prompt
    if not isinstance(prompt, list) or not prompt:
        raise _wrong("prompt", "a string")
    if any(not isinstance(item, str) for item in prompt):
        raise UnsupportedError("Prompts of tokens cannot be translated; send text.", param="prompt")
    if len(prompt) > 1:
        raise UnsupportedError("Send one prompt per request.", param="prompt")
    return str(prompt[0])


def _sampling(members: dict[str, Json]) -> Sampling:
    return Sampling(
        max_output_tokens=_integer(members, "max_tokens", 1),
        temperature=_number(members, "temperature"),
        top_p=_number(members, "top_p"),
        stop=_stop(members.get("stop")),
        seed=_integer(members, "seed"),
        candidates=_integer(members, "n", 1),
        presence_penalty=_number(members, "presence_penalty"),
        frequency_penalty=_number(members, "frequency_penalty"),
        logit_bias=_typed(members, "logit_bias", dict, "an object"),
        user=_typed(members, "user", str, "a string"),
    )


def _stop(stop: Json) -> tuple[str, ...]:
    if stop is None:
        return ()
    words = [stop] if isinstance(stop, str) else stop
    if not isinstance(words, list) or any(not isinstance(word, str) for word in words):
        raise _wrong("stop", "a string or an array of strings")
    return tuple(word for word in words if word)


def _number(members: dict[str, Json], name: str) -> float | None:
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(name, "a number")
    return value


def _integer(members: dict[str, Json], name: str, least: int | None = None) -> int | None:
    value = _number(members, name)
    if value is None:
        return None
    if not isinstance(value, int) and not value.is_integer():
        raise _wrong(name, "an integer")
    if least is not None and value < least:
        raise _wrong(name, f"an integer of at least {least}")
    return int(value)


def _typed(members: dict[str, Json], name: str, kind: type, wanted: str) -> Json:
    value = members.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise _wrong(name, wanted)


def _wrong(name: str, wanted: str) -> DecodeError:
    return DecodeError(f"`{name}` must be {wanted}.", param=name)
