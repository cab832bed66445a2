"""What a turn of the model leaves for the vendor's next turn, and how it is put back into a conversation.

A vendor wants its reasoning back beside the tool call (or the answer) that came of it; many clients send
back only what they show. So each turn is cut into *steps*: what stood before a call, and the call itself;
the rest of the turn is a last step that answers. A step is found again by what every client sends back: the
call's id, name and arguments, or the visible text. Arguments that a person edited make another step. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Protocol

from proxy_core import jsonbytes
from proxy_core.errors import DecodeError
from proxy_core.ir.message import Json, Message, Part, Reasoning, Seal, Text, ToolCall, ToolResult
from proxy_core.ir.request import Request

_DIGEST = 16


@dataclass(frozen=True, slots=True)
class Step:
    """The reasoning before one call or answer, and the seals in it.

    ``reasoning`` and ``sealed`` have places in the step's visible text (``length`` characters, ``text`` its
    digest): where a thought stood, where a sealed piece of text begins and ends. ``seal`` is the call's.
    """

    reasoning: tuple[tuple[int, Reasoning], ...] = field(default=(), repr=False)
    sealed: tuple[tuple[int, int, Seal], ...] = field(default=(), repr=False)
    seal: Seal | None = field(default=None, repr=False)
    text: bytes = b""

    @property
    def seals(self) -> tuple[Seal, ...]:
        """Every seal in it."""
        thoughts = (part.seal for _, part in self.reasoning)
        texts = (seal for _, _, seal in self.sealed)
        return tuple(seal for seal in (*thoughts, *texts, self.seal) if seal is not None)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        texts = sum(len(text) for _, part in self.reasoning for text in part.segments)
        return 400 + texts + sum(len(seal.value) + 150 for seal in self.seals)


Found = Callable[[bytes, bytes], Step | None]
"""From a step's anchor and the context of its turn to what is known of the step."""


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def copy(self) -> Any: ...
    def digest(self) -> bytes: ...


def digest(*texts: str) -> bytes:
    """Return a digest of texts; which text ends where counts."""
    found = blake2b(digest_size=_DIGEST)
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        found.update(len(raw).to_bytes(8, "big"))
        found.update(raw)
    return found.digest()


def call_anchor(call: ToolCall) -> bytes:
    """Return what a call is found by: id, name and arguments, however these are spelled."""
    arguments = call.arguments if call.form == "freeform" else _canonical(call.arguments)
    return digest("call", call.id, call.namespace or "", call.name, arguments)


def answer_anchor(text: str) -> bytes:
    """Return what an answer is found by; blanks around it do not count."""
    return digest("answer", text.strip())


def _canonical(arguments: str) -> str:
    try:
        return jsonbytes.text(_plain(jsonbytes.decode(arguments or "{}")))
    except (DecodeError, RecursionError):
        return arguments


def _plain(value: Json) -> Json:
    """Sort members, and spell whole numbers in one way, as clients rebuild what they parsed."""
    match value:
        case dict():
            return {key: _plain(value[key]) for key in sorted(value)}
        case list():
            return [_plain(item) for item in value]
        case float() if math.isfinite(value) and value.is_integer() and abs(value) < 2**53:
            return int(value)
        case _:
            return value


# --- a reply's turn into steps


def steps(parts: Iterable[Part]) -> list[tuple[bytes, Step | None]]:
    """Return anchor and step of each step of a complete turn; None for one that leaves nothing.

    Thinking that nobody sealed is kept where the turn has no seal at all and calls a tool: there are vendors
    that want the words back.
    """
    turn = list(parts)
    is_sealed = any(getattr(part, "seal", None) is not None for part in turn)
    found = []
    for group in _groups(turn):
        last = group[-1]
        is_call = isinstance(last, ToolCall)
        text = _text(group)
        if not is_call and not text:
            continue
        anchor = call_anchor(last) if isinstance(last, ToolCall) else answer_anchor(text)
        step = _step(group, text, keep_words=is_call and not is_sealed)
        found.append((anchor, step))
    return found


def _groups(parts: Iterable[Part]) -> list[list[Part]]:
    """Cut after every call; the last group may have none."""
    groups: list[list[Part]] = [[]]
    for part in parts:
        groups[-1].append(part)
        if isinstance(part, ToolCall):
            groups.append([])
    return [group for group in groups if group]


def _text(group: Iterable[Part]) -> str:
    return "".join(part.text for part in group if isinstance(part, Text))


def _step(group: Sequence[Part], text: str, *, keep_words: bool) -> Step | None:
    reasoning: list[tuple[int, Reasoning]] = []
    sealed: list[tuple[int, int, Seal]] = []
    seal: Seal | None = None
    at = 0
    for part in group:
        match part:
            case Reasoning():
                if part.seal is not None or (keep_words and part.text):
                    reasoning.append((at, part))
            case Text():
                if part.seal is not None:
                    sealed.append((at, at + len(part.text), part.seal))
                at += len(part.text)
            case ToolCall():
                seal = part.seal
            case _:
                pass
    if not reasoning and not sealed and seal is None:
        return None
    return Step(tuple(reasoning), tuple(sealed), seal, digest(text))


# --- steps back into a conversation


def context(messages: Iterable[Message]) -> bytes:
    """Return a digest of all that is visible in messages; where one of them ends does not count."""
    chain = blake2b(digest_size=_DIGEST)
    role = ""
    for message in messages:
        role = _add(chain, message, role)
    return chain.digest()


def opening(messages: Iterable[Message]) -> bytes:
    """Return a digest of the first thing that the user said: it stays while a conversation grows."""
    for message in messages:
        texts = [part.text for part in message.parts if isinstance(part, Text) and message.role == "user"]
        if any(texts):
            return digest("opening", *texts)
    return b""


