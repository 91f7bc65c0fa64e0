"""What tests of hostile mail share."""

import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import strategies as st

from tui_app.mail.text_lines import text_lines

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=400)
MEGABYTE = 1 << 20


def assert_safe(text: str) -> None:
    """No line holds anything that a terminal obeys or hides."""
    for line in text_lines(text):
        assert line.isascii() or not {unicodedata.category(character) for character in line} & FORBIDDEN
        assert not line.isascii() or line.isprintable()


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """CPU time of what is done inside; generous, for quadratic time takes minutes."""
    begin = time.process_time()
    yield
    assert time.process_time() - begin < seconds
