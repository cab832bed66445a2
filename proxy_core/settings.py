"""Every setting as data: type, default, range, label and help; file, form, docs and environment read it.

Pure: a decoded TOML document in, one immutable :class:`Settings` out. In the metadata's ``extra``,
``restart`` says that a change needs a restart of the proxy. Environment variables
``TRUNKLINE_<SECTION>_<FIELD>`` override.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Meta

from proxy_core.errors import SettingsError

VERSION = 1
"""Version of the settings file; a newer one is refused, untouched."""

_NOT_IN_ADDRESSES = frozenset(" \t\r\n\"'<>\\")

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class ServerSettings(_Section, frozen=True):
    """Where Trunkline listens and whom it lets in."""

    host: Annotated[
        str,
        Meta(
            title="Address",
            description="Address to listen on. 127.0.0.1 keeps it on this machine; any other address "
            "lets other machines in and always needs a key.",
            extra={"restart": True},
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(title="Port", description="0 picks a free one.", ge=0, le=65535, extra={"restart": True}),
    ] = 8317
    require_key: Annotated[
        bool,
        Meta(
            title="Ask for a key",
            description="Whether callers on this machine must send a local key. "
            "From other machines it is always asked for.",
        ),
    ] = True
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(
            title="Allowed host names",
            description="Names beside localhost and the address itself that a Host header may hold.",
        ),
    ] = ()
    allowed_origins: Annotated[
        tuple[str, ...],
        Meta(title="Allowed web origins", description="Pages that may call, such as http://localhost:3000."),
    ] = ()
    body_limit_mib: Annotated[
        int,
        Meta(title="Largest request (MiB)", description="Also after decompression.", ge=1, le=1024),
    ] = 64
    keep_alive_s: Annotated[
        float,
        Meta(
            title="Keep-alive every (s)",
            description="How long a stream may be silent before a keep-alive is sent; 0 sends none.",
            ge=0,
            le=300,
        ),
    ] = 15.0


class NetworkSettings(_Section, frozen=True):
    """The way out to the providers."""

    proxy: Annotated[
        str,
        Meta(
            title="Outgoing proxy",
            description="http://, https://, socks5:// or socks5h:// address; direct for none; "
            "empty for the system's environment. An account can have its own.",
        ),
    ] = ""
    connect_timeout_s: Annotated[
        float,
        Meta(title="Connect within (s)", description="Time to reach a provider.", gt=0, le=300),
    ] = 20.0
    first_byte_timeout_s: Annotated[
        float,
        Meta(title="First answer within (s)", description="Time until a provider begins.", gt=0, le=3600),
    ] = 600.0
    idle_timeout_s: Annotated[
        float,
        Meta(title="Silence limit (s)", description="Longest silence inside a reply.", gt=0, le=3600),
    ] = 300.0


class RoutingSettings(_Section, frozen=True):
    """How a target is chosen."""

    attempts: Annotated[
        int,
        Meta(title="Attempts", description="Most accounts tried for one request.", ge=1, le=20),
    ] = 4
    demo: Annotated[
        Literal["auto", "on", "off"],
        Meta(title="Demo models", description="auto: only while nothing else is configured."),
    ] = "auto"
    local_servers: Annotated[
        bool,
        Meta(
            title="Find local model servers",
            description="Look for Ollama, LM Studio, llama.cpp and vLLM on their usual ports here.",
        ),
    ] = True


class UsageSettings(_Section, frozen=True):
    """The usage ledger."""

    keep_days: Annotated[
        int,
        Meta(title="Keep single requests (days)", description="Daily sums are kept for ever.", ge=1, le=3650),
    ] = 90


class LogSettings(_Section, frozen=True):
    """What is written to the log."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(title="Log level", description="debug is for reporting a fault."),
    ] = "info"


class VaultSettings(_Section, frozen=True):
    """Where secrets live."""

    kind: Annotated[
        Literal["keyring", "file"],
        Meta(
            title="Vault",
            description="keyring: the system's keyring. file: an encrypted file that a passphrase opens "
            "(TRUNKLINE_VAULT_PASSPHRASE).",
            extra={"restart": True},
        ),
    ] = "keyring"


