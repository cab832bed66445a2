from proxy_core.dialect import Peek
from proxy_core.errors import Failure
from proxy_core.ir.request import Loss
from proxy_core.ir.stream import Usage
from proxy_core.relay.record import outcome
from tests.proxy_core.relay.rig import ANTHROPIC, CHAT, TARGET, exchange


def test_all_that_happened() -> None:
    found = exchange(CHAT)
    found.client_key, found.peek, found.target = "codex", Peek("alias", "stream"), TARGET
    found.upstream_dialect, found.attempts, found.status = ANTHROPIC, 2, 200
    found.losses, found.usage, found.first_byte_s = (Loss("seed", "No."),), Usage(3, 4), 0.25
    told = outcome(found, 1.5)
    assert (told.id, told.client_key, told.client_dialect, told.operation) == ("ex-1", "codex", CHAT, "chat")
    assert (told.requested_model, told.model, told.provider, told.account) == ("alias", "m", "vendor", "one")
    assert (told.upstream_dialect, told.status, told.error, told.attempts) == (ANTHROPIC, 200, None, 2)
    assert (told.duration_s, told.first_byte_s, told.usage, told.streamed) == (1.5, 0.25, Usage(3, 4), True)
    assert told.dropped == "seed"


def test_what_never_got_anywhere() -> None:
    found = exchange(CHAT)
    found.failure, found.status = Failure("not_found", 404, "No."), 404
    told = outcome(found, 0.1)
    assert (told.requested_model, told.model, told.provider, told.account) == (None, None, None, None)
    assert (told.status, told.error, told.streamed, told.usage) == (404, "not_found", False, None)


def test_a_name_that_no_file_can_keep_is_made_one() -> None:
    found = exchange(CHAT)
    found.peek = Peek("a\ud800" + "b" * 1000, "whole")
    assert outcome(found, 0.1).requested_model == "a?" + "b" * 198
