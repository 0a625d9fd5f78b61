"""Cases in objects: under their own label, taken in by who may read, believed for their acts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.capsule.core import decode_core
from secure_liaison.crypto.keys import Digest
from secure_liaison.errors import AccessDeniedError, LiaisonError
from secure_liaison.labels.acts import Approve, Protect, ProtectionCause, Receive, Report
from secure_liaison.labels.case import CaseState
from secure_liaison.labels.label import DeterminationKind
from secure_liaison.workflows import correspondence, determining, exchanging
from secure_liaison.workflows.authorising import agency_leaf
from secure_liaison.workflows.determining import DeskCase
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import HOME, Scene
from tests.workflows.casework import (
    APPROVER,
    BUREAU,
    PROPOSER,
    began,
    determined,
    first_label,
    prepare,
    proposed,
)
from tests.workflows.desks import forge, plant


def sent(scene: Scene, found: DeskCase, giver: str, taker: str) -> Digest:
    """Let one desk send a case and another collect it."""
    desk = scene.desk(giver)
    digest = exchanging.send_case(desk, found.case.id, (f"{taker}@{HOME[taker]}",))
    assert [None] == [each.error for each in correspondence.deliver(desk)]
    correspondence.collect(scene.desk(taker))
    return digest


def taken(scene: Scene, digest: Digest, taker: str) -> DeskCase:
    desk = scene.desk(taker)
    return exchanging.import_case(desk, exchanging.case_received(desk, digest.hex())).found


def test_a_proposal_travels_and_comes_back_approved(scene: Scene) -> None:
    prepare(scene)
    found = proposed(scene)
    digest = sent(scene, found, PROPOSER, APPROVER)
    item = scene.desk(PROPOSER).mail.sent.get(digest)
    assert item is not None
    label = decode_core(item.core, scene.desk(PROPOSER).realm).label
    assert DeterminationKind.PROVISIONAL is label.determination.kind
    taken(scene, digest, APPROVER)
    made = determining.act(scene.desk(APPROVER), found.case.id, Approve())
    back = sent(scene, made, APPROVER, PROPOSER)
    here = taken(scene, back, PROPOSER)
    assert (CaseState.DETERMINED, made.case.label) == (here.case.state, here.case.label)
    # A person who reads it is told what it is.
    sink = MemorySink()
    correspondence.read(scene.desk(PROPOSER), back.hex(), sink)
    assert "liaison case import" in sink.parts[0][1].decode()


def test_a_report_reaches_the_bureau_without_a_file(scene: Scene) -> None:
    prepare(scene)
    desk, found = scene.desk(PROPOSER), began(scene)
    draft = Protect(label=first_label(desk, found), cause=ProtectionCause.UNCLEAR)
    determining.act(desk, found.case.id, draft)
    bureau = agency_leaf(scene.agency("EMB-A"))
    reported = determining.act(desk, found.case.id, Report(to=bureau))
    digest = sent(scene, reported, PROPOSER, BUREAU)
    taken(scene, digest, BUREAU)
    made = determining.act(scene.desk(BUREAU), found.case.id, Receive())
    assert CaseState.RECEIVED is made.case.state


def test_who_may_not_know_the_paper_gets_no_case_of_it(scene: Scene) -> None:
    prepare(scene)
    found = proposed(scene, agencies=())
    with pytest.raises(AccessDeniedError):
        exchanging.send_case(scene.desk(PROPOSER), found.case.id, (f"{BUREAU}@EMB-A",))


def test_what_nothing_protects_goes_as_a_file(scene: Scene) -> None:
    prepare(scene)
    found = began(scene)
    with pytest.raises(LiaisonError, match="case-without-label"):
        exchanging.send_case(scene.desk(PROPOSER), found.case.id, (f"{APPROVER}@EMB-B",))


def test_an_object_without_a_case_carries_none(scene: Scene) -> None:
    prepare(scene)
    digest = scene.send()
    desk = scene.desk(APPROVER)
    correspondence.collect(desk)
    with pytest.raises(LiaisonError, match="case-not-in-object"):
        exchanging.case_received(desk, digest.hex())


def test_a_part_that_only_says_it_is_a_case_is_refused(scene: Scene) -> None:
    """Whoever sent it, the acts themselves are verified."""
    prepare(scene)
    desk, signer = scene.desk(APPROVER), scene.desk(BUREAU)
    label = determined(scene).case.label
    assert label is not None
    plain = replace(label, owner=agency_leaf(scene.agency("EMB-A")))
    forged = forge(signer, desk, plain, parts=(("a", exchanging.CASE_TYPE, b"no case"),))
    digest = plant(scene, desk, forged)
    correspondence.collect(desk)
    with pytest.raises(LiaisonError):
        taken(scene, digest, APPROVER)


def test_a_part_that_is_too_long_is_not_kept(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(scene)
    found = determined(scene)
    digest = sent(scene, found, PROPOSER, BUREAU)
    monkeypatch.setattr(exchanging, "MAX_CASE_BYTES", 1000)
    with pytest.raises(LiaisonError, match="case-file-size"):
        exchanging.case_received(scene.desk(BUREAU), digest.hex())