class ModelSettings(_Section, frozen=True):
    """One model of an account: the provider's name and, if wanted, the name clients use."""

    upstream: Annotated[str, Meta(title="Model at the provider", description="Its exact id.", min_length=1)]
    alias: Annotated[str, Meta(title="Name for clients", description="Empty: the same.")] = ""


class AccountSettings(_Section, frozen=True):
    """One account at a provider; its secret is in the vault, under the same id."""

    id: Annotated[str, Meta(title="Id", description="Made once, never changed.", pattern=NAME_PATTERN)]
    provider: Annotated[str, Meta(title="Provider", description="Whose account it is.", min_length=1)]
    name: Annotated[str, Meta(title="Name", description="What you call it.")] = ""
    enabled: Annotated[bool, Meta(title="In use", description="Off: kept, but not used.")] = True
    base_url: Annotated[str, Meta(title="Address", description="Only if it is not the provider's own.")] = ""
    dialect: Annotated[
        str, Meta(title="Dialect", description="Only if the provider speaks several and one is wanted.")
    ] = ""
    models: Annotated[
        tuple[ModelSettings, ...],
        Meta(title="Models", description="Only these; empty: all that the provider lists."),
    ] = ()
    proxy: Annotated[
        str, Meta(title="Outgoing proxy", description="As in [network]; empty: the one there.")
    ] = ""
    headers: Annotated[
        dict[str, str],
        Meta(title="Extra headers", description="Sent to the provider. No secrets: this file is plain text."),
    ] = {}
    has_key: Annotated[bool, Meta(title="Has a key", description="Off for servers that need none.")] = True
    keyed_at: Annotated[
        str, Meta(title="Key stored at", description="ISO time; when it changes, the key is read again.")
    ] = ""


class AliasSettings(_Section, frozen=True):
    """Another name for a model."""

    model: Annotated[str, Meta(title="Model", description="What it stands for.", min_length=1)]
    reasoning: Annotated[
        Literal["", "none", "minimal", "low", "medium", "high", "xhigh", "max", "auto"],
        Meta(title="Reasoning effort", description="Empty: what the caller says."),
    ] = ""


class ClientKeySettings(_Section, frozen=True):
    """A named local key; the key itself is in the vault."""

    id: Annotated[str, Meta(title="Id", description="Made once.", pattern=NAME_PATTERN)]
    name: Annotated[str, Meta(title="Name", description="Which tool uses it.", min_length=1)]
    created: Annotated[str, Meta(title="Made on", description="ISO date.")] = ""


