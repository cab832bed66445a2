import pytest

from proxy_core.dialects.gemini_generate.media_limits import refuse_addresses, resolution
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Inline, Media, Message, Text, ToolResult, Url
from proxy_core.ir.request import Loss
from proxy_core.profile import ModelProfile
from tests.proxy_core.dialects.gemini_generate.support import NAME, foreign

OLD = ModelProfile("old", remote_media=False)
FAR = Media("image", Url("https://pictures.example/cat.png"))


def _near(detail: str | None) -> Media:
    return Media("image", Inline("image/png", "iVBORw0KGgo="), detail=detail)


@pytest.mark.parametrize("part", [FAR, ToolResult("a", (FAR,))])
def test_an_address_is_refused_where_nobody_fetches_it(part: Media | ToolResult) -> None:
    request = foreign(Message("user", (Text("Hi"),)), Message("user", (part,)))
    with pytest.raises(UnsupportedError) as caught:
        refuse_addresses(request, OLD)
    assert caught.value.param == "messages[1].content"
    assert "send the data itself" in caught.value.message
    refuse_addresses(request, ModelProfile("new"))


def test_who_speaks_the_dialect_knows_what_the_model_takes() -> None:
    refuse_addresses(foreign(Message("user", (FAR,)), dialect=NAME), OLD)


@pytest.mark.parametrize(
    ("details", "level", "lost"),
    [
        (["low"], "MEDIA_RESOLUTION_LOW", []),
        (["low", "low"], "MEDIA_RESOLUTION_LOW", []),
        (["high", "low"], "MEDIA_RESOLUTION_HIGH", ["detail"]),
        (["original", None], "MEDIA_RESOLUTION_HIGH", []),
        (["low", "auto"], None, ["detail"]),
        (["auto", None], None, []),
        ([], None, []),
    ],
)
def test_details_become_one_resolution(details: list[str | None], level: str | None, lost: list[str]) -> None:
    losses: list[Loss] = []
    request = foreign(Message("user", (Text("Hi"), *(_near(detail) for detail in details))))
    assert resolution(request, losses) == level
    assert [loss.path for loss in losses] == lost
