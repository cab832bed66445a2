"""The demo as a provider: it answers by itself, in the chat dialect, with no network, clock or chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from proxy_core.errors import DecodeError
from proxy_core.provider import LocalAnswer, ProviderState, Speech, Step
from proxy_core.provider_key import KeyProvider
from proxy_core.providers.demo import fault, wire
from proxy_core.providers.demo.catalogue import MODELS, MODELS_DATE
from proxy_core.providers.demo.question import Question, read
from proxy_core.providers.demo.reply import Reply, compose
from proxy_core.transport import UpstreamRequest

_WHOLE_DELAY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProvider(KeyProvider):
    """A provider whose ``answer`` is never None."""

    def answer(self, request: UpstreamRequest) -> LocalAnswer:
        """Answer a chat body; a bad body or an unknown model gets the refusal that OpenAI would give."""
        try:
            question = read(request.body)
        except DecodeError as error:
            return fault.refuse(400, "invalid_request_error", None, error.message)
        if all(profile.id != question.model for profile in self.models):
            message = f"The demo has no model {question.model!r}."
            return fault.refuse(404, "invalid_request_error", "model_not_found", message)
        reply = compose(question)
        return fault.fail(question, reply) or _answered(question, reply)


def _answered(question: Question, reply: Reply) -> LocalAnswer:
    if question.stream:
        return LocalAnswer(200, fault.EVENTS, wire.stream(question, reply))
    return LocalAnswer(200, fault.JSON, _at_once(wire.whole(question, reply)))


def _at_once(body: bytes) -> Iterator[Step]:
    yield Step(body, _WHOLE_DELAY_S)


DEMO = DemoProvider(
    name="demo",
    title="Demo (offline)",
    # Never looked up: `answer` comes before the network.
    base_url="http://demo.invalid",
    key_use="none",
    speaks=(Speech("openai_chat", {"chat": "/v1/chat/completions"}),),
    state=ProviderState(
        "available", "2026-11-20", "Answers by itself, without a network and without a model."
    ),
    models=MODELS,
    models_date=MODELS_DATE,
    list_path=None,
    strict=False,
)
