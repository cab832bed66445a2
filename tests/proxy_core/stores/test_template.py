import tomlkit

from proxy_core.settings import (
    AccountSettings,
    AliasSettings,
    ClientKeySettings,
    ModelSettings,
    Settings,
    fields,
    fields_of,
    parse,
)
from proxy_core.stores.template import WIDTH, template


def test_it_sets_nothing() -> None:
    assert parse(tomlkit.parse(template()).unwrap(), {}) == Settings()


def test_every_setting_is_there_with_its_default_and_help() -> None:
    text = template()
    words = " ".join(text.replace("#", " ").split())
    for field in fields():
        assert f"# {field.path.split('.')[1]} = " in text
        assert " ".join(field.help.split()) in words, field.path
    for shape in (AccountSettings, ModelSettings, AliasSettings, ClientKeySettings):
        for field in fields_of(shape):
            assert f"#   {field.path} = " in text or f"# [[accounts.{field.path}]]" in text, field.path


def test_uncommented_it_is_the_same_settings() -> None:
    plain = {field.path: field.default for field in fields()}
    lines = []
    for line in template().splitlines():
        name = line.removeprefix("# ").partition(" = ")[0]
        is_setting = line.startswith("# ") and any(path.endswith(f".{name}") for path in plain)
        lines.append(line.removeprefix("# ") if is_setting else line)
    document = tomlkit.parse("\n".join(lines)).unwrap()
    assert sum(len(table) for table in document.values() if isinstance(table, dict)) == len(plain)
    assert parse(document, {}) == Settings()


def test_help_is_wrapped() -> None:
    long = [line for line in template().splitlines() if len(line) > WIDTH and not line.startswith("#   ")]
    assert long == []
