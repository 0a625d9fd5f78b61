"""The only door to `cryptography` and `nacl`: composed primitives, no domain words.

Rules:

- Nothing here is invented: HPKE (RFC 9180), X-Wing, Cobblestone-256 (C2SP chunked-encryption),
  composite ML-DSA-65 + Ed25519 (draft-ietf-lamps-pq-composite-sigs), Argon2id (RFC 9106), SHA-256.
- Every input to a hash, KDF, signature or HPKE ``info`` is a `frame`: tag, realm, suite, parts.
- Verification raises; secrets have a redacted ``repr`` and compare in constant time.
"""
