import pytest

from proxy_core.errors import RouteError
from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import ModelProfile
from proxy_core.routing.resolve import AliasRule, Offer, Resolution, Resolver, resolve

HIGH = ReasoningControl(mode="level", level="high")
LOW = ReasoningControl(mode="level", level="low")
OFF = ReasoningControl(mode="off")
BUDGET = ReasoningControl(mode="budget", budget=8192)


def offer(
    provider: str, name: str, *accounts: str, upstream: str | None = None, hidden: bool = False
) -> Offer:
    model = upstream or name
    return Offer(provider, accounts or (f"{provider}-1",), model, name, ModelProfile(model, hidden=hidden))


OFFERS = (
    offer("north", "plain-5", "a", "b"),
    offer("south", "plain-5", "c"),
    offer("south", "only-south"),
    offer("south", "north/only-south"),
    offer("hub", "vendor/big-model"),
    offer("hub", "north/plain-5"),
    offer("hub", "odd-high"),
    offer("hub", "renamed", upstream="vendor/original"),
    offer("hub", "secret", hidden=True),
)
ALIASES = {
    "fast": AliasRule("only-south", LOW),
    "pinned": AliasRule("south/plain-5"),
    "chained": AliasRule("fast"),
    "stern": AliasRule("chained", HIGH),
    "suffixed": AliasRule("south/plain-5(8192)"),
    "plain-5": AliasRule("plain-5", HIGH),
    "loop-a": AliasRule("loop-b"),
    "loop-b": AliasRule("loop-a"),
    "dangling": AliasRule("nowhere"),
}
PROVIDERS = ("north", "south", "hub")


def found(name: str, aliases: dict[str, AliasRule] | None = None) -> Resolution:
    return resolve(name, OFFERS, aliases or {}, PROVIDERS)


def accounts(resolution: Resolution) -> list[str]:
    return [target.account for target in resolution.targets]


@pytest.mark.parametrize(
    ("name", "model", "expected", "reasoning"),
    [
        ("plain-5", "plain-5", ["a", "b", "c"], None),
        (" plain-5 ", "plain-5", ["a", "b", "c"], None),
        ("models/plain-5", "plain-5", ["a", "b", "c"], None),
        ("south/plain-5", "plain-5", ["c"], None),
        ("south://plain-5", "plain-5", ["c"], None),
        ("models/south/plain-5", "plain-5", ["c"], None),
        ("south/models/plain-5", "plain-5", ["c"], None),
        # the whole name comes before a pin
        ("north/plain-5", "north/plain-5", ["hub-1"], None),
        ("north://plain-5", "plain-5", ["a", "b"], None),
        ("vendor/big-model", "vendor/big-model", ["hub-1"], None),
        ("hub/vendor/big-model", "vendor/big-model", ["hub-1"], None),
        ("hub://vendor/big-model", "vendor/big-model", ["hub-1"], None),
        # a pin may use the upstream's own name of a renamed model, a plain name may not
        ("hub/vendor/original", "vendor/original", ["hub-1"], None),
        ("renamed", "renamed", ["hub-1"], None),
        # a suffix counts only where the whole name is unknown
        ("odd-high", "odd-high", ["hub-1"], None),
        ("odd-high-low", "odd-high", ["hub-1"], LOW),
        ("plain-5(high)", "plain-5", ["a", "b", "c"], HIGH),
        ("plain-5-nothinking", "plain-5", ["a", "b", "c"], OFF),
        ("plain-5@think=8192", "plain-5", ["a", "b", "c"], BUDGET),
        ("south/plain-5-high", "plain-5", ["c"], HIGH),
        ("models/south://plain-5(high)", "plain-5", ["c"], HIGH),
        ("secret", "secret", ["hub-1"], None),
    ],
)
def test_names(name: str, model: str, expected: list[str], reasoning: ReasoningControl | None) -> None:
    resolution = found(name)
    assert (resolution.model, accounts(resolution), resolution.reasoning) == (model, expected, reasoning)


