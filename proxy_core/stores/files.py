"""Settings in a commented TOML file, state in small JSON files."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor  # noqa: F401 - else asyncio reads it inside the loop
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import tomlkit
import tomlkit.exceptions
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from proxy_core.errors import SettingsError, StoreError
from proxy_core.settings import Settings, parse
from proxy_core.store import SettingsEdit
from proxy_core.stores import atomic
from proxy_core.stores.lock import turn
from proxy_core.stores.template import template
from proxy_core.stores.toml_lines import duplicate_line, line_of

log = logging.getLogger(__name__)

_QUIET_S = 0.15
"""Editors replace a file in several steps; they are taken for one."""
_JOIN_S = 5.0


class TomlSettings:
    """The settings file at ``path``; ``environment`` overrides single settings."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self._path = path
        self._environment = environment

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    async def load(self) -> Settings:
        """Read and check the file. Raises SettingsError with field and line."""
        return await asyncio.to_thread(self._load)

    async def exists(self) -> bool:
        """Whether there is a file yet."""
        return await asyncio.to_thread(self._path.exists)

    async def create(self) -> None:
        """Write the file with every setting explained, if there is none yet."""
        await asyncio.to_thread(self._create)

    async def is_unset(self, section: str, key: str) -> bool:
        """Whether the file leaves a setting to its default. Raises SettingsError."""

        def look() -> bool:
            table = self._document(self._text()).get(section)
            return not isinstance(table, Mapping) or key not in table

        return await asyncio.to_thread(look)

    async def change(self, edit: SettingsEdit) -> Settings:
        """Edit the file under a lock; comments and order stay. Raises SettingsError, StoreError."""
        return await asyncio.to_thread(self._change, edit)

    async def changes(self) -> AsyncGenerator[None, None]:
        """Yield once when the watch begins, so that no edit before it is missed, then at every change.

        The operating system wakes us; nothing polls.
        """
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()
        observer = await asyncio.to_thread(self._watch, lambda: loop.call_soon_threadsafe(changed.set))
        try:
            yield None
            while True:
                await changed.wait()
                await asyncio.sleep(_QUIET_S)
                changed.clear()
                yield None
        finally:
            await asyncio.to_thread(_end, observer)

    def _watch(self, wake: Callable[[], object]) -> BaseObserver:
        # The file may be a link into another folder: both places count.
        places = {self._path, self._path.resolve()}
        # its own stop is an error to it when the thread was about to look (watchdog 7); the rest it raises
        logging.getLogger("watchdog.observers.inotify").setLevel(logging.CRITICAL)
        observer = Observer()
        try:
            for place in places:
                atomic.make_folder(place.parent)
                observer.schedule(_FolderWatch(place.name, wake), str(place.parent))
            observer.start()
        except OSError as error:
            raise StoreError(f"{self._path} cannot be watched for changes: {error.strerror}.") from None
        return observer

    def _load(self) -> Settings:
        text = self._text()
        return self._checked(self._document(text), text)

    def _create(self) -> None:
        if not self._path.exists():
            with self._turn():
                if not self._path.exists():
                    self._write(template())

    def _change(self, edit: SettingsEdit) -> Settings:
        with self._turn():
            text = self._text() or template()
            document = self._document(text)
            self._checked(document, text)
            edit(document)
            new = tomlkit.dumps(document)
            settings = self._checked(self._document(new), new)
            if new != text or not self._path.exists():
                self._write(new)
        return settings

    def _turn(self) -> AbstractContextManager[None]:
        return turn(self._path.with_name(f".{self._path.name}.lock"), "the settings file")

    def _text(self) -> str:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise StoreError(f"{self._path} cannot be read: {error.strerror}.") from None
        try:
            # some editors on Windows begin a file with a mark
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise SettingsError(f"{self._path.name} is not UTF-8 in line {line}.", line=line) from None

    def _document(self, text: str) -> Any:
        try:
            return tomlkit.parse(text)
        except tomlkit.exceptions.TOMLKitError as error:
            line = error.line if isinstance(error, tomlkit.exceptions.ParseError) else duplicate_line(text)
            words = str(error).partition(" at line")[0].rstrip(".")
            where = f", line {line}" if line else ""
            raise SettingsError(f"{self._path.name}{where}: {words}.", line=line) from None

    def _checked(self, document: Any, text: str) -> Settings:
        try:
            return parse(document.unwrap(), self._environment)
        except SettingsError as error:
            line = None if error.field is None else line_of(text, error.field)
            where = f"{self._path.name}, line {line}: " if line else ""
            raise SettingsError(where + error.message, field=error.field, line=line) from None

    def _write(self, text: str) -> None:
        # a link is kept: the file that it points to is replaced
        place = self._path.resolve()
        try:
            atomic.sweep(place)
            atomic.write(place, text.encode())
        except OSError as error:
            raise StoreError(f"{self._path} cannot be written: {error.strerror}.") from None


def _end(observer: BaseObserver) -> None:
    observer.stop()
    observer.join(_JOIN_S)


class _FolderWatch(FileSystemEventHandler):
    def __init__(self, name: str, wake: Callable[[], object]) -> None:
        self._name = name
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("opened", "closed_no_write"):
            return
        names = {Path(os.fsdecode(path)).name for path in (event.src_path, event.dest_path) if path}
        if self._name in names:
            try:
                self._wake()
            except RuntimeError:
                return  # the loop is closed


class JsonState:
    """What the program learned, one JSON file a name, below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, name: str) -> object | None:
        """Return a value; a damaged file is set aside and reported."""
        return await asyncio.to_thread(self._read, name)

    async def write(self, name: str, value: object) -> None:
        """Replace a value. Raises StoreError."""
        await asyncio.to_thread(self._write, name, value)

    def _read(self, name: str) -> object | None:
        path = self._path(name)
        try:
            value: object = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            aside = atomic.set_aside(path, "damaged")
            log.warning("%s is damaged; it was kept as %s", path.name, aside.name)
            return None
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}.") from None
        return value

    def _write(self, name: str, value: object) -> None:
        path = self._path(name)
        try:
            atomic.write(path, json.dumps(value, indent=1).encode() + b"\n")
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}.") from None

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"
