from typing import Any

import pytest
import tomlkit

from app.toml_entries import append, drop

ENTRY: dict[str, Any] = {
    "id": "a",
    "models": [{"upstream": "x", "alias": "y"}, {"upstream": "z"}],
    "headers": {"x-one": "1"},
}

TEXTS = (
    "",
    "# only a comment\n",
    "[vault]\nkind = 'file'\n",
    "accounts = [{id = 'q'}]\n[vault]\n",
    "accounts = []\n",
    "[[accounts]]\nid = 'q' # mine\n\n[vault]\nkind = 'file'\n",
    "[[accounts]]\nid = 'q'\n[[accounts.models]]\nupstream = '1'\n[vault]\n# end\n",
    "[[accounts]]\nid = 'q'\n[[client_keys]]\nid = 'k'\nname = 'n'\n",
)


def plain(text: str) -> dict[str, Any]:
    return dict(tomlkit.parse(text).unwrap())


@pytest.mark.parametrize("text", TEXTS)
def test_entries_are_added_at_the_end_and_everything_else_stays(text: str) -> None:
    document: Any = tomlkit.parse(text)
    append(document, "accounts", ENTRY)
    append(document, "accounts", {**ENTRY, "id": "b"})
    append(document, "client_keys", {"id": "k2", "name": "n"})
    append(document, "accounts", {"id": "c"})
    made = plain(tomlkit.dumps(document))
    before = plain(text)
    assert made.pop("accounts") == [*before.pop("accounts", []), ENTRY, {**ENTRY, "id": "b"}, {"id": "c"}]
    assert made.pop("client_keys") == [*before.pop("client_keys", []), {"id": "k2", "name": "n"}]
    assert made == before
    assert all(line in tomlkit.dumps(document) for line in text.splitlines() if "#" in line)


@pytest.mark.parametrize("text", TEXTS)
def test_dropping_takes_one_entry_and_the_last_takes_the_array(text: str) -> None:
    document: Any = tomlkit.parse(text)
    append(document, "accounts", ENTRY)
    before = plain(text)
    drop(document, "accounts", "a")
    drop(document, "accounts", "never there")
    after = plain(tomlkit.dumps(document))
    assert after.get("accounts", []) == before.get("accounts", [])
    drop(document, "accounts", "q")
    assert "accounts" not in plain(tomlkit.dumps(document))
    drop(document, "accounts", "q")
