"""Steps of tools that a vendor ran, as items (openai 3.52.0 types, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.dialects.openai_responses.hosted import tool_kind
from proxy_core.dialects.openai_responses.item_encode import Frames
from proxy_core.dialects.openai_responses.wire import NAME
from proxy_core.ir.message import HostedStep, Json, Source, Work
from proxy_core.ir.steps import LOCAL, is_made_up, made_up_id


def decode_step(item: Mapping[str, Json]) -> HostedStep:
    """Return a step's item; one that we once made for a client is nobody's to repeat."""
    kind, step_id = _text(item.get("type")), _text(item.get("id")) or None
    dialect = LOCAL if is_made_up(step_id) else NAME
    return HostedStep(_step_kind(kind), dialect, item, step_id, work=_work(kind, item))


def _step_kind(item_type: str) -> str:
    return tool_kind(item_type.removesuffix("_output").removesuffix("_call"))


def _work(kind: str, item: Mapping[str, Json]) -> Work:
    failed = item.get("status") in ("failed", "incomplete")
    if kind == "web_search_call":
        return _search(item.get("action"), failed)
    if kind != "code_interpreter_call":
        return Work(failed=failed)
    outputs = item.get("outputs")
    logs = [_text(one.get("logs")) for one in _objects(outputs)]
    code = item.get("code")
    return Work(
        code=code if isinstance(code, str) else None,
        output="".join(logs) if isinstance(outputs, list) else None,
        failed=failed,
    )


def _search(action: Json, failed: bool) -> Work:
    if not isinstance(action, dict):
        return Work(failed=failed)
    said = action.get("queries")
    queries = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
    only = _text(action.get("query")) or _text(action.get("url"))
    found = [Source(url) for one in _objects(action.get("sources")) if (url := _text(one.get("url")))]
    return Work(tuple(queries) or ((only,) if only else ()), tuple(found), failed=failed)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _objects(value: Json) -> list[dict[str, Json]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def step_item(step: HostedStep, *seed: object) -> dict[str, Json] | None:
    """Return another vendor's whole step as an item; None where this dialect has none for its kind."""
    work = step.work
    status = "failed" if work.failed else "completed"
    match step.kind:
        case "web_search":
            action = _search_action(work)
            return {
                "id": made_up_id("ws_", *seed),
                "type": "web_search_call",
                "status": status,
                "action": action,
            }
        case "web_fetch" if work.queries:
            action = {"type": "open_page", "url": work.queries[0]}
            return {
                "id": made_up_id("ws_", *seed),
                "type": "web_search_call",
                "status": status,
                "action": action,
            }
        case "code_execution":
            logs = None if work.output is None else [{"type": "logs", "logs": work.output}]
            item_id = made_up_id("ci_", *seed)
            head = {"id": item_id, "type": "code_interpreter_call", "status": status}
            return {**head, "code": work.code, "container_id": "", "outputs": logs}
        case _:
            return None


def _search_action(work: Work) -> dict[str, Json]:
    queries = list(work.queries)
    return {
        "type": "search",
        "query": queries[0] if queries else "",
        "queries": queries,
        "sources": [{"type": "url", "url": source.url} for source in work.sources],
    }


_STAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "web_search_call": ("in_progress", "searching", "completed"),
        "code_interpreter_call": ("in_progress", "interpreting", "completed"),
    }
)


def show_step(frames: Frames, index: int, item: dict[str, Json]) -> dict[str, Json]:
    """Write another vendor's step with the events that a search or a run of code has here."""
    kind, place = str(item["type"]), {"output_index": index, "item_id": item["id"]}
    begun = {**item, "status": "in_progress"}
    frames.emit("response.output_item.added", output_index=index, item=begun)
    for stage in _STAGES[kind]:
        if stage == "completed" and kind == "code_interpreter_call" and item["code"]:
            code = item["code"]
            frames.emit("response.code_interpreter_call_code.delta", **place, delta=code)
            frames.emit("response.code_interpreter_call_code.done", **place, code=code)
        frames.emit(f"response.{kind}.{stage}", **place)
    frames.emit("response.output_item.done", output_index=index, item=item)
    return item
