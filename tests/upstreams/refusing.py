"""Asks a vendor's rules about one body, without a socket."""

import json
from collections.abc import Mapping
from typing import Any

from tests.upstreams.sending import headers_for
from tests.upstreams.shapes import Flaw
from tests.upstreams.vendor import Exchange, Memory, Options, Vendor


def refusal(
    vendor: Vendor,
    path: str,
    body: Any,
    *,
    options: Options | None = None,
    headers: Mapping[str, str] | None = None,
    memory: Memory | None = None,
) -> Any:
    """The parsed error body with which the vendor refuses, None when it accepts. `path` without version."""
    route = vendor.route("POST", path)
    assert route is not None, path
    given = {**headers_for(vendor.dialect, "k"), **(headers or {})}
    memory = memory or Memory(vendor.dialect)
    exchange = Exchange(route, {}, given, body, options or Options(), memory)
    try:
        vendor.check(exchange)
    except Flaw as flaw:
        answer = vendor.worded(flaw)
        assert answer.status == 400
        return json.loads(b"".join(answer.frames))
    return None
