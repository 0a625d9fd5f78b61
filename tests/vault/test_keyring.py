"""Keys come back as they went in, and a deleted private half stays deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from secure_liaison.capsule.format import Role
from secure_liaison.clock import Instant
from secure_liaison.crypto.hpke import KemPrivateKey
from secure_liaison.crypto.keys import KeyId, Realm, Tag, random_bytes
from secure_liaison.crypto.signing import NoteSigningKey, RequestSigningKey, SigningKey
from secure_liaison.identity.ids import DeviceHandle
from secure_liaison.vault.keyring import DeviceKeys, Keyring

if TYPE_CHECKING:
    from secure_liaison.vault.store import Vault

REALM = Realm(b"r" * 32)
TAG = Tag("secure_liaison/draft-0/test-keyring")
NOW = Instant(1_800_000_000)
LATER = Instant(NOW + 60)


@pytest.fixture
def keyring(vault: Vault) -> Keyring:
    return Keyring(vault)


def new_device() -> DeviceKeys:
    return DeviceKeys(
        handle=DeviceHandle(random_bytes(16)),
        signing=SigningKey.generate(),
        request=RequestSigningKey.generate(),
        kem=KemPrivateKey.generate(),
        ledger=NoteSigningKey.generate(),
    )


def test_a_new_vault_is_no_device(keyring: Keyring) -> None:
    assert keyring.device() is None


def test_the_device_comes_back_as_it_was(vault: Vault, keyring: Keyring) -> None:
    keys = new_device()
    with vault.transaction():
        keyring.save_device(keys, realm=REALM, created=NOW)
    found = keyring.device()
    assert found is not None
    assert found.handle == keys.handle
    assert found.signing.verify_key == keys.signing.verify_key
    assert found.request.verify_key == keys.request.verify_key
    assert found.kem.public_key == keys.kem.public_key
    assert found.ledger.verify_key == keys.ledger.verify_key
    keys.signing.verify_key.verify(TAG, REALM, b"x", found.signing.sign(TAG, REALM, b"x"))


def test_a_vault_is_one_device_only(vault: Vault, keyring: Keyring) -> None:
    first = new_device()
    with vault.transaction():
        keyring.save_device(first, realm=REALM, created=NOW)
    with pytest.raises(ValueError, match="constraint"), vault.transaction():
        keyring.save_device(new_device(), realm=REALM, created=NOW)
    found = keyring.device()
    assert found is not None
    assert found.handle == first.handle


def test_no_representation_shows_a_key() -> None:
    keys = new_device()
    assert repr(keys) == (
        f"DeviceKeys(handle={keys.handle!r}, signing=SigningKey(…), request=RequestSigningKey(…),"
        " kem=KemPrivateKey(…), ledger=NoteSigningKey(…))"
    )


def test_an_older_vault_key_still_opens(vault: Vault, keyring: Keyring) -> None:
    keys, newer = new_device(), KemPrivateKey.generate()
    with vault.transaction():
        keyring.save_device(keys, realm=REALM, created=NOW)
        keyring.add_vault_key(newer, realm=REALM, created=LATER)
    for key in (keys.kem, newer):
        found = keyring.private_key(Role.VAULT, key.public_key.key_id(REALM))
        assert found is not None
        sealed = key.public_key.seal(b"share", info=b"i")
        assert found.open(sealed, info=b"i") == b"share"


@pytest.mark.parametrize("role", Role)
def test_an_unknown_key_is_nothing(keyring: Keyring, role: Role) -> None:
    assert keyring.private_key(role, KeyId(bytes(32))) is None


def test_a_key_serves_its_own_role_only(vault: Vault, keyring: Keyring) -> None:
    vault_key, prekey = KemPrivateKey.generate(), KemPrivateKey.generate()
    with vault.transaction():
        keyring.add_vault_key(vault_key, realm=REALM, created=NOW)
        keyring.prekeys.add([prekey], realm=REALM, created=NOW, last_resort=False)
    assert keyring.private_key(Role.PREKEY, vault_key.public_key.key_id(REALM)) is None
    assert keyring.private_key(Role.VAULT, prekey.public_key.key_id(REALM)) is None
    assert keyring.private_key(Role.PREKEY, prekey.public_key.key_id(REALM)) is not None


def test_prekeys_come_back_with_their_mark(vault: Vault, keyring: Keyring) -> None:
    once, last = KemPrivateKey.generate(), KemPrivateKey.generate()
    with vault.transaction():
        keyring.prekeys.add([once], realm=REALM, created=NOW, last_resort=False)
        keyring.prekeys.add([last], realm=REALM, created=LATER, last_resort=True)
        keyring.prekeys.mark_published([once.public_key.key_id(REALM)], at=LATER)
        keyring.prekeys.mark_published([once.public_key.key_id(REALM)], at=Instant(LATER + 1))
    assert [
        (key.public_key, key.last_resort, key.created, key.published_at, key.deleted_at)
        for key in keyring.prekeys.usable()
    ] == [(once.public_key, False, NOW, LATER, None), (last.public_key, True, LATER, None, None)]


def test_a_deleted_prekey_leaves_a_mark_and_no_key(vault: Vault, keyring: Keyring) -> None:
    key = KemPrivateKey.generate()
    key_id = key.public_key.key_id(REALM)
    with vault.transaction():
        keyring.prekeys.add([key], realm=REALM, created=NOW, last_resort=False)
    with vault.transaction():
        keyring.prekeys.delete(key_id, at=LATER)
        keyring.prekeys.delete(key_id, at=Instant(LATER + 1))
    assert keyring.private_key(Role.PREKEY, key_id) is None
    assert keyring.prekeys.usable() == ()
    found = keyring.prekeys.find(key_id)
    assert found is not None
    assert (found.public_key, found.deleted_at) == (None, LATER)


def test_opening_spends_a_one_time_key_and_no_last_resort(vault: Vault, keyring: Keyring) -> None:
    once, last = KemPrivateKey.generate(), KemPrivateKey.generate()
    with vault.transaction():
        keyring.prekeys.add([once], realm=REALM, created=NOW, last_resort=False)
        keyring.prekeys.add([last], realm=REALM, created=NOW, last_resort=True)
    with vault.transaction():
        for key in (once, last, once):
            keyring.prekeys.spend(key.public_key.key_id(REALM), at=LATER)
    assert [key.public_key for key in keyring.prekeys.usable()] == [last.public_key]
    with pytest.raises(ValueError, match="no such prekey"), vault.transaction():
        keyring.prekeys.spend(KeyId(bytes(32)), at=LATER)
    with vault.transaction():
        keyring.prekeys.delete(last.public_key.key_id(REALM), at=LATER)
    assert keyring.prekeys.usable() == ()


def test_a_prekey_survives_when_the_transaction_fails(vault: Vault, keyring: Keyring) -> None:
    key = KemPrivateKey.generate()
    key_id = key.public_key.key_id(REALM)
    with vault.transaction():
        keyring.prekeys.add([key], realm=REALM, created=NOW, last_resort=False)

    def delete_and_fail() -> None:
        with vault.transaction():
            keyring.prekeys.delete(key_id, at=LATER)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        delete_and_fail()
    assert keyring.private_key(Role.PREKEY, key_id) is not None


def test_a_foreign_prekey_is_told_from_a_spent_one(vault: Vault, keyring: Keyring) -> None:
    assert keyring.prekeys.find(KeyId(bytes(32))) is None
    with pytest.raises(ValueError, match="no such prekey"), vault.transaction():
        keyring.prekeys.delete(KeyId(bytes(32)), at=NOW)


def test_the_audit_offices_key_is_the_last_one_kept(vault: Vault, keyring: Keyring) -> None:
    assert keyring.audit_office_key() is None
    first, second = KemPrivateKey.generate(), KemPrivateKey.generate()
    for key in (first, second):
        with vault.transaction():
            keyring.save_audit_office_key(key)
    found = keyring.audit_office_key()
    assert found is not None
    assert found.public_key == second.public_key
