"""Cases in many charsets: the same charset in the subject and in the body."""

import base64
import quopri
from typing import Final, Literal

from tui_app.simulator.corpus_case import Case, message

_Encoding = Literal["base64", "quoted-printable", "7bit"]
_CHARSETS: Final[tuple[tuple[str, str, _Encoding, str], ...]] = (
    ("utf-8", "utf-8", "quoted-printable", "Grüße – ¿qué tal? 👩‍💻"),
    ("iso-8859-1", "latin-1", "quoted-printable", "Überweisung fällig, garçon"),
    ("windows-1252", "cp1252", "quoted-printable", "“Rechnung” – 50 € fällig…"),
    ("koi8-r", "koi8-r", "base64", "Счёт на оплату"),
    ("shift_jis", "shift_jis", "base64", "請求書のご確認 ソ表"),
    ("iso-2022-jp", "iso2022_jp", "7bit", "お支払いのお願い"),
    ("euc-kr", "euc_kr", "base64", "결제 확인이 필요합니다"),
    ("gb18030", "gb18030", "base64", "您的账户需要验证 €"),
    ("big5", "big5", "quoted-printable", "帳單已逾期 功許"),
    ("utf-7", "utf-7", "7bit", "Überfällig + <script>"),
    ("utf-16", "utf-16", "base64", "Sixteen bits: Ω"),
    ("iso-8859-8", "iso8859_8", "quoted-printable", "חשבונית חדשה"),
    ("windows-1256", "cp1256", "base64", "تحديث بيانات الحساب"),
    ("macintosh", "mac_roman", "quoted-printable", "Café † Ωmega"),
    ("tis-620", "tis_620", "base64", "แจ้งเตือนการชำระเงิน"),
    ("windows-1251", "cp1251", "quoted-printable", "Оплата просрочена"),
    ("iso-8859-7", "iso8859_7", "quoted-printable", "Τιμολόγιο προς εξόφληση"),
    # A label that says that nobody knows, one that nobody knows, and one that is not true.
    ("unknown-8bit", "cp1252", "quoted-printable", "Größe unbekannt"),
    ("x-nonsense-42", "latin-1", "quoted-printable", "Déjà vu"),
    ("us-ascii", "latin-1", "quoted-printable", "naïve ASCII"),
)


def charset_cases() -> list[Case]:
    """One case for each charset."""
    return [_case(*row) for row in _CHARSETS]


def _case(label: str, codec: str, encoding: _Encoding, text: str) -> Case:
    name = f"charset {label}"
    data = f"{text}\r\n\r\nPlease pay: {text}\r\n".encode(codec)
    word = f"=?{label}?B?{base64.b64encode(text.encode(codec)).decode()}?="
    return Case(
        name,
        message(name, _encoded(data, encoding), f"text/plain; charset={label}", subject=word, encoding=encoding),
        subject=text,
        decoded=text,
    )


def _encoded(data: bytes, encoding: _Encoding) -> str:
    if encoding == "base64":
        return base64.encodebytes(data).decode().replace("\n", "\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(data.replace(b"\r\n", b"\n")).decode().replace("\n", "\r\n")
    return data.decode("ascii")
