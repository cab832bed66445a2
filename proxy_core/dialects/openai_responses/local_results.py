"""What a client's typed tools answered: items to results and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from proxy_core.dialects.openai_responses.fields import Fields
from proxy_core.dialects.openai_responses.local_tools import KINDS, typed_of
from proxy_core.ir.message import Json, Text, ToolResult


def result_kind(item: Fields) -> str | None:
    """Return the kind of an output item that a client wrote; None for any other item."""
    kind = (item.text("type") or "").removesuffix("_call_output").removesuffix("_output")
    if kind not in KINDS or item.text("execution") == "server":
        return None
    return kind if _call_id(kind, item) else None


def _call_id(kind: str, item: Fields) -> str | None:
    # The types of local_shell name the call in `id`, the vendor's guide in `call_id`.
    return item.text("call_id") or (item.text("id") if kind == "local_shell" else None)


def decode_result(kind: str, item: Fields, calls: Mapping[str, str]) -> ToolResult:
    """Return an output item as a result. ``calls`` maps ids of call items to their call ids."""
    named = _call_id(kind, item) or ""
    found = list(found_tools(item)) if kind == "tool_search" else []
    text = _found(found) if kind == "tool_search" else _text(kind, item)
    return ToolResult(
        call_id=calls.get(named, named),
        content=(Text(text),) if text else (),
        name=kind,
        is_error=kind == "apply_patch" and item.text("status") == "failed",
        loads=tuple(found),
        typed=typed_of(kind, item.raw),
    )


def found_tools(item: Fields) -> Iterator[str]:
    """Yield the names of the tools in the output of a search, as a dialect without namespaces has them."""
    for tool in item.objects("tools"):
        if tool.text("type") == "namespace":
            space = tool.text("name") or ""
            gap = "" if space.endswith("__") else "__"
            yield from (f"{space}{gap}{child.text('name') or ''}" for child in tool.objects("tools"))
        elif name := tool.text("name"):
            yield name


def _found(names: list[str]) -> str:
    return f"These tools can be called now: {', '.join(names)}." if names else "No tool was found."


def _text(kind: str, item: Fields) -> str:
    output = item.raw.get("output")
    if isinstance(output, str):
        return output
    if kind == "shell":
        return "\n".join(_ran(one) for one in item.objects("output"))
    return item.text("status") or ""


def _ran(output: Fields) -> str:
    outcome = output.inner("outcome")
    pieces = [output.text("stdout") or "", output.text("stderr") or ""]
    if outcome is not None and outcome.text("type") == "timeout":
        pieces.append("[The command was stopped: it took too long.]")
    elif outcome is not None and (code := outcome.whole("exit_code")):
        pieces.append(f"[exit code {code}]")
    return "\n".join(piece.rstrip("\n") for piece in pieces if piece)


def encode_result(kind: str, result: ToolResult) -> dict[str, Json]:
    """Return the output item of a result: as the client wrote it, or made of its text."""
    if result.typed is not None and result.typed.raw:
        return {**result.typed.raw, **_named(kind, result, result.typed.raw)}
    head: dict[str, Json] = {"type": _item_type(kind), "call_id": result.call_id}
    match kind:
        case "shell":
            outcome = {"type": "exit", "exit_code": 1 if result.is_error else 0}
            return {**head, "output": [{"stdout": result.text, "stderr": "", "outcome": outcome}]}
        case "apply_patch":
            return {**head, "status": "failed" if result.is_error else "completed", "output": result.text}
        case "tool_search":
            return {**head, "execution": "client", "status": "completed", "tools": []}
        case _:
            return {"type": head["type"], "id": result.call_id, "output": result.text}


def _item_type(kind: str) -> str:
    return "tool_search_output" if kind == "tool_search" else f"{kind}_call_output"


def _named(kind: str, result: ToolResult, raw: Mapping[str, Json]) -> dict[str, Json]:
    if kind == "local_shell" and "call_id" not in raw:
        return {}
    return {"call_id": result.call_id}
