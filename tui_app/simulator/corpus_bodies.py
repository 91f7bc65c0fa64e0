"""Cases whose whole text is odd: control characters, nothing at all, or far too much."""

from typing import Final

from tui_app.simulator.corpus_case import Case, header_id, lines, message

_SIZE: Final = 7 * 1024 * 1024
_CONTROLS: Final = (*range(0x20), *range(0x7F, 0xA0))


def body_cases() -> list[Case]:
    """Texts that are odd."""
    each = "".join(f"<{number:02x}:{chr(number)}>\r\n" for number in _CONTROLS)
    osc = "\x1b]52;c;cm0gLXJmIH4=\x07 \x1b]52;p;eA==\x1b\\ \x9d52;c;eA==\x9c \x1b]8;;https://evil.example\x07link\x1b]8;;\x07\r\n"
    row = "0123456789 a line of a long text, of which there are very many\r\n"
    controls, clipboard, long, empty, nuls, lone, wide = (
        "every control character",
        "writes to the clipboard",
        "7 MB of text",
        "an empty body",
        "many NULs",
        "lone surrogates",
        "one line of a million characters",
    )
    headerless, bodiless = "no headers at all", "headers and no end of them"
    return [
        Case(controls, message(controls, each)),
        Case(clipboard, message(clipboard, osc)),
        Case(long, message(long, row * (_SIZE // len(row) + 1))),
        Case(empty, message(empty, "")),
        Case(headerless, "This is a text and nothing else.\r\nWhat is this: a header?\r\n"),
        Case(
            bodiless,
            lines("From: odd@corpus.example", f"Message-ID: {header_id(bodiless)}", "Subject: no body"),
            decoded="no body",
        ),
        Case(nuls, message(nuls, "before\x00after\r\n" + "\x00" * 5_000, more=["X-Nul: a\x00b"])),
        Case(
            lone,
            message(lone, "high \ud800 low \udc00 swapped \udc00\ud800 bytes \udce9\udcff\r\n", subject="lone \ud83d"),
            subject="lone \ud83d",
            decoded="lone \ud83d",
        ),
        Case(wide, message(wide, "wide " * 200_000)),
    ]
