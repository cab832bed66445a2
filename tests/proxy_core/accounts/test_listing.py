import pytest

from proxy_core.accounts.credentials import Credentials
from proxy_core.accounts.listing import Listing
from proxy_core.errors import CredentialError, UpstreamProtocolError, UpstreamTimeout, UpstreamUnavailable
from proxy_core.keys import account_secret
from proxy_core.provider_key import KeyProvider
from proxy_core.stores.memory import MemoryVault
from proxy_core.transport import UpstreamReply, UpstreamRequest
from proxy_core.transports.replay import Recorded, ReplayTransport
from tests.proxy_core.accounts.fakes import CHAT, TYPED, at

LIST = b'{"data": [{"id": "m-1"}, {"id": "m-2"}]}'


async def listing(*replies: Recorded | UpstreamUnavailable) -> tuple[Listing, ReplayTransport]:
    vault, transport = MemoryVault(), ReplayTransport(replies)
    await vault.put(account_secret("one"), "sk-1")
    return Listing(Credentials(vault), transport), transport


async def test_a_list_is_asked_with_the_account_s_key_address_and_proxy() -> None:
    found, transport = await listing(Recorded(body=[LIST]))
    account = at("one", has_key=True, base_url="https://mine.test/v1", proxy="direct")
    models = await found.fetch(account)
    assert models is not None
    assert [model.id for model in models] == ["m-1", "m-2"]
    (request,) = transport.requests
    assert (request.url, request.proxy) == ("https://mine.test/v1/models", "direct")
    assert request.headers["authorization"] == "Bearer sk-1"


async def test_a_provider_without_a_list_has_none() -> None:
    found, transport = await listing()
    silent = KeyProvider(
        name="silent", title="Silent", speaks=(CHAT,), base_url="https://s.test", list_path=None
    )
    assert await found.fetch(at("one", silent, has_key=True)) is None
    assert transport.requests == []


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (401, b"", CredentialError, "refused the key of 'One'"),
        (403, b"", CredentialError, "refused the key"),
        (500, b"", UpstreamProtocolError, "500"),
        (200, b"<html>", UpstreamProtocolError, "not JSON"),
    ],
)
async def test_what_is_wrong_is_said(status: int, body: bytes, error: type[Exception], words: str) -> None:
    reply = Recorded(status=status, body=[body])
    found, _ = await listing(reply)
    with pytest.raises(error, match=words):
        await found.fetch(at("one", has_key=True))
    assert reply.is_closed


async def test_one_who_never_answers_is_given_up() -> None:
    class Late(ReplayTransport):
        async def send(self, request: UpstreamRequest) -> UpstreamReply:
            raise TimeoutError

    found = Listing(Credentials(MemoryVault()), Late([]))
    with pytest.raises(UpstreamTimeout, match="15 seconds"):
        await found.fetch(at("one", TYPED, base_url="https://mine.test"))
