import copy
import pickle

import pytest

from tui_app.auth.credentials import Secret, TokenCredential
from tui_app.core.errors import UsageError


def test_a_secret_shows_nowhere() -> None:
    secret = Secret("c4nary-token", "test")
    shown = f"{secret} {secret!r} {secret:>10} {[secret]} {TokenCredential(secret)}"
    assert "c4nary" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.copy(secret)


@pytest.mark.parametrize("value", ["", "Bearer abc", "abc\n", "töken", "a\x00b", "x" * 5000])
def test_what_is_no_token_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        Secret(value, "token file")
    assert "token file" in str(caught.value)
    assert len(value) < 2 or value not in str(caught.value)
