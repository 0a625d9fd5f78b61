"""Traffic Light Protocol 2.0: five marks, of which the lowest may be public."""

from dataclasses import replace

import pytest

from secure_liaison.errors import FormatError
from secure_liaison.i18n import Language
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.handling import Consent
from secure_liaison.labels.marking import banner
from secure_liaison.labels.pack import builtin_pack
from secure_liaison.labels.validity import validate
from tests.labels.samples import generic

TLP = builtin_pack("tlp")
LEVELS = ["clear", "green", "amber", "amber-strict", "red"]


def test_levels_from_clear_to_red() -> None:
    assert [level.id for level in TLP.levels] == LEVELS


@pytest.mark.parametrize("level", LEVELS[1:])
def test_only_clear_may_be_public(level: str) -> None:
    public = generic("clear", policy=TLP.policy_id, audience=Audience.of())
    validate(public, TLP)
    with pytest.raises(FormatError, match="label-audience-public"):
        validate(replace(public, level=level), TLP)


def test_banner_is_the_original_and_its_gloss() -> None:
    label = generic("red", policy=TLP.policy_id)
    assert banner(label, TLP, exercise=False) == "TLP:RED(交通灯协议 第一级)"
    assert TLP.find_level("TLP:AMBER+STRICT").names.text(Language.EN) == "TLP:AMBER+STRICT"


def test_red_is_for_its_recipients_only() -> None:
    assert TLP.handling_of("red").forward is Consent.NEVER
