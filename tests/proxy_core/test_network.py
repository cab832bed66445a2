import pytest

from proxy_core.network import is_address, is_loopback, split_host, url_host


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True), ("LOCALHOST.", True), ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True),
        ("[::1]", True), ("0.0.0.0", False), ("::", False), ("192.168.0.2", False), ("example.com", False),
        ("localhost.example.com", False), ("127.0.0.1.example.com", False), ("", False),
    ],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("host", "address"), [("10.0.0.1", True), ("[fe80::1]", True), ("::", True), ("a.b", False), ("", False)]
)
def test_address(host: str, address: bool) -> None:
    assert is_address(host) is address


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("Localhost:8317", "localhost"), ("localhost", "localhost"), ("[::1]:80", "::1"), ("[::1]", "::1"),
        ("example.com.:1", "example.com"), ("a:b", ""), ("a:1:2", ""), ("a:", ""), ("[::1", ""),
        ("[::1]x80", ""),
        ("[::1]:", ""), ("[::1]:8x", ""), ("a:٣", ""), ("", ""),
    ],
)  # fmt: skip
def test_host_header(header: str, host: str) -> None:
    assert split_host(header) == host


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("", "127.0.0.1"), ("::", "[::1]"),
     ("::1", "[::1]"), ("box.lan", "box.lan")],
)  # fmt: skip
def test_host_in_a_url(host: str, shown: str) -> None:
    assert url_host(host) == shown
