"""What a fake vendor does with a request that it accepted: tell a sample, do the tool task, or fail."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from tests.samples import load
from tests.upstreams.delivery import PLAIN, Delivery
from tests.upstreams.vendor import (
    Answer,
    Ask,
    Call,
    Exchange,
    Offered,
    Reply,
    Trouble,
    Vendor,
    event_stream,
    plausible_count,
)

THOUGHT = "The user wants one command run; I will run it."


class Behaviour(Protocol):
    """Decides the answer to an accepted request and how it travels."""

    @property
    def delivery(self) -> Delivery:
        """How the answer travels."""
        ...

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The answer, in the vendor's dialect."""
        ...


@dataclass(frozen=True, slots=True)
class Replay:
    """Answers as the sample of this name does, whole, streamed or counted as the request asks."""

    name: str
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """Raises KeyError when the dialect does not have the sample."""
        sample = load.sample(vendor.dialect, self.name)
        if exchange.route.kind == "count" and not (sample.is_count or sample.is_error):
            return vendor.count(plausible_count(exchange.body))
        return vendor.replay(exchange, sample)


@dataclass(frozen=True, slots=True)
class Say:
    """Answers every request with the same reply. Thinking is left out unless the request asks for it."""

    reply: Reply
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The reply, or a plausible count."""
        return _written(vendor, exchange, self.reply)


@dataclass(frozen=True, slots=True)
class ToolTask:
    """Runs the command between <run> and </run> with the client's own tool and repeats what it printed.

    The command may stand in any user text. When a result follows it in the history, the answer is
    `FINAL: <result>`; otherwise the shell-like tool of the request is called. Without one, or without a
    command, the answer is a plain text.
    """

    delivery: Delivery = PLAIN
    shown: str = "I will run it."

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The next step of the task, or a plausible count."""
        if exchange.route.kind == "count":
            return vendor.count(plausible_count(exchange.body))
        return _written(vendor, exchange, self._reply(vendor.ask(exchange)))

    def _reply(self, ask: Ask) -> Reply:
        command, results = _task(ask)
        if command is None:
            return Reply(text="There is nothing to run.", thinking=THOUGHT)
        if results:
            return Reply(text=f"FINAL: {results[-1]}", thinking=THOUGHT)
        call = shell_call(ask.tools, command)
        if call is None:
            return Reply(text="I have no tool that runs commands.", thinking=THOUGHT)
        return Reply(text=self.shown, calls=(call,), thinking=THOUGHT)


@dataclass(frozen=True, slots=True)
class UseHosted:
    """Answers with the reply where every hosted tool of its steps is offered, else names the missing ones."""

    reply: Reply
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The reply, or a plausible count."""
        if exchange.route.kind == "count":
            return vendor.count(plausible_count(exchange.body))
        missing = {step.kind for step in self.reply.steps} - vendor.ask(exchange).hosted
        if missing:
            return _written(vendor, exchange, Reply(text=f"There is no {', '.join(sorted(missing))} here."))
        return _written(vendor, exchange, self.reply)


@dataclass(frozen=True, slots=True)
class Fail:
    """Answers with an error status in the vendor's shape; `html` gives a gateway's page instead."""

    status: int
    kind: Trouble
    message: str = "Upstream trouble."
    retry_after: int | None = None
    html: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The error."""
        if self.html:
            page = f"<html><head><title>{self.status}</title></head><body><h1>Bad gateway</h1></body></html>"
            return Answer(self.status, (page.encode(),), content_type="text/html", headers=self.headers)
        given = vendor.trouble(self.kind, self.message, self.status, self.retry_after)
        return Answer(given.status, given.frames, headers={**given.headers, **self.headers})


