"""The commands ``liaison …``: everything an officer or a registrar does, from a terminal.

Rules:

- Results go to stdout, talk to stderr (``liaison: …``, ``liaison: hint: …``).
- Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not verified.
- A passphrase comes by prompt, file or descriptor, never as an argument.
- Every command has ``--json``, ``--lang`` and an example in its help.
"""
