import asyncio

import pytest

from proxy_core.accounts.credentials import Credentials
from proxy_core.errors import CredentialError, VaultLockedError
from proxy_core.keys import account_secret, proxy_secret
from proxy_core.stores.memory import MemoryVault
from tests.proxy_core.accounts.fakes import at
from tests.proxy_core.clocks import settle


class Slow(MemoryVault):
    """Answers when told; counts."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.asked = 0
        self.error: CredentialError | None = None

    async def get(self, name: str) -> str | None:
        self.asked += 1
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return await super().get(name)


async def test_a_secret_is_read_once_until_it_is_forgotten() -> None:
    vault = Slow()
    vault.open.set()
    await vault.put(account_secret("one"), "sk-1")
    credentials = Credentials(vault)
    account = at("one", has_key=True)
    assert [await credentials.key(account) for _ in range(3)] == ["sk-1"] * 3
    assert vault.asked == 1
    await vault.put(account_secret("one"), "sk-2")
    credentials.forget()
    assert await credentials.key(account) == "sk-2"


async def test_many_who_wait_are_one_question_and_one_who_leaves_takes_nothing_away() -> None:
    vault = Slow()
    await vault.put(account_secret("one"), "sk-1")
    credentials = Credentials(vault)
    account = at("one", has_key=True)
    waiting = [asyncio.get_running_loop().create_task(credentials.key(account)) for _ in range(5)]
    await settle()
    waiting[0].cancel()
    await settle()
    vault.open.set()
    assert await asyncio.gather(*waiting[1:]) == ["sk-1"] * 4
    assert vault.asked == 1
    assert waiting[0].cancelled()


async def test_a_locked_vault_is_told_to_all_who_wait_and_asked_again_later() -> None:
    vault = Slow()
    vault.error = VaultLockedError("Locked.")
    vault.open.set()
    await vault.put(account_secret("one"), "sk-1")
    credentials = Credentials(vault)
    found = await asyncio.gather(
        *[credentials.key(at("one", has_key=True)) for _ in range(2)], return_exceptions=True
    )
    assert [type(one) for one in found] == [VaultLockedError] * 2
    vault.error = None
    assert await credentials.key(at("one", has_key=True)) == "sk-1"


async def test_a_vault_that_does_not_answer_is_locked() -> None:
    with pytest.raises(VaultLockedError):
        await Credentials(Slow(), timeout_s=0.01).key(at("one", has_key=True))


async def test_a_missing_key_says_what_to_do_and_never_what_it_is() -> None:
    with pytest.raises(CredentialError, match="trunkline accounts add cloud"):
        await Credentials(MemoryVault()).key(at("one", has_key=True))
    assert await Credentials(MemoryVault()).key(at("one", has_key=False)) is None


async def test_a_proxy_with_a_password_comes_from_the_vault() -> None:
    vault = MemoryVault()
    await vault.put(proxy_secret("one"), "http://me:secret@proxy:1")
    credentials = Credentials(vault)
    assert await credentials.proxy(at("one", proxy="http://me@proxy:1")) == "http://me:secret@proxy:1"
    assert await credentials.proxy(at("two", proxy="http://me@proxy:1")) == "http://me@proxy:1"
    assert await credentials.proxy(at("three", proxy="direct")) == "direct"
    assert await credentials.proxy(at("four")) is None


async def test_what_the_vault_was_saying_when_it_was_forgotten_is_not_kept() -> None:
    vault = Slow()
    await vault.put(account_secret("one"), "sk-1")
    credentials = Credentials(vault)
    account = at("one", has_key=True)
    first = asyncio.get_running_loop().create_task(credentials.key(account))
    await settle()
    credentials.forget()
    vault.open.set()
    assert await first == "sk-1"
    await vault.put(account_secret("one"), "sk-2")
    assert await credentials.key(account) == "sk-2"
