"""Providers and targets for tests of the accounts."""

from collections.abc import Mapping
from types import MappingProxyType

from proxy_core.accounts.account import Account
from proxy_core.errors import Failure
from proxy_core.profile import ModelProfile
from proxy_core.provider import Provider, Speech
from proxy_core.provider_key import KeyProvider
from proxy_core.routing.resolve import Target

CHAT = Speech("openai_chat", MappingProxyType({"chat": "/v1/chat/completions"}))
OTHER = Speech("anthropic_messages", MappingProxyType({"chat": "/v1/messages"}))
SHIPPED = ModelProfile("shipped", "Shipped", known=True)
SECRET = ModelProfile("secret", known=True, hidden=True)

CLOUD = KeyProvider(
    name="cloud", title="Cloud", speaks=(CHAT, OTHER), base_url="https://cloud.test", models=(SHIPPED, SECRET)
)
TYPED = KeyProvider(name="typed", title="Typed in", speaks=(CHAT,), key_use="optional")
LOCAL = KeyProvider(
    name="local", title="Local", speaks=(CHAT,), key_use="none", base_url="http://localhost:1234",
    discover_url="http://localhost:1234",
)  # fmt: skip
TOY = KeyProvider(
    name="toy", title="Toy", speaks=(CHAT,), key_use="none", base_url="https://toy.test", models=(SHIPPED,)
)
PROVIDERS: Mapping[str, Provider] = MappingProxyType({one.name: one for one in (CLOUD, TYPED, LOCAL, TOY)})


def at(name: str, provider: Provider = CLOUD, **more: object) -> Account:
    """An account."""
    return Account(id=name, provider=provider, name=name.title(), **more)  # type: ignore[arg-type]


def target(account: str, model: str = "m") -> Target:
    """A place to go."""
    return Target("cloud", account, model, ModelProfile(model))


def failure(kind: str = "rate_limit", scope: str = "model", wait: float | None = None) -> Failure:
    """What a vendor said."""
    return Failure(kind, 429, f"It says {kind}.", retry_after_s=wait, scope=scope)  # type: ignore[arg-type]
