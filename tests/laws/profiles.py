"""How many examples a law is tried with: few in the gate, `TRUNKLINE_EXAMPLES=2000` for a long look."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

LONG = int(os.environ.get("TRUNKLINE_EXAMPLES", "0"))


def examples(most: int) -> Callable[[Any], Any]:
    """Settings of one law: so many examples in the gate, all that were asked for in a long run.

    The gate takes the same examples every time; a long run takes new ones and is not bound by time.
    """
    return settings(
        max_examples=LONG or most,
        deadline=None,
        derandomize=not LONG,
        database=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
