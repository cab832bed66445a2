import pytest

from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import Level
from proxy_core.routing.suffix import split_suffix

OFF = ReasoningControl(mode="off")
AUTO = ReasoningControl(mode="auto")


def level(word: Level) -> ReasoningControl:
    return ReasoningControl(mode="level", level=word)


def budget(tokens: int) -> ReasoningControl:
    return ReasoningControl(mode="budget", budget=tokens)


@pytest.mark.parametrize(
    ("name", "stem", "reasoning"),
    [
        ("m(high)", "m", level("high")),
        ("m (high)", "m", level("high")),
        ("m(HIGH)", "m", level("high")),
        ("m(max)", "m", level("max")),
        ("m(8192)", "m", budget(8192)),
        ("m(0)", "m", OFF),
        ("m(none)", "m", OFF),
        ("m(auto)", "m", AUTO),
        ("m(-1)", "m", AUTO),
        ("m-low", "m", level("low")),
        ("m-medium", "m", level("medium")),
        ("m-high", "m", level("high")),
        ("m-xhigh", "m", level("xhigh")),
        ("m-minimal", "m", level("minimal")),
        ("m-none", "m", OFF),
        ("m-maxthinking", "m", level("max")),
        ("m-nothinking", "m", OFF),
        ("m@think=8192", "m", budget(8192)),
        ("m@think=low", "m", level("low")),
        ("m@think=0", "m", OFF),
        ("vendor/m-4.5(low)", "vendor/m-4.5", level("low")),
        ("m(preview)(low)", "m(preview)", level("low")),
    ],
)
def test_a_suffix_is_split_off(name: str, stem: str, reasoning: ReasoningControl) -> None:
    assert split_suffix(name) == (stem, reasoning)


@pytest.mark.parametrize(
    "name",
    [
        "m",
        "m-max",
        "m(preview)",
        "m()",
        "(high)",
        "-high",
        "m(-2)",
        "m(1.5)",
        "m@think=",
        "m-High",
        "m(9999999999)",
    ],
)
def test_what_is_no_suffix_stays(name: str) -> None:
    assert split_suffix(name) is None
