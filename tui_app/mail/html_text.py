"""An HTML mail as plain text that tells what its reader would not see: where links lead, and what is hidden."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from tui_app.mail.html_elements import (
    BARRIERS,
    BLOCKS,
    CELLS,
    DROPPED,
    ENDED_BY_START,
    FORMATTING,
    LISTS,
    PARAGRAPHS,
    SPECIAL,
    TABLE,
    UNSEEN,
    VERBATIM,
    VOID,
)
from tui_app.mail.html_page import CLOSES, OPENS, URL_LIMIT, Page, without_our_marks
from tui_app.mail.html_style import hides
from tui_app.mail.html_tokens import Tag, tokens

_REFRESH: Final = re.compile(r"[\s\d.]*[;,\s]\s*(?:url\s*=)?\s*(?:\"([^\"]*)|'([^']*)|(.*))", re.IGNORECASE | re.DOTALL)
_INDENTS: Final = 5


def html_to_text(html: str) -> str:
    """The text of an HTML mail, read in one pass; nothing is run or fetched, and nothing raises.

    `text ⟦https://…⟧` is a link that does not show where it leads. `⟦hidden: …⟧` is what styles of the elements
    themselves or the hidden attribute hide; style sheets and colours are not looked at. These brackets are only ours. The
    result is not safe for a screen: `text_lines` makes it so.
    """
    walk = _Walk()
    for token in tokens(html):
        if isinstance(token, str):
            walk.text(token)
        elif token.closing:
            walk.close(token.name)
        else:
            walk.open(token)
    walk.pop_to(0)
    return walk.page.whole()


@dataclass(slots=True)
class _Element:
    name: str
    url: str = ""
    seen: list[str] = field(default_factory=list)
    """Of a link, the words that a reader sees."""


@dataclass(slots=True)
class _Walk:
    """The elements that are open. Each element goes in and out once, and no step looks at all of them."""

    page: Page = field(default_factory=Page)
    stack: list[_Element] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Where the open elements of each name are in the stack, the last one last."""
    special: list[int] = field(default_factory=list)
    links: list[_Element] = field(default_factory=list)
    hidden_at: int = -1
    """The place of the outermost hidden element."""
    hidden_told: bool = False
    dropped: bool = False
    """Whether the next text belongs to an element whose content is dropped."""
    verbatim: int = 0

    def text(self, text: str) -> None:
        """Text between tags."""
        if self.dropped:
            self.dropped = False
            return
        text = without_our_marks(text)
        words = text.split()
        page = self.page
        if not words:
            if self.verbatim and "\n" in text:
                page.break_line()
            page.blank = page.blank or bool(text)
            return
        self._tell_hidden()
        if self.links and self.hidden_at < 0:
            self.links[-1].seen += words
        if self.verbatim:
            first, *more = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            page.put(first)
            for line in more:
                page.lines.append("".join(page.current))
                page.current[:] = [line] if line else []
            return
        page.blank = page.blank or text[0].isspace()
        page.put(" ".join(words))
        page.blank = text[-1].isspace()

    def note(self, text: str, *, own_line: bool = False) -> None:
        """What is told about an element, in our brackets."""
        self._tell_hidden()
        if own_line:
            self.page.end_line()
        elif self.page.current:
            self.page.blank = True
        self.page.put(f"{OPENS}{without_our_marks(text)}{CLOSES}")
        if own_line:
            self.page.end_line()
        self.page.blank = not own_line

    def open(self, tag: Tag) -> None:
        """A start tag."""
        name = tag.name
        self.dropped = name in DROPPED
        self._end_before(name)
        if name == "br":
            self.page.break_line()
        elif name in BLOCKS:
            self._end_block(name)
        elif name in CELLS and self.page.current:
            self.page.put(" ")
            self.page.blank = True
        if name == "li":
            self.page.prefix = "  " * min(len(self.places["ul"]) + len(self.places["ol"]) - 1, _INDENTS) + "- "
        hidden = _hides(tag)
        if name in VOID:
            if hidden and self.hidden_at < 0:
                self.hidden_at = len(self.stack)
                _tell(self, tag)
                self._end_hidden()
            else:
                _tell(self, tag)
            return
        _tell(self, tag)
        place = len(self.stack)
        element = _Element(name, _target(tag.attributes) if name == "a" else "")
        self.stack.append(element)
        self.places[name].append(place)
        if name in SPECIAL:
            self.special.append(place)
        if element.url:
            self.links.append(element)
        self.verbatim += name in VERBATIM
        if hidden and self.hidden_at < 0:
            self.hidden_at = place

    def close(self, name: str) -> None:
        """An end tag; it ends nothing if browsers take it for a mistake."""
        self.dropped = False
        if name == "br":
            self.page.break_line()
        places = self.places.get(name)
        if not places:
            return
        place = places[-1]
        if name not in TABLE and place < self._last(BARRIERS):
            return
        if name not in SPECIAL and name not in FORMATTING and self.special and place < self.special[-1]:
            return
        self.pop_to(place)

    def pop_to(self, place: int) -> None:
        """End the elements from a place on."""
        while len(self.stack) > place:
            element = self.stack.pop()
            name = element.name
            self.places[name].pop()
            if name in SPECIAL:
                self.special.pop()
            self.verbatim -= name in VERBATIM
            if element.url:
                self.links.pop()
                if " ".join(element.seen) != element.url:
                    self._tell_link(element)
            if len(self.stack) == self.hidden_at:
                self._end_hidden()
            if name in BLOCKS:
                self._end_block(name)

    def _last(self, names: Iterable[str]) -> int:
        last, places = -1, self.places
        for name in names:
            if (found := places[name]) and found[-1] > last:
                last = found[-1]
        return last

    def _end_before(self, name: str) -> None:
        paragraphs = self.places["p"]
        if paragraphs and name in BLOCKS and paragraphs[-1] > self._last(BARRIERS):
            self.pop_to(paragraphs[-1])
        if name in ENDED_BY_START:
            ended, unless = ENDED_BY_START[name]
            if (place := self._last(ended)) > self._last(unless):
                self.pop_to(place)

    def _end_block(self, name: str) -> None:
        if name in PARAGRAPHS and not (name in LISTS and self.places["li"]):
            self.page.end_paragraph()
        else:
            self.page.end_line()

    def _tell_link(self, link: _Element) -> None:
        if link.seen and not self.page.current:
            self.page.put_behind(f" {OPENS}{without_our_marks(_shortened(link.url))}{CLOSES}")
        else:
            self.note(_shortened(link.url))
            self.page.blank = False

    def _tell_hidden(self) -> None:
        if self.hidden_at >= 0 and not self.hidden_told:
            self.hidden_told = True
            self.page.put(f"{OPENS}hidden: ")
            self.page.blank = False

    def _end_hidden(self) -> None:
        if self.hidden_told:
            self.page.blank = False
            self.page.put_behind(CLOSES)
            self.page.blank = True
        self.hidden_at, self.hidden_told = -1, False


