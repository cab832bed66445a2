from __future__ import annotations

import pytest
from google.genai import types

from proxy_core.dialects.gemini_generate.finish import decode_finish, encode_finish
from proxy_core.ir.stream import Finish, FinishReason


@pytest.mark.parametrize(
    ("native", "has_call", "expected"),
    [
        ("STOP", False, "stop"),
        ("STOP", True, "tool"),
        ("MAX_TOKENS", False, "length"),
        ("MAX_TOKENS", True, "tool"),
        ("SAFETY", True, "filter"),
        ("RECITATION", False, "filter"),
        ("MALFORMED_FUNCTION_CALL", False, "malformed_call"),
        ("CONTINUATION", False, "continue"),
        ("NO_IMAGE", False, "other"),
        ("SOMETHING_NEW", False, "other"),
    ],
)
def test_native_reasons(native: str, has_call: bool, expected: FinishReason) -> None:
    assert decode_finish(native, has_call).reason == expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("stop", "STOP"),
        ("tool", "STOP"),
        ("stop_sequence", "STOP"),
        ("refusal", "STOP"),
        ("length", "MAX_TOKENS"),
        ("context_full", "MAX_TOKENS"),
        ("filter", "SAFETY"),
        ("pause", "OTHER"),
        ("malformed_call", "OTHER"),
        ("continue", "CONTINUATION"),
        ("other", "OTHER"),
    ],
)
def test_reasons_of_others(reason: FinishReason, expected: str) -> None:
    assert encode_finish(Finish(reason, "end_turn", "elsewhere")) == expected
    assert expected in types.FinishReason.__members__


@pytest.mark.parametrize("native", [name for name in types.FinishReason.__members__ if "UNSPEC" not in name])
@pytest.mark.parametrize("has_call", [False, True])
def test_every_word_of_the_vendor_comes_back_as_it_was(native: str, has_call: bool) -> None:
    assert encode_finish(decode_finish(native, has_call)) == native


def test_a_reason_that_was_changed_on_the_way_is_not_the_vendors_any_more() -> None:
    cut = Finish("stop_sequence", "MAX_TOKENS", "gemini_generate", stop_sequence="END")
    assert encode_finish(cut) == "STOP"
