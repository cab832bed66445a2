"""Tool names, kinds and call ids, fitted to what a dialect takes, reversibly.

A new spelling depends on the tool itself and, only if two would be equal, on a hash of it: never on chance
or on later messages, so that a conversation keeps its names (and its prompt cache) from turn to turn.
"""

from __future__ import annotations

import hashlib
import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, NamedTuple

from proxy_core import jsonbytes
from proxy_core.ir.message import EMPTY, Message, Part, ToolCall, ToolResult, Typed
from proxy_core.ir.request import (
    Freeform,
    Function,
    Hosted,
    ReplyMemory,
    Request,
    Tool,
    ToolChoice,
    ToolIdentity,
)
from proxy_core.ir.schema import complete, is_strict

_ALPHANUMERIC = frozenset(string.ascii_letters + string.digits)
_HASH_CHARS = 8
_ID_HASH_CHARS = 12


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """What a dialect takes as a tool: longest name, characters beside letters and digits, and kinds."""

    max_name: int = 64
    extra_chars: str = "_-"
    digit_start: bool = True
    freeform: bool = False
    namespaces: bool = False


_Form = Literal["json", "freeform"]

NOT_STRICT = "Strict arguments need a closed schema here, with all properties required."


class _Key(NamedTuple):
    namespace: str | None
    name: str


def fit_tools(request: Request, limits: ToolLimits) -> tuple[Request, ReplyMemory]:
    """Return the request with tools that the dialect takes, and what the reply must undo.

    Declarations are de-duplicated (the first wins, a function wins over a freeform tool of its name);
    namespaces become ``namespace__name``; a freeform tool becomes a function with one string ``input``;
    names are cleaned and shortened. The same goes for the tool choice and the history. Without any tool
    left, the tool choice and ``parallel_tool_calls`` are dropped.
    """
    tools = _unique(request.tools)
    names = _Names(limits)
    forms: dict[_Key, _Form] = {_key(tool): _form(tool) for tool in tools if not isinstance(tool, Hosted)}
    typed = {_key(tool): tool.typed for tool in tools if isinstance(tool, Function) and tool.typed}
    names.declare(tuple(forms))
    for call in _calls(request.messages):
        # Tools that only the history knows: the model may well call them again.
        key = _Key(call.namespace, call.name)
        if key not in forms and call.typed is not None:
            typed[key] = call.typed
        forms.setdefault(key, call.form)
        names.recall(key)
    fitted = replace(
        request,
        tools=tuple(_declare(tool, names, limits) for tool in tools),
        tool_choice=_choice(request.tool_choice, names) if tools else None,
        messages=_Replay(names, forms, limits).messages(request.messages),
    )
    if not tools and request.sampling.parallel_tool_calls is not None:
        fitted = replace(fitted, sampling=replace(request.sampling, parallel_tool_calls=None))
    return fitted, _memory(names, forms, typed, limits)


def fit_call_ids(request: Request, max_length: int, pattern_extra: str = "_-") -> Request:
    """Return the request with call ids of letters, digits and ``pattern_extra``, at most ``max_length`` long.

    An id that fits stays; another is cleaned and gets a hash of itself, the same on call and result and in
    every later request of the conversation.
    """

    def fitted(part: Part) -> Part:
        match part:
            case ToolCall():
                return replace(part, id=_fit_id(part.id, max_length, pattern_extra))
            case ToolResult():
                return replace(part, call_id=_fit_id(part.call_id, max_length, pattern_extra))
            case _:
                return part

    messages = tuple(replace(item, parts=tuple(map(fitted, item.parts))) for item in request.messages)
    return replace(request, messages=messages)


def _fit_id(call_id: str, max_length: int, extra: str) -> str:
    clean = _clean(call_id, extra)
    if call_id and clean == call_id and len(call_id) <= max_length:
        return call_id
    digest = _hash(call_id, min(_ID_HASH_CHARS, max_length))
    joint = "_" if "_" in extra else ""
    head = (clean or "call")[: max(0, max_length - len(digest) - len(joint))]
    return f"{head}{joint}{digest}" if head else digest


