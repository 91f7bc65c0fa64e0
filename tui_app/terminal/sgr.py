"""Looks and the pen: the fewest codes that make the terminal draw what comes next as it should look."""

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
    """How a cell looks: attributes as bits, colours as codes; two equal looks are one object."""

    attributes: int
    foreground: str
    background: str


Cell = tuple[str, CellStyle]


class CellStyles:
    """Every look there is, made once from Textual's styles; what can't be seen makes no difference."""

    def __init__(self, colours: ColorSystem) -> None:
        self.colours = colours
        self._looks: dict[tuple[int, str, str], CellStyle] = {}
        self._of_styles: dict[tuple[int, Color | None, Color | None], CellStyle] = {}
        self._blanks: dict[CellStyle, Cell] = {}
        self.plain = self.look(0, "", "")

    def of(self, style: Style | None) -> CellStyle:
        """The look of a style. Its link and its meta data are never shown."""
        if style is None:
            return self.plain
        key = (style._attributes & style._set_attributes, style._color, style._bgcolor)
        look = self._of_styles.get(key)
        if look is None:
            if len(self._of_styles) > _MANY:
                self._of_styles.clear()
            look = self._of_styles[key] = self.look(key[0], self._codes(key[1], True), self._codes(key[2], False))
        return look

    def blank(self, look: CellStyle) -> Cell:
        """A blank in this look: of a colour that draws nothing, only the background stays."""
        cell = self._blanks.get(look)
        if cell is None:
            if len(self._blanks) > _MANY:
                self._blanks.clear()
            seen = look.attributes & SEEN_ON_BLANK
            cell = self._blanks[look] = (" ", look if seen else self.look(0, "", look.background))
        return cell

    def look(self, attributes: int, foreground: str, background: str) -> CellStyle:
        """The one look that is so."""
        key = (attributes, foreground, background)
        look = self._looks.get(key)
        if look is None:
            look = self._looks[key] = CellStyle(*key)
        return look

    def _codes(self, colour: Color | None, foreground: bool) -> str:
        if colour is None or colour.is_default:
            return ""
        return ";".join(colour.downgrade(self.colours).get_ansi_codes(foreground))


class SgrState:
    """What the terminal will draw with; codes are made against it, never from nothing."""

    def __init__(self, looks: CellStyles) -> None:
        self._looks = looks
        self._now: CellStyle | None = None
        self._changes: dict[tuple[CellStyle, CellStyle], str] = {}

    @property
    def plain(self) -> bool:
        """Whether it surely draws without any colour or attribute."""
        return self._now is self._looks.plain

    def forget(self) -> None:
        """Know nothing of it: the next look is set whole."""
        self._now = None

    def paints_blank(self, blank: CellStyle) -> bool:
        """Whether a blank, or an erased cell, comes out as this look without any code."""
        now = self._now
        return now is not None and (
            now is blank
            or (
                now.background == blank.background
                and not now.attributes & SEEN_ON_BLANK
                and not blank.attributes & SEEN_ON_BLANK
            )
        )

    def take(self, look: CellStyle) -> str:
        """The codes that change it to this look."""
        now, self._now = self._now, look
        if now is look:
            return ""
        if now is None:
            return _sequence(["0", *_codes_of(look)])
        change = self._changes.get((now, look))
        if change is None:
            if len(self._changes) > _MANY:
                self._changes.clear()
            change = self._changes[(now, look)] = _change(now, look)
        return change

    def take_for_blank(self, blank: CellStyle) -> str:
        """The codes after which blanks come out as this look; a foreground that draws nothing may stay."""
        if self.paints_blank(blank):
            return ""
        now = self._now
        if now is None or (now.attributes | blank.attributes) & SEEN_ON_BLANK:
            return self.take(blank)
        return self.take(self._looks.look(now.attributes, now.foreground, blank.background))


def _codes_of(look: CellStyle) -> list[str]:
    codes = [code for bit, code in enumerate(_ON) if look.attributes >> bit & 1]
    return codes + [colour for colour in (look.foreground, look.background) if colour]


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
