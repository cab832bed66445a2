import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.ir.message import Seal
from proxy_core.ir.seal import PREFIX, carried, has_envelope, last_issuer, sendable, unwrap, wrap, wrap_base64

KIND = "anthropic.signature"
issued = st.builds(
    Seal,
    st.from_regex(r"[a-z][a-z0-9_:]{0,10}", fullmatch=True),
    st.from_regex(r"[a-z]+\.[a-z]+", fullmatch=True),
    st.text(st.characters()),
)


@given(issued)
def test_an_envelope_brings_its_seal_back_in_every_spelling(seal: Seal) -> None:
    standard = wrap_base64(seal)
    url_safe = standard.replace("+", "-").replace("/", "_")
    for spelled in (wrap(seal), standard, standard.rstrip("="), url_safe, url_safe.rstrip("=")):
        assert unwrap(spelled, "native.kind") == seal


@given(issued)
def test_envelopes_are_fit_for_their_fields(seal: Seal) -> None:
    assert wrap(seal).startswith(PREFIX)
    assert base64.b64decode(wrap_base64(seal), validate=True).decode() == wrap(seal)
    assert has_envelope(f'{{"signature":"{wrap(seal)}"}}'.encode())
    assert has_envelope(f'{{"thoughtSignature":"{wrap_base64(seal)}"}}'.encode())


def test_a_body_without_an_envelope_is_seen() -> None:
    assert not has_envelope(b'{"signature":"EqQBCgIYAhIM","text":"trunkline"}')


@given(st.text(min_size=1).filter(lambda text: not text.startswith((PREFIX, "dHJ1bmts"))))
def test_anything_else_is_native(value: str) -> None:
    assert unwrap(value, KIND) == Seal(None, KIND, value)


@given(issued, st.data())
def test_a_damaged_envelope_is_never_native_and_never_raises(seal: Seal, data: st.DataObject) -> None:
    for whole in (wrap(seal), wrap_base64(seal)):
        cut = data.draw(st.integers(16, len(whole)))
        for damaged in (whole[:cut], whole[:cut] + "!", whole[:cut] + "\ud800", whole[:cut] + ":"):
            found = unwrap(damaged, KIND)
            assert found is None or found.issuer is not None


@pytest.mark.parametrize(
    "value",
    [
        "",
        PREFIX,
        f"{PREFIX}one",
        f"{PREFIX}one:kind",
        f"{PREFIX}:kind:YQ",
        f"{PREFIX}one::YQ",
        f"{PREFIX}one:kind:Y",
        f"{PREFIX}one:kind:Y!",
        f"{PREFIX}one:kind:_w",
        base64.b64encode(PREFIX.encode()).decode() + "?",
    ],
)
def test_broken_envelopes_and_empty_values_are_nothing(value: str) -> None:
    assert unwrap(value, KIND) is None


def test_a_seal_goes_to_its_issuer_only() -> None:
    assert sendable(Seal("one", KIND, "v"), "one", KIND) == "v"
    assert sendable(Seal("one", KIND, "v"), "two", KIND) is None
    assert sendable(Seal("one", KIND, "v"), "one", "gemini.signature") is None
    assert sendable(None, "one", KIND) is None


@given(issued, st.sampled_from(["one", "two"]), st.sampled_from(["one", "two"]))
def test_no_seal_crosses_issuers(seal: Seal, issuer: str, upstream: str) -> None:
    sent = unwrap(wrap(Seal(issuer, KIND, seal.value)), KIND)
    assert sendable(sent, upstream, KIND) == (seal.value if issuer == upstream else None)


def test_a_native_seal_goes_where_its_kind_fits() -> None:
    assert sendable(Seal(None, KIND, "v"), "one", KIND) == "v"
    assert sendable(Seal(None, KIND, "v"), "one", "gemini.signature") is None


def test_a_reply_carries_a_fitting_seal_bare_and_another_in_its_envelope() -> None:
    seal = Seal("one", KIND, "v")
    assert carried(seal, KIND) == "v"
    assert unwrap(carried(seal, "gemini.signature"), "gemini.signature") == seal


def test_a_seal_of_nobody_cannot_be_wrapped() -> None:
    with pytest.raises(ValueError, match="issuer"):
        wrap(Seal(None, KIND, "v"))


@given(st.lists(issued, min_size=1, max_size=5), st.booleans())
def test_the_last_envelope_of_some_issuers_is_found(seals: list[Seal], plain: bool) -> None:
    packed = wrap if plain else wrap_base64
    body = b",".join(b'{"x":"' + packed(seal).encode() + b'"}' for seal in seals)
    issuers = [seal.issuer for seal in seals if seal.issuer]
    assert last_issuer(body, issuers) == issuers[-1]
    assert last_issuer(body, issuers[:1]) == issuers[0]
    assert last_issuer(body, ["?"]) is None
    assert last_issuer(b'{"x":"y"}', issuers) is None


@given(issued, st.sampled_from(["a", "b", "vendor/one", "vendor/two"]), st.data())
def test_law_13_a_tampered_envelope_never_brings_another_value_to_its_issuer(
    seal: Seal, issuer: str, data: st.DataObject
) -> None:
    """Whatever a client does to an envelope: what an upstream gets of it names that upstream."""
    whole = wrap(Seal(issuer, seal.kind, seal.value))
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + data.draw(st.characters()) + whole[at + 1 :]
    found = unwrap(changed, seal.kind)
    for upstream in ("a", "b", "vendor/one", "vendor/two"):
        sent = sendable(found, upstream, seal.kind)
        if sent is not None and found is not None and found.issuer is not None:
            assert found.issuer == upstream
