"""Each rule of ours fails on a planted violation, and not on the clean planted tree."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import rules

CLEAN = {
    "proxy_core/__init__.py": "",
    "proxy_core/relay/relay.py": "LIMITS = (1, 2)\n",
    "proxy_core/dialects/__init__.py": "",
    "proxy_core/dialects/openai_chat/__init__.py": "DIALECTS = ('openai_chat',)\nFAMILY = 'openai'\n",
    "proxy_core/providers/__init__.py": "",
    "proxy_core/providers/openai/__init__.py": "PROVIDERS = ('openai',)\nSPEAKS = 'openai_chat'\n",
    "app/__init__.py": "",
    "tests/proxy_core/relay/test_relay.py": "",
}


def plugin_names(root: Path) -> list[str]:
    return rules.plugin_names(root, {"openai": "proxy_core/providers/openai"}, {"openai"})


def size_budget(root: Path) -> list[str]:
    return rules.size_budget(root, {})


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


LONG_FUNCTION = "def f() -> None:\n" + "    f()\n" * rules.FUNCTION_LINES
VIOLATIONS: tuple[tuple[Callable[[Path], list[str]], str, str], ...] = (
    (rules.twin_files, "proxy_core/relay/tap.py", ""),
    (rules.twin_files, "app/tray.py", ""),
    (rules.twin_files, "tests/proxy_core/relay/test_orphan.py", ""),
    (size_budget, "proxy_core/relay/relay.py", "\n" * (rules.LINES + 1)),
    (size_budget, "tests/end_to_end/test_long.py", "\n" * (rules.LINES + 1)),
    (rules.function_budget, "proxy_core/relay/relay.py", LONG_FUNCTION),
    (rules.module_state, "proxy_core/relay/relay.py", "CACHE = {}\n"),
    (
        rules.module_state,
        "proxy_core/relay/relay.py",
        "import collections\nSEEN: object = collections.deque()\n",
    ),
    (rules.module_state, "proxy_core/relay/relay.py", "N = 1\ndef f() -> None:\n    global N\n"),
    (rules.pure_calls, "proxy_core/dialects/openai_chat/__init__.py", "DIALECTS = (open('x'),)\n"),
    (rules.pure_calls, "proxy_core/sse.py", "print('x')\n"),
    (plugin_names, "proxy_core/relay/relay.py", "def f(name: str) -> bool:\n    return name == 'openai'\n"),
    (plugin_names, "app/tray.py", "TITLE = 'openai_chat'\n"),
    (plugin_names, "proxy_core/dialects/gemini_generate/__init__.py", "DIALECTS = ('openai_chat',)\n"),
    (rules.nested_loops, "app/tray.py", "def f(menu):\n    menu.exec()\n"),
    (rules.nested_loops, "app/tray.py", "import Q\nQ.QMessageBox.warning(None, 'a', 'b')\n"),
    (rules.nested_loops, "app/tray.py", "QFileDialog.getOpenFileName()\n"),
    (rules.vague_names, "proxy_core/relay/stream_utils.py", ""),
    (rules.vague_names, "proxy_core/relay/relay.py", "class AccountManager:\n    pass\n"),
    (rules.shelf_tuples, "proxy_core/providers/openai/__init__.py", "X = 1\n"),
    (rules.shelf_tuples, "proxy_core/providers/loose.py", "PROVIDERS = ()\n"),
)


@pytest.mark.parametrize(("rule", "name", "text"), VIOLATIONS)
def test_rule_bites(rule: Callable[[Path], list[str]], name: str, text: str, tmp_path: Path) -> None:
    plant(tmp_path, CLEAN)
    assert rule(tmp_path) == []
    plant(tmp_path, {name: text})
    assert len(rule(tmp_path)) == 1


def test_an_exception_that_is_no_longer_needed_is_reported(tmp_path: Path) -> None:
    plant(tmp_path, CLEAN)
    assert len(rules.size_budget(tmp_path, {"proxy_core/relay/relay.py": 500})) == 1


@pytest.mark.parametrize(
    "line",
    [
        "a @ https://example.org/a.whl",
        "a==1 --hash=sha256:00",
        "--index-url https://example.org/simple",
        "-r other.txt",
        "a>=1",
        "a==1 # via b",
    ],
)
def test_lock_rule_bites(line: str) -> None:
    assert rules.lock_lines("a==1.0\nb==2 ; sys_platform == 'win32'\n") == []
    assert len(rules.lock_lines(f"b==2\n{line}\n")) == 1


def test_an_empty_lock_is_reported() -> None:
    assert rules.lock_lines("# nothing\n")
