"""What the tests of cases do with a `Scene`: bodies, designations, a case on its way to a label.

EMB-B is the body at work: ``m.rossi`` prepares (承办人), ``j.okafor`` is responsible for
determination (定密责任人). EMB-A is the national bureau; ``li.wei`` is responsible there.
"""

from __future__ import annotations

import io
import json
from typing import Any

from secure_liaison.clock import Instant
from secure_liaison.labels.acts import Approve, Propose, Purpose, Step
from secure_liaison.labels.label import Label
from secure_liaison.office import Office
from secure_liaison.workflows import authorising, determining, exchanging, proposing
from secure_liaison.workflows.authorising import agency_leaf
from secure_liaison.workflows.determining import DeskCase
from secure_liaison.workflows.proposing import Words
from tests.attacks.world import FOUNDED, HOME, INSIDER, SENDER, VICTIM, Scene

PROPOSER, APPROVER, BUREAU = INSIDER, VICTIM, SENDER
CODES = ("EMB-A", "EMB-B")
PAPER = b"the paper that the label is for"
WORDS = Words(level="秘密", period="10年", agencies=("EMB-A",))
DAY = 86_400


def body_list(scene: Scene, **kinds: str) -> bytes:
    """Return the list of bodies as registrars write it."""
    leaves = {code: agency_leaf(scene.agency(code)) for code in CODES}
    bodies = [
        {
            "leaf": leaves[code],
            "kind": kinds.get(code.replace("-", "_"), "central"),
            "superior": None,
            "bureau": None,
            "dissolved": None,
            "successor": None,
        }
        for code in CODES
    ]
    value = {
        "format": "secure-liaison/bodies",
        "format_version": 0,
        "national_bureau": leaves["EMB-A"],
        "bodies": bodies,
    }
    return json.dumps(value).encode()


def designation(scene: Scene, login: str = APPROVER, **changes: Any) -> bytes:
    """Let two registrars designate an officer for a year."""
    values: dict[str, Any] = {
        "levels": ("秘密", "机密"),
        "since": FOUNDED,
        "until": Instant(FOUNDED + 365 * DAY),
        "trained_at": FOUNDED,
    }
    code = HOME[login]
    keys = scene.keys(code).registrars
    return authorising.designate(scene.registry(code), login, keys, **{**values, **changes})


def prepare(scene: Scene, *logins: str, designated: bool = True, **kinds: str) -> None:
    """Give desks their lists of bodies and the designations, all by default."""
    lists = {
        code: authorising.bodies(
            scene.registry(code), body_list(scene, **kinds), scene.keys(code).registrars
        )
        for code in CODES
    }
    named = [designation(scene, login) for login in (APPROVER, BUREAU)] if designated else []
    for login in logins or (PROPOSER, APPROVER, BUREAU):
        for each in (lists[HOME[login]], *named):
            authorising.accept(scene.desk(login), each)


def began(scene: Scene, content: bytes = PAPER, login: str = PROPOSER) -> DeskCase:
    """Open a case about one paper."""
    desk = scene.desk(login)
    return determining.begin(desk, proposing.subject_of(desk, [io.BytesIO(content)]))


def first_label(desk: Office, found: DeskCase, **words: Any) -> Label:
    """Return the label that is proposed first."""
    return proposing.label_from(desk, Words(**{**_as_dict(WORDS), **words}), found.case)


def proposed(scene: Scene, **words: Any) -> DeskCase:
    """Let m.rossi propose a label."""
    desk, found = scene.desk(PROPOSER), began(scene)
    label = first_label(desk, found, **words)
    return determining.act(desk, found.case.id, Propose(purpose=Purpose.ORIGINAL, label=label))


def carried(scene: Scene, case: bytes, giver: str, *takers: str) -> DeskCase:
    """Carry a case from one desk to others as a file; returns what the last one found."""
    data = exchanging.export_case(scene.desk(giver), case)
    return [exchanging.import_case(scene.desk(taker), data).found for taker in takers][-1]


def did(scene: Scene, login: str, found: DeskCase, step: Step, *takers: str) -> DeskCase:
    """Let an officer act, and carry the case to others."""
    made = determining.act(scene.desk(login), found.case.id, step)
    if takers:
        carried(scene, made.case.id, login, *takers)
    return made


def determined(scene: Scene, **words: Any) -> DeskCase:
    """Let m.rossi propose and j.okafor approve; both desks have it."""
    found = proposed(scene, **words)
    carried(scene, found.case.id, PROPOSER, APPROVER)
    return did(scene, APPROVER, found, Approve(), PROPOSER)


def _as_dict(words: Words) -> dict[str, Any]:
    return {name: getattr(words, name) for name in Words.__dataclass_fields__}
