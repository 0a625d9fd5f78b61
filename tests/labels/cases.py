"""Bodies, officers and a case that the tests of determination start from.

``centre`` is a central body, ``province`` and ``city`` follow, ``county`` has no authority; ``nb``
and ``pb`` are the national and the provincial secrecy bureau. Of each body ``NAME-1`` prepares and
``NAME-2`` is responsible for determination.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from secure_liaison.clock import Instant, from_iso
from secure_liaison.crypto.keys import Realm
from secure_liaison.labels.acts import (
    Act,
    Actor,
    Approve,
    Open,
    Propose,
    Protect,
    ProtectionCause,
    Purpose,
    Receive,
    Report,
    Step,
)
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.authority import Powers
from secure_liaison.labels.case import Case, Setting
from secure_liaison.labels.determination import advance, open_case
from secure_liaison.labels.grants import AuthorityGrant, Designation
from secure_liaison.labels.label import Label
from secure_liaison.labels.organisation import Body, Organisation, Routing
from secure_liaison.labels.period import Period
from tests.labels.samples import CN

REALM = Realm(b"r" * 32)
BEGUN = from_iso("2026-03-02")
DAY = 86_400
CALENDAR_ZONE = 480
SUBJECT = "object:" + "5e" * 32
NONCE = bytes(range(16))
ROUTING = Routing(national_levels=frozenset({"juemi"}), national_kinds=frozenset({"central"}))
NAMES = ("centre", "province", "city", "county", "nb", "pb", "firm")
ALL = frozenset({"mimi", "jimi", "juemi"})


def leaf(name: str) -> str:
    return "agency:" + bytes([NAMES.index(name) + 1] * 32).hex()


def officer(name: str) -> str:
    body, _, number = name.partition("-")
    return "officer:" + bytes([NAMES.index(body) + 1] * 15 + [int(number)]).hex()


def actor(name: str) -> Actor:
    return Actor(agency=leaf(name.partition("-")[0]), officer=officer(name))


BODIES = (
    Body(leaf=leaf("centre"), kind="central"),
    Body(leaf=leaf("province"), kind="province", superior=leaf("centre"), bureau=leaf("pb")),
    Body(leaf=leaf("city"), kind="prefecture", superior=leaf("province"), bureau=leaf("pb")),
    Body(leaf=leaf("county"), kind="county", superior=leaf("city"), bureau=leaf("pb")),
    Body(leaf=leaf("nb"), kind="central"),
    Body(leaf=leaf("pb"), kind="province", superior=leaf("nb")),
    Body(leaf=leaf("firm"), kind="enterprise", bureau=leaf("pb")),
)


def designation(name: str, **changes: Any) -> Designation:
    made = Designation(
        officer=officer(name),
        body=leaf(name.partition("-")[0]),
        levels=ALL,
        valid_from=Instant(BEGUN - 100 * DAY),
        valid_to=None,
        trained_at=Instant(BEGUN - 30 * DAY),
    )
    return replace(made, **changes)


def grant(granter: str, grantee: str, /, *levels: str, **changes: Any) -> AuthorityGrant:
    made = AuthorityGrant(
        id=f"grant.{granter}.{grantee}",
        granter=leaf(granter),
        grantee=leaf(grantee),
        levels=frozenset(levels),
        granted_at=Instant(BEGUN - 60 * DAY),
        valid_from=Instant(BEGUN - 59 * DAY),
        valid_to=Instant(BEGUN + 3650 * DAY),
        document="密授〔2026〕1号",
    )
    return replace(made, **changes)


def powers(**changes: Any) -> Powers:
    made = Powers(
        organisation=Organisation(bodies=BODIES, national_bureau=leaf("nb")),
        # Training that is repeated every year, as the rules want it.
        designations=tuple(
            designation(f"{name}-{number}", trained_at=Instant(BEGUN + (365 * year - 30) * DAY))
            for name in NAMES
            for number in (2, 3)
            for year in range(32)
        ),
    )
    return replace(made, **changes)


def setting(**changes: Any) -> Setting:
    return replace(Setting(powers=powers(), packs=(CN,), routing=ROUTING), **changes)


SETTING = setting()


def label(level: str = "jimi", owner: str = "province", **changes: Any) -> Label:
    made = Label(
        policy=CN.policy_id,
        level=level,
        audience=Audience.of([leaf("province"), leaf("city")]),
        owner=leaf(owner),
        created=BEGUN,
        period=Period.of_years(10, start=BEGUN),
    )
    return replace(made, **changes)


@dataclass
class Story:
    """A case in the making; ``do`` takes one act after the other."""

    case: Case
    setting: Setting = SETTING
    at: int = BEGUN

    def do(self, step: Step, who: str, *, day: float | None = None, **changes: Any) -> Story:
        """Take one act, ``day`` days after the beginning, or a minute after the last one."""
        self.at = self.at + 60 if day is None else int(BEGUN + day * DAY)
        act = Act(step=step, actor=actor(who), at=Instant(self.at), known=Instant(self.at))
        self.case = advance(self.case, replace(act, **changes), self.setting)
        return self


def opened(by: str = "province-1", under: Setting = SETTING) -> Story:
    act = Act(step=Open(subject=SUBJECT, nonce=NONCE), actor=actor(by), at=BEGUN, known=BEGUN)
    return Story(case=open_case(act, under, REALM), setting=under)


def original(made: Label | None = None, **changes: Any) -> Propose:
    return replace(Propose(purpose=Purpose.ORIGINAL, label=made or label()), **changes)


def not_secret(**changes: Any) -> Propose:
    empty = Propose(purpose=Purpose.ORIGINAL, label=None, reason="公开信息")
    return replace(empty, **changes)


def extension(made: Label, **changes: Any) -> Propose:
    asked = Propose(
        purpose=Purpose.EXTEND,
        label=made,
        reason="仍需保密",
        grounds=("密级不变", "谈判尚未结束", "范围不变"),
    )
    return replace(asked, **changes)


def change(made: Label, **changes: Any) -> Propose:
    asked = Propose(
        purpose=Purpose.CHANGE,
        label=made,
        reason="情况变化",
        grounds=("情况变化", "情况变化", "情况变化"),
    )
    return replace(asked, **changes)


def ending(purpose: Purpose = Purpose.DECLASSIFY, **changes: Any) -> Propose:
    return replace(Propose(purpose=purpose, label=None, reason="不需要继续保密"), **changes)


def determined(made: Label | None = None, under: Setting = SETTING) -> Story:
    story = opened(under=under)
    return story.do(original(made or label()), "province-1").do(Approve(), "province-2")


def received(made: Label | None = None, by: str = "city", under: Setting = SETTING) -> Story:
    draft = made or label(owner=by)
    story = opened(f"{by}-1", under=under)
    story.do(Protect(label=draft, cause=ProtectionCause.UNCLEAR), f"{by}-1")
    bureau = "nb" if draft.level == "juemi" or by == "centre" else "pb"
    return story.do(Report(to=leaf(bureau)), f"{by}-1").do(Receive(), f"{bureau}-1")
