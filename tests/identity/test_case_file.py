"""A case as a file: every act comes back, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from secure_liaison.crypto.keys import Realm
from secure_liaison.encoding import encode
from secure_liaison.errors import FormatError, LiaisonError
from secure_liaison.identity import case_file
from secure_liaison.identity.case_file import open_case_file, write_case_file
from tests.identity.case_chain import determined_chain
from tests.labels.cases import REALM

CHAIN = determined_chain()
RECORDS = [signed.encode() for signed in CHAIN]


def test_a_case_comes_back_as_it_went() -> None:
    assert CHAIN == open_case_file(write_case_file(CHAIN, REALM), REALM)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({0: 0, 1: b"x" * 32, 2: RECORDS}, "determination-realm"),
        ({0: 0, 1: REALM.octets, 2: []}, "determination-empty"),
        ({0: 0, 1: REALM.octets, 2: ["act"]}, "case-file"),
        ({0: 1, 1: REALM.octets, 2: RECORDS}, "unknown-version"),
        ({0: 0, 1: REALM.octets, 2: RECORDS, 3: 0}, "unknown-field"),
        ({0: 0, 1: REALM.octets, 2: [RECORDS[0][:-1]]}, "cbor"),
    ],
)
def test_what_is_no_case_is_refused(value: object, reason: str) -> None:
    with pytest.raises(LiaisonError, match=reason):
        open_case_file(encode(value), REALM)  # type: ignore[arg-type]  # wrong on purpose


def test_a_case_of_another_realm_is_refused() -> None:
    with pytest.raises(FormatError, match="determination-realm"):
        open_case_file(write_case_file(CHAIN, REALM), Realm(b"x" * 32))


def test_a_case_that_is_too_large_does_not_go_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_file, "MAX_CASE_BYTES", 100)
    with pytest.raises(FormatError, match="case-file-size"):
        write_case_file(CHAIN, REALM)
