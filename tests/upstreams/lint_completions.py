"""Stream rules of OpenAI's legacy completions."""

from typing import Any

from tests.upstreams.sse_lines import events, lacks

_FINISH = frozenset({"stop", "length", "content_filter"})


def lint_completions(body: bytes) -> list[str]:
    """The faults of a completions stream."""
    found, faults = events(body)
    constant: tuple[Any, ...] | None = None
    finished: set[int] = set()
    seen: set[int] = set()
    ended = ""
    for event in found:
        if ended:
            faults.append(f"data after {ended}: {event.text[:40]!r}")
        if event.name is not None:
            faults.append(f"event line {event.name!r}")
        if event.text == "[DONE]":
            ended = "[DONE]"
            continue
        chunk = event.value
        if not isinstance(chunk, dict):
            continue
        if "error" in chunk:
            ended = "an error"
            faults += lacks(chunk["error"], "message type param code", "error")
            continue
        faults += lacks(chunk, "id object created model choices", "chunk")
        same = (chunk.get("id"), chunk.get("created"), chunk.get("model"), chunk.get("object"))
        if same != (constant or same) or same[3] != "text_completion":
            faults.append(f"id, created, model or object changed: {same}")
        constant = constant or same
        for choice in chunk.get("choices", ()):
            faults += _choice(choice, seen, finished)
    if ended == "an error":
        return faults
    faults += [] if ended else ["no [DONE]"]
    return faults + [f"choice {index}: no finish_reason" for index in sorted(seen - finished)]


def _choice(choice: Any, seen: set[int], finished: set[int]) -> list[str]:
    faults = lacks(choice, "text index finish_reason logprobs", "choice")
    index = choice.get("index", -1)
    if index in finished:
        faults.append(f"choice {index}: chunk after its finish_reason")
    seen.add(index)
    reason = choice.get("finish_reason")
    if reason is not None:
        finished.add(index)
        if reason not in _FINISH:
            faults.append(f"choice {index}: unknown finish_reason {reason!r}")
    return faults
