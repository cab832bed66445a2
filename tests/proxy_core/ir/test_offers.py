from proxy_core.ir.message import Message, Opaque, Text, ToolCall, ToolResult
from proxy_core.ir.offers import offered
from proxy_core.ir.request import Freeform, Function, Hosted, Request, Tool, ToolChange, ToolChoice

OPEN, LATER, OTHER = Function("open"), Function("later", deferred=True), Freeform("other", deferred=True)
SEARCH = Hosted("tool_search", "some", {})


def _offered(
    *tools: Tool, messages: tuple[Message, ...] = (), only: tuple[str, ...] = ()
) -> list[str | None]:
    choice = ToolChoice("required", only) if only else None
    request = Request("some", "m", messages, tools=tools, tool_choice=choice)
    found, losses = offered(request)
    assert not any(not isinstance(tool, Hosted) and tool.deferred for tool in found.tools)
    assert len(losses) == len(tools) - len(found.tools)
    return [tool.name for tool in found.tools]


def test_without_deferral_nothing_changes() -> None:
    request = Request("some", "m", (), tools=(OPEN, Hosted("web_search", "some", {})))
    assert offered(request) == (request, ())


def test_what_only_the_vendor_could_find_is_offered_at_once() -> None:
    assert _offered(OPEN, SEARCH, LATER, OTHER) == ["open", "later", "other"]


def test_what_the_client_has_not_loaded_waits() -> None:
    assert _offered(OPEN, LATER, OTHER) == ["open"]
    _, losses = offered(Request("some", "m", (), tools=(OPEN, LATER)))
    assert [loss.path for loss in losses] == ["tools[1]"]


def test_loaded_called_and_chosen_tools_are_offered() -> None:
    loaded = Message("user", (ToolResult("1", loads=("later",)),))
    assert _offered(OPEN, LATER, OTHER, messages=(loaded,)) == ["open", "later"]
    called = Message("model", (ToolCall("1", "other", "x", "freeform"),))
    assert _offered(OPEN, LATER, OTHER, messages=(called,)) == ["open", "other"]
    assert _offered(OPEN, LATER, OTHER, only=("later",)) == ["open", "later"]


def test_a_second_declaration_without_deferral_has_loaded_the_first() -> None:
    assert _offered(LATER, Function("later")) == ["later", "later"]


def test_changes_inside_the_conversation_leave_the_tools_of_its_end() -> None:
    new = Function("new")
    changes = (
        ToolChange("open", False),
        ToolChange("later", True),
        ToolChange("new", True, new),
        ToolChange("gone", True, Function("gone")),
        ToolChange("gone", False),
    )
    said = Message("system", (Text("Note."), Opaque("some", {"type": "change"}, told=True)))
    bare = Message("system", (Opaque("some", {"type": "change"}, told=True),))
    kept = Message("user", (Opaque("some", {"type": "other"}),))
    request = Request(
        "some",
        "m",
        (said, bare, kept),
        tools=(OPEN, LATER, OTHER, Function("new", "old")),
        tool_changes=changes,
    )
    found, losses = offered(request)
    assert found.tools == (Function("later"), new)
    assert found.messages == (Message("system", (Text("Note."),)), kept)
    assert [loss.path for loss in losses] == ["tools[1]"]


def test_a_tool_that_came_back_is_offered() -> None:
    changes = (ToolChange("open", False), ToolChange("open", True))
    found, losses = offered(Request("some", "m", (), tools=(OPEN,), tool_changes=changes))
    assert (found.tools, losses) == ((OPEN,), ())
