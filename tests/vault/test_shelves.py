"""What stands on which shelf, signature by signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from secure_liaison.clock import FixedClock, Instant
from secure_liaison.crypto.signing import SigningKey
from secure_liaison.errors import LiaisonError, VaultDamagedError
from secure_liaison.identity.chain import NO_REVOCATIONS, verify_registrars
from secure_liaison.identity.pack_signature import PackSignature, sign_pack
from secure_liaison.identity.statements import decode_signed, encode_signed
from secure_liaison.labels.pack import load_pack
from secure_liaison.vault.packs import Packs
from secure_liaison.vault.shelves import OwnSigners, Shelves
from secure_liaison.vault.store import Vault
from tests.factories import AgencyFixture, appoint, make_agency, make_charter
from tests.labels.samples import as_bytes, pack_file

NOW = Instant(1_790_000_000)
LATER = Instant(NOW + 86_400)
DATA = as_bytes(pack_file("generic") | {"id": "hill", "version": "2026-01-01"})
PACK = load_pack(DATA)
CHARTER = make_charter()
AGENCY = make_agency(CHARTER, "EMB-A", now=NOW)
Keep = Callable[..., None]


def signature(agency: AgencyFixture = AGENCY, **changes: object) -> bytes:
    values = {
        "realm": agency.anchor.realm,
        "agency": agency.agency_id,
        "policy": PACK.policy_id,
        "digest": PACK.digest(),
        "not_before": NOW,
        "not_after": LATER,
    }
    made = PackSignature(**{**values, **changes})  # type: ignore[arg-type]  # tests know the fields
    return sign_pack(made, agency.registrar_keys)


@pytest.fixture
def packs(vault: Vault) -> Packs:
    return Packs(vault)


@pytest.fixture
def keep(vault: Vault, packs: Packs) -> Keep:
    def kept(*records: bytes, digest: bytes = PACK.digest()) -> None:
        with vault.transaction():
            for record in records:
                packs.keep(PACK.policy_id, digest, DATA, record=record, accepted_at=NOW)

    return kept


def shelves(packs: Packs, agency: AgencyFixture = AGENCY, *, at: Instant = NOW) -> Shelves:
    signed = decode_signed(agency.registry.registrars)
    signers = OwnSigners(
        in_force=lambda now: (verify_registrars(agency.anchor, signed, at=now), NO_REVOCATIONS),
        revoked=lambda: NO_REVOCATIONS,
    )
    return Shelves(packs, FixedClock(at), signers)


def refusal(found: Shelves) -> str:
    with pytest.raises(LiaisonError) as caught:
        found.to_write().named("hill")
    (listed,) = found.own()
    assert listed.refusal is not None
    assert caught.value.reason == listed.refusal.reason
    return caught.value.reason


def test_one_signature_in_force_is_enough(packs: Packs, keep: Keep) -> None:
    old = signature(not_before=Instant(NOW - 200), not_after=Instant(NOW - 100))
    keep(old, signature(), signature(not_before=Instant(NOW + 3600)))
    found = shelves(packs)
    assert PACK == found.to_write().named("hill")
    (listed,) = found.own()
    assert (None, LATER) == (listed.refusal, listed.signed.signature.not_after)


def test_the_reason_is_that_of_the_signature_accepted_last(packs: Packs, keep: Keep) -> None:
    keep(signature(not_after=Instant(NOW + 1)))
    assert "pack-ended" == refusal(shelves(packs, at=Instant(NOW + 10)))
    keep(signature(not_before=Instant(NOW + 3600)))
    assert "pack-not-begun" == refusal(shelves(packs, at=Instant(NOW + 10)))


def test_new_registrars_have_to_sign_anew_and_what_is_here_stays_readable(
    packs: Packs, keep: Keep
) -> None:
    keep(signature())
    appointed = appoint(
        AGENCY.anchor,
        AGENCY.root_keys,
        (SigningKey.generate(), SigningKey.generate()),
        now=NOW,
        epoch=2,
    )
    state = replace(AGENCY.registry, registrars=encode_signed(appointed))
    found = shelves(packs, replace(AGENCY, registry=state))
    assert "pack-registrars" == refusal(found)
    assert PACK == found.to_read().named("hill")
    assert PACK == found.to_show().named("hill")


def test_a_signature_of_another_pack_counts_for_nothing(packs: Packs, keep: Keep) -> None:
    keep(signature(policy="dale@2026-01-01"))
    found = shelves(packs)
    assert "pack-other" == refusal(found)
    with pytest.raises(LiaisonError, match="pack-other"):
        found.to_read().named("hill")


def test_a_row_that_is_not_the_file_it_says_is_damage(packs: Packs, keep: Keep) -> None:
    keep(signature(), digest=bytes(32))
    with pytest.raises(VaultDamagedError, match="record"):
        shelves(packs).to_show().named("hill")


def test_without_own_packs_nobody_is_asked(packs: Packs) -> None:
    assert "nato" == shelves(packs).to_write().named("nato").id
    assert () == shelves(packs).own()
