"""Stream rules of OpenAI chat completions."""

from typing import Any

from tests.upstreams.sse_lines import events, is_json, lacks

_FINISH = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})


class _Choice:
    """What was seen of one choice."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.begun = False
        self.finish: str | None = None
        self.calls: list[str] = []
        self.freeform: set[int] = set()

    def take(self, choice: Any) -> list[str]:
        """The faults of one more chunk of this choice."""
        where = f"choice {self.index}"
        faults = lacks(choice, "index delta finish_reason", where)
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return [*faults, f"{where}: delta is not an object"]
        if self.finish is not None:
            faults.append(f"{where}: chunk after its finish_reason")
        if not self.begun and delta.get("role") != "assistant":
            faults.append(f"{where}: first delta does not have role assistant")
        self.begun = True
        for key in ("content", "reasoning_content", "refusal"):
            if not isinstance(delta.get(key), str | None):
                faults.append(f"{where}: {key} is not a string")
        for call in delta.get("tool_calls") or ():
            faults += self._call(call, where)
        if choice.get("finish_reason") is not None:
            faults += self._finished(choice["finish_reason"], where)
        return faults

    def _call(self, call: Any, where: str) -> list[str]:
        index = call.get("index")
        inner = call.get("function") or call.get("custom") or {}
        text = inner.get("arguments", inner.get("input", ""))
        if index == len(self.calls):
            self.calls.append(text or "")
            if call.get("type") == "custom":
                self.freeform.add(index)
            faults = lacks(call, "id type", f"{where}: first fragment of call {index}")
            if not call.get("id") or not inner.get("name"):
                faults.append(f"{where}: first fragment of call {index} has no id or name")
            return faults
        if not isinstance(index, int) or not 0 <= index < len(self.calls):
            return [f"{where}: tool call index {index!r} is not dense"]
        if call.get("id") or call.get("type") or inner.get("name"):
            return [f"{where}: later fragment of call {index} repeats id, type or name"]
        self.calls[index] += text or ""
        return []

    def _finished(self, reason: str, where: str) -> list[str]:
        self.finish = reason
        faults = [] if reason in _FINISH else [f"{where}: unknown finish_reason {reason!r}"]
        if reason == "tool_calls" and not self.calls:
            faults.append(f"{where}: finish_reason tool_calls without a call")
        if reason == "stop" and self.calls:
            faults.append(f"{where}: finish_reason stop although there are calls")
        if reason == "tool_calls":
            faults += [
                f"{where}: arguments {text!r} are not JSON"
                for place, text in enumerate(self.calls)
                if place not in self.freeform and not is_json(text)
            ]
        return faults


def lint_chat(body: bytes) -> list[str]:
    """The faults of a chat completions stream."""
    found, faults = events(body)
    choices: dict[int, _Choice] = {}
    constant: tuple[Any, ...] | None = None
    ended, used = "", False
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
        if same != (constant or same) or same[3] != "chat.completion.chunk":
            faults.append(f"id, created, model or object changed: {same}")
        constant = constant or same
        if used:
            faults.append("chunk after the usage chunk")
        used = _usage(chunk, choices, faults) or used
        for choice in chunk.get("choices", ()):
            index = choice.get("index", -1)
            faults += choices.setdefault(index, _Choice(index)).take(choice)
    return faults + _ending(ended, choices)


def _usage(chunk: Any, choices: dict[int, _Choice], faults: list[str]) -> bool:
    usage = chunk.get("usage")
    if usage is None:
        if not chunk.get("choices"):
            faults.append("chunk with neither choices nor usage")
        return False
    if chunk.get("choices"):
        faults.append("usage on a chunk that has choices")
    if not all(choice.finish for choice in choices.values()):
        faults.append("usage before finish_reason")
    faults += lacks(usage, "prompt_tokens completion_tokens total_tokens", "usage")
    if usage.get("total_tokens") != usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0):
        faults.append("total_tokens is not the sum")
    return True


def _ending(ended: str, choices: dict[int, _Choice]) -> list[str]:
    if ended == "an error":
        return []
    faults = [] if ended else ["no [DONE]"]
    if not choices:
        faults.append("no choice at all")
    return faults + [
        f"choice {one.index}: no finish_reason" for one in choices.values() if one.finish is None
    ]
