"""Log probabilities of tokens, from one vendor's spelling to another's.

They travel beside the reply as the vendor spelled them, so that its own dialect loses nothing. Three
spellings are known: a list of entries under ``content`` (openai 3.52.0 Chat), the bare list (Responses), and
chosen beside top candidates (google-genai 3.4.0 ``LogprobsResult``). A fourth is none to speak of.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy_core.ir.message import Json

Entry = dict[str, Json]


def entries(logprobs: Json) -> list[Entry]:
    """Return ``{token, logprob, bytes, top_logprobs}`` of each token, whatever the spelling."""
    if isinstance(logprobs, list):
        return [entry for item in logprobs if (entry := _whole(item)) is not None]
    if not isinstance(logprobs, Mapping):
        return []
    if isinstance(logprobs.get("content"), list):
        return entries(logprobs["content"])
    chosen, tops = logprobs.get("chosenCandidates"), logprobs.get("topCandidates")
    tops = tops if isinstance(tops, list) else []
    found = []
    for place, item in enumerate(chosen if isinstance(chosen, list) else ()):
        entry = _entry(item)
        if entry is not None:
            top = tops[place] if place < len(tops) and isinstance(tops[place], Mapping) else {}
            found.append({**entry, "top_logprobs": _entries(top.get("candidates"))})
    return found


def candidates(logprobs: Json) -> dict[str, Json] | None:
    """Return the same as chosen and top candidates; None if there is nothing."""
    found = entries(logprobs)
    if not found:
        return None
    tops = [{"candidates": [_candidate(one) for one in entry["top_logprobs"]]} for entry in found]
    return {
        "chosenCandidates": [_candidate(entry) for entry in found],
        **({"topCandidates": tops} if any(top["candidates"] for top in tops) else {}),
    }


def _whole(item: Json) -> Entry | None:
    entry = _entry(item)
    return None if entry is None else {**entry, "top_logprobs": _entries(item.get("top_logprobs"))}


def _entries(items: Json) -> list[Entry]:
    found = [_entry(item) for item in items] if isinstance(items, list) else []
    return [entry for entry in found if entry is not None]


def _entry(item: Json) -> Entry | None:
    if not isinstance(item, Mapping):
        return None
    token, value = item.get("token"), item.get("logprob", item.get("logProbability"))
    if not isinstance(token, str) or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    raw = item.get("bytes")
    if not isinstance(raw, list):
        raw = list(token.encode("utf-8", "replace"))
    return {"token": token, "logprob": value, "bytes": raw}


def _candidate(entry: Entry) -> Entry:
    return {"token": entry["token"], "logProbability": entry["logprob"]}
