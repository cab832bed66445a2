"""The neutral request to a body for an upstream (anthropic 2.11.0 types, 2026-11-20)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy_core.dialect import EncodeTarget
from proxy_core.dialects.anthropic_messages.blocks_encode import (
    Block,
    emit,
    encode_message,
    encode_part,
    shorten,
)
from proxy_core.dialects.anthropic_messages.cache_marks import fit_marks
from proxy_core.dialects.anthropic_messages.call_ids import unique_ids
from proxy_core.dialects.anthropic_messages.edit import BETAS, betas_of
from proxy_core.dialects.anthropic_messages.sampling import (
    FAST_BETA,
    encode_sampling,
    max_tokens_for,
    refuse_unsayable,
)
from proxy_core.dialects.anthropic_messages.schema import strict_schema
from proxy_core.dialects.anthropic_messages.select import select
from proxy_core.dialects.anthropic_messages.thinking import (
    FORCED,
    ThinkingWire,
    encode_thinking,
    without_thinking,
)
from proxy_core.dialects.anthropic_messages.tools_encode import encode_choice, encode_tools, is_forcing
from proxy_core.dialects.anthropic_messages.words import FAMILY, NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import EMPTY, Media, Message, Reasoning, Text, ToolCall, ToolResult
from proxy_core.ir.offers import offered
from proxy_core.ir.reasoning import lost_thoughts
from proxy_core.ir.request import EncodedRequest, Loss, Request
from proxy_core.ir.structure import StructureLaws, arrange
from proxy_core.ir.tools import ToolLimits, fit_call_ids, fit_tools

_LONGEST = 64
_LONGEST_OWN = 128  # what the vendor takes; names and ids that came in this dialect stay as they are
_COUNTED = frozenset(
    {
        "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control",
        "speed", "user_profile_id", "workspace_id", "context_management", "mcp_servers",
    }
)  # fmt: skip
_BETAS = "betas"
_JSON_HINT = "Answer with one JSON object and nothing else: no prose, no code fence."


def encode_request(request: Request, target: EncodeTarget) -> EncodedRequest:
    """Encode for ``POST /v1/messages``. Raises UnsupportedError."""
    return _encode(request, target, counting=False)


def encode_count_request(request: Request, target: EncodeTarget) -> EncodedRequest:
    """Encode for ``POST /v1/messages/count_tokens``: what counts as input and nothing else."""
    return _encode(request, target, counting=True)


def _encode(request: Request, target: EncodeTarget, *, counting: bool) -> EncodedRequest:
    is_own = request.dialect == NAME
    refuse_unsayable(request)
    _refuse_media(request)
    losses: list[Loss] = []
    longest = _LONGEST_OWN if is_own else _LONGEST
    given, unoffered = (request, ()) if is_own else offered(request)
    losses += unoffered
    fitted, memory = fit_tools(given, ToolLimits(max_name=longest))
    fitted = select(fit_call_ids(fitted, longest), target.issuer, losses)
    losses += lost_thoughts(request.messages, fitted.messages)
    fitted, dropped = arrange(fitted, _laws(request, target))
    losses += dropped
    most = max_tokens_for(request, target.profile)
    tools = encode_tools(fitted, losses)
    choice = encode_choice(fitted, tools)
    thinking = _thinking(fitted, target, most, choice, losses)
    body: Block = {"model": target.model, "max_tokens": most}
    if system := _system(fitted, losses):
        body["system"] = system
    body["messages"] = [
        encode_message(message, target.issuer) for message in _trimmed(unique_ids(fitted.messages))
    ]
    if tools:
        body["tools"] = tools
    if choice is not None:
        body["tool_choice"] = choice
    if thinking.thinking is not None:
        body["thinking"] = thinking.thinking
    if config := _output_config(fitted, thinking):
        body["output_config"] = config
    held_stops = encode_sampling(body, request, target.profile, thinking_on=thinking.is_on, losses=losses)
    _extend(body, request, losses)
    if target.stream and not counting:
        body["stream"] = True
    if counting:
        body = {key: value for key, value in body.items() if key in _COUNTED}
    losses += fit_marks(body)
    shorten(body["messages"])
    memory = replace(memory, stop=held_stops)
    return EncodedRequest(emit(body), tuple(losses), memory, _headers(request, body))


def _headers(request: Request, body: Block) -> Mapping[str, str]:
    names = [FAST_BETA] if body.get("speed") == "fast" else []
    names += betas_of(request.extensions.get(FAMILY, EMPTY).get(_BETAS)) or ()
    return {BETAS: ",".join(dict.fromkeys(names))} if names else EMPTY


def _refuse_media(request: Request) -> None:
    """Raise UnsupportedError that names the message, before the conversation is rearranged."""
    for place, message in enumerate(request.messages):
        if message.role != "user":
            continue
        for number, part in enumerate(message.parts):
            for inner in part.content if isinstance(part, ToolResult) else (part,):
                if not isinstance(inner, Media):
                    continue
                try:
                    encode_part(inner, "")
                except UnsupportedError as error:
                    raise UnsupportedError(
                        error.message, param=f"messages[{place}].content[{number}]"
                    ) from None


def _laws(request: Request, target: EncodeTarget) -> StructureLaws:
    is_own = request.dialect == NAME
    return StructureLaws(
        merge_roles=True,
        start_with_user=True,
        text_before_calls=not is_own,
        results_first=True,
        drop_empty_text=True,
        keep_prefill=target.profile.prefill,
        system_in_place=is_own,  # whoever writes this dialect knows whether the model takes it
        reasoning_first=True,
        needs_user_turn=True,
    )


def _trimmed(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return the messages with a prefill that does not end in blanks, as the vendor demands."""
    last = messages[-1] if messages else None
    if last is None or last.role != "model" or not isinstance(last.parts[-1], Text):
        return messages
    end = replace(last.parts[-1], text=last.parts[-1].text.rstrip())
    return (*messages[:-1], replace(last, parts=(*last.parts[:-1], end)))


