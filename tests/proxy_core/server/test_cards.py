from proxy_core.ir.request import ReasoningControl
from proxy_core.profile import ModelProfile
from proxy_core.routing.resolve import AliasRule, Offer
from proxy_core.server.cards import alias_cards

OWNED = ModelProfile("a", owner="maker", created=7)
OFFERS = (
    Offer("cloud", ("one",), "a", "a", OWNED),
    Offer("other", ("two",), "a", "a", ModelProfile("a")),
    Offer("other", ("two",), "b", "b", ModelProfile("b")),
)
TITLES = {"cloud": "Cloud", "other": "Other"}


def test_an_alias_is_described_as_its_first_target() -> None:
    (card,) = alias_cards({"quick": AliasRule("a", ReasoningControl("off"))}, OFFERS, TITLES)
    assert (card.id, card.title, card.owner, card.created) == ("quick", "quick → a", "maker", 7)
    assert card.profile is OWNED


def test_pins_suffixes_and_other_aliases_are_followed() -> None:
    aliases = {"pin": AliasRule("other/a"), "more": AliasRule("b(high)"), "far": AliasRule("pin")}
    cards = list(alias_cards(aliases, OFFERS, TITLES))
    assert [(card.id, card.owner) for card in cards] == [
        ("pin", "Other"),
        ("more", "Other"),
        ("far", "Other"),
    ]
    assert all(card.created > 0 for card in cards)


def test_what_stands_for_nothing_is_left_out() -> None:
    aliases = {"x": AliasRule("nothing"), "y": AliasRule("z"), "z": AliasRule("y")}
    assert list(alias_cards(aliases, OFFERS, TITLES)) == []
