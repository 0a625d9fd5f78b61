"""What a pack says about reasons and bureaus becomes what acts are judged by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.labels.deciding import Referral, Workflow
from secure_liaison.labels.naming import Names
from secure_liaison.labels.pack import builtin_pack, builtin_packs
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.labels.setting import reasons_of, routing_of, setting_of
from tests.labels.cases import ROUTING, powers
from tests.labels.samples import CN

NATIONAL, LOCAL = Names(zh="国家局", en="national"), Names(zh="省局", en="local")


def referral(to: Names, *, levels: tuple[str, ...] = (), bodies: tuple[str, ...] = ()) -> Referral:
    return Referral(levels=levels, bodies=bodies, to=to, basis=())


def with_referrals(*referrals: Referral) -> PolicyPack:
    workflow: Workflow = replace(CN.workflow, unclear_to=referrals)
    return replace(CN, workflow=workflow)


def test_the_chinese_pack_routes_as_the_regulation_says() -> None:
    assert ROUTING == routing_of(builtin_pack("cn.state-secrets"))


@pytest.mark.parametrize("pack", builtin_packs(), ids=lambda pack: str(pack.policy_id))
def test_every_built_in_pack_makes_a_setting(pack: PolicyPack) -> None:
    made = setting_of([pack], powers())
    assert (pack,) == made.packs
    assert reasons_of(pack) == made.reasons


def test_reasons_for_declassifying_also_count_for_publishing() -> None:
    reasons = reasons_of(builtin_pack("cn.state-secrets"))
    assert {("derive", "same-as-source"), ("extend", "still-needed")} <= reasons
    assert {("declassify", "published"), ("publish", "published")} <= reasons
    assert {"derive", "extend", "change", "declassify", "publish"} == {use for use, _ in reasons}


def test_the_newest_pack_says_reasons_and_routing() -> None:
    older = with_referrals()
    made = setting_of([older, CN], powers())
    assert (routing_of(CN), (older, CN)) == (made.routing, made.packs)
    assert frozenset() == setting_of([CN, older], powers()).routing.national_levels


def test_a_setting_without_a_pack_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="pack"):
        setting_of([], powers())


@pytest.mark.parametrize(
    "referrals",
    [
        (referral(NATIONAL, levels=("juemi",)),),
        (referral(NATIONAL, bodies=("central",)),),
        (referral(NATIONAL, levels=("juemi",), bodies=("central",)), referral(LOCAL)),
        (referral(NATIONAL), referral(LOCAL)),
        (referral(LOCAL, levels=("juemi",)), referral(LOCAL)),
        (
            referral(NATIONAL, levels=("juemi",)),
            referral(Names(zh="另一局", en="another"), bodies=("central",)),
            referral(LOCAL),
        ),
    ],
)
def test_a_routing_that_cannot_be_told_is_refused(referrals: tuple[Referral, ...]) -> None:
    with pytest.raises(FormatError, match="pack-routing"):
        routing_of(with_referrals(*referrals))


def test_a_pack_that_sends_everything_to_one_bureau_names_no_national_one() -> None:
    found = routing_of(with_referrals(referral(LOCAL)))
    assert (frozenset(), frozenset()) == (found.national_levels, found.national_kinds)
