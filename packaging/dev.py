#!/usr/bin/env python3
"""Set everything up, then run the application or its tests. Needs nothing but Python's standard library.

python3 packaging/dev.py run [ARGUMENTS OF trunkline]   set up and run trunkline
python3 packaging/dev.py test [ARGUMENTS OF pytest]     set up and run the whole gate
python3 packaging/dev.py packages                       print the command that installs missing packages

Works from any directory, and offline once set up. Speaks on stderr; stdout belongs to the program it runs.
Exit codes of its own: 2 wrong usage, 3 something must be installed first, 4 set-up failed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from shlex import quote

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCK = ROOT / "packaging" / "requirements.lock"
STAMP = VENV / "trunkline-setup"
PYTHONS = ((3, 11), (3, 12), (3, 13))

# What the Qt wheels load at run time on Debian 12 and Ubuntu 22.04 or later.
RUN_PACKAGES = (
    "libglib2.0-0",
    "libgl1",
    "libegl1",
    "libxkbcommon0",
    "libxkbcommon-x11-0",
    "libfontconfig1",
    "libdbus-1-3",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
    "libwayland-cursor0",
)
TEST_PACKAGES = (
    "xvfb",
    "xauth",
    "dbus",
    "gnome-keyring",
    "trayer",
    "openbox",
    "xdotool",
    "imagemagick",
    "x11-utils",
    "git",
)


class SetupError(Exception):
    """Set-up cannot go on; the message is for the person at the keyboard."""

    def __init__(self, message: str, code: int = 4) -> None:
        super().__init__(message)
        self.code = code


def say(sentence: str) -> None:
    """Tell the person what happens, on stderr."""
    print(f"trunkline: {sentence}", file=sys.stderr, flush=True)


def probe(python: str) -> tuple[tuple[int, int], bool] | None:
    """Return (version, has ensurepip) of an interpreter, or None where it does not run."""
    code = (
        "import sys, importlib.util as util\n"
        "print(*sys.version_info[:2], int(util.find_spec('ensurepip') is not None))"
    )
    try:
        done = subprocess.run(
            [python, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=True
        )
        major, minor, pip = (int(word) for word in done.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return (major, minor), bool(pip)


def find_python() -> tuple[str, tuple[int, int], bool]:
    """Return (path, version, has ensurepip) of a suitable Python: this one, else one on PATH."""
    names = [sys.executable] + [f"python{major}.{minor}" for major, minor in PYTHONS] + ["python3", "python"]
    for name in names:
        path = shutil.which(name) if name else None
        found = probe(path) if path else None
        if path and found and found[0] in PYTHONS:
            return path, found[0], found[1]
    running = ".".join(str(part) for part in sys.version_info[:3])
    raise SetupError(
        f"this needs Python 3.11, 3.12 or 3.13; here is {running}, and none of them is on PATH", 3
    )


def venv_python() -> Path:
    """Return where the interpreter of .venv is, or would be."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(version: tuple[int, int]) -> str:
    """Return what .venv was made from: the lock, the Python version and the place of this checkout."""
    parts = (LOCK.read_bytes(), repr(version).encode(), str(ROOT).encode("utf-8", "surrogateescape"))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_current() -> bool:
    """Return whether .venv runs and holds exactly what the lock says."""
    found = probe(str(venv_python())) if STAMP.is_file() else None
    return found is not None and found[0] in PYTHONS and STAMP.read_text("utf-8") == fingerprint(found[0])


def make_venv() -> None:
    """Create .venv where there is no working one."""
    found = probe(str(venv_python()))
    if found and found[0] in PYTHONS:
        return
    python, version, _ = find_python()
    say(f"making .venv with Python {version[0]}.{version[1]}")
    step([python, "-m", "venv", "--clear", str(VENV)], "the virtual environment could not be made")


