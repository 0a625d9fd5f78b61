"""The address of a relay: one spelling, checked alike where it is published and where it is used.

Rules:

- Scheme, host and port alone: no user, no path, no query, no fragment, no capital letters.
- ``https`` only; ``http`` for this machine, where nothing leaves it.
- A host is a name of valid labels or a literal address in its one canonical spelling, so that
  no name means another address than it shows.
- The scheme's own port is left out, because clients leave it out of what they sign.

Source: docs/spec/directory.md §3; RFC 3986 §3.2; RFC 1123 §2.1; RFC 5952.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from secure_liaison.errors import FormatError

__all__ = ["checked_url", "is_own_machine"]

_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?",
    re.ASCII,
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
# What resolvers read as a number; such a host is an address or nothing.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_OWN_MACHINE: Final = frozenset({"127.0.0.1", "[::1]", "localhost"})
_DEFAULT_PORT: Final = {"http": 80, "https": 443}
_MAX_PORT: Final = 65535


def checked_url(url: str) -> str:
    """Return a relay's address as it was given, after strict checks; at most 267 characters.

    Raises:
        FormatError: ``relay-url``.

    Source: docs/spec/directory.md §3.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise FormatError("relay-url")
    scheme, host, port = match["scheme"], match["host"], match["port"]
    if not _is_host(host) or (scheme == "http" and host not in _OWN_MACHINE):
        raise FormatError("relay-url")
    if port is not None and (int(port) > _MAX_PORT or int(port) == _DEFAULT_PORT[scheme]):
        raise FormatError("relay-url")
    return url


def is_own_machine(url: str) -> bool:
    """Whether a relay's address names this machine itself.

    Raises:
        FormatError: ``relay-url``.
    """
    match = _URL.fullmatch(checked_url(url))
    host = "" if match is None else match["host"]
    literal = _address(host)
    if literal is None:
        return host == "localhost" or host.endswith(".localhost")
    # The unspecified address connects to this machine on common systems.
    return literal.is_loopback or literal.is_unspecified


def _is_host(host: str) -> bool:
    labels = host.split(".")
    if host.startswith("[") or _NUMBER.fullmatch(labels[-1]) is not None:
        return _address(host) is not None
    return all(_LABEL.fullmatch(label) is not None for label in labels)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the literal address in its canonical spelling, none for anything else."""
    if not host.startswith("["):
        try:
            return ipaddress.IPv4Address(host)
        except ValueError:
            return None
    bare = host.removeprefix("[").removesuffix("]")
    try:
        literal = ipaddress.IPv6Address(bare)
    except ValueError:
        return None
    # An IPv4 address in IPv6 clothes would be a second spelling of the same place.
    return literal if str(literal) == bare and literal.ipv4_mapped is None else None
