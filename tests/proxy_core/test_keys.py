import pytest

from proxy_core.errors import VaultLockedError
from proxy_core.keys import (
    DEFAULT,
    ClientKeys,
    account_secret,
    hashed,
    new_key,
    proxy_secret,
    vault_name,
)
from proxy_core.settings import ClientKeySettings
from proxy_core.stores.memory import MemoryVault


def named(name: str) -> ClientKeySettings:
    return ClientKeySettings(id=f"key-{name}", name=name)


async def test_the_first_key_is_made_once_and_kept() -> None:
    vault = MemoryVault()
    keys = ClientKeys(vault)
    assert keys.default is None
    await keys.load(())
    first = keys.default
    assert first is not None
    assert first.startswith("tl-")
    assert len(first) > 40
    again = ClientKeys(vault)
    await again.load(())
    assert again.default == first
    assert keys.identify(first) == DEFAULT


async def test_named_keys_are_kept_as_digests() -> None:
    vault, key = MemoryVault(), new_key()
    await vault.put(vault_name("key-editor"), hashed(key))
    keys = ClientKeys(vault)
    await keys.load([named("editor")])
    assert keys.identify(key) == "editor"
    stored = await vault.get(vault_name("key-editor"))
    assert stored is not None
    assert key not in stored
    assert keys.identify(stored) is None


async def test_what_is_not_known_is_not_let_in() -> None:
    keys = ClientKeys(MemoryVault())
    assert keys.identify("") is None
    await keys.load([named("has-no-secret")])
    for wrong in ("", "tl-", f"{keys.default}x", str(keys.default)[:-1], "ü", "has-no-secret", DEFAULT):
        assert keys.identify(wrong) is None


async def test_a_removed_key_is_out_after_the_next_load() -> None:
    vault, key = MemoryVault(), new_key()
    await vault.put(vault_name("key-editor"), hashed(key))
    keys = ClientKeys(vault)
    await keys.load([named("editor")])
    await keys.load([])
    assert keys.identify(key) is None


async def test_a_locked_vault_keeps_what_was_known() -> None:
    class Locked(MemoryVault):
        is_locked = False

        async def get(self, name: str) -> str | None:
            if self.is_locked:
                raise VaultLockedError("locked")
            return await super().get(name)

    vault = Locked()
    keys = ClientKeys(vault)
    await keys.load(())
    vault.is_locked = True
    with pytest.raises(VaultLockedError):
        await keys.load(())
    assert keys.identify(str(keys.default)) == DEFAULT


async def test_two_programs_that_begin_at_once_end_with_one_key() -> None:
    class Slow(MemoryVault):
        """Another program writes its own first key right after ours."""

        async def put(self, name: str, secret: str) -> None:
            await super().put(name, "tl-of-the-other-program")

    keys = ClientKeys(Slow())
    await keys.load(())
    assert keys.default == "tl-of-the-other-program"
    assert keys.identify("tl-of-the-other-program") == DEFAULT


def test_names_in_the_vault_are_apart() -> None:
    assert len({vault_name("x"), account_secret("x"), proxy_secret("x")}) == 3
    assert new_key() != new_key()
