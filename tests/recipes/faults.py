"""Faults that a fake vendor shows once, and the tool task that it does otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tests.upstreams.behaviours import Behaviour, Fail, ToolTask
from tests.upstreams.delivery import PLAIN, Delivery
from tests.upstreams.vendor import Answer, Exchange, Vendor

# enough to see that the client waits, little enough to wait for
WAIT_S = 2
SLOW_S = 5.0
KEEP_ALIVE_S = 1.0

_SAID = (b"I will run",)
_ARGUMENTS = (b"partial_json", b'"arguments"', b"arguments.delta", b"input.delta", b'"functionCall"')


@dataclass
class Breaks:
    """Does the tool task, and breaks its first answer after the event that holds one of these.

    `inside`: in the middle of that event instead. `error`: an in-band error comes then, and an orderly end.
    """

    marks: tuple[bytes, ...]
    ending: Delivery
    inside: bool = False
    error: bool = False
    delivery: Delivery = PLAIN

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The beginning of the answer."""
        given = ToolTask().answer(vendor, exchange)
        self.delivery = self.ending
        if not given.streamed:
            if self.error:
                return vendor.trouble("overloaded", "Overloaded", 503)
            return given
        count = next(
            (at + 1 for at, frame in enumerate(given.frames) if any(mark in frame for mark in self.marks)),
            len(given.frames) // 2,
        )
        frames = list(given.frames[:count])
        if self.inside:
            frames[-1] = frames[-1][: len(frames[-1]) // 2]
        if self.error:
            frames.append(vendor.in_band_error("Overloaded"))
        self.delivery = replace(self.ending, frames=None if self.error else len(frames))
        return replace(given, frames=tuple(frames))


@dataclass
class Once:
    """Shows a fault to the first chat and does the tool task ever after; counting tokens is no chat."""

    fault: Behaviour
    then: Behaviour
    delivery: Delivery = PLAIN
    is_spent: bool = False

    def answer(self, vendor: Vendor, exchange: Exchange) -> Answer:
        """The fault, or the task."""
        inner = self.then
        if exchange.route.kind == "generate" and not self.is_spent:
            self.is_spent, inner = True, self.fault
        given = inner.answer(vendor, exchange)
        self.delivery = inner.delivery
        return given


# the pause keeps a reset from overtaking what was sent before it
_CUT = Delivery(ending="cut", gap=0.02)
_STOP = Delivery(ending="stop", gap=0.02)

FAULTS: Mapping[str, Callable[[], Behaviour]] = MappingProxyType(
    {
        "none": ToolTask,
        "400": lambda: Fail(400, "invalid", "Bad request."),
        "401": lambda: Fail(401, "auth", "Wrong key."),
        "403": lambda: Fail(403, "permission", "Not allowed."),
        "404": lambda: Fail(404, "not_found", "No such model."),
        "429+wait": lambda: Fail(429, "rate_limit", "Slow down.", retry_after=WAIT_S),
        "429": lambda: Fail(429, "rate_limit", "Slow down."),
        "500": lambda: Fail(500, "server", "Broken."),
        "503": lambda: Fail(503, "overloaded", "Busy."),
        "529": lambda: Fail(529, "overloaded", "Overloaded"),
        "cut before": lambda: ToolTask(Delivery(before_headers=True, ending="cut")),
        "cut": lambda: Breaks(_SAID, _CUT),
        "clean end": lambda: Breaks(_SAID, _STOP),
        "error event": lambda: Breaks(_SAID, Delivery(gap=0.02), error=True),
        "cut in arguments": lambda: Breaks(_ARGUMENTS, _CUT, inside=True),
        "slow": lambda: ToolTask(Delivery(delay=SLOW_S)),
        "1-byte writes": lambda: ToolTask(Delivery(write=1)),
    }
)
