"""The demo's models: a few that answer, and one for each way in which an answer can fail."""

from __future__ import annotations

from proxy_core.profile import LEVELS, ModelProfile, Thinking

MODELS_DATE = "2026-11-20"
CREATED = 1_763_596_800
"""What replies give as their time: a constant, so that equal requests get equal bytes."""

ECHO, THINK, TOOLS, SLOW = "demo-echo", "demo-think", "demo-tools", "demo-slow"

_ANSWERING = (
    (ECHO, "Demo: echo"),
    (THINK, "Demo: thinks at length"),
    (TOOLS, "Demo: calls tools"),
    (SLOW, "Demo: slow"),
)
_FAILING = (
    "demo-400",
    "demo-401",
    "demo-402",
    "demo-403",
    "demo-404",
    "demo-429",
    "demo-500",
    "demo-503",
    "demo-529",
    "demo-cut-stream",
    "demo-silent",
    "demo-empty",
    "demo-html",
    "demo-overloaded-stream",
    "demo-stall",
)


def _model(name: str, title: str, hidden: bool) -> ModelProfile:
    return ModelProfile(
        name,
        title,
        owner="trunkline",
        context_tokens=128_000,
        max_output_tokens=8192,
        thinking=Thinking(levels=LEVELS, budget=(0, 8192)),
        known=True,
        prefill=True,
        created=CREATED,
        hidden=hidden,
    )


MODELS: tuple[ModelProfile, ...] = (
    *(_model(name, title, hidden=False) for name, title in _ANSWERING),
    *(_model(name, f"Demo: fails ({name.removeprefix('demo-')})", hidden=True) for name in _FAILING),
)
