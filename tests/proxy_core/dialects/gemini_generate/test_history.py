from __future__ import annotations

import pytest

from proxy_core.dialects.gemini_generate.contents_decode import SIGNATURE
from proxy_core.dialects.gemini_generate.history import sayable
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import (
    CacheMark,
    FileReference,
    HostedStep,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from proxy_core.ir.request import Loss
from tests.proxy_core.dialects.gemini_generate.support import NAME, foreign

ONE, TWO = Seal("vendor", SIGNATURE, "b25l"), Seal("vendor", SIGNATURE, "dHdv")
OTHER = Seal("other", SIGNATURE, "eA==")
CALL = ToolCall("a", "f", "{}")


def said(*parts: Part, dialect: str = "elsewhere") -> tuple[Part, ...]:
    request = foreign(Message("model", parts), dialect=dialect)
    return sayable(request, "vendor", []).messages[0].parts


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((Reasoning(("t",), ONE), CALL), (ToolCall("a", "f", "{}", seal=ONE),)),
        ((Reasoning(("t",), ONE), Text("x"), CALL), (Text("x"), ToolCall("a", "f", "{}", seal=ONE))),
        (
            (Reasoning((), ONE), Text("x"), Reasoning((), TWO), CALL),
            (Text("x", seal=ONE), ToolCall("a", "f", "{}", seal=TWO)),
        ),
        (
            (Reasoning((), ONE), Reasoning((), TWO), Text("x"), CALL),
            (Text("x", seal=ONE), ToolCall("a", "f", "{}", seal=TWO)),
        ),
        ((Reasoning(("t",), ONE), Text("x")), (Text("x", seal=ONE),)),
        ((Text("x"), Reasoning((), ONE)), (Text("x", seal=ONE),)),
        ((Reasoning(("t",), ONE),), (Text("", seal=ONE),)),
        ((Reasoning(("t",), OTHER), Text("x", seal=OTHER), CALL), (Text("x"), CALL)),
        ((Reasoning(("t",)), Text("x", seal=TWO)), (Text("x", seal=TWO),)),
    ],
)
def test_seals_of_foreign_callers_move_to_where_the_vendor_wants_them(
    parts: tuple[Part, ...], expected: tuple[Part, ...]
) -> None:
    assert said(*parts) == expected


def test_own_callers_keep_every_seal_in_its_place() -> None:
    native = Seal(None, SIGNATURE, "bmF0")
    parts = (Reasoning(("t",), native), Text("x", seal=native), ToolCall("a", "f", "{}", seal=native))
    assert said(*parts, dialect=NAME) == parts
    assert said(Reasoning(("t",)), Reasoning((), OTHER), Text("x"), dialect=NAME) == (Text("x"),)


def test_a_native_seal_of_another_kind_is_never_sent() -> None:
    foreign_seal = Seal(None, "anthropic.signature", "blob")
    assert said(Reasoning(("t",), foreign_seal), Text("x")) == (Text("x"),)


def test_the_user_signs_nothing() -> None:
    request = foreign(Message("user", (Text("x", seal=ONE),)))
    assert sayable(request, "vendor", []).messages[0].parts == (Text("x"),)


def test_what_only_another_vendor_understands_is_dropped_with_a_loss() -> None:
    losses: list[Loss] = []
    own = HostedStep("code_execution", NAME, {"executableCode": {}})
    request = foreign(
        Message(
            "model", (HostedStep("web_search", "elsewhere", {}), Opaque("elsewhere", {"type": "odd"}), own)
        ),
        Message(
            "user",
            (Text("x", cache=CacheMark()),),
            "Ann",
        ),
    )
    found = sayable(request, "vendor", losses)
    assert found.messages[0].parts == (own,)
    assert [loss.path for loss in losses] == [
        "messages.web_search", "messages.odd", "messages[1].name", "cache_control",
    ]  # fmt: skip


def test_files_of_another_vendor_are_refused() -> None:
    media = Media("document", FileReference("file-1", "elsewhere"))
    for part in (media, ToolResult("a", (media,))):
        with pytest.raises(UnsupportedError) as caught:
            sayable(foreign(Message("user", (part,))), "vendor", [])
        assert caught.value.param == "messages[0]"


def test_the_attribution_line_that_changes_every_time_is_left_out() -> None:
    request = foreign(system=(Text("x-anthropic-billing-header: cch=1"), Text("Be brief.")))
    assert sayable(request, "vendor", []).system == (Text("Be brief."),)
