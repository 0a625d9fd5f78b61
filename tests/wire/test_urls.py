"""The address of a relay: what is taken, what is refused, what is this machine."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.errors import FormatError
from secure_liaison.wire import checked_url, is_own_machine


@pytest.mark.parametrize(
    "url",
    [
        "https://relay.example",
        "https://relay.example:8440",
        "https://relay.example:65535",
        "https://r",
        "https://xn--fiqs8s.example",
        "https://10.0.0.1:1",
        "https://[2001:db8::1]:8440",
        "http://127.0.0.1:8440",
        "http://[::1]",
        "http://localhost:1",
        "https://" + "a" * 63 + ".example",
    ],
)
def test_a_relays_address_is_taken_as_it_is(url: str) -> None:
    assert url == checked_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example",
        "ftp://relay.example",
        "https://",
        "http://relay.example",
        "http://127.0.0.2:8440",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "https://Relay.example",
        "https://relay.example/",
        "https://relay.example/v0",
        "https://relay.example?x",
        "https://relay.example#x",
        "https://user@relay.example",
        "https://relay.example\n",
        "https://relay.example:",
        "https://relay.example:0",
        "https://relay.example:08440",
        "https://relay.example:65536",
        "https://relay.example:443",
        "http://127.0.0.1:80",
        "https://a..b",
        "https://.a",
        "https://a.",
        "https://-a.example",
        "https://a-.example",
        "https://a_b.example",
        "https://" + "a" * 64,
        "https://" + ".".join(["a" * 63] * 4),
        "https://[::::]",
        "https://[::1",
        "https://[1.2.3.4]",
        "https://::1",
        "https://[0::1]",
        "https://[::ffff:127.0.0.1]",
        "https://[::ffff:7f00:1]",
        "https://1.2.3",
        "https://127.1",
        "https://1.2.3.256",
        "https://01.2.3.4",
        "https://0x7f.1",
        "https://0x7f000001",
        "https://2130706433",
        "https://\u9ad8.example",
        "https://relay\u3002example",
        "https://relay.example:\u0661",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(FormatError, match="relay-url"):
        checked_url(url)


@given(st.text(max_size=300) | st.text(alphabet="htps:/[].-0123456789abcdefx@%", max_size=60))
def test_any_text_is_taken_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"http://{text}"):
        with suppress(FormatError):
            assert url == checked_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8440",
        "https://127.8.9.1",
        "https://[::1]:8440",
        "https://[::]",
        "https://0.0.0.0",
        "http://localhost",
        "https://relay.localhost",
    ],
)
def test_this_machine_is_known_by_all_its_names(url: str) -> None:
    assert is_own_machine(url)


@pytest.mark.parametrize(
    "url", ["https://relay.example", "https://10.0.0.1", "https://localhost.example"]
)
def test_other_machines_are_others(url: str) -> None:
    assert not is_own_machine(url)


def test_only_a_valid_address_is_asked_about() -> None:
    with pytest.raises(FormatError, match="relay-url"):
        is_own_machine("http://[::::]")
