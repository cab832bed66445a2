"""Trunkline under the standard profiler: ``python -m tests.bench.profiled FILE <arguments of the program>``.

It begins at SIGUSR1, so that the start does not count; the statistics are written to FILE at a good end.
"""

import cProfile
import signal
import sys
import time

from app.command import trunkline


def main(file: str, arguments: list[str]) -> None:
    """Run the program under the profiler."""
    # the loop's own processor time: neither waits nor what the ledger's thread does meanwhile
    profiler = cProfile.Profile(time.thread_time_ns, 1e-9)
    signal.signal(signal.SIGUSR1, lambda *_: profiler.enable())
    try:
        trunkline(arguments, standalone_mode=False)
    finally:
        profiler.disable()
        profiler.dump_stats(file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
