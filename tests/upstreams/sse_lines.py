"""Reads a finished SSE body for the linters: events in order, and what is wrong with the framing itself."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `name` is its `event:` line, `value` its parsed data; `text` is the data as sent."""

    name: str | None
    text: str
    value: Any


def events(body: bytes, *, comments: bool = True) -> tuple[list[Event], list[str]]:
    """All events with data, and the framing's faults. Comment lines are a fault unless allowed."""
    faults: list[str] = []
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return [], [f"not UTF-8: {error}"]
    text = text.replace("\r\n", "\n")
    if text and not text.endswith("\n\n"):
        faults.append("the last event is not followed by a blank line")
    found: list[Event] = []
    for block in text.split("\n\n"):
        event = _event(block, faults, comments)
        if event is not None:
            found.append(event)
    return found, faults


def _event(block: str, faults: list[str], comments: bool) -> Event | None:
    name: str | None = None
    data: list[str] = []
    for line in filter(None, block.split("\n")):
        if line.startswith(":"):
            if not comments:
                faults.append(f"comment line {line[:40]!r}")
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        else:
            faults.append(f"line that is neither event nor data: {line[:60]!r}")
    if not data:
        if name is not None:
            faults.append(f"event {name!r} without data")
        return None
    text = "\n".join(data)
    return Event(name, text, _value(text, faults))


def _value(text: str, faults: list[str]) -> Any:
    if text == "[DONE]":
        return None
    try:
        return json.loads(text)
    except ValueError:
        faults.append(f"data that is not JSON: {text[:60]!r}")
        return None


def lacks(value: Any, names: str, where: str) -> list[str]:
    """A fault for each space-separated key that an object does not have."""
    if not isinstance(value, dict):
        return [f"{where} is not an object"]
    return [f"{where} lacks {name!r}" for name in names.split() if name not in value]


def is_json(text: str) -> bool:
    """Whether a text is one JSON value."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
