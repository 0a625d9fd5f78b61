"""What one rule looked at and what came of it: the piece of which every decision is made.

Rules:

- Every rule gives exactly one finding, also when it is met and when it has nothing to say.
- A finding that is unmet carries the reason; the reason alone is what refusals show.
- What a rule read is written so that both languages can read it: marks, dates, catalogue keys.

Source: docs/concepts/refusals.md.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from secure_liaison.errors import Reason

__all__ = ["Asked", "Concerned", "Finding", "Outcome"]


class Outcome(Enum):
    """What came of one rule."""

    MET = "met"
    UNMET = "unmet"
    NOT_ASKED = "not-asked"
    """The rule has nothing to say here."""


class Finding(NamedTuple):
    """One rule, asked; a tuple, because each decision builds some thirty of them.

    Attributes:
        rule: Its id; ``rule.<id>`` is its catalogue key.
        subject: Whom it concerns, as the sender's side names them; empty for the object.
        outcome: What came of it.
        have: What is held: a rendered mark, a date, or a catalogue key; may be empty.
        need: What is needed; may be empty.
        why: Catalogue key of why it was not asked (``not-asked.public``); else empty.
        basis: Citations of the law behind it, may be empty.
        reason: Of a rule that is not met.
    """

    rule: str
    subject: str
    outcome: Outcome
    have: str = ""
    need: str = ""
    why: str = ""
    basis: str = ""
    reason: Reason | None = None


class Concerned(NamedTuple):
    """Whom or what the rules are asked about.

    Attributes:
        subject: As in `Finding`.
        pack: ``id@version`` of the policy that is applied.
        replaceable: Whether somebody else, or something else, could take this one's place.
    """

    subject: str
    pack: str
    replaceable: bool


class Asked(NamedTuple):
    """A rule that is being asked about somebody or something; it ends in one of three findings."""

    rule: str
    concerned: Concerned
    have: str
    need: str
    basis: str

    def met(self) -> Finding:
        """Return that the rule is met."""
        # By position here and below: by name it takes twice as long, thirty times a decision.
        return Finding(
            self.rule, self.concerned.subject, Outcome.MET, self.have, self.need, "", self.basis
        )

    def not_asked(self, why: str) -> Finding:
        """Return that the rule has nothing to say, and why: ``not-asked.<why>``."""
        why = f"not-asked.{why}"
        return Finding(
            self.rule, self.concerned.subject, Outcome.NOT_ASKED, "", "", why, self.basis
        )

    def unmet(self, code: str, *, fixable_by: str, instead: tuple[str, ...] = ()) -> Finding:
        """Return that the rule is not met, with the reason that a refusal tells.

        Args:
            code: Stable code of the refusal.
            fixable_by: Catalogue key of the office that can change it.
            instead: Catalogue keys of what is possible instead.
        """
        subject = self.concerned.subject
        if not self.concerned.replaceable:  # nobody can take this person's place
            instead = tuple(way for way in instead if way != "instead.other-recipient")
        return Finding(
            rule=self.rule,
            subject=subject,
            outcome=Outcome.UNMET,
            have=self.have,
            need=self.need,
            basis=self.basis,
            reason=Reason(
                code=code,
                rule=f"{self.rule}@{self.concerned.pack}",
                subject=subject,
                have=self.have,
                need=self.need,
                fixable_by=fixable_by,
                instead=instead,
                basis=self.basis,
            ),
        )
