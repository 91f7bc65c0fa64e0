"""The profiles of the configuration: which accounts there are, and how those stand that were opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_app import actions
from tui_app.config.settings import DEFAULT_BASE_URL, canonical_account, is_production, short_account_id
from tui_app.core.text import plural, sanitize
from tui_app.screens.find import FindInTable
from tui_app.screens.intent import Intent
from tui_app.widgets.columns import Column
from tui_app.widgets.list_rows import ListRows
from tui_app.widgets.table import RowTable
from tui_app.widgets.virtual_table import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui_app.config.schema import Profile
    from tui_app.service import EmailSecurityService
    from tui_app.widgets.text_lines import Piece

_COLUMNS: Final = (
    Column("PROFILE", weight=3),
    Column("", 10),
    Column("MODE", 9),
    Column("ACCOUNT", 10),
    Column("STATE", weight=3),
    Column("HOST", weight=2, from_width=100),
)


@dataclass(frozen=True)
class ProfileRow:
    """A profile, and its service where it was opened."""

    name: str
    profile: Profile
    service: EmailSecurityService | None
    shown: bool

    @property
    def account(self) -> str:
        """Which account it is of, where that is known; else its own name, as of an account like no other."""
        if self.service is not None:
            return self.service.settings.identity
        profile = self.profile
        where = f"{profile.account_id}@{profile.base_url or DEFAULT_BASE_URL}"
        return canonical_account(where) if profile.account_id else self.name

    @property
    def state(self) -> str:
        """How it stands here."""
        if self.service is None:
            return "not opened"
        running = len(self.service.jobs.followed.running)
        words = ["shown" if self.shown else "open"]
        words += [f"{running:,} running"] if running else []
        if (plan := self.service.plan_state) is not None and not plan.ended:
            from tui_app.screens.plan.sums import at_work_or_waits

            # The end of a long state is cut.
            words.insert(0, f"plan {plan.plan.plan_id} {at_work_or_waits(plan)}")
        return " · ".join(words)


class ProfilesScreen(FindInTable):
    """All profiles; enter shows one's account. Nothing of the others ends by that."""

    screen_name = "profiles"
    AUTO_FOCUS = "#table"
    BINDINGS = actions.bindings("profiles")

    class Chosen(Intent):
        """The account of a profile is to be shown."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, service: EmailSecurityService, rows: Callable[[], Sequence[ProfileRow]]) -> None:
        super().__init__(service)
        self._rows = rows

    def content(self) -> Iterable[Widget]:
        """The table."""
        yield RowTable[ProfileRow](_COLUMNS, self._cells, id="table")

    def table(self) -> RowTable[ProfileRow]:
        """The profiles."""
        return self.query_one("#table", RowTable)

    @staticmethod
    def _cells(row: ProfileRow) -> Sequence[Cell]:
        profile = row.profile
        account = short_account_id(profile.account_id) if profile.account_id else "from outside"
        return (
            Cell(sanitize(row.name, 60), "strong" if row.shown else ""),
            Cell("PRODUCTION" if is_production(row.name, profile) else "", "warning"),
            Cell("READ-ONLY" if profile.read_only else "WRITE", "success" if profile.read_only else "warning"),
            Cell(account, "muted"),
            Cell(row.state, "" if row.service is not None else "muted"),
            Cell(sanitize(profile.base_url or DEFAULT_BASE_URL, 80), "muted"),
        )

    def mounted(self) -> None:
        """Show them, the cursor on the one that is shown."""
        super().mounted()
        rows = self._rows()
        self.table().set_empty_text(
            "The configuration file has no profiles: this account comes from the environment. mailsluice init makes one."
        )
        self.table().show_rows(ListRows(rows, lambda row: row.name))
        for index, row in enumerate(rows):
            if row.shown:
                self.table().move_to(index)
        accounts = len({row.account for row in rows})
        more = f"{len(rows):,}, of " if accounts < len(rows) else ""
        self.set_breadcrumb([("Profiles", "bold"), f"  {more}{plural(accounts, 'account')}"])

    def describe(self) -> Sequence[Piece]:
        """What enter does."""
        row = self.table().current
        if row is None:
            return []
        return [("It is shown now." if row.shown else "enter shows it; what is under way here goes on.", "dim")]

    def on_data_table_row_highlighted(self) -> None:
        """Tell of another one."""
        self.show_about()

    def action_profile_choose(self) -> None:
        """Show the account."""
        if (row := self.table().current) is None:
            self.notice("The configuration file has no profiles: there is no other account.")
        else:
            self.post_message(self.Chosen(row.name))
