"""What was found while a foreign policy was read: where, how bad, and why, all of it at once.

Rules:

- Findings are collected; the first one stops nothing. An error means that there is no result.
- A finding is data: sentences stand in the catalogues under ``finding.<code>``.

Source: docs/spec/foreign-labels.md §1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from secure_liaison import i18n

if TYPE_CHECKING:
    from secure_liaison.i18n import Language

__all__ = ["MAX_FINDINGS", "Finding", "ImportReport", "Severity"]

MAX_FINDINGS: Final = 1000
_LONGEST: Final = 200


class Severity(Enum):
    """What a finding means for the result."""

    ERROR = "error"
    """There is no result until it is mended."""
    WARNING = "warning"
    """Something was not carried over, or read in one of several ways."""
    NOTE = "note"
    """Something was filled in or decided, as announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding.

    Attributes:
        severity: What it means.
        code: Stable slug; ``finding.<code>`` is its catalogue key.
        line: Of the file, from 1; 0 where no line is meant.
        place: Path and name of the element: ``securityClassification "SECRET"``.
        facts: Values for the sentence, at most 200 characters each.
    """

    severity: Severity
    code: str
    line: int
    place: str
    facts: tuple[tuple[str, str], ...]

    def sentence(self, language: Language) -> str:
        """Return what is wrong, in one language."""
        return i18n.text(f"finding.{self.code}", language, **dict(self.facts))


@dataclass(slots=True)
class ImportReport:
    """Findings in the order in which they were made; of a flood the first `MAX_FINDINGS`."""

    findings: list[Finding] = field(default_factory=list)

    def error(self, code: str, *, line: int = 0, place: str = "", **facts: object) -> None:
        """Note that there will be no result."""
        self._add(Severity.ERROR, code, line=line, place=place, facts=facts)

    def warn(self, code: str, *, line: int = 0, place: str = "", **facts: object) -> None:
        """Note a loss, or a reading that was one of several."""
        self._add(Severity.WARNING, code, line=line, place=place, facts=facts)

    def note(self, code: str, *, line: int = 0, place: str = "", **facts: object) -> None:
        """Note what was filled in or decided."""
        self._add(Severity.NOTE, code, line=line, place=place, facts=facts)

    @property
    def failed(self) -> bool:
        """Whether an error was found."""
        return any(each.severity is Severity.ERROR for each in self.findings)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(each for each in self.findings if each.severity is severity)

    def _add(
        self, severity: Severity, code: str, *, line: int, place: str, facts: dict[str, object]
    ) -> None:
        if len(self.findings) >= MAX_FINDINGS and (severity is not Severity.ERROR or self.failed):
            return  # a flood of warnings never hides that there is an error
        self.findings.append(
            Finding(
                severity=severity,
                code=code,
                line=line,
                place=place[:_LONGEST],
                facts=tuple((name, str(value)[:_LONGEST]) for name, value in facts.items()),
            )
        )
