"""One function per thing an officer does; each a list of verbs.

Rules:

- Ask the gate, do the work, commit state, outbox and ledger together, and only then speak.
- Everything that speaks to the network may be repeated safely.

Begin reading with `correspondence`.
"""
