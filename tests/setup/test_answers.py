import sys

import pytest

from tui_app.auth.credentials import Secret
from tui_app.core.errors import UsageError
from tui_app.setup.answers import (
    Answers,
    check_command,
    check_profile_name,
    parsed_command,
    pasted_token,
    suggested_name,
)


@pytest.mark.parametrize("text", ["t0ken", " t0ken\n", "\r\nBearer t0ken \n", "bearer   t0ken", "\tt0ken\t"])
def test_blanks_and_bearer_are_left_out_of_a_paste(text: str) -> None:
    assert pasted_token(text).reveal() == "t0ken"


@pytest.mark.parametrize(
    "text", ["", " ", "Bearer", "Bearer a b", "t0ken t0ken", '"t0ken"', "t0k\u00e9n", "a\u200bb", "x" * 5000]
)
def test_what_is_no_token_is_refused_and_not_repeated(text: str) -> None:
    if text == "Bearer":
        with pytest.raises(UsageError):
            pasted_token("Bearer ")
        return
    with pytest.raises(UsageError) as refused:
        pasted_token(text)
    assert "pasted token" in str(refused.value)
    assert not text.strip() or text.strip() not in str(refused.value)


@pytest.mark.parametrize(
    ("account", "taken", "name"),
    [
        ("Acme production (simulated)", (), "acme-production"),
        ("Acme", ("acme", "acme-2"), "acme-3"),
        ("", (), "default"),
        ("\u202eevil", (), "default"),
        ("../../etc/passwd", (), "etc-passwd"),
        ("w" * 60, (), "default"),
        ("--token", (), "token"),
    ],
)
def test_the_suggested_name_is_safe_and_free(account: str, taken: tuple[str, ...], name: str) -> None:
    assert suggested_name(account, taken) == name
    assert check_profile_name(name) == name


@pytest.mark.parametrize("name", ["", "a b", "a.b", "-a", "../x", "ü", "x" * 41, "a\n"])
def test_a_name_that_would_be_quoted_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="A profile's name has"):
        check_profile_name(name)


def test_a_command_is_read_as_a_shell_reads_words() -> None:
    assert parsed_command("pass show 'a b'  c") == ("pass", "show", "a b", "c")
    for line in ("", "  ", "pass 'x"):
        with pytest.raises(UsageError):
            parsed_command(line)


def test_a_command_must_print_the_token_that_was_verified() -> None:
    check_command((sys.executable, "-c", "print('t0ken')"), Secret("t0ken", "test"))
    with pytest.raises(UsageError, match="prints another token") as refused:
        check_command((sys.executable, "-c", "print('other-secret')"), Secret("t0ken", "test"))
    assert "other-secret" not in str(refused.value)
    with pytest.raises(UsageError, match="was not found"):
        check_command(("no-such-program-anywhere",), Secret("t0ken", "test"))


def test_answers_do_not_show_the_token() -> None:
    assert "t0ken" not in repr(Answers("p", "f" * 32, "https://x.example", Secret("t0ken", "test")))
