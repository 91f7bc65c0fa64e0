"""The names, subjects and sizes that the demo account is made of."""

from typing import Final

DEFAULT_MESSAGES: Final = 3012
HELD_NEWSLETTERS: Final = 1200
SEARCHABLE: Final = 5000
MAILER: Final = "bounce@send.mailer.example"
"""The envelope sender of all genuine newsletters: one mailer sends them."""

_PEOPLE = (
    "ana",
    "bo",
    "chen",
    "dmitri",
    "elif",
    "farah",
    "goran",
    "hanna",
    "ines",
    "jamal",
    "kenji",
    "lena",
    "milan",
    "nora",
    "omar",
    "priya",
    "quentin",
    "rosa",
    "sven",
    "tomoko",
    "umar",
    "vera",
    "wanda",
    "xenia",
    "yusuf",
    "zoe",
)
_DOMAINS = ("acme.example", "emea.acme.example", "labs.acme.example")
SCRIPTS = (
    "Rechnung für März: Überweisung fällig",
    "Счёт на оплату № 4711 от 12 ноября",
    "請求書のご確認をお願いいたします",
    "您的账户需要验证,请立即登录",
    "تحديث بيانات الحساب المصرفي",
    "חשבונית חדשה ממתינה לאישורך",
    "การแจ้งเตือนการชำระเงินของคุณ",
    "आपका भुगतान लंबित है",
    "Τιμολόγιο 4711 προς εξόφληση",
    "결제 확인이 필요합니다",
    "Invoice 👩‍💻 overdue 🧾 — please review",
)
HOSTILE_SUBJECTS: Final = (
    "\x1b]0;owned\x07\x1b[2J\x1b[31mYour account is locked",
    "[@click=app.quit]Invoice[/] [link=https://evil.example]open[/link]",
    "re: [/x] [red on red]hidden[/red on red",
    "\u202egpj.eciovni\u202c invoice attached\u2066\u2069",
    "\x1b]52;c;cm0gLXJmIH4=\x07 paste me",
    "zero\u200bwidth\u200djoin\ufeff\u00ad tricks",
    "Z̸̧̢̛̛͓̳̜̙̱͚͚̠̲̗̺̙̥͕͓̗͚̘̫̫̪̠̗͉̟̎̂̀͐̿́͋̋̔͊͌͗̒͛a̵l̴g̶o̷ pays",
    "NUL\x00 SO\x0e SI\x0f DEL\x7f C1\x9b31m\x90q\x9c",
    "two\nlines\r\nand a\ttab\u2028and more\u2029",
    "lone surrogate \ud800 in the middle",
    "=cmd|' /C calc'!A0",
    "x" * 3000,
)


def person(number: int) -> str:
    """A mailbox of the account; 26 names in three domains, then numbered ones."""
    name, domain = _PEOPLE[number % 26], _DOMAINS[(number // 26) % 3]
    round_ = number // 78
    return f"{name}{round_ or ''}@{domain}"
