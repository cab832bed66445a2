import pytest

from tests.app.commands.running import Shell


def test_add_prints_exactly_the_key_and_only_once(shell: Shell) -> None:
    result = shell("keys", "add", "editor")
    assert (result.exit_code, result.stderr) == (0, "")
    key = result.stdout.removesuffix("\n")
    assert key.startswith("tl-")
    assert "\n" not in key
    for arguments in (["keys", "list"], ["keys", "list", "--json"]):
        assert key not in shell(*arguments).output
    assert key not in shell.settings


def test_list_shows_the_first_key_and_the_named(shell: Shell) -> None:
    shell("keys", "add", "editor")
    first, editor = shell.json("keys", "list")
    assert (first["name"], first["usable"]) == ("default", False)
    assert (editor["name"], editor["usable"]) == ("editor", True)
    assert "editor" in shell("keys", "list").stdout


def test_show_prints_the_first_key_which_is_made_once(shell: Shell) -> None:
    key = shell("keys", "show").stdout
    assert key.startswith("tl-")
    assert shell("keys", "show").stdout == key
    assert shell.json("keys", "show") == {"name": "default", "key": key.strip()}


def test_remove_by_name_and_by_id(shell: Shell) -> None:
    shell("keys", "add", "editor")
    other = shell.json("keys", "add", "shell")
    assert shell("keys", "remove", "editor").exit_code == 0
    assert shell.json("keys", "remove", other["id"])["name"] == "shell"
    assert [key["name"] for key in shell.json("keys", "list")] == ["default"]
    assert "client_keys]]\nid" not in shell.settings
    # nothing of them is left in the vault
    assert len(list((shell.home / "vault").glob("*.secret*"))) == 0


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "default"])
def test_names_that_cannot_be(shell: Shell, name: str) -> None:
    result = shell("keys", "add", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("trunkline: ")
    assert not (shell.home / "vault").exists() or not list((shell.home / "vault").glob("*.secret"))


def test_a_taken_name_is_refused(shell: Shell) -> None:
    shell("keys", "add", "editor")
    result = shell("keys", "add", "editor")
    assert result.exit_code == 2
    assert "already" in result.stderr
    assert len(list((shell.home / "vault").glob("*.secret"))) == 1


@pytest.mark.parametrize("name", ["nobody", "default"])
def test_removing_what_cannot_be_removed(shell: Shell, name: str) -> None:
    assert shell("keys", "remove", name).exit_code == 1
    assert shell.json("keys", "remove", name, code=1)["ok"] is False


@pytest.mark.parametrize("arguments", [["list"], ["add", "x"], ["show"]])
def test_a_locked_vault_is_said_with_what_to_do(shell: Shell, arguments: list[str]) -> None:
    shell("keys", "add", "editor")
    result = shell("keys", *arguments, env={"TRUNKLINE_VAULT_PASSPHRASE": ""})
    assert (result.exit_code, result.stdout) == (3, "")
    assert "set TRUNKLINE_VAULT_PASSPHRASE" in result.stderr
