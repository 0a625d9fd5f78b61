"""Own packs: unsigned, by others, changed, under a known name, ended, by a key in other hands.

Each attack is refused; then the one defence that refused it is taken away, and it succeeds.
"""

from __future__ import annotations

import pytest

from secure_liaison.audit.events import EventType
from secure_liaison.clock import Instant, from_iso
from secure_liaison.crypto.keys import Digest
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.directory import registry as pure
from secure_liaison.errors import CredentialExpiredError, CredentialRevokedError, LiaisonError
from secure_liaison.identity.contents import RevocationContent, RevocationMode
from secure_liaison.identity.pack_signature import PackSignature, SignedPack, sign_pack
from secure_liaison.labels.agreement import Agreement
from secure_liaison.labels.pack import builtin_pack, load_pack
from secure_liaison.office import Office
from secure_liaison.vault import shelves
from secure_liaison.workflows import correspondence, enrolment, packs
from tests.attacks.world import SENDER, TEXT, VICTIM, Scene, events, opened_text, refusal_of
from tests.labels.samples import as_bytes, pack_file
from tests.workflows.own_pack import (
    DAY_S,
    POLICY,
    A,
    B,
    add,
    prepare,
    publish,
    river,
    sent,
    sign,
    state,
)

LAW = "cn.state-secrets@2024-09-01"


def signed_by(scene: Scene, code: str, data: bytes, *keys: SigningKey, days: int = 300) -> bytes:
    """Return a signature as any program can make it, with whatever keys are at hand."""
    anchor, pack = scene.keys(code).anchor, load_pack(data)
    now = scene.clock.now()
    signature = PackSignature(
        realm=anchor.realm,
        agency=anchor.agency_id,
        policy=pack.policy_id,
        digest=pack.digest(),
        not_before=now,
        not_after=Instant(now + days * DAY_S),
    )
    return sign_pack(signature, keys)


def assert_refused(desk: Office, data: bytes, signature: bytes, reason: str) -> None:
    """Demand a refusal with its line, and that the desk uses nothing new."""
    with pytest.raises(LiaisonError) as caught:
        packs.add_policy(desk, data, signature)
    assert reason == caught.value.reason
    assert reason == events(desk, EventType.PACK_REFUSE)[-1].detail["reason"]
    assert () == desk.packs.own()
    assert [] == events(desk, EventType.PACK_ACCEPT)


# --- who signed ---------------------------------------------------------------------------------


def test_a_pack_that_the_registrars_did_not_sign_is_not_used(scene: Scene) -> None:
    desk, one = scene.desk(SENDER), scene.keys(A).registrars[0]
    assert_refused(desk, river(), b"", "not-cbor")
    insider = signed_by(scene, A, river(), desk.keys.signing)
    assert_refused(desk, river(), insider, "wrong-signer")
    assert_refused(desk, river(), signed_by(scene, A, river(), one), "too-few-signatures")
    beside = signed_by(scene, A, river(), *scene.keys(A).registrars, desk.keys.signing)
    assert_refused(desk, river(), beside, "wrong-signer")


def test_without_the_number_of_signers_one_registrar_would_decide_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that as many sign as sign a roster."""
    alone = signed_by(scene, A, river(), scene.keys(A).registrars[0])
    monkeypatch.setattr(
        "secure_liaison.identity.pack_signature.require_signers", lambda *_args: None
    )
    desk = scene.desk(SENDER)
    packs.add_policy(desk, river(), alone)
    assert POLICY == packs.writable(desk, "river").policy_id


def test_a_partners_registrars_do_not_decide_what_this_desk_uses(scene: Scene) -> None:
    assert_refused(scene.desk(VICTIM), river(), sign(scene, A, river()), "other-agency")


def test_without_asking_whose_registrars_a_partner_would_write_the_rules_here(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that the agency is the own one."""
    theirs, desk = sign(scene, A, river()), scene.desk(VICTIM)
    partner = scene.agency(A)
    monkeypatch.setattr(desk, "agency", partner)
    packs.add_policy(desk, river(), theirs)
    assert POLICY == packs.writable(desk, "river").policy_id


# --- what was signed ----------------------------------------------------------------------------


def weaker() -> bytes:
    """Return the pack with its highest level left to everybody's printer."""
    value = pack_file("generic")
    found = [each for each in value["handling"] if each["id"] == "generic.secret"]
    return river(
        handling=[
            {**each, "printing": found[0]["printing"], "acknowledge_hours": 1}
            for each in value["handling"]
            if each["id"] != "generic.confidential"
        ]
    )


