"""Two agencies, a label and the people around it: questions for the tests of the monitor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from secure_liaison.audit.ledger import Ledger, MemoryLedgerStore
from secure_liaison.clock import FixedClock, GuardedClock, Instant
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import KeyId, Realm, Secret
from secure_liaison.crypto.signing import NoteSigningKey, RequestSigningKey, SigningKey
from secure_liaison.directory.leaf import LeafStatus, RosterLeaf
from secure_liaison.directory.standing import Clearance, OfficerRecord, Standing
from secure_liaison.identity.ids import AgencyId, DeviceHandle, OfficerId
from secure_liaison.identity.names import Names
from secure_liaison.identity.officer_contents import Role
from secure_liaison.labels.agreement import AcceptedPack, Agreement, Ceiling
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.label import Label
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.period import Period
from secure_liaison.monitor.decision import (
    Action,
    ReadQuestion,
    RecipientQuestion,
    SealQuestion,
)
from secure_liaison.monitor.gate import Gate, Permit

REALM: Final = Realm(b"\x01" * 32)
NOW: Final = Instant(1_800_000_000)
DAY: Final = 86_400
AGENCY_A: Final = AgencyId(b"\xa0" * 32)
AGENCY_B: Final = AgencyId(b"\xb0" * 32)
PACK: Final = builtin_pack("cn.state-secrets")
GENERIC: Final = builtin_pack("generic")
CORE: Final = b"\x0c" * 32
KEYS: Final = frozenset({KeyId(b"\x0e" * 32)})
ROSTERS: Final = {AGENCY_A: (1, 4), AGENCY_B: (1, 7)}

DEVICE: Final = RosterLeaf(
    handle=DeviceHandle(b"\xd0" * 16),
    signing_key=SigningKey(b"\x05" * 64).verify_key,
    request_key=RequestSigningKey(Secret(b"\x06" * 32)).verify_key,
    vault_key=KemPrivateKey(Secret(b"\x07" * 32)).public_key,
    ledger_key=NoteSigningKey(Secret(b"\x08" * 32)).verify_key,
    possession=b"",
    not_before=Instant(NOW - DAY),
    not_after=Instant(NOW + 300 * DAY),
)
RETIRED: Final = replace(DEVICE, status=LeafStatus.RETIRED, since=Instant(NOW - 60))


def standing(
    login: str = "li.wei",
    *,
    agency: AgencyId = AGENCY_A,
    level: str = "jimi",
    policy: str = "cn.state-secrets",
    person_class: str = "important",
    extra: Iterable[str] = (),
    **changes: Any,
) -> Standing:
    """Someone cleared, briefed and known; ``changes`` replace fields of the standing."""
    officer = OfficerId(login.encode().ljust(16, b"\x00"))
    clearance = Clearance(
        policy=policy, level=level, person_class=person_class, not_after=Instant(NOW + 200 * DAY)
    )
    whole = Standing(
        officer=OfficerRecord(
            officer=officer,
            agency=agency,
            login=login,
            names=Names(zh="某某", en="Somebody"),
            post=Names(zh="联络员", en="Liaison officer"),
            roles=frozenset({Role.LIAISON}),
        ),
        clearance=clearance,
        clearance_problem="",
        briefed_until=Instant(NOW + 100 * DAY),
        memberships=frozenset({f"agency:{agency.hex()}", f"officer:{officer.hex()}", *extra}),
        statements_current=True,
        pledged=Instant(NOW - 10 * DAY),
    )
    return replace(whole, **changes)


def label(
    level: str = "jimi", *, audience: Audience | None = None, policy: str = "", **changes: Any
) -> Label:
    """A label released to both agencies, or to ``audience``."""
    home = f"agency:{AGENCY_A.hex()}"
    whole = Label(
        policy=policy or PACK.policy_id,
        level=level,
        audience=audience or Audience.home(home, f"agency:{AGENCY_B.hex()}"),
        owner=home,
        created=Instant(NOW - 60),
        period=Period.of_years(10, start=Instant(NOW - 60)),
    )
    return replace(whole, **changes)


def agreement(ceiling: str | None = "jimi", **changes: Any) -> Agreement:
    """An agreement in force between the two agencies."""
    whole = Agreement(
        id="agr:a-b",
        parties=(AGENCY_A.hex(), AGENCY_B.hex()),
        signed_on=Instant(NOW - 9 * DAY),
        valid_from=Instant(NOW - 9 * DAY),
        valid_to=Instant(NOW + 300 * DAY),
        ceilings=(Ceiling(policy=PACK.id, level=ceiling),) if ceiling else (),
        packs=tuple(
            AcceptedPack(policy=pack.policy_id, digest=pack.digest()) for pack in (PACK, GENERIC)
        ),
    )
    return replace(whole, **changes)


def recipient(who: Standing | None = None, **changes: Any) -> RecipientQuestion:
    """A cleared officer of the other agency."""
    whole = RecipientQuestion(
        standing=who or standing("j.okafor", agency=AGENCY_B),
        devices=(DEVICE,),
        agreement=agreement(),
        own_agency=False,
        directory_age_s=60,
        address="",
    )
    return replace(whole, **changes)


def seal_question(*recipients: RecipientQuestion, **changes: Any) -> SealQuestion:
    """A question to which every rule says yes."""
    whole = SealQuestion(
        label=label(),
        pack=PACK,
        sender=standing(),
        recipients=recipients or (recipient(),),
        accreditation=None,
        relay_ceiling=None,
        exercise=True,
        now=NOW,
        forward_secrecy=False,
        custody_groups=0,
        provider_ceiling="juemi",
    )
    return replace(whole, **changes)


def read_question(**changes: Any) -> ReadQuestion:
    """A question to which every rule says yes: an officer of B opens what A sealed."""
    whole = ReadQuestion(
        action=Action.OPEN,
        label=label(),
        pack=PACK,
        reader=standing("j.okafor", agency=AGENCY_B),
        device=DEVICE,
        originator_agency=AGENCY_A,
        agreement=agreement(),
        own_agency=False,
        accreditation=None,
        exercise=True,
        now=NOW,
        directory_age_s=60,
        expires=Instant(NOW + DAY),
        custody_groups=0,
        provider_ceiling="juemi",
    )
    return replace(whole, **changes)


class Desk:
    """A gate before a ledger in memory, and the transactions it made."""

    def __init__(self) -> None:
        self.machine = FixedClock(NOW)
        self.clock = GuardedClock(self.machine)
        self.store = MemoryLedgerStore()
        self.ledger = Ledger(
            self.store,
            device=DEVICE.handle,
            realm=REALM,
            signing=NoteSigningKey(Secret(b"\x08" * 32)),
            clock=self.clock,
            origin="ledger.test/d0",
        )
        self.committed: list[int] = []
        self.fails = False
        self.gate = Gate(self.ledger, self.clock, self.transaction)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self.fails:
            msg = "the disk is full"
            raise OSError(msg)
        before = self.ledger.size
        yield
        self.committed.append(self.ledger.size - before)

    def ask(self, question: SealQuestion | ReadQuestion, **changes: Any) -> Permit:
        return self.gate.permit(
            question,
            **{"core_hash": CORE, "key_ids": KEYS, "roster_sequences": ROSTERS, **changes},
        )