@dataclass(frozen=True, slots=True)
class FailInside:
    """Begins the stream of another behaviour with status 200 and reports overload after `frames` frames.

    A request for a whole answer gets the vendor's overload status instead: there is no inside then.
    """

    inner: Behaviour
    frames: int = 2
    message: str = "Overloaded"

    @property
    def delivery(self) -> Delivery:
        """As the inner behaviour's."""
        return self.inner.delivery

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The beginning and the error."""
        begun = self.inner.answer(vendor, exchange)
        if not begun.streamed or begun.content_type != "text/event-stream":
            return vendor.trouble("overloaded", self.message, 503)
        return event_stream([*begun.frames[: self.frames], vendor.in_band_error(self.message)])


def _written(vendor: Vendor, exchange: Exchange, reply: Reply) -> Answer:
    if exchange.route.kind == "count":
        return vendor.count(plausible_count(exchange.body))
    if not vendor.ask(exchange).think:
        reply = replace(reply, thinking="")
    return vendor.write(exchange, reply)


_COMMAND = re.compile(r"<run>(.*?)</run>", re.DOTALL)
# Codex "exec" takes JavaScript; this is what its models write (Codex 0.169, code mode).
_SCRIPT = """const r = await tools.exec_command({{cmd: {command}}});
text(typeof r === 'string' ? r : (r.output ?? JSON.stringify(r)));
"""
_SHELLS = (
    "Bash",
    "exec_command",
    "run_shell_command",
    "shell_command",
    "shell",
    "local_shell",
    "exec",
    "bash",
)


def _task(ask: Ask) -> tuple[str | None, list[str]]:
    """The last command and the results that came after it."""
    command, results = None, list[str]()
    for kind, text in ask.history:
        found = _COMMAND.search(text) if kind == "text" else None
        if found:
            command, results = found[1], []
        elif kind == "result":
            results.append(text)
    return command, results


def shell_call(tools: tuple[Offered, ...], command: str) -> Call | None:
    """A call of the shell-like tool, None when none is offered. Flattened namespaces (`ns__exec`) count."""
    for shell in _SHELLS:
        for tool in tools:
            if tool.name == shell or tool.name.endswith(("__" + shell, "." + shell, "-" + shell)):
                return _filled(tool, shell, command)
    return None


def _quoted(command: str) -> str:
    return '"' + command.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _filled(tool: Offered, shell: str, command: str) -> Call:
    script = _SCRIPT.format(command=_quoted(command)) if shell == "exec" else command
    if tool.form == "freeform":
        return Call(tool.name, "freeform", text=script)
    known: dict[str, Any] = dict(tool.schema.get("properties", {}))
    arguments: dict[str, Any] = {}
    if "cmd" in known:
        arguments["cmd"] = command
    elif "input" in known:
        arguments["input"] = script
    else:
        is_list = str(known.get("command", {}).get("type", "")).lower() == "array"
        arguments["command"] = ["bash", "-lc", command] if is_list else command
    if "description" in known:
        arguments["description"] = "Runs the command that the user gave"
    return Call(tool.name, arguments=arguments)


def _fault(**how: Any) -> Callable[[], Behaviour]:
    return lambda: Say(Reply(text="This answer breaks on its way to you."), Delivery(**how))


# For the command line, and for tests that pick by model name: a model called `fake-<name>` does this.
NAMED: Mapping[str, Callable[[], Behaviour]] = MappingProxyType(
    {
        "tool_task": ToolTask,
        "say": lambda: Say(Reply(text="Hello from the fake vendor.", thinking="A greeting is due.")),
        "429": lambda: Fail(429, "rate_limit", "Rate limit reached.", retry_after=20),
        "429-bare": lambda: Fail(429, "rate_limit", "Rate limit reached."),
        "500": lambda: Fail(500, "server"),
        "503": lambda: Fail(503, "overloaded", "The model is overloaded."),
        "529": lambda: Fail(529, "overloaded", "Overloaded"),
        "html": lambda: Fail(502, "server", html=True),
        "overloaded-inside": lambda: FailInside(Say(Reply(text="This will not end well."))),
        "cut": _fault(frames=3, ending="cut"),
        "stop": _fault(frames=3, ending="stop"),
        "silence": _fault(frames=3, ending="hold"),
        "hang": _fault(before_headers=True, ending="hold"),
        "bytes": _fault(write=1),
        "slow": _fault(gap=0.05),
        "noise": _fault(noise=True),
        "crlf": _fault(crlf=True),
        "gzip": _fault(compress=True),
    }
)


def named(name: str) -> Behaviour:
    """A behaviour by name: one of `NAMED`, or `replay:<sample>`. Raises KeyError for others."""
    kind, _, sample = name.partition(":")
    return Replay(sample) if kind == "replay" else NAMED[name]()
