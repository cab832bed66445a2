"""Decides what the demo answers: reasoning, text or calls, cut where the request says so."""

from __future__ import annotations

from dataclasses import dataclass

from proxy_core import jsonbytes
from proxy_core.providers.demo.catalogue import THINK, TOOLS
from proxy_core.providers.demo.instance import instance, takes_command
from proxy_core.providers.demo.question import Question, Tool
from proxy_core.providers.demo.words import count, tokens

_SHELLS = (
    "shell",
    "bash",
    "exec_command",
    "shell_command",
    "run_shell_command",
    "run_command",
    "execute_command",
    "local_shell",
    "terminal",
    "exec",
)
# A small allowance goes to the answer alone.
_LEAST_FOR_REASONING = 64
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call; ``arguments`` is JSON, or plain text for a freeform tool."""

    id: str
    name: str
    arguments: str
    freeform: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """The whole answer; ``finish`` in the words of the chat dialect. Tokens as in ``words``."""

    reasoning: str
    text: str
    calls: tuple[Call, ...]
    finish: str
    reasoning_tokens: int
    output_tokens: int


def compose(question: Question) -> Reply:
    """Answer a question; the same question always gets the same answer."""
    tools = _picked(question)
    calls = tuple(_call(tool, question, place) for place, tool in enumerate(tools))
    text, ended = ("", "tool_calls") if calls else _stopped(_text(question), question.stop)
    reasoning = _reasoning(question, tools)
    if question.limit is not None and question.limit < _LEAST_FOR_REASONING:
        reasoning = ""
    if question.limit is not None and not calls:
        reasoning, text, ended = _limited(reasoning, text, ended, question.limit)
    thought = count(reasoning)
    said = count(text) + sum(count(call.name) + count(call.arguments) for call in calls)
    return Reply(reasoning, text, calls, ended, thought, thought + said)


def _picked(question: Question) -> tuple[Tool, ...]:
    offered = [tool for tool in question.tools if not question.only or tool.name in question.only]
    if not offered or question.choice == "none" or question.results:
        return ()
    shells = [tool for tool in offered if tool.name.lower() in _SHELLS or takes_command(tool.schema)]
    if shells:
        return (min(shells, key=_shell_rank),)
    several = question.model == TOOLS and question.parallel and question.choice != "required"
    return tuple(offered[:2] if several else offered[:1])


def _shell_rank(tool: Tool) -> int:
    name = tool.name.lower()
    return _SHELLS.index(name) if name in _SHELLS else len(_SHELLS)


def _call(tool: Tool, question: Question, place: int) -> Call:
    arguments = question.command if tool.freeform else jsonbytes.text(instance(tool.schema, question.command))
    # The number of turns keeps ids apart in one conversation without drawing any.
    return Call(f"call_demo_{question.turns}_{place}", tool.name, arguments, tool.freeform)


def _text(question: Question) -> str:
    said = _clipped(" ".join(question.said.split()))
    if question.schema is not None:
        return jsonbytes.text(instance(question.schema, question.command, _clipped(said, 200) or "demo"))
    if question.results:
        return "FINAL: " + _clipped("\n".join(result.strip() for result in question.results))
    if not said:
        return "Hello from the Trunkline demo. You sent no text, so there is nothing to repeat."
    if question.model == TOOLS:
        return f"No tool was offered, so here is what you said: {said}"
    if question.model == THINK:
        return f"After some thought: you said “{said}”, and the demo agrees."
    return f"You said: {said} (This is the Trunkline demo; no model was asked.)"


def _reasoning(question: Question, tools: tuple[Tool, ...]) -> str:
    if not question.thinks:
        return ""
    if tools:
        return f"A tool is on offer. The demo will call {' and '.join(tool.name for tool in tools)}."
    if question.results:
        return "The tool has answered. The demo will repeat its result."
    short = (
        "The demo does not think. It repeats what it was told, so that the way there and back can be seen."
    )
    if question.model != THINK:
        return short
    steps = (
        f"First, count the words: there are {len(question.said.split())}.",
        "Second, look for a question in them; the demo cannot tell.",
        "Third, consider every answer that would be true; one is to say the same again.",
        "Fourth, check that saying the same again does no harm; it does not.",
    )
    return " ".join((short, *steps))


def _stopped(text: str, stop: tuple[str, ...]) -> tuple[str, str]:
    places = [place for word in stop if (place := text.find(word)) >= 0]
    return text[: min(places, default=len(text))], "stop"


def _limited(reasoning: str, text: str, ended: str, limit: int) -> tuple[str, str, str]:
    thought = tokens(reasoning)
    words = tokens(text)
    if len(thought) + len(words) <= limit:
        return reasoning, text, ended
    left = max(limit - len(thought), 0)
    return "".join(thought[:limit]), "".join(words[:left]), "length"


def _clipped(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else text[:longest] + "…"
