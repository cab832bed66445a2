"""What is aimed at, and whether it is reached."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.bench.tables import Report, markdown

_PASSED = ("whole-1", "whole-64", "stream-1", "stream-64", "agent", "long", "image")
_AIM_PASSED, _AIM_TRANSLATED = 1.3, 2.0
_AIM_AGENT_MS, _AIM_IDLE_MIB, _AIM_LITELLM, _AIM_LATE_MS = 0.4, 70.0, 10.0, 20.0


@dataclass(frozen=True, slots=True)
class Target:
    """One aim. ``value`` must be at most ``aim``, or at least, where ``grows``."""

    name: str
    aim: float
    value: float
    unit: str = "×"
    grows: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether it holds."""
        return self.value >= self.aim if self.grows else self.value <= self.aim


def targets(report: Report) -> list[Target]:
    """Return every aim that the report can speak of."""
    return [*_passed(report), *_translated(report), *_agent(report), *_standing(report), *_litellm(report)]


def table(found: list[Target]) -> str:
    """Return them as a table."""
    rows = (
        [
            one.name,
            f"{'≥' if one.grows else '≤'} {one.aim:g} {one.unit}",
            f"{one.value:.2f} {one.unit}",
            "yes" if one.is_reached else "NO",
        ]
        for one in found
    )
    return markdown(["aim", "at most, or at least", "measured", "reached"], rows)


def _rows(report: Report, subject: str) -> list[dict[str, Any]]:
    return [row for row in report.get("loads", []) if row["subject"] == subject]


def _passed(report: Report) -> Iterator[Target]:
    for row in _rows(report, "trunkline"):
        is_passed = row["client"] == row["upstream"]
        if is_passed and row["load"] in _PASSED and row["cpu_ratio"] is not None:
            yield Target(
                f"CPU over the bare relay's, {row['load']}: {row['way']}", _AIM_PASSED, row["cpu_ratio"]
            )


def _translated(report: Report) -> Iterator[Target]:
    rows = _rows(report, "trunkline")
    for row in rows:
        if row["client"] == row["upstream"] or row["load"] not in ("stream-1", "stream-64", "long"):
            continue
        passed = [
            one["cpu_ms"]
            for one in rows
            if one["load"] == row["load"] and one["client"] == one["upstream"] == row["client"]
        ]
        if passed:
            name = f"CPU over passing through, {row['load']}: {row['way']}"
            yield Target(name, _AIM_TRANSLATED, row["cpu_ms"] / passed[0])


def _agent(report: Report) -> Iterator[Target]:
    for row in _rows(report, "trunkline"):
        if row["load"] == "agent" and row["client"] == row["upstream"] and row["cpu_over_ms"] is not None:
            name = f"CPU beyond the bare relay, 300 kB: {row['way']}"
            yield Target(name, _AIM_AGENT_MS, row["cpu_over_ms"], "ms")
    for row in report.get("own", []):
        if row["size"] == "agent":
            name = f"reading and watching, without sockets, 300 kB: {row['dialect']}"
            yield Target(name, _AIM_AGENT_MS, row["passed_ms"], "ms")


def _standing(report: Report) -> Iterator[Target]:
    if "standing" in report:
        yield Target("memory at rest (RSS)", _AIM_IDLE_MIB, report["standing"]["idle_rss_mib"], "MiB")
    for row in report.get("window", []):
        if row["load"] in ("long", "paced"):
            for kind, words in (("p99_ms", "late"), ("own_p99_ms", "late by our own doing")):
                name = f"window timer {words}, p99, {row['load']}: {row['way']}"
                yield Target(name, _AIM_LATE_MS, row[kind], "ms")


def _litellm(report: Report) -> Iterator[Target]:
    theirs = {(row["load"], row["client"], row["upstream"]): row for row in _rows(report, "litellm")}
    for row in _rows(report, "trunkline"):
        other = theirs.get((row["load"], row["client"], row["upstream"]))
        if other is not None and row["load"] in ("whole-1", "whole-64"):
            name = f"requests per second over LiteLLM's, {row['load']}: {row['way']}"
            yield Target(name, _AIM_LITELLM, row["per_s"] / other["per_s"], grows=True)
