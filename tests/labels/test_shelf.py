"""A shelf finds packs by name and date, and never gives another one for a pack that is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from secure_liaison.clock import from_iso
from secure_liaison.errors import CredentialExpiredError, FormatError
from secure_liaison.labels.pack import (
    BUILTIN_PACKS,
    builtin_pack,
    builtin_packs,
    load_pack,
    pack_in_force,
)
from secure_liaison.labels.policy import PolicyPack
from secure_liaison.labels.shelf import BUILTIN_SHELF, OwnEntry, Shelf
from tests.labels.samples import as_bytes, pack_file

NOW = from_iso("2026-06-01")


def version(day: str, name: str = "hill", *, until: str | None = None) -> PolicyPack:
    valid = {"from": day, "to": until}
    return load_pack(as_bytes(pack_file("generic") | {"id": name, "version": day, "valid": valid}))


def fine() -> None:
    """Let a pack be used."""


def ended() -> None:
    raise CredentialExpiredError("pack-ended", policy="hill@2026-01-01")


def entry(pack: PolicyPack, require: Callable[[], None] = fine) -> tuple[str, OwnEntry]:
    return pack.policy_id, OwnEntry(pack=lambda: pack, require=require)


FIRST = version("2025-01-01", until="2026-01-01")
SECOND, LATER = version("2026-01-01"), version("2027-01-01")
SHELF = Shelf(dict(map(entry, (LATER, FIRST, SECOND))), at=NOW)
REFUSED = Shelf(dict([entry(FIRST), entry(SECOND, ended)]), at=NOW)


def test_without_own_packs_it_is_what_is_built_in() -> None:
    assert builtin_packs() == BUILTIN_SHELF.newest()
    for name in (*BUILTIN_PACKS, "nato", "cn.state-secrets"):
        assert builtin_pack(name) is BUILTIN_SHELF.named(name)
    old = from_iso("2020-01-01")
    assert pack_in_force("cn.state-secrets", old) is BUILTIN_SHELF.in_force("cn.state-secrets", old)
    assert () == BUILTIN_SHELF.own()


def test_an_own_pack_is_found_by_name_and_by_version() -> None:
    assert SECOND is SHELF.named("hill")
    assert FIRST is SHELF.named("hill@2025-01-01")
    assert LATER is SHELF.named("hill@2027-01-01")
    assert builtin_pack("nato") is SHELF.named("nato")
    assert SECOND in SHELF.newest()
    assert [FIRST.policy_id, SECOND.policy_id, LATER.policy_id] == [*SHELF.own()]


def test_a_version_that_has_not_begun_is_not_the_newest() -> None:
    assert (FIRST, SECOND) == SHELF.versions_of("hill")
    assert LATER is Shelf(dict([entry(LATER)]), at=NOW).named("hill")
    assert LATER is Shelf(dict([entry(SECOND), entry(LATER)])).named("hill")
    assert (FIRST, SECOND, LATER) == SHELF.every("hill")


def test_an_old_label_is_judged_by_the_version_of_its_day() -> None:
    assert FIRST is SHELF.in_force("hill", from_iso("2025-06-01"))
    assert SECOND is SHELF.in_force("hill", NOW)
    with pytest.raises(FormatError, match="pack-none-in-force"):
        SHELF.in_force("hill", from_iso("2020-01-01"))


@pytest.mark.parametrize("name", ["", "dale", "hill@2024-01-01", "nato@1999-01-01"])
def test_what_is_not_there_is_unknown(name: str) -> None:
    with pytest.raises(FormatError, match="pack-unknown") as caught:
        SHELF.named(name)
    assert name == caught.value.facts["policy"]


def test_what_may_not_be_used_is_refused_and_no_other_version_takes_its_place() -> None:
    for ask in (
        lambda: REFUSED.named("hill"),
        lambda: REFUSED.named("hill@2026-01-01"),
        lambda: REFUSED.versions_of("hill"),
        lambda: REFUSED.in_force("hill", NOW),
    ):
        with pytest.raises(CredentialExpiredError, match="pack-ended"):
            ask()
    assert FIRST is REFUSED.named("hill@2025-01-01")


def test_what_may_not_be_used_hides_no_other_policy() -> None:
    assert builtin_packs() == REFUSED.newest()
    assert (FIRST,) == REFUSED.every("hill")
