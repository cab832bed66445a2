import asyncio
import os

import pytest
import tomlkit

from proxy_core.keys import account_secret, proxy_secret
from proxy_core.stores.file_vault import FileVault
from tests.app.commands.running import PASSPHRASE, Shell

KEY = "sk-a1b2c3d4e5f6"


def secret(shell: Shell, name: str) -> str | None:
    return asyncio.run(FileVault(shell.home / "vault", PASSPHRASE).get(name))


def secrets_left(shell: Shell) -> int:
    return len(list((shell.home / "vault").glob("*.secret")))


def test_add_keeps_the_key_in_the_vault_and_the_rest_in_the_settings(shell: Shell) -> None:
    added = shell.add(
        "openai", "--name", "work", "--base-url", "https://h/v1", "--dialect", "openai_chat",
        "--model", "m-1", "--model", "m-2=fast", "--proxy", "socks5://127.0.0.1:9", "--header", "x-team=a=b",
    )  # fmt: skip
    assert (added["ok"], added["provider"], added["name"]) == (True, "openai", "work")
    (account,) = tomlkit.parse(shell.settings).unwrap()["accounts"]
    assert account.pop("keyed_at")
    assert account == {
        "id": added["id"],
        "provider": "openai",
        "name": "work",
        "base_url": "https://h/v1",
        "dialect": "openai_chat",
        "models": [{"upstream": "m-1"}, {"upstream": "m-2", "alias": "fast"}],
        "proxy": "socks5://127.0.0.1:9",
        "headers": {"x-team": "a=b"},
    }
    assert KEY not in shell.settings
    assert secret(shell, account_secret(added["id"])) == KEY
    (listed,) = shell.json("accounts", "list")
    assert (listed["name"], listed["models"]) == ("work", ["m-1", "m-2=fast"])
    assert "work" in shell("accounts", "list").stdout


def test_a_proxy_password_goes_to_the_vault_only(shell: Shell) -> None:
    added = shell.add("openai", "--proxy", "http://me:s3cret@[::1]:3128")
    (account,) = tomlkit.parse(shell.settings).unwrap()["accounts"]
    assert account["proxy"] == "http://me@[::1]:3128"
    assert "s3cret" not in shell.settings
    assert secret(shell, proxy_secret(added["id"])) == "http://me:s3cret@[::1]:3128"
    shell("accounts", "remove", "openai")
    assert secrets_left(shell) == 0


def test_names_are_made_unique_unless_one_was_asked_for(shell: Shell) -> None:
    assert [shell.add("openai")["name"] for _ in range(3)] == ["openai", "openai-2", "openai-3"]
    result = shell("accounts", "add", "openai", "--name", "openai", "--key-stdin", stdin=KEY)
    assert result.exit_code == 2
    assert "--replace" in result.stderr
    assert secrets_left(shell) == 3, "the refused one left its key"


def test_replacing_keeps_the_id_and_takes_the_new_key(shell: Shell) -> None:
    first = shell.add("openai", "--name", "work", "--proxy", "http://a:b@h:1")
    again = shell.add("openai", "--name", "work", "--replace", key="sk-newer-1234")
    assert again["id"] == first["id"]
    assert len(shell.json("accounts", "list")) == 1
    assert secret(shell, account_secret(first["id"])) == "sk-newer-1234"
    assert secrets_left(shell) == 1, "the old proxy password was left"


def test_replacing_at_another_address_takes_a_new_id(shell: Shell) -> None:
    first = shell.add("openai", "--name", "work")
    again = shell.add("openai", "--name", "work", "--replace", "--base-url", "https://elsewhere/v1")
    assert again["id"] != first["id"]
    assert secret(shell, account_secret(first["id"])) is None
    assert secret(shell, account_secret(again["id"])) == KEY


def test_servers_without_a_key_need_none(shell: Shell) -> None:
    result = shell("accounts", "add", "demo", "--name", "show")
    assert result.exit_code == 0, result.stderr
    (account,) = tomlkit.parse(shell.settings).unwrap()["accounts"]
    assert account["has_key"] is False
    assert not (shell.home / "vault").exists()


