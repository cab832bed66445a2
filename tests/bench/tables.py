"""The results as tables: for a terminal and for the page, which are the same Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.bench.loads import LOADS

Report = dict[str, Any]


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return an aligned Markdown table; the first column is text, the others are figures."""
    rows = [list(head), *map(list, lines)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]

    def line(cells: Sequence[str]) -> str:
        first = cells[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return "| " + " | ".join([first, *rest]) + " |"

    return "\n".join([line(rows[0]), line(rule), *map(line, rows[1:])])


def loads(report: Report) -> str:
    """Return one table per load."""
    parts = []
    for load in LOADS:
        rows = [row for row in report.get("loads", []) if row["load"] == load.name]
        if rows:
            streams = load.stream and load.once
            head = ["way", "events/s" if streams else "requests/s", "CPU ms", "× bare", "over bare"]
            head += ["p50 ms", "p99 ms", "first byte ms", "added"]
            parts.append(f"### {load.title}\n\n" + markdown(head, (_load(row, streams) for row in rows)))
    return "\n\n".join(parts)


def _load(row: Report, streams: bool) -> list[str]:
    return [
        row["way"],
        _round(row["deltas_per_s"] if streams else row["per_s"]),
        "" if row["subject"] == "direct" else _fine(row["cpu_ms"]),
        "" if row["cpu_ratio"] is None else f"{row['cpu_ratio']:.2f}",
        "" if row["cpu_over_ms"] is None else _fine(row["cpu_over_ms"]),
        _fine(row["p50_ms"]),
        _fine(row["p99_ms"]),
        _fine(row["first_ms"]),
        "" if row["first_added_ms"] is None else _fine(row["first_added_ms"]),
    ]


def own(report: Report) -> str:
    """Return the table of our own work."""
    head = ["request", "KiB", "read ms", "watch ms", "both", "rename ms"]
    rows = (
        [
            f"{row['dialect']}, {row['size']}",
            _round(row["kib"]),
            *(f"{row[name]:.3f}" for name in ("read_ms", "watch_ms", "passed_ms", "rename_ms")),
        ]
        for row in report.get("own", [])
    )
    return markdown(head, rows)


def standing(report: Report) -> str:
    """Return the table of what it costs at rest."""
    found = report["standing"]
    rows = [
        ["from start to listening, ms", _round(found["start_ms"]), ""],
        ["memory at rest, MiB", f"{found['idle_rss_mib']:.1f}", f"{found['idle_pss_mib']:.1f}"],
    ]
    for way, rss in found["open_rss_mib"].items():
        label = f"{found['streams']} open streams, MiB: {way}"
        rows.append([label, f"{rss:.1f}", f"{found['open_pss_mib'][way]:.1f}"])
    return markdown(["", "RSS", "PSS"], rows)


def window(report: Report) -> str:
    """Return the table of the desktop's loop."""
    head = ["load and way", "answers/s", "CPU ms", "late p50 ms", "p99", "max", "own p50", "p99", "max"]
    head += ["timers left", "waiting"]
    rows = (
        [
            f"{row['load']}: {row['way']}",
            _round(row["per_s"]),
            _fine(row["cpu_ms"]),
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{row['max_ms']:.1f}",
            f"{row['own_p50_ms']:.1f}",
            f"{row['own_p99_ms']:.1f}",
            f"{row['own_max_ms']:.1f}",
            str(row["timers"]),
            str(row["waiting"]),
        ]
        for row in report.get("window", [])
    )
    return markdown(head, rows)


def profile(report: Report) -> str:
    """Return the profiles."""
    parts = []
    for part in report.get("profile", []):
        rows = (
            [share["module"], f"{share['share'] * 100:.0f} %", _round(share["calls_per_answer"])]
            for share in part["shares"]
        )
        parts.append(f"### {part['title']}\n\n" + markdown(["module", "time", "calls per answer"], rows))
    return "\n\n".join(parts)


def _round(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _fine(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
