"""Which devices and statements are in force: rosters, snapshots, books, the desk's trusted view.

Rules:

- Not under the newest accepted roster = not in force = deny.
- Values in, values out; storage and time are arguments.
"""
