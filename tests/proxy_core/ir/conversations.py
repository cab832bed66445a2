"""Generated conversations in neutral words: every oddity that clients send, in any order."""

from hypothesis import strategies as st

from proxy_core.ir.message import (
    CacheMark,
    HostedStep,
    Inline,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from proxy_core.ir.request import Freeform, Function, Hosted, Request, Sampling, Tool, ToolChoice

texts = st.sampled_from(["", " ", "\n", "Hello", "naïve 🌍", "\u2028", "e\u0301"])
call_ids = st.sampled_from(["a", "b", "c", "call.1", "call_1", "x" * 70, ""])
tool_names = st.sampled_from(
    [
        "look_up",
        "look.up",
        "look/up",
        "9lives",
        "x" * 70,
        "x" * 71,
        "mcp__server__" + "y" * 60,
        "天气",
        "",
        "a__b",
    ]
)
namespaces = st.sampled_from([None, None, "a", "mcp__s__", "b"])
seals = st.none() | st.builds(Seal, st.sampled_from([None, "one", "two"]), st.just("some.kind"), st.text())
caches = st.none() | st.just(CacheMark("5m"))

text_parts = st.builds(Text, texts, cache=caches, seal=seals)
media_parts = st.just(Media("image", Inline("image/png", "iVBORw0KGgo=")))
call_parts = st.builds(
    ToolCall,
    call_ids,
    tool_names,
    st.sampled_from(["{}", '{"a":1.50}']),
    st.sampled_from(["json", "freeform"]),
    namespaces,
)
result_parts = st.builds(
    ToolResult,
    call_ids,
    st.lists(text_parts | media_parts, max_size=2).map(tuple),
    st.none() | tool_names,
    st.booleans(),
)
parts: st.SearchStrategy[Part] = st.one_of(
    text_parts,
    media_parts,
    call_parts,
    call_parts,
    result_parts,
    result_parts,
    st.builds(Refusal, texts),
    st.builds(Reasoning, st.lists(texts, max_size=2).map(tuple), seals),
    st.just(HostedStep("web_search", "some", {"type": "search"})),
    st.just(Opaque("some", {"type": "new"})),
)
roles: st.SearchStrategy[Role] = st.sampled_from(["user", "user", "model", "model", "system"])
messages = st.lists(
    st.builds(
        Message,
        roles,
        st.lists(parts, max_size=4).map(tuple),
        st.sampled_from([None, None, None, "Ann", "Bob"]),
        st.sampled_from([{}, {}, {}, {"phase": "one"}, {"phase": "two"}]),
    ),
    max_size=8,
).map(tuple)
tools: st.SearchStrategy[tuple[Tool, ...]] = st.lists(
    st.one_of(
        st.builds(Function, tool_names, namespace=namespaces),
        st.builds(Freeform, tool_names, namespace=namespaces, grammar=st.none() | st.just("start: /x/")),
        st.just(Hosted("web_search", "some", {})),
    ),
    max_size=6,
).map(tuple)
choices = st.none() | st.builds(
    ToolChoice, st.sampled_from(["auto", "none", "required"]), st.lists(tool_names, max_size=2).map(tuple)
)
requests = st.builds(
    Request,
    st.just("some"),
    st.just("model"),
    messages,
    st.lists(text_parts, max_size=2).map(tuple),
    tools=tools,
    tool_choice=choices,
    sampling=st.builds(Sampling, parallel_tool_calls=st.none() | st.booleans()),
)
