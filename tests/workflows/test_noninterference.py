"""What is sent above an officer changes nothing that the officer's desk shows or refuses."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from secure_liaison.errors import AccessDeniedError
from secure_liaison.i18n import Language
from secure_liaison.monitor.decision import render_refusal
from secure_liaison.workflows import correspondence
from secure_liaison.workflows.publishing import MemorySink
from tests.attacks.world import SUBJECT, Scene, Template
from tests.workflows.desks import OTHER_READER, READER, quarantined

LOW, HIGH = OTHER_READER, READER


def seen_by(scene: Scene, login: str) -> bytes:
    """Return all that a desk shows; ids, which are drawn anew each time, are left out."""
    desk = scene.desk(login)
    taken = correspondence.collect(desk)
    inbox = correspondence.inbox(desk)
    lines = [(line.head, line.verified is None, line.refusal) for line in inbox]
    subjects = [head and (head.subject, [part.name for part in head.parts]) for head, *_ in lines]
    try:
        correspondence.read(desk, "00" * 16, MemorySink())
        told = ["opened"]
    except AccessDeniedError as error:
        told = [line.replace(error.ref, "REF") for line in render_refusal(error, Language.EN)]
    events = [
        (entry.event.type.value, entry.event.decision, sorted(entry.event.reason_codes))
        for entry in desk.ledger.entries()
    ]
    sizes = [(len(item.item.leaves or b""), item.item.head_length) for item in inbox]
    shown = (subjects, [each[1:] for each in lines], told, sizes, events)
    return repr((shown, quarantined(desk), len(correspondence.sent(desk)), type(taken))).encode()


@pytest.mark.parametrize("above", [1, 3])
def test_traffic_above_a_reader_changes_nothing_at_the_desk(
    template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, above: int
) -> None:
    worlds = []
    for number in (0, above):
        folder = tmp_path / f"world-{number}"
        folder.mkdir()
        with ExitStack() as opened:
            scene = Scene(template, folder, monkeypatch, opened)
            scene.send(to=(LOW,), subject=SUBJECT)
            for each in range(number):
                scene.send(to=(HIGH,), level="机密", subject=f"above {each}")
            worlds.append(seen_by(scene, LOW))
    assert SUBJECT in worlds[0].decode()
    assert worlds[0] == worlds[1]
