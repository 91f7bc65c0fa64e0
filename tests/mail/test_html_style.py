"""Styles that hide text, however they are written, and styles that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mail.hostile import MEGABYTE, bounded
from tui_app.mail.html_style import hides


@pytest.mark.parametrize(
    "style",
    [
        "display:none", "DISPLAY : NONE !important", "d\\69splay:none", "d\\000069 splay:n\\one", "display:/**/none", "color:red;display:none",
        "display:none;display:block", "visibility:hidden", "visibility:collapse", "mso-hide:all", "opacity:0", "opacity:.01", "opacity:0%",
        "font-size:0", "font-size:0.9px", "font-size:.5pt", "font-size:1%", "font-size:0.01em", "font-size:1e-3px", "font-size:+0px",
        "font-size:.1mm", "font:0/0 a", "font:italic 400 0/0 a", "font:0 a", "font:bold 0.5px/20px arial", "max-height:0;overflow:hidden",
        "max-height:0px;overflow-y:hidden", "overflow:clip;max-width:0", "height:0", "width:0px", "text-indent:-9999px", "text-indent:-100em",
        "text-indent:-100%", "color:transparent", "color:rgba(0,0,0,0)", "color:rgb(0 0 0 / 0%)", "color:#0000", "color:#ffffff00",
        "-webkit-text-fill-color:transparent",
    ],
)  # fmt: skip
def test_what_hides_text_is_told(style: str) -> None:
    assert hides(style)


@pytest.mark.parametrize(
    "style",
    [
        "", ";", "display", "display:block", "opacity:0.5", "opacity:1", "font-size:10px", "font-size:1px", "font-size:90%", "font-size:0x",
        "font-size:small", "font:400 12px/0 a", "font:inherit", "font:100 1em a", "max-height:0", "max-height:10px;overflow:hidden",
        "overflow:hidden", "height:auto", "height:0.5em", "width:0;min-width:100%", "text-indent:-1em", "text-indent:2em", "color:#000",
        "color:rgba(0,0,0,0.5)", "color:#fff000", "line-height:0", "background:transparent", "x-display:none",
    ],
)  # fmt: skip
def test_what_does_not_hide_text_is_not(style: str) -> None:
    assert not hides(style)


@given(
    st.lists(
        st.sampled_from(["/*", "*/", "\\", "\\6", ";", ":", "font", "-size", "0", ".", "e", "(", "%", " ", "\n", "!"])
    ).map("".join)
)
def test_any_style_is_read(style: str) -> None:
    hides(style)
    hides(f"font-size:{style}")


@pytest.mark.parametrize(
    "piece",
    ["/*", "\\", "\\6", ";", ":", "0", "font:", "0 ", "(", "color:rgba(", "0.", "max-height:0;", ";overflow:a b"],
)
def test_a_hostile_style_takes_linear_time(piece: str) -> None:
    with bounded(4):
        hides(piece * (MEGABYTE // len(piece)))
        hides(f"font:{piece * (MEGABYTE // len(piece))}")
