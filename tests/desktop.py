"""A desktop for the tests: private home, virtual display, message bus, unlocked keyring; gone when closed."""

import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

NEEDED = ("Xvfb", "dbus-daemon", "dbus-send", "gnome-keyring-daemon")
FOREIGN = ("XDG_", "WAYLAND_", "GNOME_KEYRING", "DISPLAY", "XAUTHORITY", "DBUS_SESSION")


class DesktopError(Exception):
    """A part of the desktop did not come up; says which and its last words."""


class Desktop:
    """Servers for one run of the tests; `env` is the environment to run them with.

    Only Linux gets display, bus and keyring; elsewhere there is just the private home.
    """

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="trunkline-test-"))
        self.children: list[subprocess.Popen[bytes]] = []
        self.env = {**os.environ, "HOME": str(self.place), "USERPROFILE": str(self.place)}

    def open(self) -> list[str]:
        """Start everything; return the programs that are not installed, in which case nothing is started."""
        if sys.platform != "linux":
            return []
        lacking = [name for name in NEEDED if not shutil.which(name)]
        if lacking:
            return lacking
        adopt_orphans()
        run = self.place / "run"
        run.mkdir(mode=0o700)
        (self.place / ".local/share/keyrings").mkdir(parents=True)
        self.env = {name: value for name, value in self.env.items() if not name.startswith(FOREIGN)}
        self.env["XDG_RUNTIME_DIR"] = str(run)
        screen = ("Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset")
        self.env["DISPLAY"] = f":{self.answer(*screen)}"
        bus = ("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1")
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self.answer(*bus)
        self.unlock_keyring()
        self.env["TRUNKLINE_GATE_DESKTOP"] = "1"
        return []

    def answer(self, *command: str) -> str:
        """Start a server that prints one line once it is ready; return that line."""
        server = self.start(command, stdout=subprocess.PIPE)
        line = server.stdout.readline().decode().strip() if server.stdout else ""
        if not line:
            raise DesktopError(f"{command[0]} did not start: {self.last_words(command[0])}")
        return line

    def unlock_keyring(self) -> None:
        """Start gnome-keyring unlocked; wait until it owns its name on the bus."""
        command = ("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
        daemon = self.start(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        if daemon.stdin:
            daemon.stdin.write(b"for-the-tests-only\n")
            daemon.stdin.close()
        ask = ["dbus-send", "--session", "--dest=org.freedesktop.DBus", "--print-reply=literal"]
        ask += ["/", "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
        for _ in range(300):
            if (
                "true"
                in subprocess.run(ask, env=self.env, capture_output=True, text=True, check=False).stdout
            ):
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.wait(0.1)
                break
        raise DesktopError(f"the keyring did not come up: {self.last_words(command[0])}")

    def start(
        self,
        command: tuple[str, ...],
        stdin: int = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a server in a process group of its own; its complaints go to a file."""
        with (self.place / f"{command[0]}.log").open("wb") as log:
            child = subprocess.Popen(
                command, env=self.env, stdin=stdin, stdout=stdout, stderr=log, start_new_session=True
            )
        self.children.append(child)
        return child

    def last_words(self, name: str) -> str:
        """Return the end of what a server wrote to stderr."""
        return (self.place / f"{name}.log").read_text("utf-8", "replace").strip()[-500:] or "it said nothing"

    def close(self) -> None:
        """Stop the servers and whatever the tests left running; remove the private home."""
        for child in reversed(self.children):
            stop(child)
        kill_orphans()
        shutil.rmtree(self.place, ignore_errors=True)


def stop(child: subprocess.Popen[bytes]) -> None:
    """End a child with its process group: politely, after ten seconds not."""
    for kill in (False, True):
        if child.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            if sys.platform == "win32":
                child.kill()
            else:
                os.killpg(child.pid, signal.SIGKILL if kill else signal.SIGTERM)
            child.wait(10)
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends first, so that `kill_orphans` finds them."""
    set_child_subreaper = 36  # PR_SET_CHILD_SUBREAPER, linux/prctl.h
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def kill_orphans() -> None:
    """Kill all children of this process; call it when its own have ended, so that only left-overs are met."""
    if sys.platform != "linux":
        return
    for _ in range(10):  # a killed child hands its own children to us
        mine = [int(place.name) for place in Path("/proc").glob("[0-9]*") if parent(place) == os.getpid()]
        if not mine:
            return
        for pid in mine:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def parent(process: Path) -> int:
    """Return the parent's id of a process given as its folder in /proc; 0 where it is gone."""
    try:
        stat = (process / "stat").read_text("utf-8", "replace")
    except OSError:
        return 0
    return int(re.sub(r"^.*\) ", "", stat, flags=re.DOTALL).split()[1])
