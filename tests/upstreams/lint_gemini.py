"""Stream rules of the Gemini API, as SSE and as a JSON array."""

import base64
import json
from typing import Any

from tests.upstreams.sse_lines import events, lacks

_DATA = frozenset(
    {
        "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode",
        "codeExecutionResult", "toolCall", "toolResponse",
    }
)  # fmt: skip
_COUNTS = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount")


def lint_gemini(body: bytes) -> list[str]:
    """The faults of a streamGenerateContent answer. A body that begins with `[` is taken as a JSON array."""
    if body.lstrip().startswith(b"["):
        try:
            return lint_chunks(json.loads(body))
        except ValueError as error:
            return [f"not a JSON array: {error}"]
    found, faults = events(body, comments=False)
    faults += [f"event line {event.name!r}" for event in found if event.name is not None]
    faults += ["[DONE] is not Gemini's"] * any(event.text == "[DONE]" for event in found)
    return faults + lint_chunks([event.value for event in found if event.text != "[DONE]"])


def lint_chunks(chunks: list[Any]) -> list[str]:
    """The faults of the chunks of one answer; a whole reply is one chunk."""
    faults: list[str] = []
    finished: set[int] = set()
    seen: set[int] = set()
    ids: set[tuple[Any, Any]] = set()
    blocked = failed = False
    usage: Any = None
    for chunk in chunks:
        if not isinstance(chunk, dict):
            faults.append(f"chunk that is no object: {chunk!r}")
            continue
        if failed:
            faults.append("chunk after an error")
        if "error" in chunk:
            faults += lacks(chunk["error"], "code message status", "error")
            failed = True
            continue
        if not chunk.keys() & {"candidates", "usageMetadata", "promptFeedback"}:
            faults.append(f"chunk without candidates, usage or feedback: {sorted(chunk)}")
        blocked = blocked or "blockReason" in chunk.get("promptFeedback", {})
        usage = chunk.get("usageMetadata", usage)
        if chunk.get("candidates"):
            ids.add((chunk.get("responseId"), chunk.get("modelVersion")))
        for candidate in chunk.get("candidates", ()):
            faults += _candidate(candidate, seen, finished)
    if len(ids) > 1:
        faults.append("responseId or modelVersion changed")
    return faults + ([] if failed else _ending(seen, finished, blocked, usage))


def _candidate(candidate: Any, seen: set[int], finished: set[int]) -> list[str]:
    index = candidate.get("index", 0)
    where = f"candidate {index}"
    faults = [f"{where}: chunk after its finishReason"] if index in finished else []
    seen.add(index)
    if candidate.get("finishReason"):
        finished.add(index)
    content = candidate.get("content", {})
    if content and content.get("role") != "model":
        faults.append(f"{where}: role {content.get('role')!r}")
    for part in content.get("parts", ()):
        # The closing chunk may hold an empty text: google-genai's chats drop replies with empty chunks.
        closes = bool(candidate.get("finishReason")) and part == {"text": ""}
        faults += [] if closes else _part(part, where)
    return faults


def _part(part: Any, where: str) -> list[str]:
    faults: list[str] = []
    given = _DATA & part.keys()
    signature = part.get("thoughtSignature")
    if len(given) != 1:
        faults.append(f"{where}: part with {len(given)} data fields")
    if part.get("text") == "" and signature is None:
        faults.append(f"{where}: empty text part")
    if "functionCall" in part:
        call = part["functionCall"]
        if not call.get("name") or not isinstance(call.get("args", {}), dict):
            faults.append(f"{where}: functionCall without name or with args that are no object")
    if signature is not None and not _is_base64(signature):
        faults.append(f"{where}: thoughtSignature is not base64")
    return faults


def _is_base64(text: str) -> bool:
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        return False
    return True


def _ending(seen: set[int], finished: set[int], blocked: bool, usage: Any) -> list[str]:
    faults = [f"candidate {index}: no finishReason" for index in sorted(seen - finished)]
    if not seen and not blocked:
        faults.append("no candidate at all")
    if usage is None:
        return [*faults, "no usageMetadata"]
    if usage.get("totalTokenCount") != sum(usage.get(name, 0) for name in _COUNTS):
        faults.append("totalTokenCount is not the sum")
    return faults