class Settings(_Section, frozen=True):
    """All settings, one immutable snapshot."""

    version: Annotated[int, Meta(title="File version", description="Do not edit.", ge=1)] = VERSION
    server: ServerSettings = ServerSettings()
    network: NetworkSettings = NetworkSettings()
    routing: RoutingSettings = RoutingSettings()
    usage: UsageSettings = UsageSettings()
    log: LogSettings = LogSettings()
    vault: VaultSettings = VaultSettings()
    accounts: tuple[AccountSettings, ...] = ()
    aliases: dict[str, AliasSettings] = {}
    client_keys: tuple[ClientKeySettings, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One plain setting of a section, for forms and documentation."""

    path: str
    type: Any
    default: Any
    label: str
    help: str
    restart: bool


def fields() -> Iterator[Field]:
    """Yield every setting of the plain sections (not accounts, aliases and keys)."""
    for section in msgspec.structs.fields(Settings):
        kind = get_type_hints(Settings)[section.name]
        if not (isinstance(kind, type) and issubclass(kind, _Section)):
            continue
        for field in fields_of(kind):
            yield replace(field, path=f"{section.name}.{field.path}")


def fields_of(kind: type[msgspec.Struct]) -> Iterator[Field]:
    """Yield the settings of one table; ``path`` is then only the name, and a default may be NODEFAULT."""
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        meta = next(part for part in get_args(hints[field.name]) if isinstance(part, Meta))
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        yield Field(
            path=field.name,
            type=get_args(hints[field.name])[0],
            default=default,
            label=meta.title or field.name,
            help=meta.description or "",
            restart=bool((meta.extra or {}).get("restart")),
        )


def parse(document: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Check a decoded document and return settings. Raises SettingsError naming the field."""
    merged = _overridden(document, environment)
    version = merged.get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        raise SettingsError(
            f"The settings file is of version {version}; this Trunkline knows {VERSION}. Update Trunkline.",
            field="version",
        )
    try:
        settings = msgspec.convert(merged, Settings)
    except msgspec.ValidationError as error:
        raise _explained(error, merged) from None
    _check(settings)
    return settings


def _overridden(document: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    merged: dict[str, Any] = dict(document)
    for field in fields():
        variable = "TRUNKLINE_" + field.path.replace(".", "_").upper()
        if variable not in environment:
            continue
        section, name = field.path.split(".")
        table = merged.get(section, {})
        if not isinstance(table, Mapping):
            continue  # it is reported as what it is: no table
        merged[section] = {**table, name: _from_text(environment[variable], field, variable)}
    return merged


def _from_text(value: str, field: Field, variable: str) -> Any:
    section, name = field.path.split(".")
    try:
        plain: Any = (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if get_origin(field.type) is tuple
            else msgspec.convert(value, field.type, strict=False)
        )
        # alone in its section, so that the range is checked here and the variable can be named
        msgspec.convert({section: {name: plain}}, Settings)
    except msgspec.ValidationError as error:
        message = str(error).partition(" - at `$")[0]
        raise SettingsError(f"The environment variable {variable} does not fit: {message}.") from None
    return plain


def _explained(error: msgspec.ValidationError, document: Mapping[str, Any]) -> SettingsError:
    message, _, place = str(error).partition(" - at `$")
    if place.startswith(".aliases[...]"):
        place = place.replace("[...]", f".{_wrong_alias(document)}", 1)
    field = re.sub(r"\[(\d+)\]", r".\1", place.rstrip("`").replace("[...]", "")).strip(".")
    unknown = re.search(r"unknown field `(.+?)`", message)
    if unknown:
        name = unknown.group(1)
        field = f"{field}.{name}".strip(".")
        close = difflib.get_close_matches(name, _names(), 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        return SettingsError(f"There is no setting {field!r}.{hint}", field=field)
    # msgspec's words, without its quotes of code
    message = message.replace("`", "").replace("Object missing required field", "needs the setting")
    return SettingsError(f"{field or 'settings'}: {message}.", field=field or None)


def _wrong_alias(document: Mapping[str, Any]) -> str:
    # msgspec does not say which
    for name, value in document["aliases"].items():
        try:
            msgspec.convert(value, AliasSettings)
        except msgspec.ValidationError:
            return str(name)
    return ""


def _names() -> list[str]:
    kinds = (Settings, AccountSettings, ModelSettings, AliasSettings, ClientKeySettings)
    names = {field.name for kind in kinds for field in msgspec.structs.fields(kind)}
    return sorted(names | {field.path.split(".")[1] for field in fields()})


def _check(settings: Settings) -> None:
    seen: set[str] = set()
    for number, account in enumerate(settings.accounts):
        where = f"accounts.{number}"
        if account.id in seen:
            raise SettingsError(f"Two accounts have the id {account.id!r}.", field=f"{where}.id")
        seen.add(account.id)
        check_proxy(account.proxy, f"{where}.proxy")
        check_address(account.base_url, f"{where}.base_url")
    check_proxy(settings.network.proxy, "network.proxy")


def check_proxy(value: str, field: str) -> None:
    """Raise SettingsError unless ``value`` is empty, ``direct`` or a proxy address without a password."""
    if value in ("", "direct"):
        return
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https", "socks5", "socks5h"):
        # not quoted: it may hold a password
        raise SettingsError(
            f"{field}: that is no proxy. Write http://host:port, https://…, socks5://…, or direct.",
            field=field,
        )
    if parts.password is not None:
        raise SettingsError(
            f"{field}: a password must not stand in the settings file. An account's proxy may have one when "
            "it is added with: trunkline accounts add … --proxy URL (it is kept in the vault).",
            field=field,
        )


def check_address(value: str, field: str) -> None:
    """Raise SettingsError unless ``value`` is empty or an http(s) address without user or query."""
    if not value:
        return
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https") or parts.query or parts.username is not None:
        # not quoted: a pasted address may hold a key
        raise SettingsError(
            f"{field}: that is no address. Write http://host:port/path or https://…, without user and query.",
            field=field,
        )


def _split(address: str) -> SplitResult | None:
    """Return the parts of an address with a host, None where there is none or the port makes no sense."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    return parts if parts.hostname and port != 0 and not set(address) & _NOT_IN_ADDRESSES else None
