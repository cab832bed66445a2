import dataclasses
import json

import pytest

from proxy_core import registry
from proxy_core.accounts.credentials import Credentials
from proxy_core.errors import UpstreamTimeout
from proxy_core.keys import account_secret
from proxy_core.provider import Provider
from proxy_core.provider_key import KeyProvider
from proxy_core.relay.attempt import RefusedReply
from proxy_core.relay.local import LocalReply
from proxy_core.relay.sending import Sender
from proxy_core.stores.memory import MemoryVault
from proxy_core.transports.replay import Recorded, ReplayTransport
from tests.proxy_core.clocks import FakeClock
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, Client, attempt, provider, pulse


def keyless(*speaks: str) -> Provider:
    made = provider(*speaks)
    return KeyProvider(
        name=made.name, title=made.title, speaks=made.speaks, base_url=made.base_url, key_use="none"
    )


def sender(*replies: Recorded | UpstreamTimeout) -> tuple[Sender, ReplayTransport]:
    transport = ReplayTransport(replies)
    return Sender(Credentials(MemoryVault()), transport, FakeClock()), transport


@pytest.mark.parametrize(("upstream", "passes"), [(ANTHROPIC, True), (CHAT, False)])
async def test_client_headers_only_go_to_a_vendor_of_the_same_dialect(upstream: str, passes: bool) -> None:
    out, transport = sender(Recorded())
    found = attempt(ANTHROPIC, upstream, Client(), pulse(), vendor=keyless(upstream))
    call = found.exchange.call
    found.exchange.call = type(call)(
        call.endpoint, call.path_model, call.query, {"anthropic-beta": "b1", "x-forwarded-for": "10.0.0.1"}
    )
    await out.send(found, b"{}")
    (request,) = transport.requests
    assert ("anthropic-beta" in request.headers) is passes
    assert "x-forwarded-for" not in request.headers
    assert (request.body, request.stream) == (b"{}", True)


async def test_what_a_body_needs_beside_it_goes_along_with_what_the_client_said() -> None:
    out, transport = sender(Recorded(), Recorded())
    found = attempt(CHAT, ANTHROPIC, Client(), pulse(), vendor=keyless(ANTHROPIC))
    assert found.encoded is not None
    encoded = dataclasses.replace(found.encoded, headers={"anthropic-beta": "b2"})
    await out.send(dataclasses.replace(found, encoded=encoded), b"{}")
    own = attempt(ANTHROPIC, ANTHROPIC, Client(), pulse(), vendor=keyless(ANTHROPIC))
    call = own.exchange.call
    own.exchange.call = type(call)(call.endpoint, call.path_model, call.query, {"anthropic-beta": "b1"})
    # re-encoded within one dialect, as a body that holds one of our envelopes is
    plan = dataclasses.replace(own.plan, is_passthrough=False)
    await out.send(dataclasses.replace(own, plan=plan, encoded=encoded), b"{}")
    assert [one.headers["anthropic-beta"] for one in transport.requests] == ["b2", "b2,b1"]


async def test_an_error_is_raised_and_its_reply_closed() -> None:
    reply = Recorded(status=500, body=[b"{}"])
    out, _ = sender(reply)
    with pytest.raises(RefusedReply):
        await out.send(attempt(CHAT, CHAT, Client(), pulse(), vendor=keyless(CHAT)), b"{}")
    assert reply.is_closed


async def test_who_does_not_answer_is_told_as_it_is() -> None:
    out, _ = sender(UpstreamTimeout("Late."))
    with pytest.raises(UpstreamTimeout):
        await out.send(attempt(CHAT, CHAT, Client(), pulse(), vendor=keyless(CHAT)), b"{}")


async def test_a_provider_that_answers_itself_needs_no_network() -> None:
    providers = registry.discover("proxy_core.providers", "PROVIDERS", Provider)
    own = next(one for one in providers.values() if one.key_use == "none" and one.discover_url is None)
    out, transport = sender()
    found = attempt(CHAT, CHAT, Client(), pulse(), vendor=own)
    body = {"model": own.models[0].id, "messages": [{"role": "user", "content": "Hello."}]}
    reply = await out.send(found, json.dumps(body).encode())
    assert isinstance(reply, LocalReply)
    assert transport.requests == []


async def test_a_vendor_that_repeats_the_key_tells_the_client_nothing() -> None:
    vault = MemoryVault()
    found = attempt(CHAT, CHAT, Client(), pulse(), vendor=provider(CHAT))
    account = dataclasses.replace(found.account, has_key=True)
    found = dataclasses.replace(found, account=account)
    await vault.put(account_secret(account.id), "ECHO-very-secret")
    body = b'{"error": {"message": "bad key ECHO-very-secret", "type": "x", "param": null, "code": null}}'
    reply = Recorded(status=400, body=[body])
    out = Sender(Credentials(vault), ReplayTransport([reply]), FakeClock())
    with pytest.raises(RefusedReply) as caught:
        await out.send(found, b"{}")
    assert caught.value.failure.message == "bad key ***"
    assert b"secret" not in caught.value.body
    assert b"bad key ***" in caught.value.body
