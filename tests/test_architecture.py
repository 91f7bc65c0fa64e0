"""The rules of the code base: who may import whom, what the text of the project may not hold."""

import ast
import importlib
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from textual.events import Key
from textual.message_pump import MessagePump
from textual.widget import Widget

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tui_app"
SHOWN = frozenset(
    ["screens", "widgets", "app", "setup_app", "account_switcher", "prompt", "navigation", "screen_stack", "actions"]
)
"""What puts text on the screen."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def package_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_layers_and_forbidden_imports_hold() -> None:
    """The contracts are in pyproject.toml."""
    code = "from importlinter.cli import lint_imports_command as lint; lint()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


MARKUP_BY_NATURE = frozenset(
    [
        "Markdown",
        "Link",
        "Label",
        "Tree",
        "OptionList",
        "Select",
        "SelectionList",
        "ListView",
        "RichLog",
        "Log",
        "Pretty",
        "TextArea",
        "Tooltip",
        "from_markup",
        "from_text",
        "Markup",
        "render_markup",
    ]
)
MARKUP_AS_A_VALUE = frozenset({"border_title", "border_subtitle", "tooltip", "title", "sub_title", "label"})


def _is_plain(node: ast.expr) -> bool:
    """A literal without markup, or text that was put together as what it is: nothing that is read as markup."""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) == "Content.assemble"
    return isinstance(node, ast.Constant) and (not isinstance(node.value, str) or "[" not in node.value)


def markup_in(tree: ast.AST) -> list[int]:
    """The lines in which text that came from somewhere could become markup, a link or an action."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            plain = isinstance(off := keywords.get("markup"), ast.Constant) and off.value is False
            takes_markup = name in ("Static", "notify", "Button", "Collapsible", "Checkbox", "add_column", "add_row")
            first = [] if name == "Collapsible" else node.args[:1]  # its arguments are widgets
            texts = [*first, *(keywords[key] for key in MARKUP_AS_A_VALUE & set(keywords))]
            if name in MARKUP_BY_NATURE or (
                takes_markup
                and not plain
                and not all(_is_plain(text) or isinstance(text, ast.Starred) for text in texts)
            ):
                found.append(node.lineno)
        elif isinstance(node, ast.Assign):
            named = [target.attr for target in node.targets if isinstance(target, ast.Attribute)]
            if MARKUP_AS_A_VALUE & set(named) and not _is_plain(node.value):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "code",
    [
        "Static(f'{subject}')",
        "Static(subject)",
        "self.notify(subject)",
        "app.notify('x', title=subject)",
        "Button(subject)",
        "Markdown('x')",
        "widget.tooltip = subject",
        "self.border_title = f'{a}'",
        "Content.from_markup(x)",
        "Collapsible(x, title=name)",
    ],
)
def test_the_lint_sees_text_that_becomes_markup(code: str) -> None:
    assert markup_in(ast.parse(code))


def test_no_text_from_anywhere_becomes_markup() -> None:
    found = [
        f"{path.name}:{line}"
        for path in modules()
        if package_of(path) in (*SHOWN, "terminal")
        for line in markup_in(ast.parse(path.read_text()))
    ]
    assert not found


def test_every_question_is_asked_over_the_screen_that_it_is_about() -> None:
    """`ConsoleScreen.ask` looks whether it is still shown; whoever pushes a question by himself does not."""
    asking = [path.name for path in modules() if "push_screen_wait" in path.read_text()]
    assert asking == ["base.py"]


def test_only_the_last_lines_write_to_the_terminal() -> None:
    """Whatever prints by itself would pass by the filters."""
    allowed = {"renderer.py", "writer.py", "watchdog.py", "plain_text.py"}
    for path in modules():
        if package_of(path) in ("simulator", "cli") or path.name in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            named = isinstance(node, ast.Attribute) and node.attr in ("__stdout__", "__stderr__", "stdout", "stderr")
            streams = named and isinstance(node.value, ast.Name) and node.value.id == "sys"
            assert not called and not streams, f"{path.name}:{node.lineno}"


