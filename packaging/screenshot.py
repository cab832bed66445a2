"""Make the README's picture: the real program on a virtual screen, with its tray menu open.

    python packaging/screenshot.py [--out FILE] [--scale 2]

Needs what the tests need (Xvfb, openbox, trayer, xdotool, ImageMagick) and a free port 8317.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.end_to_end.desk import Desk

ROOT = Path(__file__).resolve().parents[1]
PORT = 8317


@contextmanager
def virtual_screen(size: str) -> Iterator[str]:
    """Lend a screen of that size (``WxH``); yields its name."""
    server = subprocess.Popen(
        ("Xvfb", "-displayfd", "1", "-screen", "0", f"{size}x24", "-nolisten", "tcp"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert server.stdout is not None
    try:
        yield f":{server.stdout.readline().decode().strip()}"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def make(out: Path, scale: int) -> None:
    """Lend a desktop for the picture."""
    sys.path.insert(0, str(ROOT))
    from tests.end_to_end.desk import Desk, environment_of

    out.parent.mkdir(parents=True, exist_ok=True)
    size = f"{920 * scale}x{560 * scale}"
    with virtual_screen(size) as display, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        environment["QT_SCALE_FACTOR"] = str(scale)
        desk = Desk(environment_of(environment), Path(folder))
        try:
            asyncio.run(picture(desk, out, size, scale))
        finally:
            desk.close()


async def picture(desk: "Desk", out: Path, size: str, scale: int) -> None:
    """Start the program, open the menu, take the picture."""
    from tests.end_to_end.desk import healthy, until

    desk.without_bus()
    desk.panel()
    await until(lambda: desk.windows("^panel$"), "the tray")
    desk.run("display", "-size", size, "-window", "root", "gradient:#5d7fa3-#22344a")
    desk.trunkline()
    await until(lambda: healthy(PORT), "the proxy")
    window = (await until(lambda: desk.windows("^Trunkline$"), "the window"))[0]
    desk.run("xdotool", "windowmove", "--sync", window, str(24 * scale), str(40 * scale))
    x, y, width, height = (await until(desk.icons, "the icon"))[0]
    await still(desk, out)
    desk.click(x + width // 2, y + height // 2, 3)
    await still(desk, out)
    desk.run("xdotool", "key", "Down", "Down", "Right")
    await still(desk, out)


async def still(desk: "Desk", out: Path) -> None:
    """Take pictures until two in a row are the same, so that nothing is half drawn."""
    last = b""
    for _ in range(50):
        now = desk.picture(out).read_bytes()
        if now == last:
            return
        last = now
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "resources/screenshots/tray.png")
    parser.add_argument("--scale", type=int, default=1)
    chosen = parser.parse_args()
    make(chosen.out, chosen.scale)
