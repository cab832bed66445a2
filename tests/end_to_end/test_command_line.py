import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.program import PATIENCE_S, Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_script_sets_up_a_running_server(home: Home) -> None:
    with home.serve() as served:
        assert served.line["event"] == "listening"
        assert served.line["vault_state"] == "ready"
        default = home.run("keys", "show").strip()
        assert served.ask("demo-echo", default) == 200

        # a key that is made while it runs is let in at once, a removed one is not
        key = home.run("keys", "add", "tool").strip()
        assert served.ask("demo-echo", key) == 200
        assert served.ask("demo-echo", "tl-wrong") == 401
        totals = home.run("usage", "--json", "--by", "client_key")
        assert '"group": "tool"' in totals
        assert '"group": "default"' in totals

        # who reads the ledger does not take it away from the server that writes it
        seen = len(json.loads(home.run("usage", "--json", "--requests", "50")))
        assert served.ask("demo-echo", key) == 200
        assert len(json.loads(home.run("usage", "--json", "--requests", "50"))) == seen + 1

        # an account that is added while it runs is used
        assert served.ask("fast", key) == 404
        home.run("accounts", "add", "demo", "--name", "show", "--model", "demo-echo=fast")
        served.until(200, "fast", key)
        home.run("accounts", "remove", "show")
        served.until(404, "fast", key)

        home.run("keys", "remove", "tool")
        served.until(401, "demo-echo", key)

        began = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - began < 5
    assert list(home.own.iterdir()) == [], "something was kept outside the chosen folder"
    assert not re.search(r"ERROR|Traceback", "".join(served.log))
    files = [path for path in home.folder.rglob("*") if path.is_file()]
    for secret in (default, key):
        assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_edited_settings_take_effect_and_a_broken_edit_does_not(home: Home) -> None:
    with home.serve() as served:
        key = home.run("keys", "show").strip()
        settings = home.folder / "settings.toml"
        text = settings.read_text()
        assert served.ask("mine", key) == 404
        settings.write_text(text + "\n[aliases.mine]\nmodel = 'demo-echo'\n")
        served.until(200, "mine", key)

        broken = text + "\n[aliases.other]\nmodel = 'demo-echo'\nraesoning = 'low'\n"
        settings.write_text(broken)
        deadline = time.monotonic() + PATIENCE_S
        while not (said := [line for line in served.log if "not used" in line]):
            assert time.monotonic() < deadline
            assert served.ask("mine", key) == 200
        assert f"line {len(broken.splitlines())}" in said[0]
        assert "Did you mean 'reasoning'?" in said[0]
        assert (served.ask("mine", key), served.ask("other", key)) == (200, 404)
        assert settings.read_text() == broken

        settings.write_text(broken.replace("raesoning", "reasoning"))
        served.until(200, "other", key)
        assert served.stop() == 0


def test_a_key_that_is_replaced_while_it_runs_is_read_again(home: Home) -> None:
    with home.serve() as served:
        home.run("accounts", "add", "openai", "--name", "work", "--key-stdin", stdin="sk-one-1111\n")
        home.run(
            "accounts", "add", "openai", "--name", "work", "--key-stdin", "--replace", stdin="sk-two-2222\n"
        )
        deadline = time.monotonic() + PATIENCE_S
        while "".join(served.log).count("new settings are in force") < 2:
            assert time.monotonic() < deadline
        assert served.stop() == 0
    assert "sk-" not in "".join(served.log)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_a_signal_stops_it_cleanly_also_while_a_reply_streams(home: Home, name: str) -> None:
    with home.serve() as served:
        key = home.run("keys", "show").strip()
        body = '{"model": "demo-echo", "stream": true, "messages": [{"role": "user", "content": "hello"}]}'
        command = ["curl", "-sN", served.line["openai"] + "/chat/completions", "-H", f"x-api-key: {key}"]
        if not shutil.which("curl"):
            pytest.skip("curl is not installed")
        with subprocess.Popen([*command, "-d", body], stdout=subprocess.PIPE) as client:
            assert client.stdout is not None
            assert client.stdout.readline().startswith(b"data: ")
            began = time.monotonic()
            assert served.stop(getattr(signal, name)) == 0
            assert time.monotonic() - began < 8
            client.stdout.read()
    assert "Traceback" not in "".join(served.log)


