"""What the tests of notices do: an object under a case at a holder, and the label's later life.

EMB-B decides and sends (``m.rossi``; ``j.okafor`` at 机密), EMB-A holds (``li.wei``, 机密).
"""

from __future__ import annotations

from typing import Any

from secure_liaison.audit.events import EventType
from secure_liaison.crypto.keys import Digest
from secure_liaison.labels.acts import Approve, Propose, Purpose
from secure_liaison.labels.in_force import InForce
from secure_liaison.labels.label import Label
from secure_liaison.office import Office
from secure_liaison.workflows import (
    addressing,
    correspondence,
    enrolment,
    filing,
    labelling,
    proposing,
    registry,
)
from secure_liaison.workflows.correspondence import Draft
from secure_liaison.workflows.determining import DeskCase
from secure_liaison.workflows.proposing import Words
from tests.attacks.world import SENDER, Scene
from tests.workflows.casework import APPROVER, PAPER, PROPOSER, determined, did, prepare
from tests.workflows.desks import newcomer

HOLDER = SENDER
CLERK = "w.low"
"""A second officer of EMB-A, cleared for 秘密 only."""


def under(found: DeskCase, *to: str, **fields: Any) -> Draft:
    """Return the draft of the paper under its case."""
    addresses = tuple(f"{login}@EMB-A" for login in to or (HOLDER,))
    values = {"subject": "通报", "level": "", "period": "", "text": PAPER.decode()}
    return Draft(**{**values, "to": addresses, "case": found.case.id, **fields})


def sent(scene: Scene, found: DeskCase, *to: str, by: str = PROPOSER) -> Digest:
    """Send the paper under its case, and let li.wei collect it."""
    desk = scene.desk(by)
    digest = correspondence.send(desk, under(found, *to))
    assert [None] == [each.error for each in correspondence.deliver(desk)]
    correspondence.collect(scene.desk(HOLDER))
    return digest


def held(scene: Scene, *, by: str = PROPOSER, **words: Any) -> tuple[DeskCase, Digest]:
    """Determine a label and let li.wei hold the paper under it."""
    prepare(scene)
    found = determined(scene, **words)
    digest = sent(scene, found, by=by)
    scene.clock.advance(60)
    return found, digest


def changed(scene: Scene, found: DeskCase, **words: Any) -> DeskCase:
    """Let both officers change the label."""
    return _approved(scene, found, _later(scene, found, Purpose.CHANGE, words))


def extended(scene: Scene, found: DeskCase, **words: Any) -> DeskCase:
    """Let both officers extend the label."""
    return _approved(scene, found, _later(scene, found, Purpose.EXTEND, words))


def ended(scene: Scene, found: DeskCase, purpose: Purpose = Purpose.DECLASSIFY) -> DeskCase:
    """Let both officers declassify, or publish."""
    reason = "no-longer-needed" if purpose is Purpose.DECLASSIFY else "published"
    return _approved(scene, found, Propose(purpose=purpose, label=None, reason=reason))


def told(scene: Scene, *holders: Office, by: str = PROPOSER) -> None:
    """Let the sending desk collect, and after it the holders, li.wei by default."""
    correspondence.collect(scene.desk(by))
    for desk in holders or (scene.desk(HOLDER),):
        correspondence.collect(desk)


def holds(desk: Office, digest: Digest) -> InForce:
    """Return what holds of an object's label at a holder."""
    item = desk.mail.inbox.get(digest)
    assert item is not None
    return labelling.of_received(desk, filing.load(desk, item, EventType.DOC_LIST))


def marks(desk: Office, found: InForce) -> tuple[list[str], str]:
    """Return the marks struck out, and the one in force."""

    def mark(label: Label) -> str:
        return addressing.mark_of(desk, label).removeprefix("演练 EXERCISE · ")

    return [mark(each) for each in found.struck], mark(found.label) if found.label else ""


def clerk(scene: Scene) -> Office:
    """Enrol w.low at EMB-A; all desks of the scene know."""
    desk, _ = newcomer(scene, "EMB-A", CLERK, level="秘密")
    made = registry.book(scene.registry("EMB-A"))
    for login in (PROPOSER, APPROVER, HOLDER):
        enrolment.import_book(scene.desk(login), made.book)
    return desk


def _later(scene: Scene, found: DeskCase, purpose: Purpose, words: dict[str, Any]) -> Propose:
    label = proposing.later_label(scene.desk(PROPOSER), Words(**words), found.case)
    reason = "still-needed" if purpose is Purpose.EXTEND else "nature-changed"
    return Propose(purpose=purpose, label=label, reason=reason, grounds=("密级", "期限", "范围"))


def _approved(scene: Scene, found: DeskCase, step: Propose) -> DeskCase:
    did(scene, PROPOSER, found, step, APPROVER)
    made = did(scene, APPROVER, found, Approve(), PROPOSER)
    scene.clock.advance(60)
    return made
