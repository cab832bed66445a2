from proxy_core.dialects.openai_responses.hosted import encode_hosted, tool_kind, wire_type
from proxy_core.ir.request import Hosted

PREVIEW = Hosted("web_search", "openai_responses", {"type": "web_search_preview"})


def test_kinds() -> None:
    assert tool_kind("web_search_2025_08_26") == "web_search"
    assert tool_kind("file_search") == "file_search"


def test_own_tools_go_back_as_they_came() -> None:
    assert encode_hosted(PREVIEW) == ({"type": "web_search_preview"}, ())


def test_web_search_of_another_vendor_keeps_what_can_be_said() -> None:
    raw = {
        "type": "web_search_20250305",
        "name": "web_search",
        "max_uses": 3,
        "allowed_domains": ["x.test"],
        "user_location": {"type": "approximate", "approximate": {"city": "Oslo", "country": "NO"}},
    }
    written = {
        "type": "web_search",
        "filters": {"allowed_domains": ["x.test"]},
        "user_location": {"type": "approximate", "city": "Oslo", "country": "NO"},
    }
    assert encode_hosted(Hosted("web_search", "other", raw)) == (written, ("max_uses",))


def test_other_equivalents() -> None:
    code = {"type": "code_interpreter", "container": {"type": "auto"}}
    assert encode_hosted(Hosted("code_execution", "other", {})) == (code, ())
    assert encode_hosted(Hosted("image_generation", "other", {})) == ({"type": "image_generation"}, ())
    assert encode_hosted(Hosted("url_context", "other", {})) is None


def test_a_forced_tool_is_named_as_it_was_declared() -> None:
    assert wire_type("web_search", (PREVIEW,)) == "web_search_preview"
    assert wire_type("web_search", ()) == "web_search"
    assert wire_type("bash", ()) is None
