"""Cases whose parts are malformed, endless or deep, and files with names that are traps."""

import base64
from typing import Final

from tui_app.simulator.corpus_case import Case, lines, message
from tui_app.simulator.evidence import Attachment

_DEPTH: Final = 30
_MANY: Final = 2_000
_ZIP: Final = b"PK\x05\x06" + bytes(18)
_OVERRIDE: Final = "invoice\u202efdp.exe"


def mime_cases() -> list[Case]:
    """Malformed parts."""
    return [
        _no_closing_boundary(),
        _no_boundary_parameter(),
        _deep_parts(),
        _mail_in_mail(),
        _prefix_boundary(),
        _broken_encodings(),
        _many_parts(),
    ]


def file_cases() -> list[Case]:
    """Files whose names are traps."""
    return [
        _files(
            "bombs by name",
            ("42.zip", 42_374, "application/zip"),
            ("zbxl.zip", 2**62, "application/zip"),
            ("nested.tar.gz.zip.7z", 10 * 2**40, "application/octet-stream"),
        ),
        _files(
            "paths and devices as file names",
            ("../../etc/passwd", 12, "text/plain"),
            ("con.txt", 12, "text/plain"),
            ("C:\\Windows\\System32\\cmd.exe", 12, "application/octet-stream"),
            ("~/.ssh/authorized_keys", 12, "text/plain"),
            ("-rf", 12, "text/plain"),
            ("", 12, "text/plain"),
        ),
        _files("a file name of 4000 characters", ("n" * 3996 + ".pdf", 12, "application/pdf")),
        _files(
            "file names that turn around",
            (_OVERRIDE, 12, "application/octet-stream"),
            ("line\nbreak\x1b[2J.txt", 12, "text/plain"),
        ),
    ]


def _part(content_type: str, body: str, *more: str) -> str:
    return lines(f"Content-Type: {content_type}", *more, "", body)


def _no_closing_boundary() -> Case:
    name = "no closing boundary"
    body = (
        lines("--edge")
        + _part("text/plain", "The first part.")
        + lines("--edge")
        + "Content-Type: text/html\r\n\r\n<b>cut"
    )
    return Case(name, message(name, body, "multipart/mixed; boundary=edge"))


def _no_boundary_parameter() -> Case:
    name = "no boundary parameter"
    body = lines("--edge") + _part("text/plain", "Who knows where this begins?") + lines("--edge--")
    return Case(name, message(name, body, "multipart/mixed"))


def _deep_parts() -> Case:
    name = "parts 30 deep"
    body = _part("text/plain", "The innermost part.")
    for level in range(_DEPTH, 0, -1):
        body = lines(f"--level{level}") + body + lines(f"--level{level}--")
        if level > 1:
            body = lines(f"Content-Type: multipart/mixed; boundary=level{level}", "") + body
    return Case(name, message(name, body, "multipart/mixed; boundary=level1"))


def _mail_in_mail() -> Case:
    name = "a mail in a mail"
    inner = message("the inner mail", "Text of the inner mail.\r\n")
    body = (
        lines("--edge")
        + _part("text/plain", "See below.")
        + lines("--edge", "Content-Type: message/rfc822", "")
        + inner
        + lines("--edge--")
    )
    return Case(name, message(name, body, "multipart/mixed; boundary=edge"))


def _prefix_boundary() -> Case:
    name = "a boundary that begins another"
    inner = lines("--edge-2") + _part("text/html", "<p>Inner.</p>") + lines("--edge-2--")
    body = (
        lines("--edge", "Content-Type: multipart/alternative; boundary=edge-2", "")
        + inner
        + lines("--edge")
        + _part("text/plain", "Outer.")
        + lines("--edge--")
    )
    return Case(name, message(name, body, "multipart/mixed; boundary=edge"))


def _broken_encodings() -> Case:
    name = "encodings that do not hold"
    body = (
        lines("--edge")
        + _part("text/plain", "A===B$%&/ no base64 at all", "Content-Transfer-Encoding: base64")
        + lines("--edge")
        + _part("text/plain", "=ZZ =1 =\r\nsoft= =E2=82", "Content-Transfer-Encoding: quoted-printable")
        + lines("--edge")
        + _part("text/plain", "begin 644 x\r\n#0V%T\r\n`\r\nend", "Content-Transfer-Encoding: x-nobody-knows")
        + lines("--edge--")
    )
    return Case(name, message(name, body, "multipart/mixed; boundary=edge"))


def _many_parts() -> Case:
    name = "2000 parts"
    body = "".join(lines("--edge") + _part("text/plain", f"Part {number}.") for number in range(_MANY))
    return Case(name, message(name, body + lines("--edge--"), "multipart/mixed; boundary=edge"))


def _files(name: str, *files: tuple[str, int, str]) -> Case:
    parts = [lines("--edge") + _part("text/plain", "See the files.")]
    for file, _, content_type in files:
        shown = file.replace("\\", "\\\\").replace("\n", "\r\n ")
        parts.append(
            lines("--edge")
            + _part(
                content_type,
                base64.b64encode(_ZIP).decode(),
                "Content-Transfer-Encoding: base64",
                f'Content-Disposition: attachment; filename="{shown}"',
            )
        )
    attachments = tuple(Attachment(file, size, content_type, _ZIP) for file, size, content_type in files)
    body = "".join(parts) + lines("--edge--")
    return Case(name, message(name, body, "multipart/mixed; boundary=edge"), attachments=attachments)
