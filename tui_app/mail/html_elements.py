"""Which HTML elements break lines, end each other or hide their content."""

from __future__ import annotations

from typing import Final

VOID: Final = frozenset({
    "area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "bgsound", "basefont", "keygen",
})  # fmt: skip
DROPPED: Final = frozenset({"script", "style", "title", "iframe", "noembed", "noframes"})
"""Elements whose content no reader shows as text."""
PARAGRAPHS: Final = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "form", "fieldset",
})  # fmt: skip
BLOCKS: Final = PARAGRAPHS | frozenset({
    "address", "article", "aside", "body", "caption", "center", "dd", "details", "dialog", "dir", "div", "dt",
    "figcaption", "figure", "footer", "head", "header", "hr", "html", "legend", "li", "listing", "main", "menu",
    "nav", "noscript", "option", "optgroup", "plaintext", "search", "section", "summary", "tbody", "textarea",
    "tfoot", "thead", "tr", "xmp",
})  # fmt: skip
LISTS: Final = frozenset({"ul", "ol"})
VERBATIM: Final = frozenset({"pre", "textarea", "xmp", "listing", "plaintext"})
CELLS: Final = frozenset({"td", "th"})
TABLE: Final = frozenset({
    "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "html", "body",
})  # fmt: skip
BARRIERS: Final = ("td", "th", "table", "caption", "button", "object", "marquee", "template")
"""An end tag inside one of these ends nothing outside of it."""
SPECIAL: Final = BLOCKS | CELLS | {"button", "object", "marquee", "template", "select"}
FORMATTING: Final = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
ENDED_BY_START: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "li": (("li",), ("ul", "ol", "menu", "dir")),
    "dt": (("dt", "dd"), ("dl",)),
    "dd": (("dt", "dd"), ("dl",)),
    "td": (("td", "th"), ("table",)),
    "th": (("td", "th"), ("table",)),
    "tr": (("tr",), ("table",)),
    "thead": (("thead", "tbody", "tfoot"), ("table",)),
    "tbody": (("thead", "tbody", "tfoot"), ("table",)),
    "tfoot": (("thead", "tbody", "tfoot"), ("table",)),
    "option": (("option",), ("select", "datalist")),
    "a": (("a",), BARRIERS),
}
"""Which open elements a start tag ends, unless an element of the second kind was opened since."""
UNSEEN: Final = frozenset({"template", "datalist"})
