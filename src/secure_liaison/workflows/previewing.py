"""Looking at what would be sent before it is: its marks, who is left out, what the gate would say.

Rules:

- It is the object that sending would seal and the gate's own decision about it.
- Nothing is sealed, kept or sent, and the ledger has no line of it.

Source: docs/guides/officer.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from secure_liaison.monitor.decision import Action
from secure_liaison.monitor.rules import decide
from secure_liaison.workflows import asking, drafting
from secure_liaison.workflows.label_words import stand

if TYPE_CHECKING:
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.releasability import Releasability
    from secure_liaison.monitor.decision import Decision, PartQuestion
    from secure_liaison.office import Office
    from secure_liaison.workflows.drafting import Draft

__all__ = ["Preview", "preview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be sent.

    Attributes:
        label: Of the whole.
        people: How the sender, then every addressee, stands to the label's audience.
        parts: Every label bound to an attached file.
        decision: The gate's, with every finding.
    """

    label: Label
    people: tuple[Releasability, ...]
    parts: tuple[PartQuestion, ...]
    decision: Decision

    @property
    def sender_outside(self) -> bool:
        """Whether the marking leaves out its own author, so that nothing would be sealed."""
        return not self.people[0].releasable


def preview(office: Office, draft: Draft) -> Preview:
    """Return what would become of a draft.

    Raises:
        CredentialError, FormatError, OutOfOrderError, WorkflowError: as `drafting.prepared`.
    """
    made = drafting.prepared(office, draft)
    question = asking.seal_question(
        office,
        made.core,
        made.addressees,
        action=Action.SEAL,
        follows=made.follows,
        parts=made.labels,
    )
    return Preview(
        label=made.core.label,
        people=stand(office, made.core.label, made.addressees),
        parts=made.labels,
        decision=decide(question, ref=""),
    )
