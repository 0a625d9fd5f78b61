"""What a desk keeps: keys, mail, records and the ledger in SQLCipher, sealed bodies beside it.

Rules:

- One folder, one process, one connection; `store` is the only door to ``sqlcipher3``.
- Every change happens inside ``with vault.transaction():`` of the caller, so that state, outbox and
  ledger line stand or fall together.
- Whatever cannot be read gives one clear error and leaves every file as it was.
"""