def _add(chain: _Hash, message: Message, role: str) -> str:
    if message.role == "system":
        return role  # reminders come and go
    if message.role != role:
        chain.update(f"\0{message.role}\0".encode())
    for part in message.parts:
        match part:
            case Text():
                chain.update(part.text.encode("utf-8", "surrogatepass"))
            case ToolCall():
                chain.update(call_anchor(part))
            case ToolResult():
                chain.update(digest(part.call_id, part.text))
            case _:
                pass
    return message.role


def restored(request: Request, found: Found) -> Request:
    """Return the request with the reasoning that its client did not send back; itself if there is none."""
    messages: list[Message] = []
    chain = blake2b(digest_size=_DIGEST)
    role, before = "", b""
    for message in request.messages:
        if message.role == "model":
            before = before if role == "model" else chain.digest()
            messages.append(_mended(message, before, found))
        else:
            messages.append(message)
        role = _add(chain, message, role)
    if all(new is old for new, old in zip(messages, request.messages, strict=True)):
        return request
    return replace(request, messages=tuple(messages))


def _mended(message: Message, before: bytes, found: Found) -> Message:
    parts: list[Part] = []
    is_changed = False
    for group in _groups(message.parts):
        last = group[-1]
        text = _text(group)
        step = None
        if isinstance(last, ToolCall):
            step = found(call_anchor(last), before)
        elif text:
            step = found(answer_anchor(text), before)
        if step is None or not _lacks(group, step):
            parts += group
            continue
        parts += _filled(group, text, step)
        is_changed = True
    return replace(message, parts=tuple(parts)) if is_changed else message


def _lacks(group: Sequence[Part], step: Step) -> bool:
    """Say whether the client lost what the step knows; seals that the step does not know are not touched."""
    # an empty one only says that nobody signed
    given = {seal.value for part in group if (seal := getattr(part, "seal", None)) is not None and seal.value}
    known = {seal.value for seal in step.seals}
    if not given <= known:
        return False
    thoughts = [_worth(part) for part in group if isinstance(part, Reasoning)]
    call = group[-1] if isinstance(group[-1], ToolCall) else None
    # a carrier of ours may have moved the call's seal, where the kind of it is not known
    is_moved = step.seal is not None and call is not None and call.seal is None
    return given != known or is_moved or any(_worth(part) not in thoughts for _, part in step.reasoning)


def _worth(part: Reasoning) -> tuple[str, str | None]:
    return part.text, None if part.seal is None else part.seal.value


def _filled(group: Sequence[Part], text: str, step: Step) -> list[Part]:
    rest = [part for part in group if not isinstance(part, Reasoning)]
    last = rest[-1] if rest else None
    if isinstance(last, ToolCall) and step.seal is not None:
        rest[-1] = replace(last, seal=step.seal)
    calls = [part for part in rest if isinstance(part, ToolCall)]
    texts = [part for part in rest if isinstance(part, Text) and not part.citations and part.cache is None]
    if step.text != digest(text) or len(texts) + len(calls) < len(rest):
        return [*(part for _, part in step.reasoning), *rest]
    return [*_woven(text, step), *calls]


def _woven(text: str, step: Step) -> list[Part]:
    """Return thoughts and text in the order in which they came, sealed pieces with their own borders."""
    seals = {(start, end): seal for start, end, seal in step.sealed}
    thoughts = list(step.reasoning)
    borders = {0, len(text), *(at for at, _ in thoughts), *(at for pair in seals for at in pair)}
    places = sorted(borders)
    woven: list[Part] = [part for at, part in thoughts if at == 0]
    for start, end in zip(places, places[1:], strict=False):
        woven.append(Text(text[start:end], seal=seals.get((start, end))))
        woven += [part for at, part in thoughts if at == end]
    return woven


# --- seals of a whole request


def tagged(request: Request, issuer_of: Callable[[Seal], str | None]) -> Request:
    """Return the request with the issuers of seals replaced where there is something better to say."""

    def tag(part: Part) -> Part:
        seal = getattr(part, "seal", None)
        if seal is None or not isinstance(part, Reasoning | Text | ToolCall):
            return part
        issuer = issuer_of(seal)
        return part if issuer in (None, seal.issuer) else replace(part, seal=replace(seal, issuer=issuer))

    return _mapped(request, tag)


def seals_of(request: Request) -> Iterator[Seal]:
    """Yield every seal on what the model said."""
    for message in request.messages:
        for part in message.parts:
            seal = getattr(part, "seal", None)
            if isinstance(seal, Seal) and message.role == "model":
                yield seal


def unsealed(request: Request) -> Request:
    """Return the request without any reasoning: for a vendor that refused some of it."""

    def strip(part: Part) -> Part | None:
        if isinstance(part, Reasoning):
            return None
        return replace(part, seal=None) if isinstance(part, Text | ToolCall) else part

    return _mapped(request, strip)


def _mapped(request: Request, change: Callable[[Part], Part | None]) -> Request:
    messages: list[Message] = []
    for message in request.messages:
        new = message
        if message.role == "model":
            parts = [part for old in message.parts if (part := change(old)) is not None]
            if len(parts) < len(message.parts) or any(
                part is not old for part, old in zip(parts, message.parts, strict=True)
            ):
                new = replace(message, parts=tuple(parts))
        if new.parts or new is message:
            messages.append(new)
    if len(messages) == len(request.messages) and all(
        new is old for new, old in zip(messages, request.messages, strict=True)
    ):
        return request
    return replace(request, messages=tuple(messages))
