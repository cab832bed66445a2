import pytest

from proxy_core.errors import AccessError, VaultLockedError
from proxy_core.server.access import allowed_origin, check_host, check_key, presented_keys
from proxy_core.settings import ServerSettings

PLAIN = ServerSettings()


async def identify(key: str) -> str | None:
    return {"tl-right": "default", "tl-tool": "codex"}.get(key)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8317", "[::1]:8317", "LocalHost.:1"])
def test_this_machine_is_a_good_host(host: str) -> None:
    check_host(host, PLAIN, "127.0.0.1")


@pytest.mark.parametrize(
    "host", [None, "", "evil.test", "10.0.0.1", "[::2]", "127.0.0.1.evil.test", "localhost:80:80"]
)
def test_every_other_is_refused_with_403(host: str | None) -> None:
    with pytest.raises(AccessError) as caught:
        check_host(host, PLAIN, "127.0.0.1")
    assert (caught.value.status, caught.value.kind) == (403, "permission")


def test_bound_to_the_network_addresses_are_good_and_names_are_not() -> None:
    check_host("10.0.0.1:8317", PLAIN, "0.0.0.0")
    check_host("[fd00::1]", PLAIN, "::")
    with pytest.raises(AccessError):
        check_host("evil.test", PLAIN, "0.0.0.0")
    check_host("Evil.Test:1", ServerSettings(allowed_hosts=("EVIL.test",)), "0.0.0.0")
    with pytest.raises(AccessError):
        check_host("", ServerSettings(allowed_hosts=("",)), "127.0.0.1")


def test_without_an_origin_there_is_nothing_to_allow() -> None:
    assert allowed_origin({}, PLAIN) is None


@pytest.mark.parametrize(
    "origin", ["http://evil.test", "null", "http://[", "", "https://127.0.0.1:1", "ftp://127.0.0.1:8317"]
)
def test_a_foreign_origin_is_refused(origin: str) -> None:
    with pytest.raises(AccessError) as caught:
        allowed_origin({"origin": origin, "host": "127.0.0.1:8317"}, PLAIN)
    assert caught.value.status == 403


def test_listed_own_and_all_origins() -> None:
    assert allowed_origin({"origin": "http://h:1", "host": "h:1"}, PLAIN) == "http://h:1"
    listed = ServerSettings(allowed_origins=("http://page:3000/",))
    assert allowed_origin({"origin": "http://page:3000"}, listed) == "http://page:3000"
    everybody = ServerSettings(allowed_origins=("*",))
    assert allowed_origin({"origin": "null"}, everybody) == "null"
    with pytest.raises(AccessError):  # it could not be written into a header again
        allowed_origin({"origin": "http://\udcff"}, everybody)


def test_every_carrier_is_looked_at_in_order() -> None:
    headers = {"authorization": "BEARER  a ", "x-api-key": "b", "x-goog-api-key": "", "api-key": "d"}
    assert list(presented_keys(headers, {"key": "e"})) == ["a", "b", "d", "e"]
    assert list(presented_keys({"authorization": "bare"}, {})) == ["bare"]
    assert list(presented_keys({"authorization": "Bearer "}, {"key": ""})) == ["Bearer"]


async def test_the_first_right_key_counts() -> None:
    headers = {"authorization": "Bearer sk-other", "x-api-key": "tl-tool"}
    assert await check_key(headers, {}, identify, required=True) == "codex"


@pytest.mark.parametrize(
    ("headers", "words"),
    [({}, "No local key"), ({"x-api-key": "nope"}, "Wrong"), ({"x-api-key": "tl-right\udcff"}, "Wrong")],
)
async def test_missing_and_wrong_are_told_apart(headers: dict[str, str], words: str) -> None:
    with pytest.raises(AccessError, match=words) as caught:
        await check_key(headers, {}, identify, required=True)
    assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")
    assert await check_key(headers, {}, identify, required=False) is None


async def test_a_locked_vault_only_matters_if_a_key_is_needed() -> None:
    async def locked(key: str) -> str | None:
        raise VaultLockedError("Locked.")

    with pytest.raises(VaultLockedError):
        await check_key({"x-api-key": "a"}, {}, locked, required=True)
    assert await check_key({"x-api-key": "a"}, {}, locked, required=False) is None
