"""Steps of tools that a vendor ran, as content blocks (anthropic 2.11.0 types, 2026-11-20).

A step is two blocks: ``server_tool_use`` and a result of its own type. Another vendor's step is shown to a
client the same way; the id then says that we made it, and it is never sent to the vendor as its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from proxy_core import jsonbytes
from proxy_core.dialects.anthropic_messages.words import HOSTED, NAME
from proxy_core.errors import DecodeError
from proxy_core.ir.message import HostedStep, Json, Part, Source, Stage, Work
from proxy_core.ir.steps import LOCAL, StepJoiner, cited, is_made_up, made_up_id

Block = dict[str, Json]

_RESULT = "_tool_result"


def is_result(kind: str) -> bool:
    """Whether a block's type is the result of a tool that the vendor ran."""
    return kind.endswith(_RESULT) and kind != "tool_result"


def decode_call(block: Mapping[str, Json]) -> HostedStep:
    """Return a ``server_tool_use`` block as a step."""
    name, given = _text(block.get("name")), block.get("input")
    if isinstance(given, str):
        given = _parsed(given)
    members = given if isinstance(given, dict) else {}
    kind = HOSTED.get(name, name)
    asked = _text(members.get("query")) or _text(members.get("url"))
    code = _text(members.get("code")) or _text(members.get("command"))
    work = Work((asked,) if asked else (), code=code or None)
    return _step(kind, block, _text(block.get("id")), "call", work)


def decode_result(block: Mapping[str, Json]) -> HostedStep:
    """Return a result block as a step."""
    name = _text(block.get("type")).removesuffix(_RESULT)
    kind, content = HOSTED.get(name, name), block.get("content")
    return _step(kind, block, _text(block.get("tool_use_id")), "result", _found(kind, content))


def _step(kind: str, block: Mapping[str, Json], step_id: str, stage: Stage, work: Work) -> HostedStep:
    dialect = LOCAL if is_made_up(step_id) else NAME
    return HostedStep(kind, dialect, dict(block), step_id or None, stage, work)


def _found(kind: str, content: Json) -> Work:
    if isinstance(content, dict) and _text(content.get("type")).endswith("_error"):
        return Work(failed=True)
    if kind == "web_search" and isinstance(content, list):
        return Work(
            sources=tuple(_source(one) for one in content if isinstance(one, dict) and one.get("url"))
        )
    if not isinstance(content, dict):
        return Work()
    if kind == "web_fetch" and (url := _text(content.get("url"))):
        return Work((url,))
    if kind == "code_execution" and "stdout" in content:
        return Work(output=_text(content.get("stdout")) + _text(content.get("stderr")))
    return Work()


def _source(result: Mapping[str, Json]) -> Source:
    return Source(_text(result.get("url")), _text(result.get("title")) or None)


def _parsed(text: str) -> Json:
    try:
        return jsonbytes.decode(text)
    except DecodeError:
        return None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


class StepWriter:
    """Writes the steps of one reply, in the order in which they came.

    A search that does not say what it found waits for the end: what the answer cites was found.
    """

    def __init__(self) -> None:
        self._joiner = StepJoiner()
        self._waiting: list[HostedStep] = []
        self._count = 0

    def take(self, step: HostedStep, reply_id: str) -> list[Block]:
        """Return the blocks of a step, none for one that is not complete."""
        if step.dialect == NAME:
            return [dict(step.raw)]
        whole = self._joiner.take(step)
        if whole is None:
            return []
        if whole.kind == "web_search" and not (whole.work.sources or whole.work.failed):
            self._waiting.append(whole)
            return []
        return self._blocks(whole, reply_id)

    def close(self, texts: Iterable[Part], reply_id: str) -> list[Block]:
        """Return the blocks of what waited; ``texts`` are those of the reply."""
        blocks: list[Block] = []
        found = cited(texts)
        for step in (*self._waiting, *self._joiner.left()):
            if step.kind == "web_search" and not step.work.failed:
                step, found = replace(step, work=replace(step.work, sources=found)), ()
            blocks += self._blocks(step, reply_id)
        self._waiting = []
        return blocks

    def _blocks(self, step: HostedStep, reply_id: str) -> list[Block]:
        self._count += 1
        return step_blocks(step, reply_id, self._count)


def step_blocks(step: HostedStep, *seed: object) -> list[Block]:
    """Return another vendor's whole step as blocks; none where this dialect has none for its kind.

    A page that was read is not shown: its block would have to hold the page, which no other vendor tells.
    """
    work, step_id = step.work, made_up_id("srvtoolu_", *seed)
    match step.kind:
        case "web_search":
            asked: Block = {"query": " · ".join(work.queries)}
            content: Json = [_result(source) for source in work.sources]
            if work.failed:
                content = {"type": "web_search_tool_result_error", "error_code": "unavailable"}
        case "code_execution":
            asked = {"code": work.code or ""}
            content = {
                "type": "code_execution_result",
                "stdout": work.output or "",
                "stderr": "",
                "return_code": 1 if work.failed else 0,
                "content": [],
            }
        case _:
            return []
    call = {"type": "server_tool_use", "id": step_id, "name": step.kind, "input": asked}
    return [call, {"type": f"{step.kind}{_RESULT}", "tool_use_id": step_id, "content": content}]


def _result(source: Source) -> Block:
    # The SDKs require a title; OpenAI's list of sources has none.
    title = source.title or source.url
    page: Block = {"url": source.url, "title": title, "encrypted_content": "", "page_age": None}
    return {"type": "web_search_result", **page}
