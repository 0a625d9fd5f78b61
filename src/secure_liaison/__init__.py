"""Classified bulletins between agencies: labelled, sealed end to end, logged.

The names below are the library. An `Office` is one opened desk; everything an officer does is one
function that takes it::

    with open_office(home, passphrase) as office:
        digest = send(office, Draft(subject=…, level="机密", period="10年", to=("li.wei@EMB-A",)))
        deliver(office)

Rules:

- The library is synchronous; errors are `LiaisonError`, refusals `AccessDeniedError` with reasons.
- Names are loaded when they are first used, so that importing the package costs nothing.

Source: docs/reference/api.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from secure_liaison.errors import AccessDeniedError, LiaisonError, Reason
    from secure_liaison.i18n import Language
    from secure_liaison.monitor.decision import render_refusal
    from secure_liaison.office import Office, open_office
    from secure_liaison.workflows.correspondence import (
        Draft,
        Listed,
        Opened,
        acknowledge,
        collect,
        deliver,
        inbox,
        read,
        send,
        sent,
    )
    from secure_liaison.workflows.enrolment import enrol, import_book, trust
    from secure_liaison.workflows.publishing import FolderSink, MemorySink

__all__ = [
    "AccessDeniedError",
    "Draft",
    "FolderSink",
    "Language",
    "LiaisonError",
    "Listed",
    "MemorySink",
    "Office",
    "Opened",
    "Reason",
    "acknowledge",
    "collect",
    "deliver",
    "enrol",
    "import_book",
    "inbox",
    "open_office",
    "read",
    "render_refusal",
    "send",
    "sent",
    "trust",
]

_HOMES: Final = {
    "secure_liaison.errors": ("AccessDeniedError", "LiaisonError", "Reason"),
    "secure_liaison.i18n": ("Language",),
    "secure_liaison.monitor.decision": ("render_refusal",),
    "secure_liaison.office": ("Office", "open_office"),
    "secure_liaison.workflows.correspondence": (
        "Draft",
        "Listed",
        "Opened",
        "acknowledge",
        "collect",
        "deliver",
        "inbox",
        "read",
        "send",
        "sent",
    ),
    "secure_liaison.workflows.enrolment": ("enrol", "import_book", "trust"),
    "secure_liaison.workflows.publishing": ("FolderSink", "MemorySink"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
