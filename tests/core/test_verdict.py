"""Verdicts in one spelling."""

import pytest

from tui_app.api.enums import Disposition
from tui_app.core.verdict import VERDICTS, canonical_verdict


def test_they_are_those_of_the_api() -> None:
    assert set(VERDICTS) == set(Disposition)


@pytest.mark.parametrize("text", ["malicious-bec", "MALICIOUS_BEC", " Malicious BEC ", "malicious - bec"])
def test_a_spelling_changes_nothing(text: str) -> None:
    assert canonical_verdict(text) == "MALICIOUS-BEC"
