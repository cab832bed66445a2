"""A chat request in neutral words (OpenTelemetry's GenAI names where it has them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from proxy_core.ir.message import EMPTY, CacheMark, Json, Message, Part, Typed

ReasoningLevel = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True)
class Function:
    """A tool with JSON arguments. ``schema`` None: none was sent.

    ``deferred``: the model shall not see it before something loads it. ``typed``: its dialect has a type for
    it, and the rest of the declaration is our description for everybody else.
    """

    name: str
    description: str | None = None
    schema: Mapping[str, Json] | None = None
    strict: bool | None = None
    namespace: str | None = None
    cache: CacheMark | None = None
    extensions: Mapping[str, Json] = field(default_factory=lambda: EMPTY)
    deferred: bool | None = None
    typed: Typed | None = None


@dataclass(frozen=True, slots=True)
class Freeform:
    """A tool whose input is plain text, perhaps bound by a grammar."""

    name: str
    description: str | None = None
    grammar: str | None = None
    syntax: str | None = None
    namespace: str | None = None
    deferred: bool | None = None


@dataclass(frozen=True, slots=True)
class Hosted:
    """A tool that the vendor runs: ``kind`` neutral (``web_search``, ``code_execution``, …), else native."""

    kind: str
    dialect: str
    raw: Mapping[str, Json]
    name: str | None = None


Tool = Function | Freeform | Hosted


@dataclass(frozen=True, slots=True)
class ToolChange:
    """In the conversation a tool became callable, or ceased to be. ``tool``: it is declared only there."""

    name: str
    is_offered: bool
    tool: Tool | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Which tools may be called.

    ``mode`` *required* with one ``only`` name is a forced call; several names are an allowed list; in
    *auto* they limit the choice as well. ``hosted`` forces a hosted tool of that kind.
    """

    mode: Literal["auto", "none", "required"] = "auto"
    only: tuple[str, ...] = ()
    hosted: str | None = None


@dataclass(frozen=True, slots=True)
class ReasoningControl:
    """How much the model should think.

    ``mode`` *unset*: the caller said nothing. *level* uses ``level``; *budget* uses ``budget`` in tokens.
    ``show``: None said nothing, else whether thinking text is wanted in the reply.
    """

    mode: Literal["unset", "off", "auto", "level", "budget"] = "unset"
    level: ReasoningLevel | None = None
    budget: int | None = None
    show: bool | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """Free text, any JSON object, or JSON of a schema."""

    kind: Literal["text", "json", "schema"] = "text"
    name: str | None = None
    schema: Mapping[str, Json] | None = None
    strict: bool | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """Knobs; None everywhere means: not sent."""

    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    candidates: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: Mapping[str, Json] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    parallel_tool_calls: bool | None = None
    verbosity: str | None = None
    modalities: tuple[str, ...] = ()
    service_tier: str | None = None
    cache_key: str | None = None
    user: str | None = None
    metadata: Mapping[str, Json] | None = None
    store: bool | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One chat request.

    ``system`` holds the leading instructions, one part per source block. ``extensions`` are members that
    the decoder did not map, keyed by *family* (``openai``, ``anthropic``, ``google``); an encoder of the
    same family re-emits those its dialect owns, every other reports them as dropped. ``compacts``: the reply
    is a summary that shall stand for the conversation; the last message asks for it already.
    ``tool_changes`` are in the order of the conversation; what holds is what was said last.
    """

    dialect: str
    model: str
    messages: tuple[Message, ...]
    system: tuple[Part, ...] = ()
    stream: bool = False
    want_usage: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    reasoning: ReasoningControl = ReasoningControl()
    output: OutputFormat = OutputFormat()
    sampling: Sampling = Sampling()
    extensions: Mapping[str, Mapping[str, Json]] = field(default_factory=lambda: EMPTY)
    compacts: bool = False
    tool_changes: tuple[ToolChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that the target dialect cannot say.

    ``path`` is the member in the caller's own body (``logit_bias``, ``messages[3].name``); ``why`` one
    short sentence. Features are never a loss: they raise ``UnsupportedError``.
    """

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class ToolIdentity:
    """What a tool is called by the client, for a name that was sent in another spelling or kind."""

    name: str
    namespace: str | None = None
    form: Literal["json", "freeform"] = "json"
    typed: Typed | None = None


@dataclass(frozen=True, slots=True)
class ReplyMemory:
    """What the reply needs to know of its request.

    ``tools`` maps a sent tool name to the client's identity; ``stop`` are stop strings that the target
    cannot express and that we cut ourselves; ``hosted`` maps a hosted tool's kind to the client's name.
    """

    tools: Mapping[str, ToolIdentity] = field(default_factory=lambda: EMPTY)
    stop: tuple[str, ...] = ()
    hosted: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class EncodedRequest:
    """An upstream body with what was lost on the way and what the reply decoder must undo.

    ``headers`` (lower case) are those that the body needs beside it, such as the name of a beta.
    """

    body: bytes
    losses: tuple[Loss, ...] = ()
    memory: ReplyMemory = ReplyMemory()
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
