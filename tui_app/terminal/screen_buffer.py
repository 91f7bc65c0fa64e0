"""The screen buffer: what the terminal shows, cell by cell, and what to write so that it shows the next frame."""

from collections import Counter
from itertools import compress, count, islice
from operator import ne

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

from tui_app.terminal.cells import Row, cells_of, is_contested, is_contested_text, without_half_characters
from tui_app.terminal.cursor import Cursor
from tui_app.terminal.scrolling import find_scroll
from tui_app.terminal.sgr import SEEN_ON_BLANK, CellStyle, CellStyles, SgrState

Update = LayoutUpdate | ChopsUpdate
# Fewer blanks than this are written rather than erased: the sequence that erases is three bytes.
_WORTH_ERASING = 4
# A longer gap of unchanged cells is always jumped over.
_LONGEST_GAP = 8


class Unpaintable(Exception):
    """A frame that can't be written as a difference to what is known of the terminal."""


class ScreenBuffer:
    """Takes frames and returns what to write; the first frame, and the first after `forget`, must be a whole one.

    `erases_in_colour`: the terminal erases with the current background (most do, GNU screen does not).
    """

    def __init__(self, colours: ColorSystem, *, erases_in_colour: bool = True, scrolls: bool = True) -> None:
        self.colours = colours
        self.size = (0, 0)
        self.cursor = Cursor()
        self._styles = CellStyles(colours)
        self.sgr = SgrState(self._styles)
        self._erases_in_colour = erases_in_colour
        self._scrolls = scrolls
        self._rows: list[Row] = []
        # Which strip was painted at which column of a line: if it comes again, nothing has changed there.
        self._strips: list[dict[int, Strip]] = []
        self._out: list[str] = []

    @property
    def known(self) -> bool:
        """Whether it knows what the terminal shows."""
        return bool(self._rows)

    @property
    def rows(self) -> list[Row]:
        """What the terminal shows."""
        return self._rows

    def forget(self) -> None:
        """What the terminal shows is unknown from now on."""
        self._rows = []
        self._strips = []
        self.sgr.forget()
        self.cursor.forget()

    def frame(self, update: Update, size: tuple[int, int]) -> str:
        """What to write so that the terminal, of this size in cells, shows this update. Raises Unpaintable."""
        self._out = []
        if self.size != size:
            self.forget()
        if isinstance(update, LayoutUpdate):
            if update.region != (0, 0, *size) or len(update.strips) != size[1]:
                raise Unpaintable("a layout that is not of this terminal")
            wanted = self._rows_of_layout(update) if self.known else self._begin(update, size)
        elif self.known:
            wanted = self._rows_of_chops(update)
        else:
            raise Unpaintable("a part of an unknown whole")
        # What another program wrote may have moved the cursor: the first move of a frame is from nowhere.
        before = self.cursor.position
        self.cursor.forget()
        rows = self._scrolled(wanted) if self._scrolls and len(wanted) > 1 else self._rows
        for y in sorted(wanted):
            if rows[y] != wanted[y]:
                self._paint(y, rows[y], wanted[y])
            self._rows[y] = wanted[y]
        data = "".join(self._out)
        if not data:
            self.cursor.position = before
        return data

    def move_cursor(self, x: int, y: int) -> str:
        """What to write to move the cursor to this column and line; empty if it is there."""
        return self.cursor.go(y, x)

    # ---- what a frame wants

    def _begin(self, update: LayoutUpdate, size: tuple[int, int]) -> dict[int, Row]:
        """Clear the terminal, whatever it shows, in the colour most of the frame has."""
        width, height = self.size = size
        if width < 1 or height < 1:
            raise Unpaintable("a terminal without cells")
        style = self._styles.plain
        self._rows = [[self._styles.blank(style)] * width for _ in range(height)]
        self._strips = [{} for _ in range(height)]
        wanted = self._rows_of_layout(update)
        if self._erases_in_colour:
            blanks = Counter(style for row in wanted.values() for text, style in row if text == " ")
            style = next((style for style, _ in blanks.most_common() if not style.attributes), style)
        self._rows = [[self._styles.blank(style)] * width for _ in range(height)]
        # Whatever ran before may have left a region or its colours.
        self._out.append(f"\x1b[r{self.sgr.take(style)}\x1b[2J")
        return wanted

    def _rows_of_layout(self, update: LayoutUpdate) -> dict[int, Row]:
        wanted: dict[int, Row] = {}
        for y, strips in enumerate(update.strips):
            known = self._strips[y]
            placed: list[tuple[int, Strip]] = []
            x, same = 0, True
            for strip in strips:
                before = known.get(x)
                same = same and before is not None and (before is strip or before == strip)
                placed.append((x, strip))
                x += strip.cell_length
            if same:
                continue
            row = self._rows[y].copy()
            for x, strip in placed:
                self._place(row, x, strip)
            wanted[y] = without_half_characters(row, self._styles)
            self._strips[y] = dict(placed)
        return wanted

    def _rows_of_chops(self, update: ChopsUpdate) -> dict[int, Row]:
        wanted: dict[int, Row] = {}
        for y, first, last in update.spans:
            if y >= self.size[1]:
                continue
            for end, (x, whole) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                # Which of the strips are painted, and how far, is as in Textual.
                if whole is None or x > last or end <= first:
                    continue
                strip = whole if first <= x < last and end <= last else whole.crop(0, min(end, last) - x)
                known = self._strips[y]
                before = known.get(x)
                if not strip.cell_length or before is strip or (before is not None and before == strip):
                    continue
                row = wanted.get(y)
                if row is None:
                    row = wanted[y] = self._rows[y].copy()
                width = self._place(row, x, strip)
                for other in [o for o, old in known.items() if o < x + width and o + old.cell_length > x]:
                    del known[other]
                known[x] = strip
        return {y: without_half_characters(row, self._styles) for y, row in wanted.items()}

    def _place(self, row: Row, x: int, strip: Strip) -> int:
        cells = cells_of(strip, self._styles)
        if x + len(cells) > len(row):
            cells = cells[: max(0, len(row) - x)]
        row[x : x + len(cells)] = cells
        return len(cells)

    # ---- what to write

    def _scrolled(self, wanted: dict[int, Row]) -> list[Row]:
        empty = [self._styles.blank(self._styles.plain)] * self.size[0]
        scroll = find_scroll(self._rows, wanted, empty)
        if scroll is None:
            return self._rows
        # Terminals differ in the colour of new lines unless no colour is set.
        self._out.append(self.sgr.take_for_blank(self._styles.plain))
        self._out.append(scroll.sequence())
        # The standard puts the cursor at home; some terminals leave it where it was.
        self.cursor.forget()
        rows = scroll.moved(self._rows, empty)
        for y in range(scroll.top, scroll.bottom + 1):
            wanted.setdefault(y, self._rows[y])
        return rows

    def _paint(self, y: int, shown: Row, wanted: Row) -> None:
        if is_contested(shown) or is_contested(wanted):
            self._paint_line(y, wanted)
        else:
            self._paint_changes(y, shown, wanted)

    def _erasable_from(self, wanted: Row) -> int:
        """The column from which the line is blank and can be erased; its width if there is none."""
        end = len(wanted)
        last = wanted[-1]
        if last[0] != " " or last[1].attributes or (last[1].background and not self._erases_in_colour):
            return end
        while end and wanted[end - 1] == last:
            end -= 1
        return end

    def _paint_changes(self, y: int, shown: Row, wanted: Row) -> None:
        changed = list(compress(count(), map(ne, shown, wanted)))
        width = len(wanted)
        blank_from = self._erasable_from(wanted)
        blank = [x for x in changed if x >= blank_from]
        erases = len(blank) > 0 and blank[-1] - blank[0] >= _WORTH_ERASING
        if erases:
            changed = changed[: len(changed) - len(blank)]
        for start, end in self._runs(changed, wanted):
            self._go(y, start)
            self._write_cells(wanted[start:end])
            self.cursor.advance(end, width)
        if erases:
            here = self.cursor.column_in(y)
            self._go(y, here if here is not None and blank_from <= here <= blank[0] else blank[0])
            self._out.append(self.sgr.take_for_blank(wanted[-1][1]) + "\x1b[K")

    def _go(self, y: int, x: int) -> None:
        self._out.append(self.cursor.go(y, x))

    def _runs(self, changed: list[int], wanted: Row) -> list[tuple[int, int]]:
        """The columns to write as (start, end); a short gap is cheaper to write again than to jump over."""
        runs: list[tuple[int, int]] = []
        width = len(wanted)
        for x in changed:
            start, end = x, x + 1
            while start and not wanted[start][0]:
                start -= 1
            while end < width and not wanted[end][0]:
                end += 1
            if runs and (start <= runs[-1][1] or self._worth_writing(runs[-1][1], start, wanted)):
                runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
            else:
                runs.append((start, end))
        return runs

    def _worth_writing(self, start: int, end: int, wanted: Row) -> bool:
        if end - start > _LONGEST_GAP:
            return False
        before, after = wanted[start - 1][1], wanted[end][1]
        gap = wanted[start:end]
        jump = 3 if end - start == 1 else 4
        if len("".join([text for text, _ in gap]).encode()) > jump:
            return False
        return all(style is before or style is after or _same_as_blank(text, style, before) for text, style in gap)

    def _write_cells(self, cells: Row) -> None:
        out, sgr = self._out, self.sgr
        for index, (text, style) in enumerate(cells):
            if text == " ":
                if not sgr.paints_blank(style):
                    ahead = next((other for letter, other in islice(cells, index, None) if letter != " "), None)
                    fits = ahead is not None and _same_as_blank(" ", style, ahead)
                    out.append(sgr.take(ahead) if ahead is not None and fits else sgr.take_for_blank(style))
                out.append(" ")
            elif text:
                out.append(sgr.take(style))
                out.append(text)

    def _paint_line(self, y: int, wanted: Row) -> None:
        """Paint all of a line that holds characters of a width on which terminals differ.

        Where a terminal draws a piece of it wider or narrower, what follows is still in its column, because the
        cursor is moved there; and nothing of the old line is left.
        """
        out, sgr, width = self._out, self.sgr, len(wanted)
        end = self._erasable_from(wanted)
        erased = wanted[-1][1] if end < width else self._styles.plain
        self._go(y, 0)
        out.append(sgr.take_for_blank(erased) + "\x1b[K")
        x = 0
        while x < end:
            contested = is_contested_text(wanted[x][0])
            stop = x + 1
            while stop < end and (not wanted[stop][0] or is_contested_text(wanted[stop][0]) == contested):
                stop += 1
            piece = wanted[x:stop]
            if contested and any(style is not piece[0][1] for _, style in piece):
                stop = next(i for i in range(x, stop) if wanted[i][1] is not piece[0][1])
                piece = wanted[x:stop]
            if contested and (piece[0][1].background != erased.background or piece[0][1].attributes):
                # Cells of this piece that the terminal does not draw have the colours of the piece.
                out.append(sgr.take(piece[0][1]) + " " * (stop - x) + f"\x1b[{x + 1}G")
            self._write_cells(piece)
            if contested and stop < width:
                out.append(f"\x1b[{stop + 1}G")
            x = stop
        if x < width and is_contested(wanted):
            # A piece may have been drawn into the blank end.
            out.append(sgr.take_for_blank(erased) + "\x1b[K")
        self.cursor.forget()


def _same_as_blank(text: str, blank: CellStyle, style: CellStyle) -> bool:
    """Whether a blank in another style shows the same."""
    return (
        text == " "
        and not blank.attributes
        and style.background == blank.background
        and not style.attributes & SEEN_ON_BLANK
    )
