"""A small world for tests: one EXERCISE realm, two embassies, five officers, an agreement.

`make_world` builds everything through the product's own functions, so a test that starts from it
starts from what registrars would really publish. To change the world, change a registry with the
functions of `secure_liaison.directory.registry` and call `published`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import Realm, random_bytes
from secure_liaison.crypto.signing import NoteSigningKey, RequestSigningKey, SigningKey
from secure_liaison.directory import registry
from secure_liaison.directory.book import Book
from secure_liaison.directory.registry import RegistryState
from secure_liaison.directory.roster import RelayPointer, RosterLeaf, Snapshot
from secure_liaison.directory.view import DirectoryView
from secure_liaison.identity.anchors import (
    Anchor,
    RealmCharter,
    TrustedAnchor,
    accept_anchor,
    sign_anchor,
)
from secure_liaison.identity.enrolment import EnrolmentRequest, make_request, open_request
from secure_liaison.identity.ids import (
    AgencyId,
    DeviceHandle,
    OfficerId,
    device_handle,
)
from secure_liaison.identity.key_list import in_key_order
from secure_liaison.identity.names import Names
from secure_liaison.identity.officer_contents import new_officer
from secure_liaison.identity.possession import prove_possession
from secure_liaison.identity.statements import (
    AgreementContent,
    BriefingContent,
    ClearanceContent,
    RegistrarContent,
    Role,
    SignedStatement,
    add_signature,
    encode_signed,
    make_statement,
    sign_statement,
)
from secure_liaison.labels.agreement import AcceptedPack, Agreement, Ceiling
from secure_liaison.labels.pack import builtin_pack

DAY_S = 86400
YEAR_S = 365 * DAY_S
POLICY = "cn.state-secrets"
JUEMI, JIMI, MIMI = "juemi", "jimi", "mimi"
"""绝密, 机密, 秘密."""
RELAY = RelayPointer(url="http://127.0.0.1:8440")

CODES = ("EMB-A", "EMB-B")
PEOPLE = (
    ("li.wei@EMB-A", Names(zh="李伟", en="Li Wei"), Role.LIAISON, JIMI),
    ("sec@EMB-A", Names(zh="保密员甲", en="Security Officer A"), Role.SECURITY, JIMI),
    ("j.okafor@EMB-B", Names(zh="奥卡福", en="J. Okafor"), Role.LIAISON, JIMI),
    ("m.rossi@EMB-B", Names(zh="罗西", en="M. Rossi"), Role.LIAISON, MIMI),
    ("sec@EMB-B", Names(zh="保密员乙", en="Security Officer B"), Role.SECURITY, JIMI),
)
PERSON_CLASS = {JUEMI: "core", JIMI: "important", MIMI: "general"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceBundle:
    """The private keys of one device."""

    handle: DeviceHandle
    signing: SigningKey
    request: RequestSigningKey
    kem: KemPrivateKey
    ledger: NoteSigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerFixture:
    """An officer and the officer's device."""

    officer: OfficerId
    login: str
    code: str
    device: DeviceBundle

    @property
    def address(self) -> str:
        return f"{self.login}@{self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyFixture:
    """An agency with all its keys, and what it published last."""

    anchor: Anchor
    root_keys: tuple[SigningKey, ...]
    registrar_keys: tuple[SigningKey, ...]
    trusted: TrustedAnchor
    registry: RegistryState
    officers: dict[str, OfficerFixture]
    snapshot: Snapshot
    book: Book

    @property
    def agency_id(self) -> AgencyId:
        return self.anchor.agency_id


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The realm, its agencies by code, and a view that holds both books."""

    realm: Realm
    charter: RealmCharter
    now: Instant
    agencies: dict[str, AgencyFixture]
    view: DirectoryView

    def officer(self, address: str) -> OfficerFixture:
        login, _, code = address.partition("@")
        return self.agencies[code].officers[login]


def make_world(now: Instant, *, relay: RelayPointer = RELAY) -> World:
    """Build the world; everything in it begins at ``now`` and lasts a year, rosters 30 days."""
    charter = make_charter()
    found = {code: make_agency(charter, code, now=now) for code in CODES}
    for address, names, role, level in PEOPLE:
        login, _, code = address.partition("@")
        found[code] = with_officer(found[code], login, names, role=role, level=level, now=now)
    signed = make_agreement(*found.values(), now=now)
    view = DirectoryView(charter.realm)
    for code, agency in found.items():
        state = registry.add_agreement(agency.registry, signed)
        found[code] = published(replace(agency, registry=state), now=now, relay=relay)
        view = view.with_anchor(agency.trusted).with_book(found[code].book, now)
    return World(realm=charter.realm, charter=charter, now=now, agencies=found, view=view)


def make_charter(*, exercise: bool = True) -> RealmCharter:
    """Build a realm of its own."""
    return RealmCharter(name="演练 EXERCISE", exercise=exercise, salt=random_bytes(16))


def make_agency(
    charter: RealmCharter,
    code: str,
    *,
    now: Instant,
    registrars: int = 2,
    roots: int = 1,
    epoch: int = 1,
) -> AgencyFixture:
    """Build an agency without officers that has published an empty roster."""
    root_keys = tuple(SigningKey.generate() for _ in range(roots))
    anchor = Anchor(
        charter=charter,
        names=Names(zh=f"大使馆 {code}", en=f"Embassy {code}"),
        code=code,
        keys=in_key_order(key.verify_key for key in root_keys),
        threshold=roots,
        created=now,
    )
    registrar_keys = tuple(SigningKey.generate() for _ in range(registrars))
    appointed = appoint(anchor, root_keys, registrar_keys, now=now, epoch=epoch)
    state = registry.found_registry(sign_anchor(anchor, root_keys), encode_signed(appointed))
    state, snapshot, book = registry.next_roster(state, registrar_keys, now=now, relay=RELAY)
    return AgencyFixture(
        anchor=anchor,
        root_keys=root_keys,
        registrar_keys=registrar_keys,
        trusted=accept_anchor(anchor, typed_digits=anchor.digits()),
        registry=state,
        officers={},
        snapshot=snapshot,
        book=book,
    )


def appoint(
    anchor: Anchor,
    root_keys: tuple[SigningKey, ...],
    registrar_keys: tuple[SigningKey, ...],
    *,
    now: Instant,
    epoch: int = 1,
) -> SignedStatement:
    """Sign a registrar statement for a year."""
    content = RegistrarContent(
        epoch=epoch, keys=in_key_order(key.verify_key for key in registrar_keys), threshold=2
    )
    statement = make_statement(
        content,
        realm=anchor.realm,
        agency=anchor.agency_id,
        not_before=now,
        not_after=Instant(now + YEAR_S),
    )
    return sign_statement(statement, root_keys)


def make_device(anchor: Anchor, *, signing: SigningKey | None = None) -> DeviceBundle:
    """Draw the keys of a device of an agency, all of them or all but the given one."""
    signing = signing or SigningKey.generate()
    return DeviceBundle(
        handle=device_handle(anchor.realm, anchor.agency_id, signing.verify_key),
        signing=signing,
        request=RequestSigningKey.generate(),
        kem=KemPrivateKey.generate(),
        ledger=NoteSigningKey.generate(),
    )


def make_leaf(anchor: Anchor, device: DeviceBundle, *, now: Instant) -> RosterLeaf:
    """Build the leaf that the device itself asks for, from ``now`` on for a year."""
    leaf = RosterLeaf(
        handle=device.handle,
        signing_key=device.signing.verify_key,
        request_key=device.request.verify_key,
        vault_key=device.kem.public_key,
        ledger_key=device.ledger.verify_key,
        possession=b"",
        not_before=now,
        not_after=Instant(now + YEAR_S),
    )
    return proven(leaf, anchor, device.signing)


def proven(leaf: RosterLeaf, anchor: Anchor, signing: SigningKey) -> RosterLeaf:
    """Return the leaf with a proof by a key, whether or not the key stands in it."""
    proof = prove_possession(
        signing,
        realm=anchor.realm,
        agency=anchor.agency_id,
        handle=leaf.handle,
        keys_digest=leaf.keys_digest(anchor.realm),
    )
    return replace(leaf, possession=proof)


def make_enrolment(
    agency: AgencyFixture, device: DeviceBundle, login: str, names: Names, *, now: Instant
) -> bytes:
    """Make the file with which a device asks to be admitted."""
    request = EnrolmentRequest(
        realm=agency.anchor.realm,
        agency=agency.agency_id,
        handle=device.handle,
        login=login,
        names=names,
        signing_key=device.signing.verify_key,
        request_key=device.request.verify_key,
        vault_key=device.kem.public_key,
        ledger_key=device.ledger.verify_key,
        created=now,
    )
    return make_request(request, signing_key=device.signing)


def with_officer(
    agency: AgencyFixture,
    login: str,
    names: Names,
    *,
    role: Role = Role.LIAISON,
    level: str | None = JIMI,
    now: Instant,
) -> AgencyFixture:
    """Admit an officer with one device, a clearance (unless ``level`` is none) and a briefing."""
    device = make_device(agency.anchor)
    keys, until = agency.registrar_keys[:1], Instant(now + YEAR_S)
    content = new_officer(
        agency.anchor.realm,
        agency.agency_id,
        login=login,
        names=names,
        post=Names(zh="二等秘书", en="Second Secretary"),
        roles=frozenset({role}),
    )
    officer = content.officer
    state = registry.admit_officer(agency.registry, keys, content, now=now, not_after=until)
    request = open_request(make_enrolment(agency, device, login, names, now=now))
    state = registry.admit_device(state, keys, request, now=now, not_after=until)
    if level is not None:
        cleared = ClearanceContent(
            officer=officer, policy=POLICY, level=level, person_class=PERSON_CLASS[level]
        )
        state = registry.grant_clearance(state, keys, cleared, now=now, not_after=until)
    briefed = BriefingContent(officer=officer, topic="secrecy", pledged=now)
    state = registry.record_briefing(state, keys, briefed, now=now, not_after=until)
    fixture = OfficerFixture(officer=officer, login=login, code=agency.anchor.code, device=device)
    return replace(agency, registry=state, officers={**agency.officers, login: fixture})


def make_agreement(
    a: AgencyFixture, b: AgencyFixture, *, now: Instant, ceiling: str = JIMI
) -> SignedStatement:
    """Sign an agreement by one registrar of each side."""
    pack = builtin_pack(POLICY)
    one, other = sorted((a.agency_id.hex(), b.agency_id.hex()))
    agreement = Agreement(
        id="agr:exercise",
        parties=(one, other),
        signed_on=now,
        valid_from=now,
        valid_to=Instant(now + YEAR_S),
        ceilings=(Ceiling(policy=POLICY, level=ceiling),),
        packs=(AcceptedPack(policy=pack.policy_id, digest=pack.digest()),),
    )
    drafted = registry.draft_agreement(
        a.registry,
        a.registrar_keys[:1],
        AgreementContent(agreement=agreement),
        now=now,
        not_after=Instant(now + YEAR_S),
    )
    return add_signature(drafted, b.registrar_keys[0])


def published(agency: AgencyFixture, *, now: Instant, relay: RelayPointer = RELAY) -> AgencyFixture:
    """Publish the agency's next roster, signed by two registrars."""
    state, snapshot, book = registry.next_roster(
        agency.registry, agency.registrar_keys[:2], now=now, relay=relay
    )
    return replace(agency, registry=state, snapshot=snapshot, book=book)
