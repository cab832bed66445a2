"""A short soak: nothing is left behind. Memory is for the long one, ``python -m tests.hostile soak``."""

from tests.hostile.soak import soak


async def test_traffic_leaves_nothing_behind() -> None:
    levels = await soak(warm_up=150, count=300, steps=1)
    assert levels.left_behind() == []
    assert {"200", "503", "left at once"} <= set(levels.endings)
