"""The rows of a job that are loaded so far, page by page, each once, under one status of the server's."""

from dataclasses import dataclass, field

from tui_app.api.enums import RowStatus
from tui_app.api.messages import JobMessage


@dataclass
class Listing:
    """Loaded pages of a job's messages, in the server's order. `status` is what the server was asked for."""

    status: RowStatus | None
    per_page: int
    pages: list[tuple[JobMessage, ...]] = field(default_factory=list)
    complete: bool = False
    """Whether the last loaded page was the last there is."""

    def put(self, number: int, items: tuple[JobMessage, ...]) -> None:
        """Take page `number` (from 1): a new one at the end, or a newer reading of a loaded one."""
        if number <= len(self.pages):
            self.pages[number - 1] = items
            if len(items) < self.per_page:
                del self.pages[number:]
                self.complete = True
            elif number == len(self.pages):
                self.complete = False
        else:
            repeats = bool(self.pages) and bool(items) and not self._fresh(items)
            if items and not repeats:
                self.pages.append(items)
            self.complete = len(items) < self.per_page or repeats or not items

    def _fresh(self, items: tuple[JobMessage, ...]) -> bool:
        known = {row.id for page in self.pages for row in page}
        return any(row.id not in known for row in items)

    def end_before(self, number: int) -> None:
        """There is no page `number`: the list ends before it."""
        del self.pages[number - 1 :]
        self.complete = True

    def in_smaller_pages(self) -> "Listing":
        """The same list from its beginning, for a server whose pages are larger than an answer may be."""
        return Listing(self.status, self.per_page // 2)

    @property
    def next_page(self) -> int | None:
        """The number of the next page to load; None when all is loaded."""
        return None if self.complete else len(self.pages) + 1

    @property
    def shifted(self) -> bool:
        """Whether rows moved from page to page between the readings: some may be missing."""
        return sum(len({row.id for row in page}) for page in self.pages) > len(self.rows())

    def rows(self) -> tuple[JobMessage, ...]:
        """All loaded rows, each once: a page that shifted while another was read may repeat some."""
        unique: dict[str, JobMessage] = {}
        for page in self.pages:
            for row in page:
                unique.setdefault(row.id, row)
        return tuple(unique.values())
