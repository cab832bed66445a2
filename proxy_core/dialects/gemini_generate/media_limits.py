"""What a model takes of media: whether by address, and in which resolution."""

from __future__ import annotations

from collections.abc import Iterator

from proxy_core.dialects.gemini_generate.finish import NAME
from proxy_core.errors import UnsupportedError
from proxy_core.ir.message import Media, Message, ToolResult, Url
from proxy_core.ir.request import Loss, Request
from proxy_core.profile import ModelProfile

_FINE = frozenset({"high", "original"})
_FOR_ALL = "The resolution can only be chosen for all images at once there."
_COARSE = frozenset({"low"})


def refuse_addresses(request: Request, profile: ModelProfile) -> None:
    """Raise UnsupportedError for media by address where the vendor does not fetch them for the model.

    They are not fetched here: a client could make this machine call addresses that only it can reach.
    """
    if profile.remote_media or request.dialect == NAME:
        return
    for number, message in enumerate(request.messages):
        if any(isinstance(media.source, Url) for media in _media(message)):
            raise UnsupportedError(
                f"{profile.id} takes no media by address; send the data itself, or choose a newer model.",
                param=f"messages[{number}].content",
            )


def resolution(request: Request, losses: list[Loss]) -> str | None:
    """Return ``mediaResolution`` for the details that images ask for; None where they leave it open.

    There is one for the whole request: the finest that is asked for, and the coarse one only if no image
    would mind.
    """
    if request.dialect == NAME:
        return None
    details = {media.detail or "auto" for message in request.messages for media in _media(message)}
    if details & _FINE:
        if details & _COARSE:
            losses.append(Loss("detail", _FOR_ALL))
        return "MEDIA_RESOLUTION_HIGH"
    if not details & _COARSE:
        return None
    if details == _COARSE:
        return "MEDIA_RESOLUTION_LOW"
    losses.append(Loss("detail", _FOR_ALL))
    return None


def _media(message: Message) -> Iterator[Media]:
    for part in message.parts:
        for inner in part.content if isinstance(part, ToolResult) else (part,):
            if isinstance(inner, Media):
                yield inner
