"""A neutral request into an upstream's body.

The body holds what the vendor documents and nothing else: one unknown member is a hard 400. Members stand
in a fixed order, so that the beginning of a conversation stays the same bytes for prompt caches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy_core import jsonbytes
from proxy_core.dialect import EncodeTarget
from proxy_core.dialects.gemini_generate.contents_encode import encode_contents, encode_system
from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.dialects.gemini_generate.history import sayable
from proxy_core.dialects.gemini_generate.media_limits import refuse_addresses
from proxy_core.dialects.gemini_generate.models import plain_name
from proxy_core.dialects.gemini_generate.settings_encode import (
    MOST_STOPS,
    encode_config,
    encode_rest,
    refuse_features,
)
from proxy_core.dialects.gemini_generate.tools_encode import (
    LIMITS,
    OWN_LIMITS,
    encode_choice,
    encode_tools,
    forced_alone,
    is_mixed,
)
from proxy_core.ir.message import Json, Message
from proxy_core.ir.offers import offered
from proxy_core.ir.reasoning import lost_thoughts
from proxy_core.ir.request import EncodedRequest, Loss, ReplyMemory, Request
from proxy_core.ir.structure import StructureLaws, arrange
from proxy_core.ir.tools import fit_tools

_LAWS = StructureLaws(
    merge_roles=True,
    start_with_user=True,
    text_before_calls=True,
    order_results=True,
    results_first=True,
    drop_empty_text=True,
    system_in_place=False,
    needs_user_turn=True,
    drop_open_turn=True,
)


def encode_request(request: Request, target: EncodeTarget) -> EncodedRequest:
    """Encode a chat request. Raises UnsupportedError for a feature that cannot be said."""
    body, losses, memory = _body(request, target)
    return EncodedRequest(jsonbytes.encode(body), losses, memory)


def encode_count_request(request: Request, target: EncodeTarget) -> EncodedRequest:
    """Encode for ``countTokens``: the whole request, so that system text and tools count as well."""
    body, losses, memory = _body(request, target)
    inner = {"model": f"models/{plain_name(target.model)}", **body}
    return EncodedRequest(jsonbytes.encode({"generateContentRequest": inner}), losses, memory)


def _body(request: Request, target: EncodeTarget) -> tuple[dict[str, Json], tuple[Loss, ...], ReplyMemory]:
    losses: list[Loss] = []
    refuse_features(request)
    refuse_addresses(request, target.profile)
    given, unoffered = (request, ()) if request.dialect == NAME else offered(request)
    losses.extend(unoffered)
    limits = OWN_LIMITS if request.dialect == NAME else LIMITS
    fitted, memory = fit_tools(_with_user(forced_alone(given, losses)), limits)
    fitted = sayable(fitted, target.issuer, losses)
    if request.dialect != NAME:  # its own clients' thoughts are nothing that the vendor reads
        losses.extend(lost_thoughts(request.messages, fitted.messages))
    laws = replace(_LAWS, keep_prefill=target.profile.prefill)
    fitted, moved = arrange(fitted, laws)
    losses.extend(moved)
    tools = encode_tools(fitted, losses, mixed=target.profile.mixed_tools)
    has_functions = any("functionDeclarations" in tool for tool in tools)
    rest = encode_rest(fitted, losses)
    calling = encode_choice(fitted.tool_choice, tools, losses)
    if request.dialect != NAME and is_mixed(tools):
        # Refused without (public issues, 2026-08); the default mode is the one that suits the mixture.
        rest = {**rest, "toolConfig.includeServerSideToolInvocations": True}
        calling = {} if calling == {"mode": "AUTO"} else calling
    sign_calls = target.profile.thinking is not None or not target.profile.known
    own = request.dialect == NAME
    members: dict[str, Json] = {
        "systemInstruction": encode_system(fitted.system),
        "tools": tools or None,
        "toolConfig": _nested("toolConfig", {"functionCallingConfig": calling} if calling else {}, rest),
        "contents": encode_contents(
            fitted.messages,
            sign_calls=sign_calls,
            own=own,
            result_media=own or target.profile.result_media,
        ),
        "generationConfig": _nested(
            "generationConfig", encode_config(fitted, target, has_functions, losses), rest
        ),
        **{key: value for key, value in rest.items() if "." not in key},
    }
    if len(request.sampling.stop) > MOST_STOPS:
        memory = replace(memory, stop=request.sampling.stop[MOST_STOPS:])
    return {key: value for key, value in members.items() if value is not None}, tuple(losses), memory


def _with_user(request: Request) -> Request:
    """Make the only system text the question: nothing else is there to answer."""
    if request.messages or not request.system or request.dialect == NAME:
        return request
    return replace(request, system=(), messages=(Message("user", request.system),))


def _nested(name: str, members: Mapping[str, Json], rest: Mapping[str, Json]) -> Json:
    """Return an object with the extensions of its dotted path put back; None if it would be empty."""
    found: dict[str, Json] = dict(members)
    for path, value in rest.items():
        head, *inner = path.split(".")
        if head != name or not inner:
            continue
        place = found
        for step in inner[:-1]:
            place = place.setdefault(step, {})
        place[inner[-1]] = value
    return found or None
