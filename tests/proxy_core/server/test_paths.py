import pytest

from proxy_core import registry
from proxy_core.dialect import Dialect
from proxy_core.server.paths import Paths, is_health, is_root

PATHS = Paths(registry.discover("proxy_core.dialects", "DIALECTS", Dialect).values())
GOOGLE = {"x-goog-api-key": "k"}
ANTHROPIC = {"anthropic-version": "2023-06-01"}


def found(
    method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[str, str, str | None] | None:
    match = PATHS.find(method, path, headers or {})
    return None if match is None else (match.dialect.name, match.endpoint.operation, match.path_model)


@pytest.mark.parametrize(
    ("path", "dialect", "operation"),
    [
        ("/v1/chat/completions", "openai_chat", "chat"),
        ("/v1/completions", "openai_completions", "chat"),
        ("/v1/responses", "openai_responses", "chat"),
        ("/v1/responses/input_tokens", "openai_responses", "count_tokens"),
        ("/v1/messages", "anthropic_messages", "chat"),
        ("/v1/messages/count_tokens", "anthropic_messages", "count_tokens"),
        ("/v1/embeddings", "openai_chat", "embeddings"),
    ],
)
@pytest.mark.parametrize(
    "spelling",
    [
        "{}",
        "/v1{}",
        "/v1beta{}",
        "/api{}",
        "//v1//v1{}",
        "{}/",
        "/v1/chat/completions{}",
        "/messages/v1{}",
        "/V1{}",
    ],
)
def test_plain_paths(path: str, dialect: str, operation: str, spelling: str) -> None:
    assert found("POST", spelling.format(path)) == (dialect, operation, None)
    assert found("POST", spelling.format(path.removeprefix("/v1"))) == (dialect, operation, None)
    assert found("GET", spelling.format(path)) is None
    assert PATHS.methods(spelling.format(path)) == ("POST",)
    assert PATHS.nearest_dialect(spelling.format(path), {}).name == dialect


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
        ("/v1/models/a/b:c:generateContent", "a/b:c"),
        ("/models/x%2Fy:generateContent", "x/y"),
        ("/v1beta/models%2Fm:generateContent", "m"),
        ("/v1beta/tunedModels/m:generateContent", "m"),
        ("/v1/publishers%2fgoogle/models/m:generateContent", "m"),
        ("/v1/models/openai://gpt:generateContent", "openai://gpt"),
        ("/v1beta/models/models/m:generateContent", "m"),
        ("/v1beta/models/m:generateContent/v1beta/models/m:generateContent", "m"),
        ("/v1/chat/completions/models/m:generateContent", "m"),
        ("/v1beta/models/m(high):generateContent", "m(high)"),
        ("/v1beta/models/%C3%BC:generateContent", "ü"),
        ("/v1beta/models/m%3AgenerateContent", "m"),
        ("/v1beta/models/llama3:8b:generateContent", "llama3:8b"),
        ("/v1beta/models/llama3%3a8b%3AgenerateContent/", "llama3:8b"),
    ],
)
def test_paths_that_name_a_model(path: str, model: str) -> None:
    assert found("POST", path) == ("gemini_generate", "chat", model)
    assert found("GET", path) is None
    assert PATHS.methods(path) == ("POST",)
    assert PATHS.unknown_verb("POST", path) is None


@pytest.mark.parametrize(
    ("path", "verb"),
    [
        ("/v1beta/models/x:embedContent", "embedContent"),
        ("/v1/models/x%3Abogus/", "bogus"),
        ("/models/a:b/c:bogus", "bogus"),
        ("/models/a:b/c", None),
        ("/v1/models/x", None),
        ("/v1/messages:bogus", None),
    ],
)
def test_a_verb_that_no_dialect_has(path: str, verb: str | None) -> None:
    assert PATHS.unknown_verb("POST", path) == verb
    assert PATHS.unknown_verb("GET", path) is None
    if verb:
        assert PATHS.nearest_dialect(path, {}, "POST").name == "gemini_generate"
        assert "generateContent" in PATHS.verbs


def test_a_model_may_have_a_colon() -> None:
    for path in ("/v1/models/llama3:8b", "/v1/models/llama3%3A8b"):
        assert found("GET", path) == ("openai_chat", "get_model", "llama3:8b")


@pytest.mark.parametrize(
    ("headers", "dialect"),
    [({}, "openai_chat"), (GOOGLE, "gemini_generate"), (ANTHROPIC, "anthropic_messages")],
)
def test_shared_lists_go_to_whose_client_it_is(headers: dict[str, str], dialect: str) -> None:
    assert found("GET", "/v1/models", headers) == (dialect, "list_models", None)
    assert found("GET", "/models/", headers) == (dialect, "list_models", None)
    assert found("GET", "/v1/models/a/b", headers) == (dialect, "get_model", "a/b")
    assert PATHS.nearest_dialect("/v1/models", headers).name == dialect


@pytest.mark.parametrize("path", ["/v1/models/gpt-5", "/v1/models/models"])
def test_a_model_s_name_is_no_doubled_path(path: str) -> None:
    match = found("GET", path)
    assert match is not None
    assert match[1] in ("get_model", "list_models")


@pytest.mark.parametrize("path", ["/v1/nothing", "/chat", "/v1/messages/x", "/v2/chat/completions"])
def test_the_rest_is_unknown(path: str) -> None:
    assert found("POST", path) is None
    assert PATHS.methods(path) == ()


def test_a_hostile_path_takes_no_time() -> None:
    assert found("POST", "/models" * 10_000 + ":generateContent") is not None


def test_health() -> None:
    assert all(map(is_health, ("/health", "//health", "/health/", "/v1/health", "/healthz")))
    assert not any(map(is_health, ("/", "/v1", "/healthy", "/health/x", "/v1/models/health")))


def test_roots() -> None:
    assert all(map(is_root, ("", "/", "//", "/v1", "/v1/", "/v1beta/v1")))
    assert not is_root("/v1/models")


def test_what_was_found_is_remembered_but_not_without_end() -> None:
    paths = Paths(registry.discover("proxy_core.dialects", "DIALECTS", Dialect).values())
    first = paths.find("POST", "/v1/chat/completions", {})
    assert first is not None
    assert paths.find("POST", "/v1/chat/completions", {}) is first
    long = "/v1/models/" + "x" * 300
    kept = paths.find("GET", long, {})
    assert kept == paths.find("GET", long, {})
    assert kept is not paths.find("GET", long, {})
    for number in range(300):
        assert paths.find("GET", f"/v1/models/{number}", {}) is not None
    assert paths.find("POST", "/v1/chat/completions", {}) is not first
