from pathlib import Path

import pytest

from tui_app.config.file import checked
from tui_app.config.lines import line_of
from tui_app.config.problems import problems_of
from tui_app.core.errors import UsageError

TEXT = '''# color = "in a comment"
default_profile = "a.b"
[profiles."a.b"]
account_id = "x"
note = """
color = "in a text"
[guard]
"""
token_command = [
  "a = 1",
]
color = "red"
[guard]
ui.theme = 1
inline = { deep = { er = 1 } }
[profiles.'c']
  color = "red"
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("default_profile",), 2),
        (("profiles", "a.b"), 3),
        (("profiles", "a.b", "account_id"), 4),
        (("profiles", "a.b", "color"), 12),
        (("profiles", "a.b", "missing"), 3),
        (("profiles", "c", "color"), 17),
        (("guard",), 13),
        (("guard", "ui", "theme"), 14),
        (("guard", "inline", "deep", "er"), 15),
        (("ui",), None),
    ],
)
def test_a_line_is_found_or_none_is_told(key: tuple[str, ...], line: int | None) -> None:
    assert line_of(TEXT, key) == line


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "[guard]\nmax_messages = 0",
        "[guard]\nhold_dispositions = ['X']",
        "[ui]\ntheme = 3",
        "a = ",
        "profiles = 3",
    ],
)
def test_whatever_is_refused_is_a_problem(text: str) -> None:
    path = Path("config.toml")
    with pytest.raises(UsageError) as refused:
        checked(path, text)
    problems = problems_of(path, text)
    assert problems[0].sentence == str(refused.value)
    assert problems[0].line is not None


def test_a_file_that_is_right_has_none() -> None:
    assert problems_of(Path("config.toml"), "[guard]\nmax_messages = 3\n[profiles.p]\ncolor = 'red'\n") == ()
