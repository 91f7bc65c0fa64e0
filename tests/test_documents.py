"""The documents: their links lead somewhere, their contents are whole, they name what there is, and their pictures are current."""

import re
import shlex
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import click
import pytest

from tui_app.actions import ACTIONS
from tui_app.cli import cli
from tui_app.console_commands import COMMANDS, parse
from tui_app.jobs.failures import KNOWN_CAUSES

ROOT = Path(__file__).parent.parent
GUIDE = sorted(ROOT.glob("docs/guide/*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *GUIDE])
PICTURES = ROOT / "docs/pictures"


def script(name: str) -> ModuleType:
    """A script of the documents, which are no package."""
    spec = spec_from_file_location(f"docs_{name}", ROOT / f"docs/{name}.py")
    assert spec is not None and spec.loader is not None
    loaded = module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patches:
        patches.syspath_prepend(ROOT / "docs")  # as when it is run
        spec.loader.exec_module(loaded)
    return loaded


def text_of(path: Path) -> str:
    """A document without what stands in fences."""
    return re.sub(r"^( *)```.*?^ *```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere_and_the_contents_are_whole(path: Path) -> None:
    text = text_of(path)
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text):
        there = path.parent / target if target else path
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), f"{target}#{anchor}"
    if contents := re.findall(r"^- \[([^]]+)\]\(#", text, re.MULTILINE):
        assert contents == re.findall(r"^## (.+)$", text, re.MULTILINE)


def test_every_command_and_every_word_of_a_retry_is_in_the_documents() -> None:
    commands, changes = (ROOT / "docs/command-line.md").read_text(), (ROOT / "CHANGELOG.md").read_text()
    for name in cli.list_commands(click.Context(cli)):
        assert re.search(rf"^\| `(?:\[)?{name}\b", commands, re.MULTILINE), name
        assert f"`{name}`" in changes, name
    for cause in KNOWN_CAUSES:
        assert not cause.word or f"`--include {cause.word}`" in commands
        assert not cause.word or f"`{cause.word}`" in (ROOT / "docs/guide/failed-job.md").read_text()


# ---- the guide


@pytest.mark.parametrize("path", GUIDE, ids=lambda path: path.name)
def test_a_page_of_the_guide_tells_what_is_seen_what_can_go_wrong_and_the_command(path: Path) -> None:
    text = path.read_text()
    assert f"](guide/{path.name})" in (ROOT / "docs/guide.md").read_text()
    assert "](../pictures/" in text
    assert "\n## What can go wrong\n" in text
    assert "\n## The same on the command line\n\n```sh\n" in text


def _command_lines(path: Path) -> Iterator[list[str]]:
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", path.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if found := re.search(r"(?:^|/)mailsluice( .*)?$", re.split(r" (?:&&|\||&)", line)[0]):
                yield shlex.split(found[1] or "", comments=True)


def _understood(command: click.Command, words: list[str]) -> None:
    """Raise a UsageError for a command or an option that there is not."""
    context = click.Context(command)
    if not isinstance(command, click.Group):
        command.make_parser(context).parse_args(words)
        return
    while words and words[0].startswith("-"):
        option = next((each for each in command.params if words[0] in each.opts), None)
        assert isinstance(option, click.Option), words[0]
        words = words[1 if option.is_flag else 2 :]
    if words and not (words[0].isupper() and command.invoke_without_command):
        below = command.get_command(context, words[0])
        assert below is not None, words[0]
        _understood(below, words[1:])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_line_of_the_documents_is_one(path: Path) -> None:
    for words in _command_lines(path):
        _understood(cli, words)


@pytest.mark.parametrize("path", [ROOT / "docs/guide.md", *GUIDE], ids=lambda path: path.name)
def test_every_key_and_every_command_of_the_prompt_that_the_guide_names_is_there(path: Path) -> None:
    known = {command.name for command in COMMANDS}
    keys = {key for action in ACTIONS for key in action.keys if len(key) == 1} | {"y", "~"}
    for quoted in re.findall(r"`([^`]+)`", re.sub(r"^\|.*$", "", text_of(path), flags=re.MULTILINE)):
        if re.match(r":[a-z]", quoted):
            command, _ = parse(quoted)
            assert command is not None and command.name in known, quoted
        if re.fullmatch(r"[A-Z]", quoted):
            assert quoted in keys, quoted


# ---- what is made from the program


@pytest.mark.parametrize("name", ["README.md", "docs/key_card.md"])
def test_the_tables_of_keys_are_those_of_the_program(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "<!-- keys: begin -->" in text
    assert text == script("key_card").written(text), "run docs/key_card.py"


def test_every_picture_is_drawn_by_a_tour_and_shown_by_a_document() -> None:
    drawn = set(re.findall(r'\.picture\(\s*"([\w-]+)"', (ROOT / "docs/pictures.py").read_text()))
    shown = {name for path in DOCUMENTS for name in re.findall(r"pictures/([\w-]+)\.svg", text_of(path))}
    assert drawn == {path.stem for path in PICTURES.iterdir()} == shown
    for path in PICTURES.iterdir():
        picture = path.read_text()
        assert len(picture) < 30_000
        assert not re.search(r"href=|src=|url\(|@import|<script|<image", picture), path.name


def _current(tours: list[str]) -> None:
    drawn = script("pictures").draw(tours)
    assert drawn
    other = [name for name, svg in drawn.items() if svg != (PICTURES / f"{name}.svg").read_text()]
    assert not other, "look at what changed, and run docs/pictures.py"


def test_the_pictures_of_the_first_screens_are_current() -> None:
    _current(["jobs"])


@pytest.mark.long
def test_all_pictures_are_current() -> None:
    _current([])
