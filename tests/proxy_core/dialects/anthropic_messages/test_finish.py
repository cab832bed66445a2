from typing import get_args

import pytest
from anthropic.types import StopReason

from proxy_core.dialects.anthropic_messages.finish import decode_finish, encode_finish
from proxy_core.ir.stream import Finish, FinishReason


@pytest.mark.parametrize("word", get_args(StopReason))
def test_every_word_of_the_vendor_comes_back(word: str) -> None:
    finish = decode_finish({"stop_reason": word, "stop_sequence": "END"})
    assert finish is not None
    assert finish.reason != "other"
    assert encode_finish(finish)["stop_reason"] == word


@pytest.mark.parametrize("reason", get_args(FinishReason))
def test_every_neutral_reason_has_a_word_that_the_sdk_knows(reason: FinishReason) -> None:
    assert encode_finish(Finish(reason, "x", "elsewhere"))["stop_reason"] in get_args(StopReason)


def test_a_refusal_keeps_its_details_and_an_unknown_word_its_spelling() -> None:
    details = {"type": "refusal", "category": "bio", "explanation": "no"}
    finish = decode_finish({"stop_reason": "refusal", "stop_details": details})
    assert finish is not None
    assert finish.reason == "filter"
    assert encode_finish(finish)["stop_details"] == details
    unknown = decode_finish({"stop_reason": "compaction"})
    assert unknown == Finish("other", "compaction", "anthropic_messages")
    assert encode_finish(unknown)["stop_reason"] == "compaction"


def test_no_reason_yet() -> None:
    assert decode_finish({"stop_reason": None}) is None
    assert decode_finish({}) is None


def test_the_stop_string_only_goes_with_its_reason() -> None:
    hit = Finish("stop_sequence", stop_sequence="END")
    assert encode_finish(hit) == {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    assert encode_finish(Finish("length", stop_sequence="END"))["stop_sequence"] is None
