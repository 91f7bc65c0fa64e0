"""A file of certificates decides who gets the token: whose it must be, and where it may not be."""

import os
import ssl
from pathlib import Path

import pytest
import trustme

from tui_app.config.ca_bundle import trusting
from tui_app.config.problems import problems_of
from tui_app.core.errors import UsageError


@pytest.fixture(scope="module")
def certificate() -> bytes:
    return trustme.CA().cert_pem.bytes()


@pytest.fixture
def bundle(certificate: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "corp.pem"
    path.write_bytes(certificate)
    path.chmod(0o644)
    return path


def authorities(ca_bundle: Path) -> int:
    context = trusting(ca_bundle)
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
    return len(context.get_ca_certs())


def refusal(ca_bundle: Path) -> str:
    """Why it is not obeyed; `config check` says the same."""
    with pytest.raises(UsageError) as caught:
        trusting(ca_bundle)
    (problem,) = problems_of(Path("c.toml"), f"[profiles.p]\nca_bundle = '{ca_bundle}'\n")
    assert (problem.key, problem.kind) == ("profiles.p.ca_bundle", "profile")
    assert problem.sentence.endswith(caught.value.cause)
    return str(caught.value)


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o644, 0o444])
def test_a_bundle_that_only_we_can_write_is_obeyed_also_behind_a_link(bundle: Path, mode: int, tmp_path: Path) -> None:
    bundle.chmod(mode)
    link = tmp_path / "link.pem"
    link.symlink_to(bundle.name)
    assert (authorities(bundle), authorities(link)) == (1, 1)


def test_a_bundle_has_several_certificates_and_comments_in_any_script(bundle: Path) -> None:
    more = trustme.CA().cert_pem.bytes()
    bundle.write_bytes("# Főtanúsítvány\n".encode() + bundle.read_bytes() + b"# \xff\n" + more)
    assert authorities(bundle) == 2


@pytest.mark.parametrize("system", ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"])
def test_the_system_s_own_is_obeyed(system: str, tmp_path: Path) -> None:
    if not Path(system).is_file():
        pytest.skip("this system keeps them elsewhere")
    (tmp_path / "link.pem").symlink_to(system)
    assert authorities(Path(system)) == authorities(tmp_path / "link.pem") > 10


@pytest.mark.parametrize("mode", [0o666, 0o602, 0o646])
def test_a_bundle_that_others_can_write_is_not_obeyed(bundle: Path, mode: int, tmp_path: Path) -> None:
    bundle.chmod(mode)
    assert "can be written by others; run chmod go-w on it. It is not obeyed" in refusal(bundle)
    (tmp_path / "link.pem").symlink_to(bundle)
    assert "can be written by others" in refusal(tmp_path / "link.pem")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_bundle_of_somebody_else_is_not_obeyed(bundle: Path, tmp_path: Path) -> None:
    os.chown(bundle, 12345, -1)
    assert "belongs to another user, uid 12345" in refusal(bundle)
    (tmp_path / "link.pem").symlink_to(bundle)
    assert "belongs to another user, uid 12345" in refusal(tmp_path / "link.pem")


@pytest.mark.parametrize("name", ["corp.pem", "./corp.pem", "~/corp.pem"])
def test_no_bundle_is_read_from_wherever_somebody_stands(
    bundle: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bundle.parent)
    monkeypatch.setenv("HOME", ".")
    assert "is a relative name" in refusal(Path(name))
    monkeypatch.setenv("HOME", str(bundle.parent))
    assert authorities(Path("~/corp.pem")) == 1


def test_what_is_no_bundle_is_refused_and_never_means_the_system_s(bundle: Path, tmp_path: Path) -> None:
    whole = bundle.read_bytes()
    for content in (b"", b"\n", "ö".encode(), b"hello", whole[:200], whole + whole.replace(b"MII", b"MIX")):
        bundle.write_bytes(content)
        assert "can't be read as PEM certificates" in refusal(bundle)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert "is not a regular file" in refusal(path)
    assert "can't be read" in refusal(tmp_path / "missing.pem")