def _system(request: Request, losses: list[Loss]) -> list[Block]:
    blocks = [encode_part(part, "") for part in request.system]
    if request.output.kind == "json":
        losses.append(Loss("response_format", "JSON without a schema is only asked for in the instructions"))
        blocks.append({"type": "text", "text": _JSON_HINT})
    return blocks


def _thinking(
    request: Request, target: EncodeTarget, most: int, choice: Block | None, losses: list[Loss]
) -> ThinkingWire:
    wire = encode_thinking(request.reasoning, target.profile, most)
    why = wire.lost
    if wire.is_on and is_forcing(choice):
        why = FORCED
    elif _needs_own_start(wire, target) and not _round_starts_thinking(request.messages):
        why = "the tool round in the history does not begin with thinking that this vendor signed"
    elif wire.is_on and _is_between_tools(request):
        return replace(wire, thinking={**dict(wire.thinking or EMPTY), "type": "between_tools"})
    else:
        if why is not None:
            losses.append(Loss("reasoning", why))
        return wire
    losses.append(Loss("reasoning", why))
    return without_thinking(target.profile, why)


def _needs_own_start(wire: ThinkingWire, target: EncodeTarget) -> bool:
    return wire.needs_own_start or (wire.is_on and target.without_reasoning)


def _is_between_tools(request: Request) -> bool:
    said = request.extensions.get(FAMILY, EMPTY).get("thinking")
    return isinstance(said, dict) and said.get("type") == "between_tools"


def _round_starts_thinking(messages: tuple[Message, ...]) -> bool:
    """Whether the round that is being answered, if there is one, begins with thinking."""
    if len(messages) < 2 or not any(isinstance(part, ToolResult) for part in messages[-1].parts):
        return True
    asked = messages[-2].parts
    calls = any(isinstance(part, ToolCall) for part in asked)
    return not calls or isinstance(asked[0], Reasoning)


def _output_config(request: Request, thinking: ThinkingWire) -> Block:
    config: Block = {}
    rest = request.extensions.get(FAMILY, EMPTY).get("output_config")
    if isinstance(rest, dict):
        config |= rest
    if thinking.effort is not None:
        config["effort"] = thinking.effort
    output = request.output
    if output.kind == "schema":
        schema = output.schema or {"type": "object"}
        wanted = dict(schema) if request.dialect == NAME else strict_schema(schema)
        config["format"] = {"type": "json_schema", "schema": wanted}
    return config


def _extend(body: Block, request: Request, losses: list[Loss]) -> None:
    """Add the caller's members of this dialect; report those of any other."""
    for family, members in request.extensions.items():
        for key, value in members.items():
            if family != FAMILY:
                losses.append(Loss(key, "Anthropic has nothing like it"))
            elif key == _BETAS:
                if betas_of(value) is None:
                    losses.append(Loss(key, "these are no names of betas"))
            elif key not in body and key != "output_config":
                body[key] = value
