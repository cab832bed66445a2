"""Generated replies in neutral words, as a vendor of a dialect could have sent them."""

from typing import Any

from hypothesis import strategies as st

from proxy_core.ir.message import Part, Reasoning, Refusal, Seal, Text, ToolCall
from proxy_core.ir.stream import Candidate, Finish, FinishReason, Reply, Usage
from tests.laws.values import arguments, plain_texts, texts

NAMES = ("look_up", "run", "x" * 64, "天气")
KINDS = {
    "openai_chat": None,
    "openai_responses": "responses.encrypted",
    "anthropic_messages": "anthropic.signature",
    "gemini_generate": "gemini.signature",
}
_REASONS: tuple[FinishReason, ...] = ("stop", "stop", "length", "filter")


@st.composite
def usages(draw: Any) -> Usage:
    """Totals that hold their parts."""
    cached, written, reasoning = (draw(st.none() | st.integers(0, 1000)) for _ in range(3))
    return Usage(
        input_tokens=draw(st.integers(0, 1000)) + (cached or 0) + (written or 0),
        output_tokens=draw(st.integers(0, 1000)) + (reasoning or 0),
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
    )


@st.composite
def candidates(draw: Any, dialect: str, index: int = 0) -> Candidate:
    """One answer: thinking first, then text and calls."""
    parts: list[Part] = []
    kind = KINDS[dialect]
    if draw(st.integers(0, 2)) == 0:
        seal = None
        if kind is not None and draw(st.booleans()):
            seal = Seal("vendor", kind, draw(st.sampled_from(("c2VhbA==", "YQ=="))))
        parts.append(Reasoning(tuple(draw(st.lists(plain_texts, min_size=1, max_size=2))), seal))
    for _ in range(draw(st.integers(0, 2))):
        parts.append(Text(draw(texts)))
    if not parts and dialect.startswith("openai") and draw(st.booleans()):
        parts.append(Refusal(draw(plain_texts)))
    reason = draw(st.sampled_from(_REASONS))
    if reason == "stop":
        for place in range(draw(st.integers(0, 3))):
            parts.append(ToolCall(f"call_{index}_{place}", draw(st.sampled_from(NAMES)), draw(arguments)))
    if any(isinstance(part, ToolCall) for part in parts):
        reason = "tool"
    return Candidate(tuple(parts), Finish(reason), index)


@st.composite
def replies(draw: Any, dialect: str) -> Reply:
    """A whole reply; several answers only where the dialect has them."""
    several = dialect in ("openai_chat", "gemini_generate") and draw(st.integers(0, 5)) == 0
    found = tuple(draw(candidates(dialect, index)) for index in range(1 + several))
    return Reply("resp_1", "model-x", found, draw(usages()), 1_800_000_001)