@pytest.mark.parametrize(
    ("name", "model", "expected", "reasoning"),
    [
        ("fast", "only-south", ["south-1"], LOW),
        ("models/fast", "only-south", ["south-1"], LOW),
        ("fast(high)", "only-south", ["south-1"], HIGH),
        ("pinned", "plain-5", ["c"], None),
        ("chained", "only-south", ["south-1"], LOW),
        # what is said of thinking nearest to the client wins
        ("stern", "only-south", ["south-1"], HIGH),
        ("suffixed", "plain-5", ["c"], BUDGET),
        # an alias may stand over the name that it means
        ("plain-5", "plain-5", ["a", "b", "c"], HIGH),
        ("plain-5-low", "plain-5", ["a", "b", "c"], LOW),
    ],
)
def test_aliases(name: str, model: str, expected: list[str], reasoning: ReasoningControl | None) -> None:
    resolution = found(name, ALIASES)
    assert (resolution.model, accounts(resolution), resolution.reasoning) == (model, expected, reasoning)


@pytest.mark.parametrize("name", ["loop-a", "dangling", "nowhere/plain-5", "north/only", "original", ""])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(RouteError) as caught:
        found(name, ALIASES)
    assert (caught.value.status, caught.value.code, caught.value.param) == (404, "model_not_found", "model")


def test_a_refusal_names_the_nearest_but_no_hidden_model() -> None:
    with pytest.raises(RouteError, match=r"'plane-5'.*nearest: plain-5"):
        found("plane-5")
    with pytest.raises(RouteError, match="nearest: fast"):
        found("fasst(high)", ALIASES)
    with pytest.raises(RouteError) as caught:
        found("secrets")
    assert "secret," not in caught.value.message.replace("'secrets'", "")


def test_a_refusal_without_any_model_says_what_to_do() -> None:
    with pytest.raises(RouteError, match="Add an account"):
        resolve("plain-5", (), {}, PROVIDERS)
    with pytest.raises(RouteError, match="Add an account"):
        resolve(
            "plain-5", (Offer("north", (), "plain-5", "plain-5", ModelProfile("plain-5")),), {}, PROVIDERS
        )


def test_a_huge_name_is_not_echoed_whole() -> None:
    with pytest.raises(RouteError) as caught:
        found("x" * 5000)
    assert len(caught.value.message) < 300


def test_a_target_comes_once_and_carries_upstream_name_and_profile() -> None:
    twice = (offer("hub", "renamed", upstream="vendor/original"),) * 2
    targets = resolve("renamed", twice, {}, PROVIDERS).targets
    assert [(target.provider, target.model, target.profile.id) for target in targets] == [
        ("hub", "vendor/original", "vendor/original")
    ]


def test_a_resolver_remembers_where_a_name_leads_as_long_as_what_is_served_stays() -> None:
    resolver = Resolver(OFFERS, ALIASES, PROVIDERS)
    assert resolver.is_of(OFFERS, ALIASES)
    assert not resolver.is_of((*OFFERS[:-1], OFFERS[-1]), ALIASES)
    assert not resolver.is_of(OFFERS, dict(ALIASES))
    first = resolver.find("plain-5")
    assert first == resolve("plain-5", OFFERS, ALIASES, PROVIDERS)
    assert resolver.find("plain-5") is first
    for _ in range(2):
        with pytest.raises(RouteError):
            resolver.find("nobody's")


def test_a_resolver_does_not_remember_without_end() -> None:
    resolver = Resolver(OFFERS, ALIASES, PROVIDERS)
    long = "plain-5" + " " * 400
    assert resolver.find(long) is not resolver.find(long)
    for number in range(1000):
        resolver.find("plain-5" + " " * (number % 290) + "\t" * (number // 290))
    late = "\n plain-5"
    assert resolver.find(late) is not resolver.find(late)
