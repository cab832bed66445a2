"""What is asked of every subject, and on which ways."""

from dataclasses import dataclass
from types import MappingProxyType

from tests.bench.requests import SHORT, Dialect, Shape, Size, body, http, model
from tests.bench.subjects import Subject


@dataclass(frozen=True, slots=True)
class Load:
    """One row group of the table. ``once``: every connection asks once, instead of for some seconds."""

    name: str
    title: str
    size: Size
    shape: Shape
    stream: bool
    at_once: int
    once: bool = False
    deltas: int = 10


LOADS: tuple[Load, ...] = (
    Load("whole-1", "small request, whole, 1 at a time", "small", "small", False, 1),
    Load("whole-64", "small request, whole, 64 at once", "small", "small", False, 64),
    Load("stream-1", "small request, streamed, 1 at a time", "small", "small", True, 1),
    Load("stream-64", "small request, streamed, 64 at once", "small", "small", True, 64),
    Load("agent", "300 kB transcript with 40 tools, streamed, 8 at once", "agent", "small", True, 8),
    Load("long", "1,000-event stream, 200 at once", "small", "long", True, 200, True, 1000),
    Load("paced", "200 streams at once, 25 events a second each", "small", "paced", True, 200, True, 100),
    Load("image", "4 MB image body, whole, 4 at once", "image", "small", False, 4),
)


@dataclass(frozen=True, slots=True)
class Way:
    """From a client's dialect to an upstream's, through one kind of subject."""

    subject: str
    client: Dialect
    upstream: Dialect

    @property
    def title(self) -> str:
        """What the table calls it."""
        if self.subject == "bare":
            return f"bare relay, {SHORT[self.client]}"
        if self.subject == "direct":
            return f"no proxy, {SHORT[self.client]}"
        who = "LiteLLM" if self.subject == "litellm" else "Trunkline"
        if self.client == self.upstream:
            return f"{who}, {SHORT[self.client]} passed through"
        return f"{who}, {SHORT[self.client]} → {SHORT[self.upstream]}"

    @property
    def is_passed(self) -> bool:
        """Whether both sides speak the same."""
        return self.client == self.upstream

    def request(self, load: Load, subject: Subject) -> bytes:
        """Return the request of a load, as HTTP."""
        name = model(self.upstream, load.shape)
        content = body(self.client, load.size, name, load.stream)
        return http(self.client, name, load.stream, content, subject.port, subject.key)


WAYS: tuple[Way, ...] = (
    Way("direct", "openai_chat", "openai_chat"),
    Way("bare", "openai_chat", "openai_chat"),
    Way("trunkline", "openai_chat", "openai_chat"),
    Way("bare", "anthropic_messages", "anthropic_messages"),
    Way("trunkline", "anthropic_messages", "anthropic_messages"),
    Way("trunkline", "openai_chat", "anthropic_messages"),
    Way("trunkline", "anthropic_messages", "openai_chat"),
    Way("trunkline", "anthropic_messages", "openai_responses"),
    Way("litellm", "openai_chat", "openai_chat"),
    Way("litellm", "openai_chat", "anthropic_messages"),
)
STREAM_WAYS: tuple[Way, ...] = (
    Way("bare", "openai_responses", "openai_responses"),
    Way("trunkline", "openai_responses", "openai_responses"),
    Way("bare", "gemini_generate", "gemini_generate"),
    Way("trunkline", "gemini_generate", "gemini_generate"),
    Way("trunkline", "openai_responses", "anthropic_messages"),
)
"""More of them where streams are the point."""

MORE: MappingProxyType[str, tuple[Way, ...]] = MappingProxyType({"long": STREAM_WAYS})
