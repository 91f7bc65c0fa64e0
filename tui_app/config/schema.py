"""The tables of the configuration file and their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ReleaseBody = Literal["auto", "ids", "array", "postfix"]
ThemeChoice = Literal["auto", "dark", "light", "high-contrast", "colour-blind", "ansi-16", "plain", "ansi"]
"""`ansi` is what earlier versions called `ansi-16`."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One `[profiles.NAME]` of the file."""

    account_id: str | None = None
    token_file: Path | None = None
    token_command: tuple[str, ...] | None = field(default=None, metadata={"min_length": 1})
    base_url: str | None = None
    ca_bundle: Path | None = None
    read_only: bool = False
    color: str | None = None
    production: bool | None = None
    release_body: ReleaseBody = "auto"


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """`[guard]`: what the guard takes out of a release, unless the operator includes it by name.

    `hold_odd`: messages that are not like the others of their kind; they are told of in any case.
    `require_reason`: a job is not created, cancelled or deleted without one; a plan never is.
    """

    hold_dispositions: tuple[str, ...] = ("MALICIOUS", "MALICIOUS-BEC")
    max_messages: int = field(default=5000, metadata={"ge": 1})
    hold_recipient_domains: tuple[str, ...] = ()
    hold_odd: bool = True
    require_reason: bool = False
    # A second signer is not supported by this version: asking for one is refused, not ignored.
    require_second_signer: Literal[False] = False


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """`[plans]`: how a plan is sent, `batch_size` messages in a request of a release, `move_batch_size` in one of a move.

    The console sends the first `canary` messages alone and waits until the operator has checked them; 0 for none.
    """

    batch_size: int = field(default=25, metadata={"ge": 1, "le": 1000})
    move_batch_size: int = field(default=50, metadata={"ge": 1, "le": 1000})
    canary: int = field(default=5, metadata={"ge": 0})


@dataclass(frozen=True, slots=True)
class UiSettings:
    """`[ui]`: how the console draws. `paint_changes_only`: write only changed cells to the terminal, not whole lines.

    `bell` and `title`: what tells that a job or a plan has ended, from whatever screen.
    """

    theme: ThemeChoice = "auto"
    bell: bool = True
    title: bool = True
    paint_changes_only: bool = True


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One line of `[keys]`: an action by its id, its keys as they were written, and where in which text that is."""

    action: str
    keys: tuple[str, ...]
    file: str
    """The name of the file; safe text."""
    text: str = field(default="", repr=False, compare=False)

    @property
    def place(self) -> str:
        """The file, and the line where it can be told. It takes long to tell: only what is refused needs it."""
        from tui_app.config.lines import line_of

        line = line_of(self.text, ("keys", self.action)) if self.text else None
        return f"{self.file}{f', line {line}' if line else ''}"


ViewScreen = Literal["jobs", "quarantine", "mail", "ledger"]
ViewAction = Literal["", "move", "release"]


@dataclass(frozen=True, slots=True)
class View:
    """One `[views.NAME]`: a screen and what it shows. `status` is a digit's word, `sort` a column, behind `-` in reverse."""

    screen: ViewScreen
    filter: str = ""
    search: str = ""
    status: str = ""
    action: ViewAction = ""
    sort: str = ""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The whole file; its defaults are those of an empty file."""

    default_profile: str | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    guard: GuardSettings = GuardSettings()
    plans: PlanSettings = PlanSettings()
    ui: UiSettings = UiSettings()
    keys: tuple[KeyChange, ...] = ()
    views: Mapping[str, View] = field(default_factory=dict)
