"""The capsule: one labelled, signed object, sealed for a set of devices.

Rules:

- Sealing and opening need a `Permit`; trust is a type: bytes → `Capsule` → `Claims` →
  `VerifiedCapsule` → content.
- Pure: keys, directory, time, streams and permits come as arguments; nothing is stored or sent.

Source: docs/spec/capsule.md.
"""
