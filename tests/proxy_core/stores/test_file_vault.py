# ruff: noqa: ASYNC240 - tests look at small files directly
import json
import os
import stat
from pathlib import Path

import pytest

from proxy_core.errors import StoreError, VaultLockedError
from proxy_core.stores import atomic
from proxy_core.stores.file_vault import FileVault


@pytest.fixture
async def made(tmp_path: Path) -> Path:
    vault = FileVault(tmp_path / "vault", "right")
    await vault.put("account/a", "secret-a")
    await vault.put("account/b", "secret-b")
    return tmp_path / "vault"


def secret_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.secret"))


async def test_another_program_with_the_passphrase_reads_it(made: Path) -> None:
    vault = FileVault(made, "right")
    assert await vault.get("account/a") == "secret-a"
    assert (await vault.status()).protected_by == "a passphrase"


@pytest.mark.parametrize(
    ("passphrase", "words"),
    [(None, "set TRUNKLINE_VAULT_PASSPHRASE"), ("", "set TRUNK"), ("wrong", "does not fit")],
)
async def test_without_the_right_passphrase_it_is_locked_and_never_empty(
    made: Path, passphrase: str | None, words: str
) -> None:
    before = {path: path.read_bytes() for path in made.iterdir()}
    vault = FileVault(made, passphrase)
    status = await vault.status()
    assert status.state == "locked"
    assert words in status.message
    for call in (vault.get("account/a"), vault.put("a", "b"), vault.remove("account/a"), vault.names()):
        with pytest.raises(VaultLockedError):
            await call
    assert {path: path.read_bytes() for path in made.iterdir()} == before


async def test_neither_names_nor_secrets_stand_in_the_files(made: Path) -> None:
    for path in made.iterdir():
        assert b"secret-a" not in path.read_bytes()
        assert "account" not in path.name
        assert b"account/" not in path.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
async def test_only_its_owner_can_read_it(made: Path) -> None:
    await FileVault(made, "right").put("account/a", "newer")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.iterdir()} == {0o600}


async def test_swapped_files_are_noticed(made: Path) -> None:
    one, two = secret_files(made)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    vault = FileVault(made, "right")
    for name in ("account/a", "account/b"):
        with pytest.raises(StoreError, match="damaged"):
            await vault.get(name)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 200])
async def test_a_damaged_file_is_said_and_left_and_hurts_no_other(made: Path, content: bytes) -> None:
    vault = FileVault(made, "right")
    await vault.put("account/a", "newer")
    (damaged,) = (path for path in secret_files(made) if atomic.previous_of(path).exists())
    damaged.write_bytes(content)
    with pytest.raises(StoreError, match=r"previous may hold"):
        await vault.get("account/a")
    assert damaged.read_bytes() == content
    assert await vault.get("account/b") == "secret-b"
    assert await vault.names() == ("account/b",)
    # the version before can be put back by hand, as the message says
    atomic.previous_of(damaged).replace(damaged)
    assert await vault.get("account/a") == "secret-a"


async def test_a_lost_header_is_not_made_anew_beside_secrets(made: Path) -> None:
    (made / "vault.json").unlink()
    vault = FileVault(made, "right")
    assert (await vault.status()).state == "unavailable"
    with pytest.raises(StoreError, match=r"vault\.json is missing"):
        await vault.get("account/a")
    assert not (made / "vault.json").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [({"version": 2}, "version 2"), ({"version": "x"}, "damaged"), ({"kdf": None}, "damaged")],
)
async def test_a_header_that_cannot_be_used_is_left_as_it_is(
    made: Path, change: dict[str, object], words: str
) -> None:
    header = made / "vault.json"
    header.write_text(json.dumps({**json.loads(header.read_text()), **change}))
    before = header.read_text()
    with pytest.raises(StoreError, match=words):
        await FileVault(made, "right").get("account/a")
    assert header.read_text() == before


async def test_removing_leaves_no_version(made: Path) -> None:
    vault = FileVault(made, "right")
    await vault.put("account/a", "newer")
    await vault.remove("account/a")
    await vault.remove("account/b")
    assert [path.name for path in made.iterdir() if "secret" in path.name] == []


async def test_a_full_disk_is_an_error_of_the_store_and_keeps_the_old(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = FileVault(made, "right")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "write", full)
        with pytest.raises(StoreError, match="No space left"):
            await vault.put("account/a", "newer")
    assert await vault.get("account/a") == "secret-a"
