"""The proxy of the environment: whether requests go through it, and what is said of one that can be none."""

import pytest

from tui_app.config.proxy import proxy_for
from tui_app.core.errors import UsageError


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy.corp:3128"}, "http://proxy.corp:3128"),
        ({"https_proxy": "proxy.corp:3128"}, "http://proxy.corp:3128"),
        ({"HTTPS_PROXY": "https://who:s3same@proxy.corp"}, "https://proxy.corp"),
        ({"HTTPS_PROXY": "http://who:s3same%20x@[fd00::1]:3128"}, "http://[fd00::1]:3128"),
        ({"HTTPS_PROXY": "http://proxy.corp:3128", "NO_PROXY": "other.example, .cloudflare.com"}, None),
        ({"HTTPS_PROXY": "http://proxy.corp:3128", "no_proxy": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy.corp:3128", "NO_PROXY": "flare.com"}, "http://proxy.corp:3128"),
        ({"HTTP_PROXY": "http://proxy.corp:3128", "ALL_PROXY": "http://proxy.corp:3128"}, None),
    ],
)
def test_the_proxy_that_the_environment_names(environment: dict[str, str], name: str | None) -> None:
    proxy = proxy_for("https://api.cloudflare.com/client/v4", environment)
    assert (proxy.name if proxy else None) == name
    assert "s3same" not in repr(proxy)


def test_this_machine_is_never_asked_through_a_proxy_and_nonsense_is_refused() -> None:
    assert proxy_for("http://127.0.0.1:8000/client/v4", {"HTTPS_PROXY": "http://proxy.corp:3128"}) is None
    for nonsense in ("socks5://x:1", "http://", "http://x:port", "http://x/path", "http://[1", "http://x:0"):
        with pytest.raises(UsageError, match="HTTPS_PROXY"):
            proxy_for("https://api.cloudflare.com/client/v4", {"HTTPS_PROXY": nonsense})


@pytest.mark.parametrize("password", ["s3 same", "s3sämé", "s3\nsame", "s3'same", "s3" * 4000])
def test_what_is_wrong_with_a_password_is_said_of_the_variable_and_without_it(password: str) -> None:
    with pytest.raises(UsageError) as caught:
        proxy_for("https://api.cloudflare.com/client/v4", {"HTTPS_PROXY": f"http://who:{password}@proxy.corp:3128"})
    said = str(caught.value)
    assert said.startswith("HTTPS_PROXY has characters that no address has") and "a blank as %20" in said
    assert "token" not in said and "s3" not in said


@pytest.mark.parametrize("sign", "#/?")
def test_a_sign_that_ends_the_host_is_named_where_there_is_a_password(sign: str) -> None:
    for given in (f"http://who:s3{sign}same@proxy.corp:3128", f"http://who:12{sign}same@proxy.corp"):
        with pytest.raises(UsageError, match="In a password # is written as %23, / as %2F, ") as caught:
            proxy_for("https://api.cloudflare.com/client/v4", {"HTTPS_PROXY": given})
        assert "same" not in str(caught.value) and "who" not in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "url", "direct"),
    [
        ("*.cloudflare.com", "https://api.cloudflare.com/v4", True),
        ("*.api.cloudflare.com", "https://api.cloudflare.com/v4", True),
        ("localhost cloudflare.com", "https://api.cloudflare.com/v4", True),
        ("localhost\tcloudflare.com\n", "https://api.cloudflare.com/v4", True),
        ("cloudflare.com.", "https://api.cloudflare.com/v4", True),
        ("Cloudflare.COM.:443", "https://api.cloudflare.com/v4", True),
        ("api.cloudflare.com", "https://api.cloudflare.com./v4", True),
        ("x, *", "https://api.cloudflare.com/v4", True),
        ("", "https://api.cloudflare.com/v4", False),
        (" , ,. *. : [] [::1 /", "https://api.cloudflare.com/v4", False),
        ("*flare.com", "https://api.cloudflare.com/v4", False),
        ("cloudflare.com.example", "https://api.cloudflare.com/v4", False),
        ("fd00::1", "https://[fd00::1]/v4", True),
        ("[fd00::1]", "https://[fd00::1]:8443/v4", True),
        ("[FD00:0:0::1]:8443", "https://[fd00::1]:8443/v4", True),
        ("fd00::/8", "https://[fd00::1]/v4", True),
        ("fd00::2 [fd00::3] ::1", "https://[fd00::1]/v4", False),
        ("10.1.2.3", "https://10.1.2.3/v4", True),
        ("10.1.2.3:443", "https://10.1.2.3/v4", True),
        ("10.0.0.0/8", "https://10.1.2.3/v4", True),
        ("2.3, 10.0.0.0/16, fd00::/8", "https://10.1.2.3/v4", False),
    ],
)
def test_hosts_that_are_asked_without_the_proxy(rules: str, url: str, direct: bool) -> None:
    proxy = proxy_for(url, {"HTTPS_PROXY": "http://proxy.corp:3128", "NO_PROXY": rules})
    assert (proxy is None) == direct
