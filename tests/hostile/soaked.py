"""The process under soak: for every line on standard input it tells on standard output what it holds.

``python -m tests.hostile.soaked <folder> <dialect=address>…``; the first line out has port and key.
"""

import asyncio
import ctypes
import gc
import json
import os
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from proxy_core import Proxy
from proxy_core.keys import account_secret
from proxy_core.settings import parse
from proxy_core.stores.memory import MemoryVault
from proxy_core.stores.sqlite import SqliteUsage
from proxy_core.transports.aiohttp import AiohttpTransport
from tests.end_to_end.line import PROVIDER_OF


def held() -> dict[str, Any]:
    """Count what lives in this process. Garbage is collected and the allocator trimmed first.

    Without that the level would show when the collector last ran, and how the allocator cuts its arenas.
    """
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    loop = asyncio.get_running_loop()
    timers = [one for one in getattr(loop, "_scheduled", ()) if not one.cancelled()]
    folder = Path("/proc/self/fd")
    kinds = Counter(_kind(one) for one in folder.iterdir()) if folder.exists() else Counter[str]()
    return {
        "rss_kb": _rss_kb(),
        "tasks": sorted(
            task.get_name().rpartition("-")[0] or task.get_name() for task in asyncio.all_tasks()
        ),
        "timers": len(timers),
        "threads": sorted(thread.name.rpartition("_")[0] or thread.name for thread in threading.enumerate()),
        "descriptors": dict(kinds),
        "objects": len(gc.get_objects()),
    }


def _kind(one: Path) -> str:
    try:
        target = str(one.readlink())
    except OSError:
        return "gone"
    return target.partition(":")[0] if target.startswith(("socket", "pipe", "anon_inode")) else "file"


def _rss_kb() -> int:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def serve(folder: Path, vendors: dict[str, str]) -> None:
    """Serve until standard input ends."""
    accounts, vault = [], MemoryVault()
    for dialect, address in vendors.items():
        models = [{"upstream": f"{dialect}.{name}"} for name in ("good", "cut", "busy", "slow")]
        accounts.append(
            {
                "id": dialect,
                "provider": PROVIDER_OF[dialect],
                "base_url": address,
                "dialect": dialect,
                "models": models,
            }
        )
        await vault.put(account_secret(dialect), "sk-of-the-soak")
    settings = parse({"server": {"port": 0}, "routing": {"local_servers": False}, "accounts": accounts}, {})
    transport = AiohttpTransport(lambda: 5.0)
    proxy = Proxy(
        settings=settings, vault=vault, usage=SqliteUsage(folder / "usage.sqlite3"), transport=transport
    )
    await proxy.start()
    print(json.dumps({"port": proxy.port, "key": proxy.default_key}), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        for account in accounts:
            proxy.reset(str(account["id"]))
        print(json.dumps(held()), flush=True)
    await proxy.close()
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    print(json.dumps({**held(), "left": left}), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), dict(one.split("=", 1) for one in sys.argv[2:])))
