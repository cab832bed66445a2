"""Steps of hosted tools as each vendor tells them, and the pages that an answer cites."""

from typing import Any

from tests.upstreams.vendor import Cite, Exchange, Reply, Step


def anthropic_steps(exchange: Exchange, steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """Two blocks a step; what was found is sealed."""
    blocks: list[dict[str, Any]] = []
    for step in steps:
        name = exchange.memory.keep(exchange.memory.next_id("srvtoolu_"))
        asked = {"query": step.query} if step.kind == "web_search" else {"code": step.code}
        blocks.append({"type": "server_tool_use", "id": name, "name": step.kind, "input": asked})
        content: Any = [_found(exchange, url, title) for url, title in step.sources]
        if step.kind == "code_execution":
            content = {
                "type": "code_execution_result",
                "stdout": step.output,
                "stderr": "",
                "return_code": 0,
                "content": [],
            }
        blocks.append({"type": f"{step.kind}_tool_result", "tool_use_id": name, "content": content})
    return blocks


def _found(exchange: Exchange, url: str, title: str) -> dict[str, Any]:
    sealed = exchange.memory.issue(b"\x45\x01\x02")
    page = {"url": url, "title": title, "encrypted_content": sealed, "page_age": "2 days ago"}
    return {"type": "web_search_result", **page}


def anthropic_citations(exchange: Exchange, reply: Reply) -> list[dict[str, Any]]:
    """Citations of the answer's text block."""
    return [
        {
            "type": "web_search_result_location",
            "url": cite.url,
            "title": cite.title,
            "cited_text": reply.text[cite.start : cite.end],
            "encrypted_index": exchange.memory.issue(b"\x45\x01\x03"),
        }
        for cite in reply.cites
    ]


def responses_steps(exchange: Exchange, steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """One item a step; what it found only where that was asked for."""
    include, items = exchange.body.get("include") or (), list[dict[str, Any]]()
    for step in steps:
        if step.kind == "web_search":
            action: dict[str, Any] = {"type": "search", "query": step.query, "queries": [step.query]}
            if "web_search_call.action.sources" in include:
                action["sources"] = [{"type": "url", "url": url} for url, _ in step.sources]
            name = exchange.memory.keep(exchange.memory.next_id("ws_"))
            items.append({"id": name, "type": "web_search_call", "status": "completed", "action": action})
        else:
            asked = "code_interpreter_call.outputs" in include
            name = exchange.memory.keep(exchange.memory.next_id("ci_"))
            head = {"id": name, "type": "code_interpreter_call", "status": "completed"}
            outputs = [{"type": "logs", "logs": step.output}] if asked else None
            items.append({**head, "code": step.code, "container_id": "cntr_1", "outputs": outputs})
    return items


def responses_annotation(cite: Cite) -> dict[str, Any]:
    """An annotation of output text."""
    place = {"start_index": cite.start, "end_index": cite.end}
    return {"type": "url_citation", "url": cite.url, "title": cite.title, **place}


def chat_annotation(cite: Cite) -> dict[str, Any]:
    """An annotation of a message."""
    place = {"start_index": cite.start, "end_index": cite.end}
    return {"type": "url_citation", "url_citation": {"url": cite.url, "title": cite.title, **place}}


def gemini_parts(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """Code and its output."""
    parts: list[dict[str, Any]] = []
    for step in steps:
        if step.kind == "code_execution":
            parts.append({"executableCode": {"language": "PYTHON", "code": step.code}})
            parts.append({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": step.output}})
    return parts


def gemini_grounding(reply: Reply) -> dict[str, Any]:
    """The candidate's metadata of a search; places count bytes."""
    searches = [step for step in reply.steps if step.kind == "web_search"]
    if not searches:
        return {}
    pages = [page for step in searches for page in step.sources]
    chunks = [{"web": {"uri": url, "title": title}} for url, title in pages]
    supports = []
    for cite in reply.cites:
        start, end = (len(reply.text[:at].encode()) for at in (cite.start, cite.end))
        segment = {"startIndex": start, "endIndex": end, "text": reply.text[cite.start : cite.end]}
        numbers = [number for number, (url, _) in enumerate(pages) if url == cite.url]
        supports.append({"segment": segment, "groundingChunkIndices": numbers})
    metadata = {
        "webSearchQueries": [step.query for step in searches],
        "searchEntryPoint": {"renderedContent": "<div></div>"},
        "groundingChunks": chunks,
        "groundingSupports": supports,
    }
    return {"groundingMetadata": metadata}
