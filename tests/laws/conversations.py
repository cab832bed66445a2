"""Generated requests in neutral words, coherent enough that a real client could have sent them."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from proxy_core.ir.message import (
    CacheMark,
    HostedStep,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from proxy_core.ir.request import (
    Freeform,
    Function,
    OutputFormat,
    ReasoningControl,
    Request,
    Sampling,
    Tool,
    ToolChoice,
)
from tests.laws.values import PDF, PIXEL, any_texts, arguments, plain_texts, texts

FAMILY = {
    "openai_chat": "openai",
    "openai_responses": "openai",
    "anthropic_messages": "anthropic",
    "gemini_generate": "google",
}
NAMES = ("look_up", "run", "mcp__server__tool", "x" * 64, "a__b", "Bash", "天气", "look.up", "9lives")
EXTENSIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "openai_chat": (
        {},
        {"prompt_cache_retention": "24h"},
        {"prediction": {"type": "content", "content": "x"}},
    ),
    "openai_responses": ({}, {"truncation": "auto"}, {"max_tool_calls": 3}),
    "anthropic_messages": ({}, {"inference_geo": "us"}, {"context_management": {"edits": []}}),
    "gemini_generate": ({}, {"safetySettings": []}, {"labels": {"a": "b"}}),
}
STEPS: dict[str, tuple[HostedStep, ...]] = {
    "openai_chat": (),
    "openai_responses": (
        HostedStep(
            "web_search",
            "openai_responses",
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
            "ws_1",
        ),
    ),
    "anthropic_messages": (
        HostedStep(
            "web_search",
            "anthropic_messages",
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
            "srvtoolu_1",
        ),
    ),
    "gemini_generate": (
        HostedStep(
            "code_execution", "gemini_generate", {"executableCode": {"language": "PYTHON", "code": "1"}}
        ),
    ),
}
SCHEMAS: tuple[dict[str, Any], ...] = (
    {"type": "object", "properties": {}},
    {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "naïve 🌍"},
            "properties": {"type": "object", "properties": {"type": {"type": ["integer", "null"]}}},
            "$ref": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "big": {"type": "integer", "maximum": 2**64, "minimum": -1e308},
        },
        "required": ["path"],
        "additionalProperties": False,
    },
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"enum": ["x", "y"]}}},
)
STRICT: dict[str, Any] = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "lines": {"type": ["integer", "null"]}},
    "required": ["path", "lines"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Native:
    """What only one dialect has: the kinds of its seals."""

    thinking: str | None
    redacted: str | None
    call: str | None
    text: str | None


NATIVE = {
    "openai_chat": Native(None, None, "chat.signature", None),
    "openai_responses": Native("responses.encrypted", None, None, None),
    "anthropic_messages": Native("anthropic.signature", "anthropic.redacted", None, None),
    "gemini_generate": Native(None, None, "gemini.signature", "gemini.signature"),
}
sealed_values = st.sampled_from(("c2VhbA==", "YQ==", "RXJjQ0NrZ0lDQkFC"))
marks = st.sampled_from((None, None, None, CacheMark(), CacheMark("5m")))
images = st.sampled_from(
    (
        Media("image", Inline("image/png", PIXEL)),
        Media("image", Url("https://example.com/cat.png")),
        Media("document", Inline("application/pdf", PDF), name="paper.pdf"),
    )
)


def _seal(draw: Any, kind: str | None) -> Seal | None:
    return None if kind is None or not draw(st.booleans()) else Seal(None, kind, draw(sealed_values))


@st.composite
def rounds(draw: Any, dialect: str, number: int, names: tuple[tuple[str, bool], ...]) -> list[Message]:
    """One question, what the model said to it, and the results of what it called."""
    native = NATIVE[dialect]
    asked: list[Part] = [Text(draw(texts), cache=draw(marks))]
    if draw(st.integers(0, 4)) == 0:
        asked.append(draw(images))
    if draw(st.integers(0, 6)) == 0:
        asked.insert(0, Text(draw(any_texts)))
    found = [Message("user", tuple(asked))]
    if draw(st.integers(0, 8)) == 0:
        found.append(Message("system", (Text(draw(texts)),)))
    said: list[Part] = []
    if native.thinking and draw(st.booleans()):
        seal = Seal(None, native.thinking, draw(sealed_values))
        said.append(
            Reasoning(
                (draw(plain_texts),), seal, id=f"rs_{number}" if dialect == "openai_responses" else None
            )
        )
    if native.redacted and draw(st.integers(0, 4)) == 0:
        said.append(Reasoning((), Seal(None, native.redacted, draw(sealed_values)), redacted=True))
    if STEPS[dialect] and draw(st.integers(0, 9)) == 0:
        said.append(STEPS[dialect][0])
    if draw(st.booleans()):
        said.append(Text(draw(texts), seal=_seal(draw, native.text)))
    calls = _calls(draw, native, number, names)
    said += calls
    if not said:
        said = [Refusal("I cannot.")] if dialect.startswith("openai") else [Text("Well.")]
    found.append(Message("model", tuple(said)))
    results = [_result(draw, call) for call in calls if draw(st.integers(0, 7))]
    if results:
        found.append(Message("user", tuple(draw(st.permutations(results)))))
    return found


def _calls(draw: Any, native: Native, number: int, names: tuple[tuple[str, bool], ...]) -> list[ToolCall]:
    calls = []
    for place in range(draw(st.integers(0, 3)) if names else 0):
        name, is_freeform = draw(st.sampled_from(names))
        identity = draw(st.sampled_from((f"call_{number}_{place}", f"call_{place}")))
        text = draw(texts) if is_freeform else draw(arguments)
        form: Any = "freeform" if is_freeform else "json"
        calls.append(ToolCall(identity, name, text, form, seal=_seal(draw, native.call)))
    return calls


def _result(draw: Any, call: ToolCall) -> ToolResult:
    if draw(st.integers(0, 5)) == 0:
        content = (Text(draw(plain_texts)), draw(images.filter(lambda one: one.kind == "image")))
        return ToolResult(call.id, content, call.name, as_text=False, form=call.form)
    text = draw(any_texts)
    return ToolResult(call.id, (Text(text),) if text else (), call.name, form=call.form)


@st.composite
def tools(draw: Any, dialect: str) -> tuple[Tool, ...]:
    """Declarations, none twice."""
    found: list[Tool] = []
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True)):
        if dialect.startswith("openai") and draw(st.integers(0, 3)) == 0:
            found.append(Freeform(name, draw(st.none() | texts)))
        else:
            schema, strict = draw(st.sampled_from((*((one, None) for one in SCHEMAS), (STRICT, True))))
            found.append(Function(name, draw(st.none() | texts), schema, strict))
    if dialect == "openai_responses" and draw(st.integers(0, 3)) == 0:
        found.append(Function("look_up", "inside", SCHEMAS[1], namespace="space"))
    return tuple(found)


def _choice(draw: Any, declared: tuple[Tool, ...]) -> ToolChoice | None:
    names = [one.name or "" for one in declared if getattr(one, "namespace", None) is None]
    if not names or draw(st.booleans()):
        return None
    mode = draw(st.sampled_from(("auto", "none", "required")))
    return ToolChoice(
        mode, (draw(st.sampled_from(names)),) if mode == "required" and draw(st.booleans()) else ()
    )


samplings = st.builds(
    Sampling,
    max_output_tokens=st.none() | st.integers(16, 4096),
    temperature=st.sampled_from((None, 0, 0.5, 1.0)),
    top_p=st.sampled_from((None, None, 0.9)),
    top_k=st.sampled_from((None, None, 40)),
    stop=st.lists(st.sampled_from(("END", "\n\nHuman:", "</s>")), max_size=2, unique=True).map(tuple),
    seed=st.sampled_from((None, None, 7, 2**53 + 1)),
    presence_penalty=st.sampled_from((None, None, 0.5)),
    frequency_penalty=st.sampled_from((None, None, -0.5)),
    logprobs=st.sampled_from((None, None, True)),
    parallel_tool_calls=st.sampled_from((None, None, False)),
    verbosity=st.sampled_from((None, None, "low")),
    service_tier=st.sampled_from((None, None, "flex", "priority")),
    cache_key=st.sampled_from((None, None, "key-1")),
    user=st.sampled_from((None, None, "user-1")),
    metadata=st.sampled_from((None, None, {"a": "b"})),
)
reasonings = st.sampled_from(
    (
        ReasoningControl(),
        ReasoningControl(),
        ReasoningControl("level", "high", show=True),
        ReasoningControl("budget", budget=2048, show=True),
        ReasoningControl("off"),
    )
)
outputs = st.sampled_from(
    (
        OutputFormat(),
        OutputFormat(),
        OutputFormat("json"),
        OutputFormat("schema", "reply", STRICT, True),
    )
)


@st.composite
def requests(draw: Any, dialect: str) -> Request:
    """A request as a client of the dialect could mean it; not each can be said in it."""
    declared: tuple[Tool, ...] = draw(tools(dialect))
    names = tuple(
        (one.name or "", isinstance(one, Freeform))
        for one in declared
        if getattr(one, "namespace", None) is None
    )
    messages: list[Message] = []
    for number in range(draw(st.integers(0, 2))):
        messages += draw(rounds(dialect, number, names))
    messages.append(Message("user", (Text(draw(texts)),)))
    extensions = draw(st.sampled_from(EXTENSIONS[dialect]))
    return Request(
        dialect=dialect,
        model="model-x",
        messages=tuple(messages),
        system=tuple(Text(one, cache=draw(marks)) for one in draw(st.lists(texts, max_size=2))),
        stream=draw(st.booleans()),
        tools=declared,
        tool_choice=_choice(draw, declared),
        reasoning=draw(reasonings),
        output=draw(outputs),
        sampling=draw(samplings),
        extensions={FAMILY[dialect]: extensions} if extensions else {},
    )
