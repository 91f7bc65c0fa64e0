"""Cases with headers that are hard to decode, too long, too many, or that mislead about who wrote."""

import base64
from typing import Final

from tui_app.simulator.corpus_case import HOST, Case, message

_RECIPIENTS: Final = tuple(f"reader{number}@acme.example" for number in range(10_000))
_MIXED: Final = "billing@\u0430cme.ex\u0430mple"
"""With two Cyrillic letters."""
_BIDI: Final = "\u202emoc.live\u202c <pay@evil.example>\u2066\u2069"


def header_cases() -> list[Case]:
    """Headers that are odd."""
    return [*_encoded_words(), *_long(), *_senders()]


def _word(data: bytes, charset: str = "utf-8") -> str:
    return f"=?{charset}?B?{base64.b64encode(data).decode()}?="


def _with_subject(name: str, header: str, subject: str, decoded: str | None = None) -> Case:
    return Case(name, message(name, "See the subject.\r\n", subject=header), subject=subject, decoded=decoded)


def _encoded_words() -> list[Case]:
    euro, drawn = "€".encode(), "\x1b]0;owned\x07\x1b[2J\x9b31m red"
    return [
        _with_subject(
            "a character cut between two words",
            f"{_word(b'50 ' + euro[:2])} {_word(euro[2:] + b' due')}",
            "50 € due",
            "50 € due",
        ),
        _with_subject(
            "adjacent words",
            f"{_word(b'one')}\r\n {_word(b'two')} =?utf-8?Q?=20three?= four",
            "onetwo three four",
            "onetwo three four",
        ),
        _with_subject(
            "wrong padding in a word", "=?utf-8?B?SW52b2ljZQ?= =?utf-8?B?SW5=b2lj?= =?utf-8?B?A?=", "Invoice"
        ),
        _with_subject(
            "a word of an unknown charset",
            f"{_word(b'caf' + bytes([0xE9]), 'x-nonsense-42')} =?utf-8?X?what?=",
            "caf\ufffd",
            "café =?utf-8?X?what?=",
        ),
        _with_subject(
            "a word with control characters",
            f"{_word(drawn.encode())} =?utf-8?Q?=1B[31m=00=08=7F?=",
            drawn,
            f"{drawn}\x1b[31m\x00\x08\x7f",
        ),
        _with_subject(
            "a word with line breaks",
            f"{_word(b'Hello' + bytes([13, 10]) + b'Bcc: all@acme.example')} =?utf-8?Q?a=0D=0A=0D=0Abody?=",
            "Hello\r\nBcc: all@acme.example",
            "Hello\r\nBcc: all@acme.examplea\r\n\r\nbody",
        ),
    ]


def _long() -> list[Case]:
    many = [f"X-Trace-{number}: {'t' * 80}" for number in range(5_400)]
    to = ",\r\n ".join(_RECIPIENTS)
    name = "10000 recipients"
    return [
        Case(name_ := "500 KB of headers", message(name_, "Much ado.\r\n", more=many)),
        Case(name_ := "a header of 300 KB", message(name_, "Long.\r\n", more=["X-Long: " + "abcdefghi " * 30_720])),
        Case(name, message(name, "To all.\r\n", to=to), recipients=_RECIPIENTS),
    ]


def _senders() -> list[Case]:
    return [
        _from(
            "a sender in punycode", "pay@xn--pypal-4ve.example", "P\u0430ypal", "https://xn--pypal-4ve.example/login"
        ),
        _from("a sender in mixed scripts", _MIXED, "Acme", f"https://{_MIXED.partition('@')[2]}/pay"),
        _from("a sender that turns around", f"odd@{HOST}", _BIDI, "https://evil.example/\u202egpj.exe"),
    ]


def _from(name: str, address: str, shown: str, link: str) -> Case:
    body = f"Please sign in: {link}\r\n"
    return Case(
        name,
        message(name, body, sender=f'"{shown}" <{address}>'),
        sender=address,
        sender_name=shown,
        links=((link, "sign in"),),
    )
