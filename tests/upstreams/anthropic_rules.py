"""What Anthropic's messages endpoint refuses, beyond unknown fields. Texts follow the public API's."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.upstreams.anthropic_fields import BETA, COUNT_FIELDS, SAMPLING, TOP_LEVEL
from tests.upstreams.shapes import Check, Path, anything, record, rule
from tests.upstreams.vendor import Exchange

# Models up to 4.5: budgets instead of adaptive thinking, and a last assistant message is continued.
_OLD = re.compile(r"claude-(instant|2|3|(opus|sonnet|haiku)-4-(0|1|5|\d{8}))")
# From here on sampling is fixed.
_FIXED_SAMPLING = re.compile(r"claude-opus-(4-[7-9]|[5-9])")
_FORCING = ("any", "tool")
_THOUGHT = ("thinking", "redacted_thinking")


def check(exchange: Exchange) -> None:
    """Raise Flaw for everything that the endpoint answers with 400."""
    _headers(exchange)
    body = exchange.body
    counting = exchange.route.kind == "count"
    optional: dict[str, Check] = {**TOP_LEVEL, **_allowed_betas(exchange.headers)}
    required = ["model", "messages"]
    if counting:
        optional = {name: check for name, check in optional.items() if name in COUNT_FIELDS or name in BETA}
    else:
        optional |= SAMPLING
        required.append("max_tokens")
    record({name: optional[name] for name in required}, optional)(body, ())
    _cache_marks(body)
    _tools(body)
    _tool_changes(body, exchange.headers)
    _system(body)
    _turns(merged(body["messages"]), exchange)
    if not counting:
        _sampling(body)
        _thinking(body)
        _ending(body)


def _headers(exchange: Exchange) -> None:
    if "anthropic-version" not in exchange.headers:
        raise rule((), "anthropic-version: header is required")


def _allowed_betas(headers: Mapping[str, str]) -> dict[str, Check]:
    named = [name.strip() for name in headers.get("anthropic-beta", "").split(",") if name.strip()]
    return {
        field: anything for field, prefix in BETA.items() if any(name.startswith(prefix) for name in named)
    }


def _blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def merged(messages: list[Any]) -> list[tuple[str, list[Any]]]:
    """The turns as the server sees them: neighbours of one role are one, system messages stand aside."""
    turns: list[tuple[str, list[Any]]] = []
    for message in messages:
        if message["role"] == "system":
            continue
        if turns and turns[-1][0] == message["role"]:
            turns[-1][1].extend(_blocks(message["content"]))
        else:
            turns.append((message["role"], list(_blocks(message["content"]))))
    return turns


def _marked(value: Any) -> Iterator[Any]:
    """All cache marks of a block or tool, those in tool results included."""
    if isinstance(value, dict):
        if value.get("cache_control"):
            yield value["cache_control"]
        if value.get("type") == "tool_result" and isinstance(value.get("content"), list):
            for part in value["content"]:
                yield from _marked(part)


def _cache_marks(body: Any) -> None:
    blocks = [*body.get("tools", ())]
    blocks += body["system"] if isinstance(body.get("system"), list) else []
    for message in body["messages"]:
        blocks += _blocks(message["content"])
    marks = [mark for block in blocks for mark in _marked(block)]
    total = len(marks) + bool(body.get("cache_control"))
    if total > 4:
        raise rule((), f"A maximum of 4 blocks with cache_control may be provided. Found {total}.")
    short = False
    for mark in marks:
        if mark.get("ttl") == "1h" and short:
            raise rule(
                (), "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block."
            )
        short = short or mark.get("ttl", "5m") == "5m"


def _tool_changes(body: Any, headers: Mapping[str, str]) -> None:
    """Changes of the tools inside a conversation need their beta, and tools that are known by then."""
    known = {tool["name"] for tool in body.get("tools", ())}
    for place, message in enumerate(body["messages"]):
        for block in _blocks(message["content"]) if message["role"] == "system" else ():
            if block["type"] not in ("tool_addition", "tool_removal"):
                continue
            if "mid-conversation-tool-changes-" not in headers.get("anthropic-beta", ""):
                raise rule(("messages", place), f"Unexpected block type '{block['type']}'.")
            tool = block["tool"]
            if tool["type"] == "tool_definition":
                known.add(tool["definition"]["name"])
            elif tool["type"] == "tool_reference" and tool["name"] not in known:
                raise rule(("messages", place), f"Tool reference '{tool['name']}' not found.")


def _tools(body: Any) -> None:
    names = [tool["name"] for tool in body.get("tools", ())]
    if len(set(names)) != len(names):
        raise rule(("tools",), "Tool names must be unique.")
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not names:
        raise rule(("tool_choice",), "tool_choice may only be specified while providing tools.")
    if choice["type"] == "tool" and choice["name"] not in names:
        raise rule((), f"Tool '{choice['name']}' not found in provided tools")


def _system(body: Any) -> None:
    if isinstance(body.get("system"), list):
        for place, block in enumerate(body["system"]):
            _text_block(block, ("system", place))


def _text_block(block: Any, at: Path) -> None:
    if block["type"] != "text":
        return
    if not block["text"]:
        if block.get("cache_control"):
            raise rule(at, "cache_control cannot be set for empty text blocks")
        raise rule((at[0],), "text content blocks must be non-empty")
    if not block["text"].strip():
        raise rule((at[0],), "text content blocks must contain non-whitespace text")


def _turns(turns: list[tuple[str, list[Any]]], exchange: Exchange) -> None:
    if not turns or turns[0][0] != "user":
        raise rule((), 'messages: first message must use the "user" role')
    asked: list[str] = []
    for place, (role, blocks) in enumerate(turns):
        if not blocks and place + 1 < len(turns):
            raise rule(("messages", place), f"{role} messages must have non-empty content")
        for index, block in enumerate(blocks):
            at: Path = ("messages", place, "content", index)
            _text_block(block, at)
            _inner_text(block, at)
            _seal(block, at, exchange)
        if role == "user":
            _results(blocks, asked, place)
            asked = []
        else:
            _hosted_steps(blocks, ("messages", place), exchange)
            asked = [block["id"] for block in blocks if block["type"] == "tool_use"]
            _unique(asked, place)
            _thought_came_back(blocks, place, exchange)
    if asked and exchange.route.kind == "generate":
        _unanswered(asked, len(turns) - 1)


def _inner_text(block: Any, at: Path) -> None:
    if block["type"] == "tool_result" and isinstance(block.get("content"), list):
        for index, part in enumerate(block["content"]):
            if part["type"] == "text":
                _text_block(part, (*at, "content", index))


def _unique(asked: list[str], place: int) -> None:
    if len(set(asked)) != len(asked):
        raise rule(("messages", place), "`tool_use` ids must be unique")


def _seal(block: Any, at: Path, exchange: Exchange) -> None:
    if block["type"] == "thinking":
        seal = block["signature"]
        # the text may be left out, as for a client that did not want to see it, but not rewritten
        said = exchange.memory.thoughts.get(seal)
        if not exchange.memory.knows(seal) or (said is not None and block["thinking"] not in ("", said)):
            raise rule(at, "Invalid `signature` in `thinking` block")
    if block["type"] == "redacted_thinking" and not exchange.memory.knows(block["data"]):
        raise rule(at, "Invalid `data` in `redacted_thinking` block")


def _hosted_steps(blocks: list[Any], at: Path, exchange: Exchange) -> None:
    """Results of hosted tools are sealed; each answers a use in the same turn."""
    used = [block["id"] for block in blocks if block["type"] == "server_tool_use"]
    for index, block in enumerate(blocks):
        where = (*at, "content", index)
        if block["type"] == "text":
            for citation in block.get("citations") or ():
                _known(citation.get("encrypted_index"), where, exchange)
        if not block["type"].endswith("_tool_result"):
            continue
        if block["tool_use_id"] not in used:
            raise rule(where, f"unexpected `tool_use_id` found in `{block['type']}` blocks")
        found = block["content"] if isinstance(block["content"], list) else []
        for page in found:
            _known(page.get("encrypted_content"), where, exchange)


def _known(sealed: Any, at: Path, exchange: Exchange) -> None:
    if sealed is not None and not exchange.memory.knows(sealed):
        raise rule(at, "Invalid encrypted content in a search result")


def _unanswered(missing: list[str], place: int) -> None:
    raise rule(
        ("messages", place),
        "`tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
        "next message.",
    )


def _results(blocks: list[Any], asked: list[str], place: int) -> None:
    leading: list[str] = []
    for block in blocks:
        if block["type"] != "tool_result":
            break
        leading.append(block["tool_use_id"])
    every = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    for index, name in enumerate(every):
        if name not in asked:
            raise rule(
                ("messages", place, "content", index),
                f"unexpected `tool_use_id` found in `tool_result` blocks: {name}. Each `tool_result` block "
                "must have a corresponding `tool_use` block in the previous message.",
            )
    missing = [name for name in asked if name not in leading]
    if missing:
        _unanswered(missing, place - 1)
    if len(set(every)) != len(every):
        raise rule(
            ("messages", place),
            "each tool_use must have a single result. Found multiple `tool_result` blocks",
        )


def _thought_came_back(blocks: list[Any], place: int, exchange: Exchange) -> None:
    """Only for demanding fakes: every call with its own thinking before it, while thinking is on."""
    thinking = exchange.body.get("thinking", {"type": "disabled"})
    if not exchange.options.demands_seals or thinking["type"] == "disabled":
        return
    given: set[str | None] = set()
    for block in blocks:
        if block["type"] in _THOUGHT:
            given.add(block.get("signature") or block.get("data"))
        elif block["type"] == "tool_use":
            wanted = exchange.memory.wanted(block["id"], block["input"])
            if wanted is not None and wanted not in given:
                _thought_first(blocks, place)


def _thought_first(blocks: list[Any], place: int) -> None:
    found = blocks[0]["type"]
    raise rule(
        ("messages", place, "content", 0, "type"),
        f"Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is enabled, a "
        "final `assistant` message must start with a thinking block (preceeding the lastmost set of "
        "`tool_use` and `tool_result` blocks).",
    )


def _sampling(body: Any) -> None:
    given = [name for name in SAMPLING if name in body]
    if _FIXED_SAMPLING.match(body["model"]):
        for name in given:
            if name == "top_k" or body[name] != 1:
                raise rule((), f"`{name}` is not supported for this model.")
    if "temperature" in given and "top_p" in given:
        raise rule(
            (), "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        )
    for sequence in body.get("stop_sequences", ()):
        if not sequence.strip():
            raise rule(("stop_sequences",), "each stop sequence must contain non-whitespace")


def _thinking(body: Any) -> None:
    thinking = body.get("thinking", {"type": "disabled"})
    if thinking["type"] == "disabled":
        return
    if thinking["type"] == "adaptive" and _OLD.match(body["model"]):
        raise rule((), "adaptive thinking is not supported on this model")
    if thinking["type"] == "enabled":
        _budget(body, thinking["budget_tokens"])
        _last_turn_thought(body)
    if body.get("tool_choice", {}).get("type") in _FORCING:
        raise rule((), "Thinking may not be enabled when tool_choice forces tool use.")
    if body.get("temperature", 1) != 1:
        raise rule((), "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.")
    if "top_k" in body:
        raise rule((), "`top_k` must be unset when thinking is enabled or in adaptive mode.")
    if body.get("top_p", 1) < 0.95:
        raise rule((), "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.")


def _budget(body: Any, budget: int) -> None:
    if budget < 1024:
        at = ("thinking", "enabled", "budget_tokens")
        raise rule(at, "Input should be greater than or equal to 1024")
    if budget >= body["max_tokens"]:
        raise rule((), "`max_tokens` must be greater than `thinking.budget_tokens`.")


def _last_turn_thought(body: Any) -> None:
    """With a budget, the assistant turn whose calls are being answered must begin with its thinking."""
    turns = merged(body["messages"])
    if len(turns) < 2 or not any(block["type"] == "tool_result" for block in turns[-1][1]):
        return
    blocks = turns[-2][1]
    if blocks and blocks[0]["type"] not in _THOUGHT:
        _thought_first(blocks, len(turns) - 2)


def _ending(body: Any) -> None:
    role, blocks = merged(body["messages"])[-1]
    if role != "assistant":
        return
    if not _OLD.match(body["model"]):
        raise rule(
            (),
            "This model does not support assistant message prefill. The conversation must end with a user "
            "message.",
        )
    if blocks and blocks[-1]["type"] == "text" and blocks[-1]["text"] != blocks[-1]["text"].rstrip():
        raise rule((), "messages: final assistant content cannot end with trailing whitespace")