def asks_strict(tool: Function) -> bool:
    """Whether strict arguments are asked for with a schema that OpenAI takes as strict."""
    return bool(tool.strict) and is_strict(complete(tool.schema or {}))


def flat_name(tool: Function | Freeform) -> str:
    """Return a tool's name as a dialect without namespaces has it."""
    return _flat(_key(tool))


def _clean(text: str, extra: str) -> str:
    filler = "_" if "_" in extra else ""
    return "".join(char if char in _ALPHANUMERIC or char in extra else filler for char in text)


def _hash(text: str, chars: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:chars]


def _key(tool: Function | Freeform) -> _Key:
    return _Key(tool.namespace, tool.name)


def _form(tool: Function | Freeform) -> _Form:
    return "freeform" if isinstance(tool, Freeform) else "json"


def _unique(tools: tuple[Tool, ...]) -> tuple[Tool, ...]:
    functions = {_key(tool) for tool in tools if isinstance(tool, Function)}
    kept: dict[tuple[str | None, ...], Tool] = {}
    for tool in tools:
        if isinstance(tool, Hosted):
            kept.setdefault((tool.kind, tool.dialect, tool.name), tool)
        elif isinstance(tool, Function) or _key(tool) not in functions:
            kept.setdefault(_key(tool), tool)
    return tuple(kept.values())


def _calls(messages: tuple[Message, ...]) -> Iterator[ToolCall]:
    return (part for message in messages for part in message.parts if isinstance(part, ToolCall))


class _Names:
    """One sent name for every tool; two tools never share one."""

    def __init__(self, limits: ToolLimits) -> None:
        self._limits = limits
        self._sent: dict[_Key, str] = {}
        self._changed: set[str] = set()

    def declare(self, keys: tuple[_Key, ...]) -> None:
        """Give names, whatever the order: those that fit keep theirs, the others go around them."""
        wanted = {key: self._wanted(key) for key in keys}
        self._sent.update((key, name) for key, name in wanted.items() if name == key.name)
        times = Counter(wanted.values())
        for key, name in wanted.items():
            if key not in self._sent:
                self._change(key, name, is_free=times[name] == 1)

    def recall(self, key: _Key) -> None:
        """Give a name to a tool of the history that is not declared; those given already stay."""
        if key in self._sent:
            return
        name = self._wanted(key)
        shares = self._limits.namespaces or name not in self._sent.values()
        if name == key.name and shares and name not in self._changed:
            self._sent[key] = name
        else:
            self._change(key, name, is_free=True)

    def _change(self, key: _Key, name: str, *, is_free: bool) -> None:
        taken, count = set(self._sent.values()), 0
        while not is_free or name in taken:
            # The hash of the tool itself, so that the other tools do not matter.
            whole = f"{key.namespace}\0{key.name}\0{count or ''}"
            name, is_free = self._with_hash(self._valid(_flat(key)), whole), True
            count += 1
        self._sent[key] = name
        self._changed.add(name)

    def sent(self, key: _Key) -> str:
        """Return the name for a tool; one that was never seen is only cleaned."""
        return self._sent.get(key) or self._wanted(key)

    def chosen(self, name: str) -> str:
        """Return the sent name for a name in a tool choice, where a namespace may be missing or in front."""
        key = _Key(None, name)
        if key in self._sent:
            return self._sent[key]
        for known, sent in self._sent.items():
            if name in (known.name, _flat(known)):
                return sent
        return self._wanted(key)

    def _wanted(self, key: _Key) -> str:
        flat = key.name if self._limits.namespaces else _flat(key)
        valid = self._valid(flat)
        if len(valid) <= self._limits.max_name:
            return valid
        if valid.startswith("mcp__"):
            # The last piece names the tool; the server's name is what may go.
            valid = "mcp__" + valid.rpartition("__")[2]
        return self._with_hash(valid, flat)

    def _valid(self, name: str) -> str:
        valid = _clean(name, self._limits.extra_chars) or "tool"
        if not self._limits.digit_start and not (valid[0].isalpha() or valid[0] == "_"):
            valid = f"_{valid}"
        return valid

    def _with_hash(self, name: str, whole: str) -> str:
        return f"{name[: self._limits.max_name - _HASH_CHARS - 1]}_{_hash(whole, _HASH_CHARS)}"


