import asyncio
import base64
import hashlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import tiktoken_ext.openai_public
from hypothesis import given
from hypothesis import strategies as st

from proxy_core.usage import tokens


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """What the tokenizer's publisher says of the vocabulary, without fetching it."""
    found: dict[str, Any] = {}

    def remember(address: str, expected_hash: str | None = None) -> dict[bytes, int]:
        found.update(hash=expected_hash, name=address.rpartition("/")[2].removesuffix(".tiktoken"))
        return {}

    monkeypatch.setattr(tiktoken_ext.openai_public, "load_tiktoken_bpe", remember)
    return {**tiktoken_ext.openai_public.o200k_base(), **found}


def test_the_vocabulary_is_the_published_one(published: Mapping[str, Any]) -> None:
    lines = (base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens.vocabulary()))
    assert hashlib.sha256(b"".join(lines)).hexdigest() == published["hash"]
    assert published["name"] == tokens.NAME


def test_texts_are_cut_into_words_as_published(published: Mapping[str, Any]) -> None:
    assert published["pat_str"] == tokens.PATTERN


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("hello world", 2),
        ("Trunkline", 3),
        ("1234567", 3),
        ("漢字", 2),
        ("def f(x):\n    return x\n", 8),
        ("<|endoftext|>", 7),  # a special token, here only a text
        ("\ud800", 1),
    ],
)
def test_known_counts(text: str, number: int) -> None:
    assert tokens.count(text) == number


@given(st.text(st.characters(codec=None), max_size=300))
def test_any_text_counts_and_always_the_same(text: str) -> None:
    number = tokens.count(text)
    assert number == tokens.count(text)
    assert (number == 0) == (text == "")
    assert number <= len(text.encode("utf-8", "surrogatepass"))


WORST = {
    "one letter": "a" * 400_000,
    "blanks": " " * 400_000,
    "lines": "\n" * 400_000,
    "blanks that end in a line": (" " * 16_000 + "\n") * 25,
    "half a pair": "\ud83d" * 400_000,
    "marks": "!" * 400_000,
    "accents": "e" + "\u0301" * 400_000,
}


@pytest.mark.parametrize("name", WORST)
@pytest.mark.timeout(20)  # quadratic growth takes minutes
def test_the_worst_texts_are_counted_in_time(name: str) -> None:
    assert 1_000 < tokens.count(WORST[name]) <= 800_000


def test_pieces_do_not_change_the_count_of_prose() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 2_000
    assert len(text) > 5 * 16_384
    assert tokens.count(text) == 10 * 2_000 + 1


def test_beyond_any_model_the_density_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "EXACT_CHARACTERS", 1_000)
    assert tokens.count(" word" * 1_000) == 1_000
    assert tokens.count_all([" word" * 150, " word" * 150, "", " word" * 700]) == 1_000


async def test_a_large_text_leaves_the_loop_free() -> None:
    """While a thread counts, the loop goes round; nothing of it blocks (blockbuster looks)."""
    counting = asyncio.ensure_future(tokens.counted("word " * 400_000))  # noqa: TID251
    rounds = 0
    while not counting.done():
        rounds += 1
        await asyncio.sleep(0)
    assert await counting == 400_001
    assert rounds > 10


async def test_a_small_text_is_counted_on_the_spot_once_the_tokenizer_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens.count("load")
    monkeypatch.setattr(asyncio, "to_thread", None)
    assert await tokens.counted("hello world") == 2
    assert tokens.is_quick(tokens.SMALL)
    assert not tokens.is_quick(tokens.SMALL + 1)


def test_threads_load_it_once_between_them() -> None:
    program = """
import threading
from proxy_core.usage import tokens
made = []
inner = tokens.vocabulary
def noted():
    made.append(1)
    return inner()
tokens.vocabulary = noted
assert not tokens.is_quick(1) and tokens.is_quick(0)
found = []
threads = [threading.Thread(target=lambda: found.append(tokens.count("hello world"))) for _ in range(4)]
[one.start() for one in threads]
[one.join() for one in threads]
assert found == [2] * 4 and made == [1] and tokens.is_quick(1)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=50)


def test_the_core_starts_without_the_tokenizer() -> None:
    program = """
import sys
import proxy_core, proxy_core.usage.estimate, proxy_core.relay.relay
assert not {"tiktoken", "regex", "requests"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=50)


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library fetches a vocabulary that it is not given."""
    program = """
import socket
def refuse(*_): raise AssertionError("the network was asked")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from proxy_core.usage import tokens
assert tokens.count("hello world") == 2
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=50)
