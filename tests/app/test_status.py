import pytest

from app.status import Address, Facts, describe, first_sentence

RUNNING = Facts(
    server="running",
    url="http://127.0.0.1:8317",
    addresses=(Address("OpenAI", "http://127.0.0.1:8317/v1"),),
    vault_kind="keyring",
    protected_by="GNOME Keyring",
    has_key=True,
)


def changed(**facts: object) -> Facts:
    from dataclasses import replace

    return replace(RUNNING, **facts)  # type: ignore[arg-type]


def test_running() -> None:
    status = describe(RUNNING)
    assert (status.state, status.mark, status.heading) == ("running", "●", "Running · 127.0.0.1:8317")
    assert (status.can_start, status.can_stop, status.has_key) == (False, True, True)
    assert status.secrets == "Secrets are kept in GNOME Keyring."
    assert status.notices == ()


@pytest.mark.parametrize(
    ("facts", "state", "heading", "can_start"),
    [
        (Facts(server="stopped"), "stopped", "Stopped", True),
        (Facts(server="starting"), "starting", "Starting", False),
        (
            Facts(server="error", message="Port 8 is in use. Choose another."),
            "error",
            "Port 8 is in use",
            True,
        ),
        (Facts(server="stopped", busy=True), "stopped", "Stopped", False),
    ],
)
def test_not_running(facts: Facts, state: str, heading: str, can_start: bool) -> None:
    status = describe(facts)
    assert status.state == state
    assert status.heading.endswith(heading)
    assert (status.can_start, status.can_stop) == (can_start, False)


def test_an_error_is_told_in_full() -> None:
    message = "Port 8 is in use. Choose another."
    status = describe(Facts(server="error", message=message))
    assert status.notices[0].text == message


def test_a_locked_vault_needs_attention_and_can_be_tried_again() -> None:
    status = describe(changed(vault_state="locked", vault_message="The keyring is locked. Unlock it."))
    assert status.state == "attention"
    assert [notice.text for notice in status.notices] == ["The keyring is locked. Unlock it."]
    assert status.notices[0].can_unlock


def test_a_key_for_this_session_only_is_said_with_what_to_do() -> None:
    status = describe(changed(vault_kind="memory", vault_message="No keyring works. Use --vault file."))
    assert status.state == "attention"
    assert status.notices[0].text.startswith("No keyring works. Use --vault file. Until that is done")
    assert "memory" in status.secrets


def test_rejected_settings_and_a_pending_restart() -> None:
    status = describe(changed(rejected="settings.toml, line 3: no.", restart_pending=True))
    assert [notice.urgent for notice in status.notices] == [True, True]
    assert "line 3" in status.notices[0].text


def test_other_machines_are_a_warning_but_no_alarm() -> None:
    status = describe(changed(host="0.0.0.0"))
    assert status.state == "running"
    assert "Other machines" in status.notices[0].text


@pytest.mark.parametrize(
    ("requests", "failures", "words"),
    [
        (0, 0, "No requests yet."),
        (1, 0, "1 request since Trunkline was opened."),
        (3, 1, "3 requests since Trunkline was opened, 1 failed."),
    ],
)
def test_traffic(requests: int, failures: int, words: str) -> None:
    assert describe(changed(requests=requests, failures=failures)).traffic == words


def test_summary_counts_accounts() -> None:
    assert describe(changed(accounts=1)).summary == "Trunkline – Running · 127.0.0.1:8317 · 1 account"
    assert describe(changed(accounts=2)).summary.endswith("2 accounts")


def test_first_sentence_is_short() -> None:
    assert first_sentence("One. Two.") == "One"
    assert first_sentence("Port 8317 on 127.0.0.1 is taken.") == "Port 8317 on 127.0.0.1 is taken"
    assert len(first_sentence("x" * 300)) == 90
