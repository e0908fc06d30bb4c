"""The hub's address as people write it, and the line or file that holds it with a code."""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from intercom.config import load
from intercom.enroll.address import hub_url, invitation
from intercom.enroll.errors import CodeRefused, EnrollError, NotTrusted
from intercom.errors import ConfigError

CODE = "7S97-WC5M-XKE5-B7R3"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("hub.local", "wss://hub.local:8443"),
        (" hub.local/ ", "wss://hub.local:8443"),
        ("hub.local:9000", "wss://hub.local:9000"),
        ("10.0.0.5", "wss://10.0.0.5:8443"),
        ("fe80::1", "wss://[fe80::1]:8443"),
        ("[fe80::1]:9000", "wss://[fe80::1]:9000"),
        ("[fe80::1%eth0]:9000", "wss://[fe80::1%eth0]:9000"),
        ("hub.local.", "wss://hub.local.:8443"),
        ("10.0.0.5:8443/", "wss://10.0.0.5:8443"),
        ("b\u00fccher.local", "wss://b\u00fccher.local:8443"),
        ("wss://hub.local", "wss://hub.local"),
        ("https://hub.example/", "wss://hub.example"),
        ("WSS://hub.local:8443", "wss://hub.local:8443"),
        ("ws://127.0.0.1:8443", "ws://127.0.0.1:8443"),
        ("http://localhost:8443", "ws://localhost:8443"),
    ],
)
def test_an_address(text: str, url: str) -> None:
    assert hub_url(text) == url
    load(f'[hub]\nurl = "{url}"', "x", "hub")  # as [hub] url it would do as well


@pytest.mark.parametrize(
    "text",
    ["", "hub local", "ftp://hub", "hub:0", "hub:70000", "hub:x", "user@hub", "wss://hub/path?x",
     "wss://", "[::1", "hub.local#x", "hub..local", ".local", f"{64 * 'a'}.local", ".", "..",
     "192.168.1.5::8443", "hub.local::8443", "10.0.0.5:8443:", "[1.2.3.4]", "[]", "[%eth0]",
     "[::1]]:1", "hub.local..", "hub\x00.local", "hub%41", "xn--", "xn--a", "h\u2100x",
     ".".join(5 * [60 * "a"])],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(CodeRefused, match="no address"):
        hub_url(text)


def test_in_the_clear_only_where_that_is_wanted() -> None:
    with pytest.raises(NotTrusted, match="wss://"):
        hub_url("ws://10.0.0.5:8443")
    assert hub_url("ws://10.0.0.5:8443", plain=True) == "ws://10.0.0.5:8443"


@pytest.mark.parametrize(
    "text",
    [
        f"hub.local {CODE}",
        f"hub.local {CODE.replace('-', '')}",
        f"hub.local\n{CODE}\n",
        f"\ufeffhub.local\r\n{CODE.lower()}\r\n",
        f"# written on my laptop\n\nhub.local   {CODE.replace('-', ' ')}\n# the end",
        f"hub.local {CODE.replace('-', chr(0x2013))}",
        f"intercom enroll hub.local {CODE} --config /etc/intercom/station.toml",
        f"  sudo /opt/intercom/venv/bin/intercom enroll hub.local {CODE}",
    ],
)
def test_what_people_write_into_a_file(text: str) -> None:
    assert invitation(text) == ("hub.local", CODE)


def test_a_hub_may_have_a_short_name() -> None:
    assert invitation(f"hub {CODE}") == ("hub", CODE)


@pytest.mark.parametrize("text", [CODE, f"# mine\n{CODE.lower()}\n", f"intercom enroll {CODE}"])
def test_a_code_alone_means_the_hub_of_the_guide(text: str) -> None:
    assert invitation(text) == ("hub.local", CODE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "address and the code are wanted"),
        ("hub.local", "address and the code are wanted"),
        (f"{CODE} hub.local", "no code"),
        (f"hub.local host {CODE}", "no code"),
        (CODE[:-1] + "4", "slip"),
        (f"hub local {CODE}", "letters and digits, a code has 16"),
        (CODE[:-1], "it has 15"),
        (f"hub#local {CODE}", "no address"),
    ],
)
def test_what_is_no_invitation(text: str, words: str) -> None:
    with pytest.raises(EnrollError, match=words):
        invitation(text)


@pytest.mark.parametrize(
    "place", ["hub..local:8443", ".:8443", "[192.168.1.5::8443]", "hub:99999", f"{70 * 'a'}", "a:b"]
)
def test_a_configuration_takes_no_other_address(place: str) -> None:
    with pytest.raises(ConfigError, match="has no address in it"):
        load(f'[hub]\nurl = "wss://{place}"', "x", "hub")


@given(
    st.text(max_size=60)
    | st.text(st.sampled_from("ab.:[]%0159\u00fc\u2100\u3002\uff0e-_/@xn"), max_size=20)
)
def test_what_is_taken_can_be_asked_for(text: str) -> None:
    """Every library on the way takes it: what is refused later than here, nobody mends."""
    with contextlib.suppress(EnrollError):
        url = hub_url(text, plain=True)
        assert urlsplit(url).hostname
        assert URL(url).host
        load(f"[hub]\ninsecure = true\nurl = '{url}'", "x", "hub")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (invitation, hub_url):
        with contextlib.suppress(EnrollError):
            read(text)
