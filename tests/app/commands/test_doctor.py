import socket
from typing import Any

from tests.app.commands.running import Shell


def checks(shell: Shell, code: int = 0) -> dict[str, Any]:
    return {one["check"]: one for one in shell.json("doctor", code=code)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def use_port(shell: Shell, port: int) -> None:
    with (shell.home / "settings.toml").open("a") as file:
        file.write(f"[server]\nport = {port}\n")


def test_a_healthy_place(shell: Shell) -> None:
    use_port(shell, free_port())
    seen = checks(shell)
    assert set(seen) == {"system", "settings", "vault", "port", "ledger", "accounts"}
    assert all(one["ok"] for one in seen.values())
    assert "is free" in seen["port"]["message"]
    assert "ok    vault" in shell("doctor").stdout


def test_a_port_that_another_program_has(shell: Shell) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        use_port(shell, other.getsockname()[1])
        seen = checks(shell, code=1)
    assert "taken by another program" in seen["port"]["message"]


def test_a_locked_vault(shell: Shell) -> None:
    shell.add("openai", "--base-url", "http://127.0.0.1:9/v1")
    result = shell("doctor", "--json", env={"TRUNKLINE_VAULT_PASSPHRASE": "wrong"})
    assert result.exit_code == 1
    assert result.stdout.count("does not fit") == 2, "the vault, and for that reason the accounts"


def test_an_account_that_does_not_answer(shell: Shell) -> None:
    shell.add("openai", "--name", "gone", "--base-url", "http://127.0.0.1:9/v1")
    seen = checks(shell, code=1)
    assert seen["accounts"]["message"].startswith("gone: ")


def test_settings_that_do_not_parse(shell: Shell) -> None:
    (shell.home / "settings.toml").write_text("[server\n")
    seen = checks(shell, code=1)
    assert "line 1" in seen["settings"]["message"]