@pytest.mark.parametrize("end", ["\n", "\r\n", "", "\nmore lines\n"])
def test_the_key_is_the_first_line(shell: Shell, end: str) -> None:
    added = shell.add("openai", key=f" {KEY} {end}".removesuffix("\n"))
    assert secret(shell, account_secret(added["id"])) == KEY


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["nobody", "--key-stdin"], KEY, "no provider 'nobody'"),
        (["openai", "--key-stdin"], "", "No key came"),
        (["openai", "--key-stdin"], "two words\n", "That is no key"),
        (["openai", "--key-stdin"], b"sk-\xff\xfe\n", "That is no key"),
        (["openai"], "", "--key-stdin"),
        (["openai", "--key-stdin", "--base-url", "http://[::1"], KEY, "--base-url: that is no address"),
        (["openai", "--key-stdin", "--base-url", "https://h?key=1"], KEY, "--base-url"),
        (["openai", "--key-stdin", "--proxy", "gopher://h"], KEY, "--proxy: that is no proxy"),
        (["openai", "--key-stdin", "--proxy", "http://a:s3cret@h:x"], KEY, "--proxy"),
        (["openai", "--key-stdin", "--dialect", "klingon"], KEY, "does not speak 'klingon'"),
        (["openai", "--key-stdin", "--model", "=x"], KEY, "names no model"),
        (["openai", "--key-stdin", "--header", "x"], KEY, "is no header"),
        (["compatible", "--key-stdin"], KEY, "needs its address"),
        (["openai", "--key-stdin", "--frob"], KEY, "No such option"),
        ([], "", "Missing argument"),
    ],
)
def test_bad_usage_is_a_sentence_and_changes_nothing(
    shell: Shell, arguments: list[str], stdin: str | bytes, words: str
) -> None:
    before = shell.settings
    result = shell("accounts", "add", *arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "s3cret" not in result.stderr
    assert shell.settings == before
    assert not (shell.home / "vault").exists() or secrets_left(shell) == 0


def test_remove_by_name_takes_the_key_along(shell: Shell) -> None:
    shell.add("openai", "--name", "work")
    kept = shell.add("openai", "--name", "home")
    assert shell("accounts", "remove", "work").exit_code == 0
    assert [account["id"] for account in shell.json("accounts", "list")] == [kept["id"]]
    assert secrets_left(shell) == 1
    assert shell("accounts", "remove", kept["id"]).exit_code == 0
    assert shell("accounts", "list").stdout == "No accounts yet.\n"


@pytest.mark.parametrize("command", ["remove", "test"])
def test_an_unknown_account(shell: Shell, command: str) -> None:
    assert "no account 'x'" in shell("accounts", command, "x").stderr
    assert shell.json("accounts", command, "x", code=1)["ok"] is False


def test_providers_are_listed_with_where_to_get_a_key(shell: Shell) -> None:
    listed = {one["id"]: one for one in shell.json("accounts", "providers")}
    assert listed["openai"]["key"] == "required"
    assert listed["openai"]["key_url"].startswith("https://")
    assert listed["openai"]["dialects"]
    assert "WHERE TO GET ONE" in shell("accounts", "providers").stdout


def test_a_test_of_a_server_that_is_not_there_fails(shell: Shell) -> None:
    shell.add("openai", "--name", "gone", "--base-url", "http://127.0.0.1:9/v1")
    report = shell.json("accounts", "test", "gone", code=1)
    assert report["ok"] is False
    assert report["message"]
    result = shell("accounts", "test", "gone")
    assert result.exit_code == 1
    assert result.stdout.startswith("Does not work: ")


def test_a_test_that_works(shell: Shell) -> None:
    shell("accounts", "add", "demo", "--name", "show")
    assert shell.json("accounts", "test", "show")["ok"] is True


@pytest.mark.parametrize("passphrase", ["", "wrong"])
def test_a_locked_vault_is_never_an_account_that_fails(shell: Shell, passphrase: str) -> None:
    shell.add("openai", "--name", "work")
    locked = {"TRUNKLINE_VAULT_PASSPHRASE": passphrase}
    for arguments in (["accounts", "test", "work"], ["models"], ["accounts", "add", "openai", "--key-stdin"]):
        result = shell(*arguments, stdin=KEY, env=locked)
        assert result.exit_code == 3, arguments
        assert "TRUNKLINE_VAULT_PASSPHRASE" in result.stderr
    # what needs no secret works
    listed = shell("accounts", "list", env=locked)
    assert listed.exit_code == 0
    assert "work" in listed.stdout


def test_a_broken_settings_file_is_never_overwritten(shell: Shell) -> None:
    (shell.home / "settings.toml").write_text("[vault]\nkind = 'file'\n[server\n")
    for arguments in (
        ["accounts", "add", "openai", "--key-stdin"],
        ["accounts", "list"],
        ["keys", "add", "x"],
    ):
        result = shell(*arguments, stdin=KEY)
        assert result.exit_code == 2
        assert "settings.toml, line 3" in result.stderr
    assert shell.settings == "[vault]\nkind = 'file'\n[server\n"


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write"
)
def test_a_folder_that_cannot_be_written(shell: Shell) -> None:
    shell.home.chmod(0o500)
    try:
        result = shell("accounts", "add", "demo")
    finally:
        shell.home.chmod(0o700)
    assert result.exit_code == 4
    assert "cannot be written" in result.stderr
