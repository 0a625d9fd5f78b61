"""Append-only logs that anyone can check: hash trees and signed notes, as C2SP writes them.

- `secure_liaison.transparency.merkle`: SHA-256 trees, their proofs, roots in constant memory.
- `secure_liaison.transparency.note`: texts signed by named keys, and checkpoints of a tree.

Nothing here knows what a log is for, reads a clock, stores or sends.

Source: docs/spec/merkle-and-notes.md.
"""
