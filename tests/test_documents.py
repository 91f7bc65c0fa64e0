"""The documents: their links lead somewhere, their contents are whole, and they name what there is."""

import re
from pathlib import Path

import click
import pytest

from tui_app.cli import cli
from tui_app.jobs.failures import KNOWN_CAUSES

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def text_of(path: Path) -> str:
    """A document without what stands in fences."""
    return re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


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
        assert not cause.word or f"`{cause.word}`" in (ROOT / "docs/guide.md").read_text()
