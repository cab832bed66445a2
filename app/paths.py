"""Where files live: in one chosen folder, or where the system wants them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_NAME = "trunkline"


@dataclass(frozen=True, slots=True)
class Paths:
    """All places of one Trunkline. ``home`` None: the system's own folders."""

    config: Path
    data: Path
    home: Path | None

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.config / "settings.toml"

    @property
    def state(self) -> Path:
        """What the program learned."""
        return self.data / "state"

    @property
    def usage(self) -> Path:
        """The usage ledger."""
        return self.data / "usage.sqlite3"

    @property
    def vault(self) -> Path:
        """The encrypted file vault."""
        return self.data / "vault"

    @property
    def log(self) -> Path:
        """The log file."""
        return self.data / "logs" / "trunkline.log"

    @property
    def keyring_lock(self) -> Path:
        """By which processes take turns at the keyring."""
        return self.state / "keyring.lock"

    @property
    def keyring_service(self) -> str:
        """The name in the system's keyring; another folder has another, so that they never mix."""
        if self.home is None:
            return "Trunkline"
        return "Trunkline " + hashlib.sha256(str(self.home).encode()).hexdigest()[:12]

    @property
    def instance(self) -> str:
        """A short name that is the same for every start with these places, and for no other."""
        return hashlib.sha256(str(self.data).encode()).hexdigest()[:16]


def paths(home: str | None) -> Paths:
    """Return the places below ``home``, or the system's own if it is empty or None."""
    if home:
        folder = Path(home).expanduser().resolve()
        return Paths(folder, folder, folder)
    config = platformdirs.user_config_path(_NAME, appauthor=False, roaming=False)
    data = platformdirs.user_data_path(_NAME, appauthor=False, roaming=False)
    return Paths(config, data, None)


def make_private(folder: Path) -> None:
    """Make a folder and those above it that are missing, for their owner only. Raises OSError."""
    if not folder.exists():
        make_private(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
