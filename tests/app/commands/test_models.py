from tests.app.commands.running import Shell


def test_the_demo_is_served_while_nothing_else_is(shell: Shell) -> None:
    listed = shell.json("models")
    assert "demo-echo" in [one["id"] for one in listed]
    assert set(listed[0]) == {"id", "owner", "context_tokens", "max_output_tokens"}
    assert "demo-echo" in shell("models").stdout


def test_models_that_were_named_need_no_list(shell: Shell) -> None:
    shell.add("openai", "--model", "m-1", "--model", "m-2=fast", "--base-url", "http://127.0.0.1:9/v1")
    assert {"m-1", "fast"} <= {one["id"] for one in shell.json("models", "--wait", "0")}
    assert "demo-echo" not in shell("models", "--wait", "0").stdout


def test_nothing_is_said_so(shell: Shell) -> None:
    with (shell.home / "settings.toml").open("a") as file:
        file.write('demo = "off"\n')
    assert shell.json("models") == []
    assert shell("models").stdout == "No models are served.\n"