def exact_in(tree: ast.AST) -> list[int]:
    """The lines on which `.exact` is more than compared, counted or made safe: returned, or written into a text."""
    found: list[int] = []

    def look(node: ast.AST, *, told: bool) -> None:
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "sanitize":
            return
        if isinstance(node, ast.Attribute) and node.attr == "exact" and told:
            found.append(node.lineno)
        inner = isinstance(node, (ast.Compare, ast.Subscript, ast.Call, ast.DictComp, ast.SetComp, ast.GeneratorExp))
        told = (told and not inner) or isinstance(node, (ast.Return, ast.FormattedValue))
        for child in ast.iter_child_nodes(node):
            look(child, told=told)

    look(tree, told=False)
    return found


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("def f(m): return m.id.exact", True),
        ("x = f'mail {m.subject.exact}'", True),
        ("def f(m): return (m.id.exact, 1)", True),
        ("def f(m): return sanitize(m.subject.exact, 60)", False),
        ("def f(m): return m.id.exact in known", False),
        ("def f(m): return odd(m.id.exact)", False),
    ],
)
def test_the_lint_sees_exact_text(code: str, seen: bool) -> None:
    assert bool(exact_in(ast.parse(code))) is seen


def test_exact_text_reaches_no_screen() -> None:
    """`.exact` is for identity and for the wire; in screens it may only be compared, keyed, or made safe."""
    found = {
        f"{path.relative_to(PACKAGE)}:{line}": path.read_text().splitlines()[line - 1].strip()
        for path in (PACKAGE / "screens").rglob("*.py")
        for line in exact_in(ast.parse(path.read_text()))
    }
    keys = {place for place, line in found.items() if line == 'f"mail {message.id.exact}",'}
    assert {place.partition(":")[0] for place in keys} == {"screens/mail/group_rows.py"}, "the key of a group of one"
    assert found.keys() == keys


def test_raw_values_of_rows_reach_no_screen() -> None:
    """A server's string comes out of a row as Untrusted; `raw` is for keeping, filtering and sorting."""
    for path in (path for path in modules() if package_of(path) in (*SHOWN, "cli")):
        assert not re.search(r"\.raw\b|RawRow\b|WireMail\b", path.read_text()), path.name


NO_HANDLER = frozenset({"on_event"})
"""What Textual calls once, as any other method."""


def handled_twice(classes: Iterable[type]) -> list[str]:
    """Handlers of messages that another of our classes inherits from has too: Textual calls both.

    One that takes the other's place says so with `prevent_default`.
    """
    found = []
    for each in classes:
        for name, method in vars(each).items():
            plain = name.removeprefix("_")
            if not plain.startswith("on_") or plain in NO_HANDLER or not callable(method):
                continue
            above = [
                base for base in each.__mro__[1:] if base.__module__.split(".")[0] == each.__module__.split(".")[0]
            ]
            again = any(known in vars(base) for base in above for known in (plain, f"_{plain}"))
            if again and "prevent_default()" not in inspect.getsource(method):
                found.append(f"{each.__name__}.{name}")
    return found


def subclasses(of: type) -> Iterator[type]:
    for each in of.__subclasses__():
        yield each
        yield from subclasses(each)


def test_a_message_is_handled_in_one_class_of_a_family() -> None:
    """A base's handler runs by itself after the one that called it with super: what that set is overwritten."""
    for path in modules():
        if package_of(path) in SHOWN | {"terminal"}:
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    ours = {each for each in subclasses(MessagePump) if each.__module__.startswith("tui_app.")}
    assert len(ours) > 60
    assert handled_twice(ours) == []


def test_the_lint_sees_a_handler_that_calls_super() -> None:
    class Base(Widget):
        def on_mount(self) -> None:
            self.mounted()

        def mounted(self) -> None:
            """For subclasses."""

        def on_key(self, event: Key) -> None:
            """For all."""

    class Wrong(Base):
        def _on_mount(self) -> None:  # type: ignore[override]
            super().on_mount()

    class Right(Base):
        def mounted(self) -> None:
            super().mounted()

        def on_key(self, event: Key) -> None:
            event.prevent_default()

    assert handled_twice([Base, Wrong, Right]) == ["Wrong._on_mount"]