def _flat(key: _Key) -> str:
    if not key.namespace:
        return key.name
    # Some clients' namespaces bring the separator (Codex: ``mcp__server__``).
    return f"{key.namespace}{'' if key.namespace.endswith('__') else '__'}{key.name}"


def _declare(tool: Tool, names: _Names, limits: ToolLimits) -> Tool:
    if isinstance(tool, Hosted):
        return tool
    name = names.sent(_key(tool))
    namespace = tool.namespace if limits.namespaces else None
    if isinstance(tool, Freeform) and not limits.freeform:
        return Function(
            name, _description(tool), _input_schema(tool), namespace=namespace, deferred=tool.deferred
        )
    return replace(tool, name=name, namespace=namespace)


def _description(tool: Freeform) -> str:
    pieces = [tool.description or "", "Put the whole input, as plain text, into the one argument `input`."]
    if tool.grammar:
        syntax = f" ({tool.syntax})" if tool.syntax else ""
        pieces.append(f"The input must follow this grammar{syntax}:\n{tool.grammar}")
    return "\n\n".join(piece for piece in pieces if piece)


def _input_schema(tool: Freeform) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {"input": {"type": "string", "description": f"The input of {tool.name}."}},
        "required": ["input"],
        "additionalProperties": False,
    }


def _choice(choice: ToolChoice | None, names: _Names) -> ToolChoice | None:
    if choice is None:
        return None
    return replace(choice, only=tuple(dict.fromkeys(names.chosen(name) for name in choice.only)))


class _Replay:
    """Rewrites the calls and results of the history, in order: ids may be used again later."""

    def __init__(self, names: _Names, forms: dict[_Key, _Form], limits: ToolLimits) -> None:
        self._names = names
        self._forms = forms
        self._limits = limits
        self._sent: dict[str, ToolCall] = {}

    def messages(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Return the messages with calls and results as they are sent."""
        return tuple(
            replace(message, parts=tuple(self._part(part) for part in message.parts)) for message in messages
        )

    def _part(self, part: Part) -> Part:
        match part:
            case ToolCall():
                return self._call(part)
            case ToolResult():
                return self._result(part)
            case _:
                return part

    def _call(self, call: ToolCall) -> ToolCall:
        key = _Key(call.namespace, call.name)
        namespace = call.namespace if self._limits.namespaces else None
        sent = replace(call, name=self._names.sent(key), namespace=namespace)
        if call.form == "freeform" and not (self._limits.freeform and self._forms[key] == "freeform"):
            sent = replace(sent, form="json", arguments=jsonbytes.text({"input": call.arguments}))
        self._sent[call.id] = sent
        return sent

    def _result(self, result: ToolResult) -> ToolResult:
        call = self._sent.get(result.call_id)
        form = call.form if call is not None else result.form if self._limits.freeform else "json"
        if result.name is None:
            return replace(result, form=form)
        name = call.name if call is not None else self._names.chosen(result.name)
        return replace(result, name=name, form=form)


def _memory(
    names: _Names, forms: dict[_Key, _Form], typed: dict[_Key, Typed], limits: ToolLimits
) -> ReplyMemory:
    tools: dict[str, ToolIdentity] = {}
    for key, form in forms.items():
        sent = names.sent(key)
        flattened = key.namespace is not None and not limits.namespaces
        kind = replace(typed[key], raw=EMPTY) if key in typed else None
        if sent != key.name or flattened or kind or (form == "freeform" and not limits.freeform):
            tools[sent] = ToolIdentity(key.name, key.namespace, form, kind)
    return ReplyMemory(tools=MappingProxyType(tools))
