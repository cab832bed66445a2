"""The architecture rules that imports alone cannot show; each takes a tree and returns complaints."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from tests.architecture.tree import PURE, SHELVES, SOURCES, is_within, parse, plugin_folders, python_files

LINES = 400
FUNCTION_LINES = 60
NO_TWIN = frozenset({"__init__.py", "__main__.py", "wire.py"})
VAGUE = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "handler", "misc", "base"})
MUTABLE_CALLS = frozenset({
    "list", "dict", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict", "ChainMap",
    "WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "count", "local",
})  # fmt: skip
MUTABLE_NODES = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
EFFECTS = frozenset({"open", "print", "input", "exec", "eval", "breakpoint", "__import__"})
# Each of these Qt calls runs an event loop of its own until the person answers.
NESTED_LOOPS = frozenset({"exec", "exec_", "processEvents"})
MODAL_CLASSES = re.compile(r"Q(MessageBox|FileDialog|InputDialog|ColorDialog|FontDialog)$")
MODAL_CALLS = re.compile(r"get[A-Z]\w*|question|information|warning|critical|about|aboutQt")


def twin_files(root: Path) -> list[str]:
    """Every source module has its test file, and every test below the mirrors has its source module."""
    wanted = {
        f"tests/{PurePosixPath(name).parent}/test_{PurePosixPath(name).name}": name
        for name, path in python_files(root, *SOURCES)
        if path.name not in NO_TWIN
    }
    mirrors = [f"tests/{top}" for top in SOURCES]
    there = {name for name, path in python_files(root, *mirrors) if path.name.startswith("test_")}
    exempt = {f"tests/{PurePosixPath(name).parent}/test_{stem}.py" for name, stem in _exempt(root)}
    missing = [f"{source}: no {twin}" for twin, source in sorted(wanted.items()) if twin not in there]
    return missing + [f"{name}: tests no module" for name in sorted(there - set(wanted) - exempt)]


def _exempt(root: Path) -> Iterator[tuple[str, str]]:
    for name, path in python_files(root, *SOURCES):
        if path.name in NO_TWIN:
            yield name, path.stem.strip("_")


def size_budget(root: Path, allowed: Mapping[str, int]) -> list[str]:
    """No file above 400 lines but the allowed ones, which may shrink and must then leave the list."""
    sizes = {
        name: len(path.read_text("utf-8").splitlines())
        for name, path in python_files(root, *SOURCES, "tests", "packaging")
    }
    long = [
        f"{name}: {size} lines, at most {allowed.get(name, LINES)}"
        for name, size in sizes.items()
        if size > allowed.get(name, LINES)
    ]
    stale = [f"{name}: no longer needs its exception" for name in allowed if sizes.get(name, 0) <= LINES]
    return long + stale


def function_budget(root: Path) -> list[str]:
    """No function above 60 lines."""
    return [
        f"{name}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}"
        for name, node in _nodes(root, SOURCES)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]


def module_state(root: Path) -> list[str]:
    """Nothing mutable at module level, and no `global`."""
    found = [
        f"{name}:{node.lineno}: `global`"
        for name, node in _nodes(root, SOURCES)
        if isinstance(node, ast.Global)
    ]
    return found + [
        f"{name}:{statement.lineno}: a mutable value at module level"
        for name, path in python_files(root, *SOURCES)
        for statement in parse(path).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and _is_mutable(statement.value)
        and not _targets(statement) <= {"__all__"}
    ]


def _targets(statement: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {ast.unparse(target) for target in targets}


def _is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return _called(value) in MUTABLE_CALLS
    return isinstance(value, MUTABLE_NODES)


def pure_calls(root: Path) -> list[str]:
    """The pure packages call nothing that touches the outside."""
    return [
        f"{name}:{node.lineno}: {node.func.id}()"
        for name, node in _nodes(root, PURE)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EFFECTS
    ]


def plugin_names(root: Path, providers: Mapping[str, str], families: Collection[str]) -> list[str]:
    """No plug-in's name as a literal outside its folder.

    `providers` gives the folder of each provider name. Dialect names may stand in any provider, which says
    what it speaks; words that are a dialect's family too (`openai`) may stand in dialects.
    """
    dialects = {name: f"proxy_core/dialects/{name}" for name in plugin_folders(root, "proxy_core/dialects")}
    found = []
    for name, node in _nodes(root, SOURCES):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        word = node.value
        homes = [folder for folder in (providers.get(word), dialects.get(word)) if folder]
        if word in dialects:
            homes.append("proxy_core/providers")
        if word in families:
            homes.append("proxy_core/dialects")
        if (word in providers or word in dialects) and not any(is_within(name, home) for home in homes):
            found.append(f"{name}:{node.lineno}: names the plug-in {word!r}")
    return found


def nested_loops(root: Path) -> list[str]:
    """No call in app that runs a second event loop: it would lose the tasks of the first."""
    return [
        f"{name}:{node.lineno}: {ast.unparse(node.func)}() runs a nested loop; use open() and signals"
        for name, node in _nodes(root, ("app",))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _nests(node.func)
    ]


def _nests(call: ast.Attribute) -> bool:
    static = MODAL_CLASSES.search(ast.unparse(call.value)) and MODAL_CALLS.fullmatch(call.attr)
    return call.attr in NESTED_LOOPS or bool(static)


def vague_names(root: Path) -> list[str]:
    """No file or class whose name says nothing. `Handler` is HTTP's own word in server/."""
    found = []
    for name, _path in python_files(root, *SOURCES):
        words = {
            word for part in PurePosixPath(name).with_suffix("").parts for word in part.lower().split("_")
        }
        found += [f"{name}: vague name" for _ in words & VAGUE]
    for name, node in _nodes(root, SOURCES):
        if isinstance(node, ast.ClassDef) and not is_within(name, "proxy_core/server"):
            words = {word.lower() for word in re.findall(r"[A-Z][a-z0-9]*", node.name)}
            found += [f"{name}:{node.lineno}: class {node.name} has a vague name" for _ in words & VAGUE]
    return found


def shelf_tuples(root: Path) -> list[str]:
    """Every child of a shelf is a folder that defines or imports the shelf's tuple; nothing else is on it."""
    found = []
    for shelf, constant in SHELVES:
        for child in plugin_folders(root, shelf):
            names = {
                name
                for statement in parse(root / shelf / child / "__init__.py").body
                for name in _bound(statement)
            }
            if constant not in names:
                found.append(f"{shelf}/{child}/__init__.py: exports no {constant}")
        for name, path in python_files(root, shelf):
            if path.parent == root / shelf and path.name != "__init__.py":
                found.append(f"{name}: loose module on a shelf")
    return found


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return _targets(statement)
    if isinstance(statement, ast.ImportFrom):
        return {alias.asname or alias.name for alias in statement.names}
    return set()


def lock_lines(text: str) -> list[str]:
    """The lock has only `name==version` with an optional marker: no URL, no hash, no index, no range."""
    line_form = re.compile(r"[a-z0-9][a-z0-9.-]*==[0-9][0-9a-z.!+]*( ; [a-z_]+ [<>=!]+ '[\w.]+'( and .+)?)?")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = [f"not name==version: {line}" for line in lines if not line_form.fullmatch(line) or "://" in line]
    return found + ([] if lines else ["the lock is empty"])


def _nodes(root: Path, tops: Collection[str]) -> Iterator[tuple[str, ast.AST]]:
    for name, path in python_files(root, *tops):
        for node in ast.walk(parse(path)):
            yield name, node


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
