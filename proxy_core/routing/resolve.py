"""From the model name that a client asked for to the targets that may serve it. Pure.

A name is looked up in this order: a user's alias, a served name as it stands, a pin (``provider/model``
or ``provider://model``), and, only when all that is unknown, the same with a thinking suffix taken off.
A leading ``models/`` is ignored, as Google's clients send it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from proxy_core.errors import RouteError
from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import ModelProfile
from proxy_core.routing.nearest import nearest
from proxy_core.routing.suffix import split_suffix

_PREFIX = "models/"


@dataclass(frozen=True, slots=True)
class Offer:
    """One model that a provider serves through enabled accounts.

    ``accounts`` are account ids in the order in which they may be tried; ``model`` is the upstream's own
    name, ``name`` the one that clients use (they differ where the account renames the model).
    """

    provider: str
    accounts: tuple[str, ...]
    model: str
    name: str
    profile: ModelProfile


@dataclass(frozen=True, slots=True)
class Target:
    """A place where a request may go: one account of a provider, and the upstream's name of the model."""

    provider: str
    account: str
    model: str
    profile: ModelProfile


@dataclass(frozen=True, slots=True)
class AliasRule:
    """What a user's alias stands for.

    ``model`` is anything that a client could ask for: a name, a pin, another alias, with or without a
    suffix. ``reasoning`` None: the alias says nothing about thinking.
    """

    model: str
    reasoning: ReasoningControl | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer: ``targets`` in the order of the offers, never empty.

    ``model`` is the served name that was found, without alias, pin and suffix. ``reasoning`` overrides what
    the body says; None leaves the body's own wish. Each target's dialect clamps it to the target's profile.
    """

    targets: tuple[Target, ...]
    model: str
    reasoning: ReasoningControl | None = None


def resolve(
    name: str,
    offers: Sequence[Offer],
    aliases: Mapping[str, AliasRule],
    provider_names: Collection[str],
) -> Resolution:
    """Return where a request for ``name`` may go.

    ``provider_names`` are the ids that may stand before the slash of a pin. What is said of thinking nearest
    to the client wins: a suffix of ``name`` over an alias, an alias over what it stands for. Raises
    RouteError (404), naming the nearest names that are served.
    """
    search = _Search(offers, aliases, frozenset(provider_names))
    found = search.find(name.strip(), frozenset())
    if found is None:
        raise RouteError(_refusal(name, offers, aliases), code="model_not_found", param="model")
    return found


_REMEMBERED, _LONGEST_REMEMBERED = 1000, 300


class Resolver:
    """Resolves names against one state of what is served, and remembers where each name leads."""

    def __init__(
        self, offers: Sequence[Offer], aliases: Mapping[str, AliasRule], provider_names: Collection[str]
    ) -> None:
        self._offers = offers
        self._aliases = aliases
        self._providers = provider_names
        self._known: dict[str, Resolution] = {}

    def is_of(self, offers: Sequence[Offer], aliases: Mapping[str, AliasRule]) -> bool:
        """Whether this is still the state: the very same offers and aliases."""
        return self._offers is offers and self._aliases is aliases

    def find(self, name: str) -> Resolution:
        """Return where a request for ``name`` may go; see :func:`resolve`. Raises RouteError."""
        known = self._known.get(name)
        if known is None:
            known = resolve(name, self._offers, self._aliases, self._providers)
            if len(name) <= _LONGEST_REMEMBERED and len(self._known) < _REMEMBERED:
                self._known[name] = known
        return known


@dataclass(frozen=True, slots=True)
class _Search:
    offers: Sequence[Offer]
    aliases: Mapping[str, AliasRule]
    providers: frozenset[str]

    def find(self, name: str, seen: frozenset[str]) -> Resolution | None:
        """Look a name up, first whole, then without its suffix."""
        found = self.whole(name, seen)
        if found is not None:
            return found
        split = split_suffix(name)
        if split is None:
            return None
        stem, reasoning = split
        found = self.whole(stem, seen)
        return found and Resolution(found.targets, found.model, reasoning)

    def whole(self, name: str, seen: frozenset[str]) -> Resolution | None:
        """Look a name up as it stands, then without ``models/``."""
        found = self.alias(name, seen) or self.plain(name) or self.pin(name)
        if found is None and name.startswith(_PREFIX):
            return self.whole(name.removeprefix(_PREFIX), seen)
        return found

    def alias(self, name: str, seen: frozenset[str]) -> Resolution | None:
        """Follow an alias; one that comes round to itself means the served name."""
        rule = self.aliases.get(name)
        if rule is None or name in seen:
            return None
        found = self.find(rule.model, seen | {name})
        if found is None:
            return None
        return Resolution(found.targets, found.model, rule.reasoning or found.reasoning)

    def plain(self, name: str) -> Resolution | None:
        """Every offer under that name."""
        return _resolution(name, [offer for offer in self.offers if offer.name == name])

    def pin(self, name: str) -> Resolution | None:
        """The offers of one provider; the upstream's own name of a renamed model is good as well."""
        for separator in ("://", "/"):
            provider, cut, model = name.partition(separator)
            if not cut or provider not in self.providers:
                continue
            model = model.removeprefix(_PREFIX)
            own = [offer for offer in self.offers if offer.provider == provider]
            named = [offer for offer in own if offer.name == model]
            return _resolution(model, named or [offer for offer in own if offer.model == model])
        return None


def _resolution(name: str, offers: Sequence[Offer]) -> Resolution | None:
    targets = tuple(
        dict.fromkeys(
            Target(offer.provider, account, offer.model, offer.profile)
            for offer in offers
            for account in offer.accounts
        )
    )
    return Resolution(targets, name) if targets else None


def _refusal(name: str, offers: Sequence[Offer], aliases: Mapping[str, AliasRule]) -> str:
    asked = name if len(name) <= 100 else name[:100] + "…"
    served = [offer.name for offer in offers if offer.accounts and not offer.profile.hidden]
    if not served:
        return f"The model {asked!r} is unknown: no enabled account serves any model yet. Add an account."
    split = split_suffix(name)
    near = nearest(split[0] if split else name, [*aliases, *served])
    hint = f" The nearest: {', '.join(near)}." if near else ""
    return f"No enabled account serves the model {asked!r}.{hint}"
