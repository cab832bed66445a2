"""The rows of a model list that a user's aliases add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from proxy_core.dialect import ModelCard
from proxy_core.errors import RouteError
from proxy_core.routing.resolve import AliasRule, Offer, resolve

_EPOCH_2026 = 1767225600
# some clients insist on a time; an alias has none of its own


def alias_cards(
    aliases: Mapping[str, AliasRule], offers: Sequence[Offer], titles: Mapping[str, str]
) -> Iterator[ModelCard]:
    """Yield one row per alias that stands for something served, described as its first target.

    ``titles`` maps the ids of all providers to what people call them.
    """
    for name, rule in aliases.items():
        try:
            target = resolve(name, offers, aliases, titles.keys()).targets[0]
        except RouteError:
            continue
        profile = target.profile
        owner = profile.owner or titles.get(target.provider, target.provider)
        yield ModelCard(name, f"{name} → {rule.model}", owner, profile.created or _EPOCH_2026, profile)
