"""A typed line becomes words as in a shell."""

import pytest

from tui_app.core.query import split_words


def test_quotation_marks_keep_blanks() -> None:
    assert split_words('subject:"two words"  from:a@b.example -x') == ["subject:two words", "from:a@b.example", "-x"]
    assert split_words("   ") == []


@pytest.mark.parametrize("line", ['subject:"open', "ends with \\"])
def test_a_line_that_is_not_finished_says_so(line: str) -> None:
    with pytest.raises(ValueError, match="not closed"):
        split_words(line)
