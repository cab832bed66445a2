from typing import get_args

import pytest

from proxy_core.dialects.openai_chat.finish import decode_finish, encode_finish
from proxy_core.ir.stream import Finish, FinishReason

OFFICIAL = {"stop", "length", "tool_calls", "content_filter"}


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"), ("length", "length"), ("tool_calls", "tool"), ("function_call", "tool"),
        ("content_filter", "filter"), ("eos", "stop"), ("model_length", "length"), ("surprise", "other"),
    ],
)  # fmt: skip
def test_words_are_read(word: str, reason: str) -> None:
    finish = decode_finish(word, refused=False)
    assert (finish.reason, finish.native) == (reason, word)


def test_a_refusal_is_told_apart_from_a_stop() -> None:
    assert decode_finish("stop", refused=True).reason == "refusal"
    assert decode_finish("length", refused=True).reason == "length"


@pytest.mark.parametrize("reason", get_args(FinishReason))
@pytest.mark.parametrize("has_calls", [True, False])
def test_every_reason_has_an_official_word_in_step_with_the_calls(
    reason: FinishReason, has_calls: bool
) -> None:
    word = encode_finish(Finish(reason), has_calls)
    assert word in OFFICIAL
    assert not (word == "tool_calls" and not has_calls)
    assert not (word == "stop" and has_calls)


def test_a_cut_reply_stays_cut_with_a_call() -> None:
    assert encode_finish(Finish("length"), has_calls=True) == "length"
    assert encode_finish(Finish("filter"), has_calls=False) == "content_filter"
    assert encode_finish(Finish("context_full"), has_calls=False) == "length"