def test_a_pack_with_one_changed_byte_is_not_used(scene: Scene) -> None:
    signature, data = sign(scene, A, river()), river()
    desk = scene.desk(SENDER)
    assert_refused(desk, data.replace(b"the River", b"the Rivet"), signature, "pack-digest")
    assert_refused(desk, weaker(), signature, "pack-digest")
    assert_refused(desk, river(id="brook"), signature, "pack-other")


def test_without_its_digest_a_changed_pack_would_be_used(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that the signature is of this content."""
    signature, desk = sign(scene, A, river()), scene.desk(SENDER)
    monkeypatch.setattr(SignedPack, "require_of", lambda *_args: None)
    packs.add_policy(desk, weaker(), signature)
    assert 1 == packs.writable(desk, "river").handling_of("secret").acknowledge_hours


# --- a name that is known -----------------------------------------------------------------------


def law(**changes: object) -> bytes:
    """Return China's pack with a maximum of 99 years for everything."""
    value = pack_file("cn.state-secrets")
    for level in value["levels"]:
        level["max_period_years"] = 99
    return as_bytes(value | changes)


def earlier() -> bytes:
    """Return a version that lies between the two that are built in."""
    valid = {"from": "2020-01-01", "to": "2024-09-01"}
    return law(version="2020-01-01", supersedes="cn.state-secrets@2014-03-01", valid=valid)


def test_no_content_takes_the_place_of_another_under_a_known_name(scene: Scene) -> None:
    desk, keys = scene.desk(SENDER), scene.keys(A).registrars
    assert_refused(desk, law(), signed_by(scene, A, law(), *keys), "pack-other-content")
    assert builtin_pack(LAW) is desk.packs.to_write().named(LAW)
    with pytest.raises(LiaisonError, match="pack-other-content"):
        sign(scene, A, law())
    add(scene, SENDER, river())
    with pytest.raises(LiaisonError, match="pack-other-content"):
        packs.add_policy(desk, weaker(), signed_by(scene, A, weaker(), *keys))
    with pytest.raises(LiaisonError, match="pack-other-content"):
        sign(scene, A, weaker())
    assert load_pack(river()) == packs.writable(desk, "river")


def test_what_old_labels_are_judged_by_is_not_written_afterwards(scene: Scene) -> None:
    desk, keys = scene.desk(SENDER), scene.keys(A).registrars
    assert_refused(desk, earlier(), signed_by(scene, A, earlier(), *keys), "pack-not-newer")
    same = as_bytes(pack_file("cn.state-secrets"))
    assert_refused(desk, same, signed_by(scene, A, same, *keys), "pack-built-in")


@pytest.mark.parametrize("data", [law(), earlier()], ids=["same name", "earlier version"])
def test_without_asking_for_known_names_the_law_would_be_rewritten(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """Removed: that names of packs that are built in are known."""
    for module in (packs, shelves):
        monkeypatch.setattr(module, "BUILTIN_PACKS", ())
    desk = scene.desk(SENDER)
    packs.add_policy(desk, data, signed_by(scene, A, data, *scene.keys(A).registrars))
    found = desk.packs.to_read().in_force("cn.state-secrets", from_iso(load_pack(data).valid_from))
    assert 99 == found.level("jimi").max_period_years


def test_a_pack_whose_name_a_later_release_gives_to_another_is_used_by_nobody(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(scene)
    digest = sent(scene)
    correspondence.collect(scene.desk(VICTIM))
    monkeypatch.setattr(shelves, "BUILTIN_PACKS", (POLICY,))
    monkeypatch.setattr(shelves, "builtin_pack", lambda _name: load_pack(weaker()))
    for login in (SENDER, VICTIM):
        shelf = scene.desk(login).packs
        for named in (shelf.to_write().named, shelf.to_read().named):
            with pytest.raises(LiaisonError, match="pack-other-content"):
                named(POLICY)
    assert [digest] == [line.item.digest for line in correspondence.inbox(scene.desk(VICTIM))]
    monkeypatch.setattr(shelves, "builtin_pack", lambda _name: load_pack(river()))
    assert () == scene.desk(SENDER).packs.to_write().own()


# --- the end of a signature ---------------------------------------------------------------------


def test_a_signature_that_has_ended_neither_adds_nor_sends(scene: Scene) -> None:
    prepare(scene, VICTIM, SENDER, days=10)
    old = signed_by(scene, A, river(id="brook"), *scene.keys(A).registrars, days=10)
    scene.clock.advance(11 * DAY_S)
    publish(scene, A, B)
    desk = scene.desk(SENDER)
    with pytest.raises(CredentialExpiredError, match="ended"):
        packs.add_policy(desk, river(id="brook"), old)
    with pytest.raises(CredentialExpiredError, match="pack-ended"):
        sent(scene)


def test_without_its_end_a_signature_would_count_for_ever(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a signature is asked for its period at each use."""
    prepare(scene, VICTIM, SENDER, days=10)
    scene.clock.advance(11 * DAY_S)
    publish(scene, A, B)
    monkeypatch.setattr(SignedPack, "require_in_force", lambda *_args, **_more: None)
    assert TEXT == opened_text(scene, VICTIM, sent(scene))


# --- keys in other hands ------------------------------------------------------------------------


def revoke(scene: Scene, code: str, mode: RevocationMode) -> None:
    """Let an agency say that the key of its second registrar no longer counts, and publish."""
    scene.clock.advance(60)
    office, keys, now = scene.registry(code), scene.keys(code).registrars, scene.clock.now()
    office.state = pure.revoke(
        office.state,
        keys[:1],
        RevocationContent(
            target=Digest(keys[1].verify_key.key_id(office.realm)), mode=mode, since=now
        ),
        now=now,
        not_after=Instant(now + DAY_S),
    )
    made = scene.publish(code)
    for login in (SENDER, VICTIM):
        enrolment.import_book(scene.desk(login), made.book)


def received(scene: Scene) -> Digest:
    """Let a bulletin under the pack lie at j.okafor's desk."""
    prepare(scene)
    digest = sent(scene)
    correspondence.collect(scene.desk(VICTIM))
    return digest


def test_a_pack_by_a_retired_key_is_read_by_and_not_written_under(scene: Scene) -> None:
    digest = received(scene)
    revoke(scene, B, RevocationMode.RETIRED)
    desk = scene.desk(VICTIM)
    with pytest.raises(CredentialRevokedError, match="pack-retired"):
        packs.writable(desk, "river")
    with pytest.raises(CredentialRevokedError, match="retired"):
        packs.add_policy(desk, river(), sign_again(scene))
    assert TEXT == opened_text(scene, VICTIM, digest)


def sign_again(scene: Scene) -> bytes:
    return signed_by(scene, B, river(), *scene.keys(B).registrars)


def test_a_pack_by_a_compromised_key_is_neither_read_by_nor_written_under(scene: Scene) -> None:
    digest = received(scene)
    revoke(scene, B, RevocationMode.COMPROMISED)
    desk = scene.desk(VICTIM)
    with pytest.raises(CredentialRevokedError, match="pack-compromised"):
        packs.writable(desk, "river")
    with pytest.raises(CredentialRevokedError, match="pack-compromised"):
        opened_text(scene, VICTIM, digest)
    (listed,) = correspondence.inbox(desk)
    assert listed.refusal is not None
    assert "pack-compromised" == listed.refusal.reason
    with pytest.raises(CredentialRevokedError, match="compromised"):
        sign(scene, B, river())


def test_without_the_revocation_a_thiefs_pack_would_decide_who_reads(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that a compromised signer takes the pack away."""
    digest = received(scene)
    revoke(scene, B, RevocationMode.COMPROMISED)
    monkeypatch.setattr(SignedPack, "require_uncompromised", lambda *_args: None)
    assert TEXT == opened_text(scene, VICTIM, digest)


# --- a partner who applies another content -------------------------------------------------------


def sent_under_another_content(scene: Scene) -> Digest:
    """Let EMB-B use a weaker content than the one that EMB-A signed and both agreed on."""
    signed = {SENDER: sign(scene, A, river()), VICTIM: sign(scene, B, weaker())}
    state(scene)
    packs.add_policy(scene.desk(SENDER), river(), signed[SENDER])
    packs.add_policy(scene.desk(VICTIM), weaker(), signed[VICTIM])
    digest = sent(scene)
    correspondence.collect(scene.desk(VICTIM))
    return digest


def test_two_contents_under_one_name_let_nothing_through(scene: Scene) -> None:
    digest = sent_under_another_content(scene)
    assert ["PACK_NOT_AGREED"] == refusal_of(scene.desk(VICTIM), digest)


def test_without_the_digest_in_the_agreement_each_side_would_apply_its_own(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed: that the agreement names the content."""
    digest = sent_under_another_content(scene)
    monkeypatch.setattr(Agreement, "accepts", lambda *_args: True)
    assert TEXT == opened_text(scene, VICTIM, digest)