def fill_venv() -> None:
    """Install what the lock names from the index pip is configured for; put this checkout on the path."""
    python = venv_python()
    found = probe(str(python))
    if found is None:
        raise SetupError("the Python in .venv does not start; delete .venv and try again")
    STAMP.unlink(missing_ok=True)
    say("installing packaging/requirements.lock into .venv (about 200 MB the first time; a minute or two)")
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps"]
    step([*pip, "--no-input", "-r", str(LOCK)], "pip could not install packaging/requirements.lock")
    code = "import sysconfig;print(sysconfig.get_path('purelib'))"
    site = subprocess.run([str(python), "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    # Until 3.13 Python reads .pth files in the locale's encoding, from then on as UTF-8.
    encoding = "utf-8" if found[0] >= (3, 13) else None
    Path(site.strip(), "trunkline.pth").write_text(f"{ROOT}\n", encoding=encoding)
    STAMP.write_text(fingerprint(found[0]), encoding="utf-8")


def step(command: list[str], complaint: str, env: dict[str, str] | None = None) -> None:
    """Run one set-up command with its output on stderr; raise SetupError where it fails."""
    try:
        code = subprocess.call(command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), env=env)
    except OSError as error:
        raise SetupError(f"{complaint}: {error}") from None
    if code:
        raise SetupError(f"{complaint} (exit code {code}; its own words are above)")


def is_debian() -> bool:
    """Return whether apt and dpkg can say what is installed."""
    return sys.platform == "linux" and bool(shutil.which("apt-get") and shutil.which("dpkg-query"))


def missing_packages(testing: bool) -> list[str]:
    """Return the Debian packages still to be installed, in a fixed order."""
    wanted = [*RUN_PACKAGES, *(TEST_PACKAGES if testing else ())]
    ask = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"]
    listing = subprocess.run(ask, capture_output=True, text=True, check=False).stdout
    there = {line.split()[1] for line in listing.splitlines() if line.startswith("installed ")}
    # Newer releases renamed some libraries for 64-bit time: libglib2.0-0t64.
    missing = [name for name in wanted if name not in there and f"{name}t64" not in there]
    if probe(str(venv_python())) is None:
        path, version, has_pip = find_python()
        if not has_pip and path.startswith("/usr/bin/"):
            missing.insert(0, f"python{version[0]}.{version[1]}-venv")
    return missing


def install_packages(testing: bool) -> None:
    """Install missing system packages as root, or say which single command would."""
    if sys.platform != "linux":
        return
    if not is_debian():
        if not is_current():
            say("no apt here: if no window opens, install xcb-util-cursor, libxkbcommon-x11 and EGL")
        return
    missing = missing_packages(testing)
    if not missing:
        return
    if os.geteuid() != 0:
        raise SetupError(f"system packages are missing; please run\n{apt_line(missing)}", 3)
    say("installing system packages: " + " ".join(missing))
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*apt, "install", "-y", "--no-install-recommends", *missing]
    if any(Path("/var/lib/apt/lists").glob("*_Packages*")):
        try:
            step(install, "apt-get install failed", env)
        except SetupError:
            say("trying again with fresh package lists")
        else:
            return
    step([*apt, "update"], "apt-get update failed", env)
    step(install, "the system packages could not be installed", env)


def apt_line(packages: list[str]) -> str:
    """Return the command for a shell."""
    return "sudo apt-get install -y --no-install-recommends " + " ".join(packages)


def set_up(testing: bool) -> None:
    """Bring system packages and .venv to what the lock says; quick and silent where they are."""
    install_packages(testing)
    if not is_current():
        make_venv()
        fill_venv()
    write_command()


def write_command() -> None:
    """Put a `trunkline` command beside the interpreter of .venv, for shells and scripts."""
    python = venv_python()
    if os.name == "nt":
        command, text = python.with_name("trunkline.cmd"), f'@"{python}" -P -m app %*\n'
    else:
        command, text = (
            python.with_name("trunkline"),
            f'#!/bin/sh\nexec {quote(str(python))} -P -m app "$@"\n',
        )
    if not command.parent.is_dir():
        return
    if not command.is_file() or command.read_text("utf-8") != text:
        command.write_text(text, encoding="utf-8")
        command.chmod(0o755)


def run(arguments: list[str]) -> int:
    """Become trunkline."""
    set_up(testing=False)
    # -P: a folder named `app` where the person stands must not be taken for ours.
    return become([str(venv_python()), "-P", "-m", "app", *arguments])


def test(arguments: list[str]) -> int:
    """Become the gate, which brings its own display, message bus and keyring."""
    set_up(testing=True)
    os.chdir(ROOT)
    return become([str(venv_python()), "-m", "tests.gate", *arguments])


def become(command: list[str]) -> int:
    """Replace this process: same terminal, same signals, same exit code. Windows cannot, so there wait."""
    if os.name != "nt":
        os.execv(command[0], command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the child, which decides
    return subprocess.call(command)


def packages(_arguments: list[str]) -> int:
    """Print the shell command that installs what `test` misses, or `true`."""
    missing = missing_packages(testing=True) if is_debian() else []
    print(apt_line(missing) if missing else "true")
    return 0


def main(argv: list[str]) -> int:
    """Run one command; return the exit code."""
    commands = {"run": run, "test": test, "packages": packages}
    if len(argv) < 2 or argv[1] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    arguments = argv[2:]
    try:
        return commands[argv[1]](arguments)
    except SetupError as error:
        say(str(error))
        return error.code
    except OSError as error:
        say(f"set-up stopped: {error}")
        return 4
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv))
