"""The shape of the code: who may import whom, where each library lives, what is pure, and what nobody may do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "maildesk"
TESTS = ROOT / "tests"

LOOPS = frozenset({"mail", "desk", "store", "wire", "clock", "metrics"})

# A part and the parts that it may import. `errors` is for everyone; a part may always import itself.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "clock": frozenset(),
    "metrics": frozenset(),
    "mail": frozenset(),
    "desk": frozenset({"mail"}),
    "store": frozenset({"desk", "mail"}),
    "wire": frozenset({"mail"}),
    "config": frozenset({"desk", "mail"}),
    "daemon": LOOPS,
    "build": LOOPS | {"config", "daemon"},
    "plan": LOOPS | {"config", "daemon", "build"},
    "cli": LOOPS | {"config", "daemon", "build", "plan", "demo"},
    "demo": LOOPS | {"config", "daemon", "build", "plan"},
    "__main__": frozenset({"cli"}),
    "__init__": frozenset(),
}

# A library and the places that may import it: a file, or everything below a folder.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "mailparser": ("mail/read.py",),
    "jinja2": ("mail/render.py",),
    "markupsafe": ("mail/render.py",),  # Jinja's own
    "nh3": ("mail/text.py",),
    "idna": ("mail/", "desk/", "config/"),  # domains are compared as A-labels wherever one is read
    "re2": ("desk/rules.py",),
    "sqlalchemy": ("store/",),
    "alembic": ("store/",),
    "psycopg": ("store/",),
    "imapclient": ("wire/imap.py",),
    "aiosmtplib": ("wire/smtp.py",),
    "yaml": ("config/",),
    "pydantic": ("config/",),
    "pydantic_core": ("config/",),
    "structlog": ("daemon/", "build.py", "cli/", "demo"),
    "typer": ("cli/",),
    "rich": ("cli/", "demo"),
    "prometheus_client": ("metrics.py", "wire/http.py"),
    "pymap": ("demo",),
    "aiosmtpd": ("demo",),
    "proxyprotocol": ("demo",),  # these two are pymap's own
    "pysasl": ("demo",),
}

# mail/ and desk/ are pure: the same values in, the same values out, at any time on any machine.
IMPURE_MODULES = frozenset(
    {"time", "random", "uuid", "secrets", "signal", "resource", "platform", "getpass", "logging", "structlog"}
    | {
        "os",
        "pathlib",
        "shutil",
        "tempfile",
        "glob",
        "sqlite3",
        "subprocess",
        "threading",
        "multiprocessing",
        "asyncio",
    }
    | {"socket", "ssl", "select", "selectors", "http", "ftplib", "smtplib", "imaplib", "poplib"}
)
IMPURE_CALLS = frozenset({"now", "utcnow", "today", "getenv", "urandom", "open", "input", "print"})
NEVER = frozenset({"pickle", "marshal", "shelve", "dbm", "_pickle", "copyreg", "dill", "cloudpickle"})
NEVER_CALLED = frozenset({"eval", "exec", "__import__"})
NEVER_NAMED = frozenset(
    {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "service", "misc"}
)
NEVER_IN_TESTS = frozenset({"skip", "skipif", "xfail", "importorskip"})


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    """The part of the architecture that a module belongs to: its folder, or its own name at the top."""
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """What these tests look at in a module: its imports and its calls."""
    return tuple(node for node in ast.walk(tree(path)) if isinstance(node, ast.Import | ast.ImportFrom | ast.Call))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a module imports, wherever in it; "from a import b" gives a.b."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import; write the whole name"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """(line, last name) of every call: `datetime.now()` gives now."""
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.lineno, node.func.id if isinstance(node.func, ast.Name) else node.func.attr


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def inside(path: Path, places: tuple[str, ...]) -> bool:
    """Whether a module is one of the files, lies below one of the folders, or is the single module of that name."""
    name = path.relative_to(PACKAGE).as_posix()
    return any(name in {place, f"{place}.py"} or name.startswith(place.rstrip("/") + "/") for place in places)


def test_there_are_modules_to_look_at() -> None:
    assert len(modules()) > 20
    assert {"mail", "desk", "store", "wire", "config", "daemon"} <= {part(path) for path in modules()}


def test_every_part_has_its_place_in_the_order() -> None:
    assert {part(path) for path in modules()} <= MAY_IMPORT.keys()


def test_imports_point_one_way() -> None:
    wrong = []
    for path in modules():
        allowed = MAY_IMPORT[part(path)] | {part(path), "errors"}
        for line, name in imports(path):
            head, _, rest = name.partition(".")
            # the package itself ("import maildesk", "from maildesk import __version__") imports nothing
            if head == "maildesk" and rest.partition(".")[0] not in allowed | {"", "__version__"}:
                wrong.append(f"{where(path, line)}: {part(path)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_each_library_is_in_its_one_place() -> None:
    wrong = []
    for path in modules():
        for line, name in imports(path):
            head = name.partition(".")[0]
            if head in sys.stdlib_module_names or head == "maildesk":
                continue
            if not inside(path, LIBRARIES.get(head, ())):
                wrong.append(
                    f"{where(path, line)}: {head} belongs to {LIBRARIES.get(head, 'nowhere: add it to the table')}"
                )
    assert not wrong, "\n".join(wrong)


def test_mail_and_desk_are_pure() -> None:
    wrong = []
    for path in modules():
        if part(path) not in {"mail", "desk"}:
            continue
        for line, name in imports(path):
            if name.partition(".")[0] in IMPURE_MODULES or name.startswith("urllib.request"):
                wrong.append(f"{where(path, line)}: imports {name}")
        wrong += [f"{where(path, line)}: calls {name}()" for line, name in calls(path) if name in IMPURE_CALLS]
    assert not wrong, "\n".join(wrong)


def test_nobody_runs_data_as_code() -> None:
    wrong = []
    for path in modules():
        wrong += [f"{where(path, line)}: {name}" for line, name in imports(path) if name.partition(".")[0] in NEVER]
        for node in nodes(path):
            if not isinstance(node, ast.Call):
                continue
            function = ast.unparse(node.func)
            if function in NEVER_CALLED or function in {"yaml.load", "yaml.unsafe_load", "yaml.full_load"}:
                loader = next((ast.unparse(word.value) for word in node.keywords if word.arg == "Loader"), "")
                if not (function == "yaml.load" and loader.endswith("SafeLoader")):
                    wrong.append(f"{where(path, node.lineno)}: {function}")
    assert not wrong, "\n".join(wrong)


def test_every_module_opens_with_a_line_that_says_what_it_is() -> None:
    wrong = []
    for path in modules():
        words = ast.get_docstring(tree(path)) or ""
        first, _, rest = words.partition("\n")
        if len(first) < 15 or (rest and rest.partition("\n")[0].strip()):
            wrong.append(f"{path.relative_to(ROOT)}: {first!r}")
    assert not wrong, "\n".join(wrong)


def test_no_module_is_named_after_nothing() -> None:
    named = [path for path in [*modules(), *TESTS.rglob("*.py")] if NEVER_NAMED & set(path.with_suffix("").parts[-2:])]
    assert named == []


def test_tests_fail_or_pass_and_touch_the_real_thing() -> None:
    wrong = []
    told = re.compile("|".join([*NEVER_IN_TESTS, "unittest"]))
    for path in sorted(TESTS.rglob("*.py")):
        if not told.search(text(path)):
            continue  # not even the word is in it
        wrong += [f"{where(path, line)}: {name}" for line, name in imports(path) if name.startswith("unittest")]
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in NEVER_IN_TESTS:
                wrong.append(f"{where(path, node.lineno)}: {ast.unparse(node)}")
    assert not wrong, "\n".join(wrong)


def test_test_files_have_names_of_their_own() -> None:
    """They are imported by their bare names, so two of one name would hide each other."""
    names = [path.name for path in TESTS.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


IMPORT_ALL = """
import importlib, sys
def seen(event, arguments):
    if not watching:
        return
    if event == "open":
        path = str(arguments[0])
        if path.endswith((".py", ".pyc", ".so")) or ".dist-info" in path:
            return
    if event.startswith(("open", "socket.", "subprocess.", "os.system", "os.fork", "os.mkdir", "sqlite3.connect")):
        print(module, event, arguments[0])
sys.addaudithook(seen)
watching, module = False, ""
# Libraries may read what they like while they are imported, and so come first; our own modules may not.
others, ours = (words.split() for words in sys.argv[1:])
for name in others:
    try:
        importlib.import_module(name)
    except ImportError:  # a name in a module
        importlib.import_module(name.rpartition(".")[0])
class First(sys.modules["pydantic"].BaseModel):
    "With its first class pydantic looks for plugins."
watching = True
for module in ours:
    importlib.import_module(module)
print(len(ours), "modules")
"""


@pytest.mark.program
def test_importing_a_module_does_nothing() -> None:
    others = {name for path in modules() for _, name in imports(path) if name.partition(".")[0] != "maildesk"}
    ours = {path.relative_to(ROOT) for path in modules() if path.stem != "__main__" and "migrations" not in path.parts}
    names = sorted(".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in ours)
    command = [sys.executable, "-B", "-c", IMPORT_ALL, " ".join(sorted(others)), " ".join(names)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    *deeds, last = run.stdout.splitlines()
    assert deeds == []
    assert last.endswith(" modules")
    assert int(last.split()[0]) > 20
