import pytest

from proxy_core.stores.toml_lines import duplicate_line, line_of

TEXT = """\
version = 1
# [server] in a comment
[server]
port = 1
"quoted" = 2

[[accounts]]
id = "a"
[[accounts]]
id = "b"
proxy = "x"
[accounts.headers]
x-one = "1"
[[accounts.models]]
upstream = "m"

[aliases.fast]
model = "m"
server.host = "dotted"
"""


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("version", 1),
        ("server", 3),
        ("server.port", 4),
        ("server.quoted", 5),
        ("server.missing", 3),
        ("accounts.0.id", 8),
        ("accounts.1.proxy", 11),
        ("accounts.0.proxy", 7),
        ("accounts.1.headers.x-one", 13),
        ("accounts.1.models.0.upstream", 15),
        ("aliases.fast.model", 18),
        ("aliases.fast.server.host", 19),
        ("nothing", None),
    ],
)
def test_lines(field: str, line: int | None) -> None:
    assert line_of(TEXT, field) == line


def test_what_is_said_twice() -> None:
    assert duplicate_line("[a]\nx = 1\n\nx = 2\n") == 4
    assert duplicate_line("[a]\n[b]\n[a]\n") == 3
    assert duplicate_line(TEXT) is None