def test_a_second_server_at_the_same_port_says_so(home: Home) -> None:
    with home.serve() as served:
        taken = str(served.line["port"])
        done = subprocess.run(
            home.command("serve", "--port", taken), env=home.env, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert "is in use by another program" in done.stderr
    assert "Traceback" not in done.stderr


def test_accounts_that_are_added_at_once_are_all_kept(home: Home) -> None:
    home.run("keys", "show")
    adding = [
        subprocess.Popen(
            home.command("accounts", "add", "openai", "--key-stdin"),
            env=home.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(4)
    ]
    for number, process in enumerate(adding):
        assert process.stdin is not None
        process.stdin.write(f"sk-number-{number}\n".encode())
        process.stdin.close()
    assert [process.wait(PATIENCE_S) for process in adding] == [0] * 4
    listed = home.run("accounts", "list", "--json")
    names = re.findall(r'"name": "(.+?)"', listed)
    assert sorted(names) == ["openai", "openai-2", "openai-3", "openai-4"]
    assert len(list((home.folder / "vault").glob("*.secret"))) == 5


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_nothing_is_written_outside_the_chosen_folder(home: Home, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = "trace=openat,open,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
    command = ["strace", "-f", "-qq", "-e", calls, "-o", str(trace), *home.command("keys", "add", "tool")]
    done = subprocess.run(command, cwd=home.own, env=home.env, capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr:
        pytest.skip("this machine lets nobody trace")
    assert done.returncode == 0, done.stderr
    written = [
        line
        for line in trace.read_text("utf-8", "replace").splitlines()
        if re.search(r"O_WRONLY|O_RDWR|O_CREAT|mkdir|rename|link", line) and " = -1 " not in line
    ]
    inside = [line for line in written if str(home.folder) in line]
    assert inside, "the trace shows nothing"
    allowed = re.compile(r'"(/dev/|/proc/)')
    assert [line for line in written if line not in inside and not allowed.search(line)] == []
    assert list(home.own.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="a pipe of Windows is told otherwise")
def test_a_reader_that_leaves_early_sees_no_traceback(home: Home) -> None:
    home.run("keys", "show")
    with subprocess.Popen(
        home.command("accounts", "providers"), env=home.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_a_locked_vault_is_answered_with_503_and_never_with_no_accounts(home: Home) -> None:
    key = home.run("keys", "show").strip()
    home.env.pop("TRUNKLINE_VAULT_PASSPHRASE")
    with home.serve() as served:
        assert served.line["vault_state"] == "locked"
        status, body = served.post("/chat/completions", {"model": "demo-echo", "messages": []}, key)
        assert status == 503
        assert "locked" in body["error"]["message"]
        assert served.stop() == 0
    for arguments in (("keys", "show"), ("keys", "list"), ("accounts", "add", "openai", "--key-stdin")):
        assert home.run(*arguments, stdin="sk-one-1111\n", code=3) == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a keyring")
def test_without_any_keyring_the_key_lives_in_memory_and_is_told_once(home: Home) -> None:
    home.vault = ()
    home.env = {name: value for name, value in home.env.items() if not name.startswith(("DBUS", "DISPLAY"))}
    keys = []
    for _ in range(2):
        with home.serve() as served:
            assert served.line["vault"] == "memory"
            keys.append(served.line["key"])
            assert served.ask("demo-echo", keys[-1]) == 200
            assert served.stop() == 0
        assert "only in memory" in "".join(served.log)
        assert keys[-1] not in "".join(served.log)
    assert keys[0] != keys[1]
    assert not (home.folder / "settings.toml").exists()
    # what would be lost is not taken in
    assert home.run("accounts", "add", "openai", "--key-stdin", stdin="sk-one-1111\n", code=3) == ""
    assert home.run("keys", "add", "tool", code=3) == ""


@pytest.mark.skipif(not os.environ.get("TRUNKLINE_GATE_DESKTOP"), reason="needs the gate's keyring")
def test_with_the_system_s_keyring(home: Home) -> None:
    home.vault = ("--vault", "keyring")
    with home.serve() as served:
        assert (served.line["vault"], served.line["vault_state"]) == ("keyring", "ready")
        key = home.run("keys", "add", "tool").strip()
        served.until(200, "demo-echo", key)
        home.run("accounts", "add", "openai", "--name", "work", "--key-stdin", stdin="sk-one-1111\n")
        assert served.stop() == 0
    assert not (home.folder / "vault").exists()
    home.run("accounts", "remove", "work")
    home.run("keys", "remove", "tool")
    assert list(home.own.iterdir()) == []
