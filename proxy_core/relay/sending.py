"""Sends an attempt's body: credential, headers, provider's dress, transport."""

from __future__ import annotations

from proxy_core.accounts.credentials import Credentials
from proxy_core.clock import Clock
from proxy_core.provider import UpstreamCall
from proxy_core.relay.attempt import Attempt, RefusedReply, refuse_errors, without_secret
from proxy_core.relay.headers import joined, passed
from proxy_core.relay.local import LocalReply
from proxy_core.transport import Transport, UpstreamReply, UpstreamRequest


class Sender:
    """The way out."""

    def __init__(self, credentials: Credentials, transport: Transport, clock: Clock) -> None:
        self._credentials = credentials
        self._transport = transport
        self._clock = clock

    async def send(self, attempt: Attempt, body: bytes, operation: str = "") -> UpstreamReply:
        """Send; ``operation`` empty stands for the exchange's own.

        Raises RefusedReply when the vendor answers with an error, UpstreamError when it does not answer,
        CredentialError when the vault has no key.
        """
        request = await self._dressed(attempt, body, operation)
        local = attempt.provider.answer(request)
        if local is not None:
            reply: UpstreamReply = LocalReply(local, self._clock)
        else:
            reply = await attempt.pulse.waited(self._transport.send(request))
        try:
            await refuse_errors(attempt, reply)
        except RefusedReply as refused:
            await reply.close()
            raise without_secret(refused, await self._credentials.key(attempt.account)) from None
        return reply

    async def _dressed(self, attempt: Attempt, body: bytes, operation: str) -> UpstreamRequest:
        exchange, account = attempt.exchange, attempt.account
        let_through = {} if attempt.encoded is None else dict(attempt.encoded.headers)
        if attempt.upstream is exchange.dialect:
            given = passed(exchange.call.headers, exchange.dialect.request_headers)
            let_through |= {name: joined(let_through.get(name), value) for name, value in given.items()}
        if attempt.mended is not None:
            let_through |= attempt.mended.headers
        is_array = attempt.mode == "array" and attempt.plan.is_passthrough
        call = UpstreamCall(
            operation=operation or ("array" if is_array else exchange.operation),
            dialect=attempt.speech.dialect,
            model=attempt.target.model,
            stream=attempt.mode != "whole",
            body=body,
            key=await self._credentials.key(account),
            base_url=account.base_url,
            headers={**let_through, **account.headers},
            proxy=await self._credentials.proxy(account),
        )
        return account.provider.prepare(call)
