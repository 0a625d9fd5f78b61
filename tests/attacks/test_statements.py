"""Statements: by the wrong signer, expired, not yet valid, revoked, retired against compromised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest, random_bytes
from secure_liaison.directory import book, holding, publication, verdict
from secure_liaison.directory import registry as pure
from secure_liaison.directory.leaf import LeafStatus
from secure_liaison.directory.registry_state import RegistryState
from secure_liaison.errors import AccessDeniedError, DirectoryRollbackError, LiaisonError
from secure_liaison.identity.contents import RevocationContent, RevocationMode
from secure_liaison.identity.officer_contents import ClearanceContent
from secure_liaison.identity.statements import (
    SignedStatement,
    encode_signed,
    make_statement,
    sign_statement,
)
from secure_liaison.monitor import rules
from secure_liaison.monitor.person_rules import clearance_in_force
from secure_liaison.workflows import correspondence, enrolment, registry
from tests.attacks.world import (
    INSIDER,
    SENDER,
    TEXT,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    events,
    opened_text,
    refusal_of,
    whys,
)

DAY_S = 86400


def change(scene: Scene, code: str, edit: Callable[[RegistryState], RegistryState]) -> None:
    """Change a registry by the pure functions, without asking who would let that happen."""
    opened = scene.registry(code)
    opened.state = edit(opened.state)


def published(scene: Scene, code: str, *logins: str) -> None:
    """Publish, and let the book reach some desks."""
    made = scene.publish(code)
    for login in logins:
        enrolment.import_book(scene.desk(login), made.book)


def clearance_of(scene: Scene, code: str, login: str) -> SignedStatement:
    state = scene.registry(code).state
    officer = state.officer_by_login(login).officer
    return next(
        one for one in state.about(officer) if isinstance(one.statement.content, ClearanceContent)
    )


# --- the wrong signer ---------------------------------------------------------------------------


def raised_by_oneself(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Smuggle a clearance that the insider signed for herself into a roster of real registrars."""
    old = clearance_of(scene, "EMB-B", INSIDER)
    content = old.statement.content
    assert isinstance(content, ClearanceContent)
    statement = make_statement(
        replace(content, level="jimi"),
        realm=old.statement.realm,
        agency=old.statement.agency,
        not_before=old.statement.not_before,
        not_after=old.statement.not_after,
    )
    signed = sign_statement(statement, [scene.desk(INSIDER).keys.signing])

    def smuggle(state: RegistryState) -> RegistryState:
        kept = state.without([old.digest])
        entry = (random_bytes(32), encode_signed(signed))
        return replace(kept, statements=(*kept.statements, entry))

    change(scene, "EMB-B", smuggle)
    with monkeypatch.context() as careless:
        careless.setattr(publication, "verify_book", lambda *_args, **_named: None)
        return scene.publish("EMB-B").book


