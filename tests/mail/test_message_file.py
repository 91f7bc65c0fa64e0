"""What is taken for a picture, and what is not."""

import base64

import pytest

from tui_app.core.errors import SluiceError
from tui_app.mail.message_file import picture_of
from tui_app.simulator.content import screenshot

PICTURE = base64.b64decode(screenshot())


def test_a_whole_picture_is_one() -> None:
    assert picture_of(screenshot()) == PICTURE


@pytest.mark.parametrize(
    "data",
    [
        b"", PICTURE[:8], PICTURE[:8] + b"<html>", PICTURE[:-12], PICTURE[:-1], PICTURE + b"<script>", b"GIF89a", PICTURE[8:],
        PICTURE[:8] + PICTURE[33:], PICTURE[:8] + PICTURE[-12:],
    ],
)  # fmt: skip
def test_what_is_not_a_whole_picture_is_none(data: bytes) -> None:
    with pytest.raises(SluiceError, match="not a picture"):
        picture_of(base64.b64encode(data).decode())


def test_no_base64_is_no_picture() -> None:
    with pytest.raises(SluiceError, match="not a picture"):
        picture_of(screenshot() + "?")
