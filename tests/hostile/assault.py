"""Sends good requests of every dialect to vendors that answer badly, and judges what the clients get."""

import asyncio
import json
import random
from collections.abc import Iterable, Iterator, Sequence

from tests.end_to_end.client import DIALECTS, body, path
from tests.hostile.bodies import CANARY
from tests.hostile.shots import Aim, Shot
from tests.hostile.storm import Found, fire

TERMINAL = {
    "openai_chat": (b"data: [DONE]", b'"error"', b": error: "),  # the last is told before a cut
    "openai_responses": (b"response.completed", b"response.failed", b"response.incomplete", b'"error"'),
    "anthropic_messages": (b"message_stop", b"event: error", b'"error"'),
    "gemini_generate": (b'"finishReason"', b'"error"', b'"blockReason"'),
}


def ask(aim: Aim, client: str, model: str, streams: bool) -> Shot:
    """Return a small good request."""
    data = json.dumps(body(client, model, streams, CANARY)).encode()
    return Shot(
        f"{client} → {model}{' streamed' if streams else ''}", (aim.post(path(client, model, streams), data),)
    )


def every(models: Iterable[str], clients: Sequence[str] = DIALECTS) -> Iterator[tuple[str, str, bool]]:
    """Yield each combination of client, model and mode."""
    for model in models:
        for client in clients:
            yield client, model, False
            yield client, model, True


def mutants(seed: int, count: int) -> Iterator[tuple[str, str, bool]]:
    """Yield so many requests whose answers are mutated recordings."""
    rng = random.Random(seed)
    for _ in range(count):
        yield rng.choice(DIALECTS), f"{rng.choice(DIALECTS)}.mutant", rng.random() < 0.6


async def assault(
    aim: Aim, asked: Iterable[tuple[str, str, bool]], secrets: Sequence[str], width: int = 8
) -> Found:
    """Ask, so many at once, and return what was found."""
    found = Found()
    queue = iter(asked)

    async def asker() -> None:
        for client, model, streams in queue:
            shot = ask(aim, client, model, streams)
            try:
                data = await fire(aim, shot)
            except (TimeoutError, ConnectionError) as error:
                found.dropped += 1
                found.wrong.append(f"{shot.name}: {type(error).__name__}")
            else:
                judge(shot, client, model, data, secrets, found)

    await asyncio.gather(*(asker() for _ in range(width)))
    return found


def judge(shot: Shot, client: str, model: str, data: bytes, secrets: Sequence[str], found: Found) -> None:
    """Note what is wrong: a failure of ours, a secret, an empty or clean end of what was not clean."""
    head, _, said = data.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 0
    found.statuses[status] += 1
    if not head:
        found.wrong.append(f"{shot.name}: closed without an answer")
    if b"Trunkline itself failed" in data:
        found.wrong.append(f"{shot.name}: a failure of ours: {said[:300]!r}")
    found.wrong.extend(f"{shot.name}: told a secret" for one in secrets if one.encode() in data)
    found.wrong.extend(
        f"{shot.name}: let {one!r} through" for one in (b"Set-Cookie", b"/evil") if one in head
    )
    if status != 200:
        return
    if b"text/event-stream" in head:
        if not model.startswith(client) and not any(end in said for end in TERMINAL[client]):
            found.wrong.append(f"{shot.name}: neither an end nor an error: {said[-300:]!r}")
    elif not said.strip():
        found.wrong.append(f"{shot.name}: an empty 200")
    elif not model.startswith(client):
        try:
            json.loads(said)
        except ValueError:
            found.wrong.append(f"{shot.name}: a whole answer that is not JSON: {said[:200]!r}")