def test_a_clearance_that_no_registrar_signed_refuses_the_book(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = scene.send()
    made = raised_by_oneself(scene, monkeypatch)
    desk = scene.desk(SENDER)
    before = desk.directory.roster_sequences()
    with pytest.raises(LiaisonError, match="wrong-signer"):
        enrolment.import_book(desk, made)
    assert desk.directory.roster_sequences() == before
    assert whys(desk, EventType.DIRECTORY_REFUSE) == [("verification.signature", "wrong-signer")]
    with pytest.raises(AccessDeniedError):
        scene.send(to=(INSIDER,), level="机密")
    keys = scene.keys("EMB-B").registrars[:1]
    registry.clear(scene.registry("EMB-B"), INSIDER, keys, level="秘密", person_class="important")
    published(scene, "EMB-B", VICTIM)
    assert_genuine_opens(scene, VICTIM, genuine)


def test_without_asking_who_signed_an_officer_could_clear_herself(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: the check of each statement's issuer."""
    made = raised_by_oneself(scene, monkeypatch)
    monkeypatch.setattr(book, "_verify_issuer", lambda *_args: None)
    for login in (SENDER, INSIDER):
        enrolment.import_book(scene.desk(login), made)
    secret = scene.send(to=(INSIDER,), level="机密")
    assert opened_text(scene, INSIDER, secret) == TEXT


def test_a_registrar_of_another_agency_is_the_wrong_signer(scene: Scene) -> None:
    foreign = scene.keys("EMB-X").registrars
    opened = scene.registry("EMB-B")
    with pytest.raises(LiaisonError, match="wrong-signer"):
        registry.clear(opened, INSIDER, foreign[:1], level="机密", person_class="important")


# --- expired, not yet valid, revoked ------------------------------------------------------------


def granted(scene: Scene, *, begins: int, ends: int) -> None:
    """Replace the victim's clearance by one of another period, seconds from now."""
    now = scene.clock.now()
    keys = scene.keys("EMB-B").registrars[:1]
    content = clearance_of(scene, "EMB-B", VICTIM).statement.content
    assert isinstance(content, ClearanceContent)
    change(
        scene,
        "EMB-B",
        lambda state: pure.grant_clearance(
            state, keys, content, now=Instant(now + begins), not_after=Instant(now + ends)
        ),
    )
    published(scene, "EMB-B", VICTIM)


def revoked(scene: Scene) -> None:
    """Revoke the statement of the victim's clearance, and leave it in the book."""
    now = Instant(scene.clock.now())
    keys = scene.keys("EMB-B").registrars[:1]
    target = clearance_of(scene, "EMB-B", VICTIM).digest
    content = RevocationContent(target=target, mode=RevocationMode.COMPROMISED, since=now)
    until = Instant(now + DAY_S)
    change(
        scene,
        "EMB-B",
        lambda state: pure.revoke(state, keys, content, now=now, not_after=until),
    )
    published(scene, "EMB-B", VICTIM)


CASES = pytest.mark.parametrize(
    ("case", "code"),
    [
        ("expired", "CLEARANCE_EXPIRED"),
        ("not-yet", "CLEARANCE_NOT_YET"),
        ("revoked", "CLEARANCE_WITHDRAWN"),
    ],
)


def befall(scene: Scene, case: str) -> None:
    """Let something happen to the victim's clearance after the bulletin was sent."""
    match case:
        case "expired":
            granted(scene, begins=-DAY_S, ends=3600)
            scene.clock.advance(3600)
        case "not-yet":
            granted(scene, begins=3600, ends=DAY_S)
        case _:
            revoked(scene)


@CASES
def test_a_clearance_out_of_force_shows_nothing_and_the_object_is_kept(
    scene: Scene, case: str, code: str
) -> None:
    genuine = scene.send()
    befall(scene, case)
    desk = scene.desk(VICTIM)
    correspondence.collect(desk)
    assert refusal_of(desk, genuine) == [code]
    [line] = correspondence.inbox(desk)
    assert line.head is None
    denied = [each for each in events(desk, EventType.GATE_DECISION) if each.decision == "deny"]
    assert {each.reason_codes for each in denied} == {(code,)}
    keys = scene.keys("EMB-B").registrars[:1]
    if case == "revoked":
        change(scene, "EMB-B", lambda state: state.without(_revocations(state)))
    registry.clear(scene.registry("EMB-B"), VICTIM, keys, level="机密", person_class="important")
    published(scene, "EMB-B", VICTIM)
    assert_genuine_opens(scene, VICTIM, genuine)


@CASES
def test_without_asking_for_its_force_a_clearance_would_open_for_ever(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, case: str, code: str
) -> None:
    """Removed: the verdict on clearances in the directory, and the rule about it at the gate."""
    genuine = scene.send()
    befall(scene, case)
    monkeypatch.setattr(verdict, "_problem", lambda *_args, **_named: "")
    kept = tuple(rule for rule in rules.READ_RULES.about_person if rule is not clearance_in_force)
    monkeypatch.setattr(rules, "READ_RULES", rules.READ_RULES._replace(about_person=kept))
    assert opened_text(scene, VICTIM, genuine) == TEXT


def _revocations(state: RegistryState) -> list[Digest]:
    return [
        one.digest for one in state.signed() if isinstance(one.statement.content, RevocationContent)
    ]


# --- a device's key, retired against compromised ------------------------------------------------


def lost(scene: Scene, mode: RevocationMode, *, since: int) -> None:
    """Let EMB-A say of li.wei's device that it is retired or compromised, ``since`` from now."""
    moment = Instant(scene.clock.now() + since)
    registry.retire(scene.registry("EMB-A"), SENDER, mode=mode, since=moment)
    published(scene, "EMB-A", VICTIM)


@pytest.mark.parametrize(
    ("mode", "since", "reason"),
    [
        (RevocationMode.RETIRED, 0, "retired"),
        (RevocationMode.COMPROMISED, -DAY_S, "compromised"),
        (RevocationMode.COMPROMISED, DAY_S, "compromised"),
    ],
)
def test_an_object_of_a_key_that_no_longer_counts_is_kept_apart(
    scene: Scene, mode: RevocationMode, since: int, reason: str
) -> None:
    genuine = scene.send()
    assert_genuine_opens(scene, VICTIM, genuine)
    scene.send()
    lost(scene, mode, since=since)
    assert_quarantined(scene, VICTIM, "credential.revoked", reason, shown=(genuine,))


@pytest.mark.parametrize("mode", list(RevocationMode))
def test_a_lost_key_cannot_be_given_back(scene: Scene, mode: RevocationMode) -> None:
    scene.send()
    lost(scene, mode, since=0)
    given_back(scene)
    with pytest.raises(DirectoryRollbackError, match="leaf-history"):
        published(scene, "EMB-A", VICTIM)
    assert_quarantined(scene, VICTIM, "credential.revoked", mode.name.lower())


@pytest.mark.parametrize("mode", list(RevocationMode))
def test_without_the_history_of_leaves_a_lost_key_would_be_given_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, mode: RevocationMode
) -> None:
    """Removed: that a newer roster may only be stricter about a device."""
    stolen = scene.send()
    lost(scene, mode, since=0)
    given_back(scene)
    monkeypatch.setattr(holding, "require_leaf_history", lambda *_args: None)
    published(scene, "EMB-A", VICTIM)
    assert opened_text(scene, VICTIM, stolen) == TEXT


def given_back(scene: Scene) -> None:
    """Let EMB-A say in its registry that li.wei's device is in use again."""
    change(
        scene,
        "EMB-A",
        lambda state: state.with_leaf(
            replace(state.leaves[0], status=LeafStatus.ACTIVE, since=None)
        ),
    )


@pytest.mark.parametrize("mode", list(RevocationMode))
def test_without_revocation_a_lost_key_would_go_on_speaking(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, mode: RevocationMode
) -> None:
    """Removed: the rule of revocation."""
    genuine = scene.send()
    lost(scene, mode, since=0)
    monkeypatch.setattr(holding, "check_key", lambda *_args, **_named: None)
    assert opened_text(scene, VICTIM, genuine) == TEXT


def test_a_retirement_begins_at_its_moment_and_a_compromise_at_once(scene: Scene) -> None:
    genuine = scene.send()
    lost(scene, RevocationMode.RETIRED, since=3600)
    assert_genuine_opens(scene, VICTIM, genuine)
    scene.clock.advance(3600)
    assert refusal_of(scene.desk(VICTIM), genuine) == []
    [line] = correspondence.inbox(scene.desk(VICTIM))
    assert line.head is None
    assert str(line.refusal) == "credential.revoked: retired"


@pytest.mark.parametrize("mode", list(RevocationMode))
def test_a_witnessed_time_before_the_moment_keeps_an_object_good(
    scene: Scene, mode: RevocationMode
) -> None:
    key = scene.desk(SENDER).keys.signing.verify_key.key_id(scene.desk(VICTIM).realm)
    lost(scene, mode, since=0)
    now = Instant(scene.clock.now())
    view = scene.desk(VICTIM).directory
    view.check_signer(key, at_now=now, witnessed_at=Instant(now - 1))
    for witnessed_at in (now, None):
        with pytest.raises(LiaisonError, match=mode.name.lower()):
            view.check_signer(key, at_now=now, witnessed_at=witnessed_at)
