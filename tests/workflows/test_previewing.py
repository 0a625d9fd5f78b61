"""Looking at what would be sent: the same object, the gate's own decision, and no trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from secure_liaison.errors import AccessDeniedError
from secure_liaison.workflows import correspondence, previewing
from tests.attacks.world import SENDER, Scene
from tests.workflows.desks import OTHER_READER, READER, draft
from tests.workflows.marked import NATIONS, US, allied, document, element, for_both

WORDS = {"level": "", "mark": "SECRET//REL TO USA, FRA", "period": "10Y", "pack": US}


def test_what_is_previewed_is_what_the_gate_decides(scene: Scene) -> None:
    allied(scene)
    desk = scene.desk(SENDER)
    before = desk.ledger.size
    wanted = draft(READER, OTHER_READER, **WORDS)
    seen = previewing.preview(desk, wanted)
    assert (before, ()) == (desk.ledger.size, desk.mail.sent.items())
    with pytest.raises(AccessDeniedError) as caught:
        correspondence.send(desk, wanted)
    assert caught.value.reasons == seen.decision.reasons
    assert [True, True, False] == [each.releasable for each in seen.people]
    assert not seen.sender_outside


def test_a_sender_outside_is_shown_and_not_refused(scene: Scene) -> None:
    allied(scene, nations={**NATIONS, SENDER: "DEU"})
    seen = previewing.preview(scene.desk(SENDER), draft(READER, **WORDS))
    assert seen.sender_outside


def test_labels_of_files_are_shown_and_asked_about(scene: Scene, tmp_path: Path) -> None:
    path = document(tmp_path / "annex.docx", element(for_both(scene)))
    seen = previewing.preview(scene.desk(SENDER), draft(attachments=(path,)))
    assert ["annex.docx"] == [each.name for each in seen.parts]
    assert ["LABEL_LOWER_THAN_PART"] == [each.code for each in seen.decision.reasons]
