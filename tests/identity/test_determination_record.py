"""Chains of signed acts: what they come to, and the vectors."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest, KeyId, Realm
from secure_liaison.crypto.signing import VerifyKey
from secure_liaison.errors import FormatError, LiaisonError, TamperedError
from secure_liaison.identity.determination_record import (
    MAX_ACT_BYTES,
    CaseSigner,
    open_act,
    verify_case,
)
from secure_liaison.identity.ids import AgencyId, OfficerId
from secure_liaison.labels.acts import Approve, Propose, Purpose
from secure_liaison.labels.case import CaseState, state_at
from tests.identity.case_chain import chain_of, checked, determined_chain, opening
from tests.labels.cases import REALM, SETTING, label, officer, original
from tests.vectors.determination.scenarios import scenarios

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "vectors" / "determination"
VECTORS = sorted(path for path in FOLDER.glob("*.txt") if path.stem != "signers")


def listed_signers(realm: Realm) -> dict[KeyId, CaseSigner]:
    found = {}
    for line in (FOLDER / "signers.txt").read_text(encoding="utf-8").splitlines():
        agency, who, octets = line.partition(": ")[2].split()
        key = VerifyKey(base64.b64decode(octets, validate=True))
        found[key.key_id(realm)] = CaseSigner(
            agency=AgencyId(bytes.fromhex(agency)), officer=OfficerId(bytes.fromhex(who)), key=key
        )
    return found


def outcome(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(": ", 1) for line in lines[3:]]
    values = {name: [value for found, value in pairs if found == name] for name, _ in pairs}
    realm, now = Realm(bytes.fromhex(values["realm"][0])), Instant(int(values["now"][0]))
    try:
        chain = [open_act(base64.b64decode(each, validate=True), realm) for each in values["act"]]
        times = dict(each.split() for each in values.get("proven", []))
        verified = verify_case(
            chain,
            SETTING,
            realm,
            signers=listed_signers(realm),
            now=now,
            proven={chain[int(n)].digest(realm): Instant(int(at)) for n, at in times.items()},
            held=[Digest(bytes.fromhex(each)) for each in values.get("held", [])],
        )
    except LiaisonError as refused:
        return f"{refused.code} {refused.reason}"
    return str(state_at(verified.case, now, SETTING).value)


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_vector_gives_what_it_says(path: Path) -> None:
    expected = re.match(r"expect: (.+)\ncomment: .+\n\n", path.read_text(encoding="utf-8"))
    assert expected is not None
    assert expected[1] == outcome(path)


def test_every_scenario_has_its_vector() -> None:
    assert {path.stem for path in VECTORS} == {scenario.name for scenario in scenarios()}


def test_every_refusal_of_records_in_the_specification_has_a_vector() -> None:
    page = (ROOT / "docs" / "spec" / "determination.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(determination-[a-z-]+)`", page.partition("### 10.3")[2]))
    shown = {path.read_text(encoding="utf-8").splitlines()[0].split()[-1] for path in VECTORS}
    assert {"determination-empty"} == listed - shown


def test_a_chain_comes_to_the_label_and_who_decided() -> None:
    verified = checked(determined_chain())
    assert CaseState.DETERMINED is verified.case.state
    assert verified.case.label is not None
    made = verified.case.label.determination
    assert (officer("province-1"), officer("province-2")) == (made.proposer, made.approver)
    assert "table:province" == made.authority
    assert tuple(act.digest(REALM) for act in determined_chain()) == verified.digests


def test_a_record_says_what_was_signed() -> None:
    for act in determined_chain():
        assert act == open_act(act.encode(), REALM)


def test_the_largest_proposal_fits_into_a_record() -> None:
    sources = tuple(label(privacy_mark=f"{n}" * 200) for n in range(8))
    grounds = ("密" * 500, "期" * 500, "围" * 500)
    made = Propose(
        purpose=Purpose.DERIVED,
        label=label(),
        reason="由" * 500,
        catalogue="目" * 500,
        remark="备" * 500,
        sources=sources,
        provision="规" * 500,
        consent="同" * 500,
        grounds=grounds,
    )
    act = chain_of(opening(), (made, "province-1"))[1]
    assert len(act.encode()) < MAX_ACT_BYTES
    assert act == open_act(act.encode(), REALM)


def test_a_case_without_acts_is_refused() -> None:
    with pytest.raises(FormatError, match="determination-empty"):
        checked(())


def test_what_is_held_already_may_grow() -> None:
    whole = determined_chain()
    held = checked(whole[:2]).digests
    assert held == checked(whole, held=held).digests[:2]
    with pytest.raises(TamperedError, match="determination-rolled-back"):
        checked(whole[:1], held=held)


def test_a_chain_that_changes_what_was_held_is_refused() -> None:
    held = checked(determined_chain()).digests
    start = determined_chain()[:1]
    steps = (original(label("mimi")), "province-1"), (Approve(), "province-2")
    with pytest.raises(TamperedError, match="determination-forked"):
        checked(chain_of(*steps, start=start), held=held)


@given(st.data())
def test_any_changed_byte_of_a_record_is_refused(data: st.DataObject) -> None:
    chain = determined_chain()
    place = data.draw(st.integers(0, len(chain) - 1))
    octets = bytearray(chain[place].encode())
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(LiaisonError):
        checked([*chain[:place], open_act(bytes(octets), REALM), *chain[place + 1 :]])


def test_a_signature_of_another_act_does_not_serve() -> None:
    chain = list(determined_chain())
    chain[2] = replace(chain[2], signature=chain[1].signature)
    with pytest.raises(LiaisonError, match=r"verification\.signature"):
        checked(chain)
