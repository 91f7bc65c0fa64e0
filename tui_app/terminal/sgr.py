"""Colours and attributes of cells, and the fewest SGR codes that change the terminal from one to the next."""

from dataclasses import dataclass

from rich.color import Color, ColorSystem
from rich.style import Style

_ON = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
# Which code turns which attributes off. Frame, encircle and overline are not here: few terminals can turn them
# off one by one, so they go with everything else.
_OFF = (
    (0b0_0000_0011, "22"),
    (0b0_0000_0100, "23"),
    (0b10_0000_1000, "24"),
    (0b0_0011_0000, "25"),
    (0b0_0100_0000, "27"),
    (0b0_1000_0000, "28"),
    (0b1_0000_0000, "29"),
)
_OFF_WITH_ALL = 0b1_1100_0000_0000
# Underline, reverse, strike, double underline, frame, encircle, overline: these are seen on a blank too.
SEEN_ON_BLANK = 0b1_1111_0100_1000
_MANY = 4096


@dataclass(frozen=True, slots=True, eq=False)
class CellStyle:
    """Colours and attributes of a cell: attributes as bits, colours as SGR codes. Equal styles are one object."""

    attributes: int
    foreground: str
    background: str


Cell = tuple[str, CellStyle]


class CellStyles:
    """All cell styles, each made once from Textual's styles; what can't be seen makes no difference."""

    def __init__(self, colours: ColorSystem) -> None:
        self.colours = colours
        self._known: dict[tuple[int, str, str], CellStyle] = {}
        self._of_styles: dict[tuple[int, Color | None, Color | None], CellStyle] = {}
        self._blanks: dict[CellStyle, Cell] = {}
        self.plain = self.get(0, "", "")

    def of(self, style: Style | None) -> CellStyle:
        """The cell style of a Rich style, without its link and its meta data."""
        if style is None:
            return self.plain
        key = (style._attributes & style._set_attributes, style._color, style._bgcolor)
        cell_style = self._of_styles.get(key)
        if cell_style is None:
            if len(self._of_styles) > _MANY:
                self._of_styles.clear()
            cell_style = self._of_styles[key] = self.get(key[0], self._codes(key[1], True), self._codes(key[2], False))
        return cell_style

    def blank(self, cell_style: CellStyle) -> Cell:
        """A blank cell in this style; a foreground that draws nothing is dropped."""
        cell = self._blanks.get(cell_style)
        if cell is None:
            if len(self._blanks) > _MANY:
                self._blanks.clear()
            seen = cell_style.attributes & SEEN_ON_BLANK
            cell = self._blanks[cell_style] = (" ", cell_style if seen else self.get(0, "", cell_style.background))
        return cell

    def get(self, attributes: int, foreground: str, background: str) -> CellStyle:
        """The one object for these attributes and colours."""
        key = (attributes, foreground, background)
        cell_style = self._known.get(key)
        if cell_style is None:
            cell_style = self._known[key] = CellStyle(*key)
        return cell_style

    def _codes(self, colour: Color | None, foreground: bool) -> str:
        if colour is None or colour.is_default:
            return ""
        return ";".join(colour.downgrade(self.colours).get_ansi_codes(foreground))


class SgrState:
    """The colours and attributes that the terminal has now; codes are made as changes to them."""

    def __init__(self, styles: CellStyles) -> None:
        self._styles = styles
        self._now: CellStyle | None = None
        self._changes: dict[tuple[CellStyle, CellStyle], str] = {}

    @property
    def plain(self) -> bool:
        """Whether the terminal is known to draw without any colour or attribute."""
        return self._now is self._styles.plain

    def forget(self) -> None:
        """The state is unknown from now on: the next style is set whole."""
        self._now = None

    def paints_blank(self, blank: CellStyle) -> bool:
        """Whether a blank, or an erased cell, is drawn in this style without any code."""
        now = self._now
        return now is not None and (
            now is blank
            or (
                now.background == blank.background
                and not now.attributes & SEEN_ON_BLANK
                and not blank.attributes & SEEN_ON_BLANK
            )
        )

    def take(self, cell_style: CellStyle) -> str:
        """The codes that change the terminal to this style; empty for none."""
        now, self._now = self._now, cell_style
        if now is cell_style:
            return ""
        if now is None:
            return _sequence(["0", *_codes_of(cell_style)])
        change = self._changes.get((now, cell_style))
        if change is None:
            if len(self._changes) > _MANY:
                self._changes.clear()
            change = self._changes[(now, cell_style)] = _change(now, cell_style)
        return change

    def take_for_blank(self, blank: CellStyle) -> str:
        """The codes after which blanks are drawn in this style; a foreground that draws nothing may stay."""
        if self.paints_blank(blank):
            return ""
        now = self._now
        if now is None or (now.attributes | blank.attributes) & SEEN_ON_BLANK:
            return self.take(blank)
        return self.take(self._styles.get(now.attributes, now.foreground, blank.background))


def _codes_of(cell_style: CellStyle) -> list[str]:
    codes = [code for bit, code in enumerate(_ON) if cell_style.attributes >> bit & 1]
    return codes + [colour for colour in (cell_style.foreground, cell_style.background) if colour]


def _sequence(codes: list[str]) -> str:
    return "\x1b[m" if codes == ["0"] else f"\x1b[{';'.join(codes)}m" if codes else ""


def _change(now: CellStyle, wanted: CellStyle) -> str:
    whole = _sequence(["0", *_codes_of(wanted)])
    gone = now.attributes & ~wanted.attributes
    if gone & _OFF_WITH_ALL:
        return whole
    codes: list[str] = []
    kept = now.attributes
    for bits, code in _OFF:
        if gone & bits:
            codes.append(code)
            kept &= ~bits
    codes += [code for bit, code in enumerate(_ON) if (wanted.attributes & ~kept) >> bit & 1]
    if now.foreground != wanted.foreground:
        codes.append(wanted.foreground or "39")
    if now.background != wanted.background:
        codes.append(wanted.background or "49")
    stepwise = _sequence(codes)
    return stepwise if len(stepwise) <= len(whole) else whole
