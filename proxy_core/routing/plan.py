"""Past the neutral representation or through it, and in which of the provider's dialects. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from proxy_core.errors import UnsupportedError
from proxy_core.provider import Speech

_TRANSLATED = frozenset({"chat", "count_tokens"})


@dataclass(frozen=True, slots=True)
class Plan:
    """One attempt: the provider's speech to use, and whether the body only passes."""

    speech: Speech
    is_passthrough: bool


def plan(
    client_dialect: str,
    speaks: Sequence[Speech],
    *,
    wanted_dialect: str,
    needs_representation: bool,
    operation: str,
    known_dialects: Collection[str],
) -> Plan:
    """Choose for one target.

    ``wanted_dialect`` is the account's own choice for chats, empty for none. ``needs_representation``: the
    body holds something that only the representation can take out (our envelopes, a body of another dialect).
    Raises UnsupportedError when the provider speaks nothing that fits.
    """
    usable = [speech for speech in speaks if speech.dialect in known_dialects]
    if operation in _TRANSLATED and wanted_dialect:
        usable = [speech for speech in usable if speech.dialect == wanted_dialect]
    for speech in usable:
        if speech.dialect == client_dialect and operation in speech.paths:
            return Plan(speech, is_passthrough=not needs_representation)
    if operation in _TRANSLATED:
        # a speech with a counter of its own counts better than an estimate
        for needed in (operation, "chat"):
            for speech in usable:
                if needed in speech.paths:
                    return Plan(speech, is_passthrough=False)
    raise UnsupportedError(f"The provider of this model has no {operation.replace('_', ' ')} endpoint.")
