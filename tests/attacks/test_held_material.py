"""An insider who has a partner's material protected lower than the agreement says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.errors import LiaisonError
from secure_liaison.labels.acts import Approve
from secure_liaison.labels.case import CaseState
from secure_liaison.workflows import agreed as rules
from secure_liaison.workflows import exchanging, holding
from tests.attacks.world import Scene
from tests.workflows.casework import APPROVER, PROPOSER, did
from tests.workflows.test_holding import (
    FOREIGN,
    PLAIN,
    agreed,
    equivalence,
    material,
    their_label,
)


def undercut(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Let m.rossi's desk, which was changed, propose 秘密 for what the agreement gives 机密."""
    agreed(scene, equivalences=(equivalence("confidential", "jimi"),))
    desk = scene.desk(PROPOSER)
    with monkeypatch.context() as changed:
        changed.setattr(rules, "_check_label", lambda *_, **__: None)
        low = replace(PLAIN, level="秘密")
        found = holding.hold(desk, material(scene, their_label(scene)), low, FOREIGN)
        return exchanging.export_case(desk, found.case.id)


def test_nobody_approves_less_than_the_agreement_gives(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = undercut(scene, monkeypatch)
    desk = scene.desk(APPROVER)
    with pytest.raises(LiaisonError, match="case-below-equivalence"):
        exchanging.import_case(desk, data)
    assert () == desk.cases.ids()


def test_without_the_agreement_a_lower_level_would_be_approved(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = undercut(scene, monkeypatch)
    monkeypatch.setattr(rules, "_check_label", lambda *_, **__: None)
    found = exchanging.import_case(scene.desk(APPROVER), data).found
    made = did(scene, APPROVER, found, Approve()).case
    assert (CaseState.DETERMINED, "mimi") == (made.state, made.label and made.label.level)


def test_an_agreement_with_somebody_else_says_nothing_of_a_third_ones_paper(scene: Scene) -> None:
    """Else a paper of a third agency is held, and goes on, under whatever its bearer agreed to."""
    agreed(scene, equivalences=(equivalence("confidential", "jimi"),))
    theirs = replace(their_label(scene), owner=f"agency:{'cc' * 32}")
    desk = scene.desk(PROPOSER)
    with pytest.raises(LiaisonError, match="case-foreign-nested"):
        holding.hold(desk, material(scene, theirs), PLAIN, FOREIGN)


def test_a_changed_desk_does_not_have_it_approved_either(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed(scene, equivalences=(equivalence("confidential", "jimi"),))
    theirs = replace(their_label(scene), owner=f"agency:{'cc' * 32}")
    desk = scene.desk(PROPOSER)
    with monkeypatch.context() as changed:
        changed.setattr(rules, "_with_owner", lambda found, _: tuple(found))
        changed.setattr(holding, "_is_of_a_third", lambda _: False)
        found = holding.hold(desk, material(scene, theirs), PLAIN, FOREIGN)
        data = exchanging.export_case(desk, found.case.id)
    with pytest.raises(LiaisonError, match="case-agreement-unknown"):
        exchanging.import_case(scene.desk(APPROVER), data)
