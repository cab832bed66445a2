"""The rows of a model list that a user's aliases add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from proxy_core.accounts.catalogue import model_card
from proxy_core.dialect import ModelCard
from proxy_core.errors import RouteError
from proxy_core.routing.resolve import AliasRule, Offer, resolve


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
        yield model_card(name, f"{name} → {rule.model}", target.provider, target.profile, titles)
