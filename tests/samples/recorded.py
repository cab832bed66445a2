"""Requests that real tools sent; `captures/README.md` says how they came about."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "captures"
DUMMY_KEY = "sk-dummy"
_DIALECTS = {"claude": "anthropic_messages", "codex": "openai_responses", "gemini": "gemini_generate"}


@dataclass(frozen=True, slots=True)
class Capture:
    """One request of a tool. `target` is path and query; `body` is None for a GET.

    `name` is the run and the number in it. `dialect` is the tool's, whatever the path.
    """

    name: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: Any

    @property
    def tool(self) -> str:
        """Whose it is: claude, codex or gemini."""
        return self.name.partition("/")[0].partition("-")[0]

    @property
    def dialect(self) -> str:
        """What the tool speaks."""
        return _DIALECTS[self.tool]

    @property
    def data(self) -> bytes:
        """The body as bytes; empty where there is none."""
        return b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()

    @property
    def model(self) -> str:
        """The model that is asked for."""
        if self.tool == "gemini" and ":" in self.target:
            return self.target.partition("?")[0].rpartition("/")[2].partition(":")[0]
        return str(self.body["model"])

    @property
    def streams(self) -> bool:
        """Whether a stream is asked for."""
        return ":stream" in self.target or bool((self.body or {}).get("stream"))

    @property
    def is_chat(self) -> bool:
        """Whether an answer of a model is asked for, over HTTP and at a path that is served."""
        paths = ("/v1/messages", "/v1/responses", "/v1beta/models/")
        generates = self.tool != "gemini" or "enerateContent" in self.target
        return self.method == "POST" and self.target.startswith(paths) and generates

    def sent_with(self, key: str) -> dict[str, str]:
        """The headers, with this key in the place of the tool's."""
        return {name: value.replace(DUMMY_KEY, key) for name, value in self.headers}


@cache
def captures() -> tuple[Capture, ...]:
    """All of them, in order."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        for number, one in enumerate(json.loads(path.read_text("utf-8")), 1):
            headers = tuple((name, value) for name, value in one["headers"])
            body = _whole(one["body"])
            found.append(Capture(f"{path.stem}/{number:02}", one["method"], one["target"], headers, body))
    return tuple(found)


@cache
def chats() -> tuple[Capture, ...]:
    """Every chat once: the first turns of many runs differ in ids only."""
    found: dict[Any, Capture] = {}
    for one in captures():
        if one.is_chat:
            told = {name: value for name, value in one.body.items() if name not in _OF_ONE_RUN}
            found.setdefault((one.target, json.dumps(told, sort_keys=True)), one)
    return tuple(found.values())


def capture(name: str) -> Capture:
    """One by its name."""
    return next(one for one in captures() if one.name == name)


_OF_ONE_RUN = frozenset({"metadata", "client_metadata", "prompt_cache_key"})


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"$shared"}:
            return _whole(json.loads((FOLDER / "shared" / f"{value['$shared']}.json").read_text("utf-8")))
        return {name: _whole(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value