def _hides(tag: Tag) -> bool:
    attributes = tag.attributes
    if not attributes:
        return tag.name in UNSEEN or tag.name == "dialog"
    if "hidden" in attributes or tag.name in UNSEEN or (tag.name == "dialog" and "open" not in attributes):
        return True
    return hides(attributes.get("style", ""))


def _url(text: str) -> str:
    """An address as browsers take it: without line breaks and tabs, and without blanks around it."""
    return re.sub(r"[\t\n\r]", "", text).strip("".join(map(chr, range(0x21))))


def _shortened(url: str) -> str:
    return url if len(url) <= URL_LIMIT else f"{url[:URL_LIMIT]}…(+{len(url) - URL_LIMIT})"


def _words(text: str) -> str:
    return _shortened(" ".join(text.split()))


_Attributes = dict[str, str]


def _target(attributes: _Attributes) -> str:
    """Where a link leads; of an element that another standard took over, by the name that it has there."""
    urls = [_url(value) for name, value in attributes.items() if name == "href" or name.endswith(":href")]
    return next(filter(None, urls), "")


def _tell(walk: _Walk, tag: Tag) -> None:
    """Tell what an element shows or leads to."""
    name, attributes = tag.name, tag.attributes
    if tell := _SHOWN.get(name):
        tell(walk, attributes)
    if not attributes:
        return
    if name not in ("a", "area", "base", "link") and (url := _target(attributes)):
        walk.note(f"link: {_shortened(url)}")
    if name != "form" and (url := _url(attributes.get("action", ""))):
        walk.note(f"form to {_shortened(url)}")
    if name not in ("button", "input") and "formaction" in attributes:
        _button(walk, attributes)


def _image(walk: _Walk, attributes: _Attributes) -> None:
    alt = _words(attributes.get("alt", ""))
    walk.note(f"image: {alt}" if alt else "image")
    if walk.links:
        walk.links[-1].seen.append(f"{OPENS}image{CLOSES}")


def _form(walk: _Walk, attributes: _Attributes) -> None:
    walk.note(f"form to {_shortened(_url(attributes.get('action', '')))}".rstrip(), own_line=True)


def _field(walk: _Walk, attributes: _Attributes) -> None:
    kind = attributes.get("type", "").lower()
    name, value = _words(attributes.get("name", "")), _words(attributes.get("value", ""))
    if kind in ("submit", "button", "reset", "image"):
        walk.note(f"button: {value or name or kind}")
        _button(walk, attributes)
    else:
        word = f"{kind} field" if kind in ("hidden", "password", "file") else "field"
        walk.note(f"{word}: {name or 'without a name'}{f' = {value}' if value else ''}")
        _button(walk, attributes)


def _button(walk: _Walk, attributes: _Attributes) -> None:
    if "formaction" in attributes:
        _form(walk, {"action": attributes["formaction"]})


def _meta(walk: _Walk, attributes: _Attributes) -> None:
    if attributes.get("http-equiv", "").strip().lower() == "refresh":
        found = _REFRESH.match(attributes.get("content", ""))
        if url := _url(found[1] or found[2] or found[3] or "") if found else "":
            walk.note(f"refresh to {_shortened(url)}", own_line=True)


def _base(walk: _Walk, attributes: _Attributes) -> None:
    if "href" in attributes:
        walk.note(f"base {_shortened(_url(attributes['href']))}", own_line=True)


def _rule(walk: _Walk, attributes: _Attributes) -> None:
    walk.page.end_line()
    walk.page.lines.append("---")


def _leads(word: str, attribute: str) -> Callable[[_Walk, _Attributes], None]:
    """What tells the address in an attribute."""

    def tell(walk: _Walk, attributes: _Attributes) -> None:
        if url := _url(attributes.get(attribute, "")):
            walk.note(f"{word}: {_shortened(url)}")

    return tell


_SHOWN: Final[dict[str, Callable[[_Walk, _Attributes], None]]] = {
    "img": _image,
    "form": _form,
    "input": _field,
    "select": _field,
    "textarea": _field,
    "button": _button,
    "meta": _meta,
    "base": _base,
    "hr": _rule,
    "area": _leads("link", "href"),
    "iframe": _leads("frame", "src"),
    "frame": _leads("frame", "src"),
    "embed": _leads("embedded", "src"),
    "object": _leads("embedded", "data"),
}
