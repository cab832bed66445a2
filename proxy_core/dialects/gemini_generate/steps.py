"""Steps of tools that a vendor ran (google-genai 3.4.0 types, 2026-11-20).

Code and its output are parts; of a search or of pages that were read, only metadata of the candidate tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.ir.message import EMPTY, HostedStep, Json, Source, Stage, Work

Wire = dict[str, Json]

_KINDS: Mapping[str, tuple[str, Stage]] = MappingProxyType(
    {
        "executableCode": ("code_execution", "call"),
        "codeExecutionResult": ("code_execution", "result"),
        "toolCall": ("hosted", "both"),
        "toolResponse": ("hosted", "both"),
    }
)
_OK = "OUTCOME_OK"
_READ = "URL_RETRIEVAL_STATUS_SUCCESS"


def decode_step(part: Mapping[str, Json]) -> HostedStep | None:
    """Return a part as a step, None for any other part."""
    for member, (kind, stage) in _KINDS.items():
        value = part.get(member)
        if value is None:
            continue
        inner = value if isinstance(value, dict) else {}
        return HostedStep(kind, NAME, dict(part), _text(inner.get("id")), stage, _work(member, inner))
    return None


def _work(member: str, inner: Mapping[str, Json]) -> Work:
    if member == "executableCode":
        return Work(code=_text(inner.get("code")) or "")
    if member == "codeExecutionResult":
        failed = inner.get("outcome", _OK) != _OK
        return Work(output=_text(inner.get("output")) or "", failed=failed)
    return Work()


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def told_steps(candidate: Mapping[str, Json]) -> list[HostedStep]:
    """Return the steps that a candidate's metadata tells of; they have no part of their own."""
    steps = []
    grounding, pages = candidate.get("groundingMetadata"), candidate.get("urlContextMetadata")
    if isinstance(grounding, dict) and (work := _searched(grounding)) != Work():
        steps.append(HostedStep("web_search", NAME, EMPTY, work=work))
    for page in _objects(pages.get("urlMetadata")) if isinstance(pages, dict) else ():
        if url := _text(page.get("retrievedUrl")):
            failed = page.get("urlRetrievalStatus", _READ) != _READ
            steps.append(HostedStep("web_fetch", NAME, EMPTY, work=Work((url,), failed=failed)))
    return steps


def _searched(grounding: Mapping[str, Json]) -> Work:
    said = grounding.get("webSearchQueries")
    queries = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
    found = []
    for chunk in _objects(grounding.get("groundingChunks")):
        web = chunk.get("web")
        if isinstance(web, dict) and (url := _text(web.get("uri"))):
            found.append(Source(url, _text(web.get("title"))))
    return Work(tuple(queries), tuple(found))


def _objects(value: Json) -> list[dict[str, Json]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def step_parts(step: HostedStep) -> list[Wire]:
    """Return another vendor's whole step as parts; none where only metadata could tell of it."""
    work = step.work
    if step.kind != "code_execution":
        return []
    outcome = "OUTCOME_FAILED" if work.failed else _OK
    return [
        {"executableCode": {"language": "PYTHON", "code": work.code or ""}},
        {"codeExecutionResult": {"outcome": outcome, "output": work.output or ""}},
    ]


def queries_of(steps: Iterable[HostedStep]) -> list[str]:
    """Return what was searched for, each once."""
    return list(dict.fromkeys(query for step in steps if _is_search(step) for query in step.work.queries))


def sources_of(steps: Iterable[HostedStep]) -> list[Source]:
    """Return what searches found."""
    return [source for step in steps if _is_search(step) for source in step.work.sources]


def _is_search(step: HostedStep) -> bool:
    return step.kind == "web_search"


def pages_of(steps: Iterable[HostedStep]) -> Wire | None:
    """Return ``urlContextMetadata``; None where no page was read."""
    pages = [
        {
            "retrievedUrl": url,
            "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR" if step.work.failed else _READ,
        }
        for step in steps
        if step.kind == "web_fetch"
        for url in step.work.queries
    ]
    return {"urlMetadata": pages} if pages else None