PAINTED = re.compile(
    r"(?:^|[{;])\s*((?:[\w-]*color|background(?:-tint)?|(?:border|outline)[\w-]*|tint|hatch))\s*:\s*([^;}]*)"
)
"""A declaration that may name a colour, and its value."""
WITHOUT_COLOR = frozenset({"none", "transparent", "auto", "round", "solid", "heavy", "tall", "wide", "!important"})


def colors_in(sheet: str) -> list[str]:
    """What in a style sheet is no variable of the theme, no word for a line, and no share."""
    without_comments = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    words = [word for _, value in PAINTED.findall(without_comments) for word in value.split()]
    return [word for word in words if not re.fullmatch(r"\$[\w-]+|\d+%", word) and word not in WITHOUT_COLOR]


@pytest.mark.parametrize("value", ["#ff0000", "red", "rgb(1,2,3)", "hsl(1,2%,3%)", "ansi_red", "$error red"])
@pytest.mark.parametrize("name", ["color", "background", "border-left", "scrollbar-color", "background-tint"])
def test_the_lint_sees_colors(name: str, value: str) -> None:
    assert colors_in(f"Footer {{ {name}: {value}; height: 1; }}")
    assert colors_in(f"Footer {{\n    height: 1;\n    {name}: {value};\n}}")


def test_style_sheets_use_theme_variables_only() -> None:
    sheets = [*(ROOT / "styles").rglob("*.tcss")]
    assert sum(len(PAINTED.findall(sheet.read_text())) for sheet in sheets) > 20, "there is something to look at"
    assert {sheet.name: found for sheet in sheets if (found := colors_in(sheet.read_text()))} == {}


def test_every_tone_of_a_cell_has_a_style() -> None:
    from tui_app.widgets.table import RowTable

    styled = "".join(sheet.read_text() for sheet in (ROOT / "styles").rglob("*.tcss"))
    assert [name for name in RowTable.COMPONENT_CLASSES if f".{name} {{" not in styled and "row" in name] == []


def test_help_and_version_need_neither_textual_nor_http() -> None:
    script = "import sys, tui_app.cli as c; sys.argv=['mailsluice','--version']\ntry: c.main()\nexcept SystemExit: pass\nprint([m for m in sys.modules if m in ('textual','httpx','pydantic','starlette')])"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_ci_runs_exactly_the_readme_s_test_command() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    commands = [
        line
        for line in (ROOT / ".ci" / "run").read_text().splitlines()
        if line and not line.startswith(("#", "set ", "cd "))
    ]
    assert "\n".join(commands).strip() == blocks[1].strip()


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="no checkout")
def test_no_index_host_and_no_lock_file_is_named() -> None:
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split()
    assert not [name for name in files if name.endswith((".lock", "requirements.txt"))]
    for name in files:
        if name.endswith((".py", ".md", ".toml", ".yml", "run")) and name != "tests/test_architecture.py":
            assert "index" + "-url" not in (ROOT / name).read_text(), name


@pytest.mark.parametrize(
    "command", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]], ids=" ".join
)
def test_the_code_is_clean(command: list[str]) -> None:
    ended = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def loaded_by(code: str) -> set[str]:
    """The modules that a new process has after some code."""
    command = [sys.executable, "-c", f"{code}\nimport sys; print(' '.join(sys.modules))"]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


def test_nothing_heavy_is_loaded_before_the_first_frame() -> None:
    loaded = loaded_by(
        "import tui_app.__main__, tui_app.cli.console, tui_app.app, tui_app.service, tui_app.core.state_file"
    )
    assert "tui_app.screens.jobs" in loaded
    assert not loaded & {
        "msgspec",
        "pydantic",
        "pydantic_core",
        "httpx",
        "uvicorn",
        "starlette",
        "truststore",
        "tui_app.api.models",
    }


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_needs_no_screen(option: str) -> None:
    code = f"import sys; sys.argv = ['mailsluice', '{option}']\nfrom tui_app.cli import main\ntry: main()\nexcept SystemExit: pass"
    assert not loaded_by(code) & {"textual", "pydantic", "httpx"}
