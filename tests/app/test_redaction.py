import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.redaction import Redacted, redact

KEYS = (
    "sk-proj-Ab12Cd34Ef56Gh78",
    "sk-ant-api03-x1y2z3w4v5u6",
    "tl-DROSMSrP_wwtvyYGaTkqtci25I1VkfnweOSbcSJjK0s",
    "AIzaSyA1b2C3d4E5f6G7h8I9j0",
    "gsk_a1b2c3d4e5f6g7h8",
    "xai-A1B2C3D4E5F6G7H8",
    "nvapi-A1B2C3D4E5F6",
    "hf_AbCdEfGhIjKlMnOp",
    "ya29.a0AfH6SMBx-y_z1234",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "wrong key {}",
        "({})",
        "'{}'",
        '{{"key": "{}"}}',
        "x={}&y=1",
        "https://h/v1?key={}",
        "{}, then",
        "a\n{}\nb",
    ],
)
def test_keys_are_hidden_wherever_they_stand(key: str, around: str) -> None:
    hidden = redact(around.format(key))
    assert key not in hidden
    assert "***" in hidden
    assert hidden.replace("***", key) == around.format(key)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer abc123def456", "Authorization: Bearer ***"),
        ("authorization: 0123456789abcdef", "authorization: ***"),
        ("Proxy-Authorization: Basic dXNlcjpwYXNzd29yZA==", "Proxy-Authorization: Basic ***"),
        ("{'x-api-key': 'my-own-secret-1'}", "{'x-api-key': '***'}"),
        ('"api_key": "a1b2c3d4", "model": "m"', '"api_key": "***", "model": "m"'),
        ("refresh_token=1//0abcdefgh&x=1", "refresh_token=***&x=1"),
        ("password: hunter2", "password: ***"),
        ("GET /v1beta/models?key=abc&alt=sse HTTP/1.1", "GET /v1beta/models?key=***&alt=sse HTTP/1.1"),
        ("GET /x?alt=sse&key=abc#top", "GET /x?alt=sse&key=***#top"),
        ("/callback?code=4/0Ab&state=1", "/callback?code=***&state=1"),
        ("http://user:secret@host:1/x", "http://user:***@host:1/x"),
        ("socks5h://u:p@h", "socks5h://u:***@h"),
    ],
)
def test_what_stands_before_a_secret_gives_it_away(text: str, hidden: str) -> None:
    assert redact(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "Bearer token was refused",
        "the bearer authentication failed",
        "authorization: required",
        "x-api-key: missing",
        "The local key is wrong. Send it as 'Authorization: Bearer KEY', 'x-api-key' or '?key='.",
        "no such model: gpt-4o-mini-2024-07-18",
        "claude-sonnet-4-5-20250929 of work is cooling down for 30 s",
        "settings.toml, line 96: server.port",
        "a risk-assessment-of-everything sk-learn tl-dr",
        "http://127.0.0.1:8317/v1/chat/completions",
        "http://user@host:1/",
        "cookie: none",
        "basic understanding",
        "/api/tokens?monkey=business&keyboard=qwerty",
        "exchange 0f8fad5b-d9cb-469f-a165-70867728950e took 1.5 s",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=80), st.sampled_from(KEYS), st.text(max_size=80))
def test_no_key_gets_through_in_any_company(before: str, key: str, after: str) -> None:
    # beside a blank or a quote: glued to letters it would be another word
    hidden = redact(f'{before} "{key}" {after}')
    assert f'"{key}"' not in hidden


@given(st.text(max_size=200))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz .,;:()'\n", max_size=200).filter(
        lambda text: "sk" not in text
    )
)
def test_words_of_letters_stay_unless_a_word_is_endless(text: str) -> None:
    if all(len(word) < 20 for word in text.split()):
        assert redact(text) == text


def test_messages_and_tracebacks_of_the_log_are_redacted() -> None:
    try:
        raise ValueError("the vendor said: wrong key sk-proj-Ab12Cd34Ef56Gh78")
    except ValueError:
        record = logging.LogRecord(
            "name", logging.ERROR, "file", 1, "failed with %s", ("Bearer abc123def456",), sys.exc_info()
        )
    text = Redacted("%(message)s").format(record)
    assert "failed with Bearer ***" in text
    assert "wrong key ***" in text
    assert "Traceback" in text
    assert "Ab12" not in text
