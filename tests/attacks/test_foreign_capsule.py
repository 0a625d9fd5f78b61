"""Foreign: of another realm, or of an agency whose root nobody here compared."""

from __future__ import annotations

import pytest

from secure_liaison.capsule.claims import Claims, unwrap
from secure_liaison.capsule.core import Core
from secure_liaison.capsule.format import Capsule
from secure_liaison.clock import Instant
from secure_liaison.crypto.keys import Digest, KeyId
from secure_liaison.crypto.signing import VerifyKey
from secure_liaison.directory.leaf import RosterLeaf
from secure_liaison.directory.view import DirectoryView
from secure_liaison.errors import CredentialError
from secure_liaison.identity.ids import AgencyId
from secure_liaison.workflows import correspondence, filing
from tests.attacks.forgery import FORGED_TEXT, make, plant, steal
from tests.attacks.world import (
    INSIDER,
    SENDER,
    STRANGER,
    VICTIM,
    Scene,
    assert_genuine_opens,
    assert_quarantined,
    opened_text,
)
from tests.capsule.forge import Forged
