"""A small pack of an agency's own, and how registrars and desks of a `Scene` come to use it."""

from __future__ import annotations

from typing import Any

from secure_liaison.crypto.keys import Digest
from secure_liaison.labels.agreement_terms import terms_up_to
from secure_liaison.workflows import correspondence, enrolment, packs, registry
from tests.attacks.world import HOME, INSIDER, SENDER, VICTIM, Scene
from tests.labels.samples import as_bytes, pack_file
from tests.workflows.desks import draft

A, B = "EMB-A", "EMB-B"
POLICY = "river@2026-01-01"
NEXT = "river@2026-11-01"
HIGH_ZH, HIGH_EN = "川重", "RIVER HIGH (川重)"
BASIS = [{"cite": "Order of the River State 1/2025, art. 2", "status": "checked"}]
DAY_S = 86400


def river(**changes: Any) -> bytes:
    """Return the pack of the River State: three levels, one category."""
    value = pack_file("generic")
    names = {
        "public": ("川开", "RIVER OPEN (川开)"),
        "internal": ("川中", "RIVER MIDDLE (川中)"),
        "secret": (HIGH_ZH, HIGH_EN),
    }
    levels = [each for each in value["levels"] if each["id"] in names]
    for level in levels:
        zh, en = names[level["id"]]
        level |= {"names": {"zh": zh, "en": en}, "mark": {"zh": zh, "en": en}, "aliases": []}
        level["basis"] = BASIS
    used = {each["handling"] for each in levels}
    value |= {
        "id": "river",
        "version": "2026-01-01",
        "valid": {"from": "2026-01-01", "to": None},
        "names": {"zh": "川国分级", "en": "Levels of the River State"},
        "levels": levels,
        "categories": value["categories"][:1],
        "rules": [],
        "handling": [each for each in value["handling"] if each["id"] in used],
    }
    value["authority"][0]["body"] = "central"
    value["authority"][0]["levels"] = [each["id"] for each in levels]
    return as_bytes(value | changes)


def following(**changes: Any) -> bytes:
    """Return the next version of the pack."""
    valid = {"from": "2026-11-01", "to": None}
    return river(**{"version": "2026-11-01", "supersedes": POLICY, "valid": valid, **changes})


def sign(scene: Scene, code: str, data: bytes, *, days: int = 300) -> bytes:
    """Let an agency's registrars sign a pack."""
    return packs.sign_policy(scene.registry(code), data, scene.keys(code).registrars, days=days)[1]


def add(scene: Scene, login: str, data: bytes, *, days: int = 300) -> None:
    """Let an officer's own registrars sign a pack, and the desk add it."""
    packs.add_policy(scene.desk(login), data, sign(scene, HOME[login], data, days=days))


def state(scene: Scene, *, pack: str = "river") -> None:
    """Clear officers under the pack, agree on it, publish; every desk has the books."""
    scene.clock.advance(60)  # of two agreements the one that began last counts
    for login, level in ((SENDER, HIGH_ZH), (VICTIM, HIGH_ZH), (INSIDER, "川中")):
        office, keys = scene.registry(HOME[login]), scene.keys(HOME[login]).registrars[:1]
        registry.clear(office, login, keys, level=level, person_class="important", pack=pack)
    agree(scene, pack=pack)


def agree(scene: Scene, *, pack: str = "river") -> None:
    """Sign an agreement about the pack's highest level, publish, and hand the books out."""
    a, b = scene.registry(A), scene.registry(B)
    proposed = registry.propose_agreement(
        a,
        scene.keys(B).anchor,
        scene.keys(A).registrars[:1],
        name="agr:river",
        terms=terms_up_to(HIGH_ZH, pack=pack, packs=a.packs.to_write()),
    )
    signed = registry.countersign(b, proposed, scene.keys(B).registrars[:1])
    for each in (a, b):
        registry.adopt_agreement(each, signed)
    publish(scene, A, B)


def publish(scene: Scene, *codes: str) -> None:
    """Publish, and let every desk import the book."""
    for code in codes:
        made = scene.publish(code)
        for login in (SENDER, VICTIM, INSIDER):
            enrolment.import_book(scene.desk(login), made.book)


def prepare(scene: Scene, *logins: str, days: int = 300) -> None:
    """Let both agencies sign the pack and state people under it; some desks add it."""
    data = river()
    signed = {code: sign(scene, code, data, days=days) for code in (A, B)}
    state(scene)
    for login in logins or (SENDER, VICTIM, INSIDER):
        packs.add_policy(scene.desk(login), data, signed[HOME[login]])


def sent(scene: Scene, *to: str, **fields: Any) -> Digest:
    """Let li.wei send under the pack, at its highest level unless told otherwise."""
    values = {"pack": "river", "level": HIGH_ZH, "period": "", **fields}
    desk = scene.desk(SENDER)
    digest = correspondence.send(desk, draft(*to, **values))
    assert [None] == [each.error for each in correspondence.deliver(desk)]
    return digest
