"""The label of a case on what is sent: what was determined goes out, for the content it was for.

Rules:

- Only what protects the object by an act, determined, disputed or provisional, goes on an object; a
  draft or a proposal does not.
- The content must be that of the case: a label is never carried over to other files.

Source: docs/spec/determination.md §2; docs/guides/determination.md.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from secure_liaison.errors import OutOfOrderError, WorkflowError
from secure_liaison.labels.case import CaseState
from secure_liaison.workflows import agreed, determining, lifecycle, proposing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.lifecycle import Standing
    from secure_liaison.office import Office
    from secure_liaison.workflows.determining import DeskCase

__all__ = ["CaseLabel", "case_label", "label_to_send"]

_PROTECTS: Final = frozenset(
    {
        CaseState.PROVISIONAL,
        CaseState.REPORTED,
        CaseState.RECEIVED,
        CaseState.DETERMINED,
        CaseState.DISPUTED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLabel:
    """What a case gives an object.

    Attributes:
        label: Under which the content goes out.
        follows: The sources of a derived label. A draft or a disputed label was joined from what
            the case itself took; there it is the label as the case holds it.
    """

    label: Label
    follows: tuple[Label, ...]


def label_to_send(
    office: Office,
    case: bytes,
    contents: Iterable[Callable[[], BinaryIO]],
    *,
    agencies: Iterable[AgencyId],
) -> CaseLabel:
    """Return the label under which a case's content goes out now.

    Args:
        office: The desk.
        case: Id of the case, 16 bytes.
        contents: Each part that is not empty, opened anew at each call.
        agencies: Of everyone addressed.

    Raises:
        OutOfOrderError: ``case-not-found``, ``case-not-determined``.
        WorkflowError: ``case-onward-never``, ``case-agreement-unknown``,
            ``case-without-content``, ``case-other-content``.
        LiaisonError: the case does not verify now.
    """
    found = determining.load(office, case)
    stands = lifecycle.standing_of(office, found)
    given = case_label(found, stands)
    agreed.check_onward(office, found.case.label, agencies)
    with ExitStack() as opened:
        streams = [opened.enter_context(each()) for each in contents]
        if proposing.subject_of(office, streams) != found.case.subject:
            raise WorkflowError("case-other-content")
    return given


def case_label(found: DeskCase, stands: Standing) -> CaseLabel:
    """Return the label in force of a case and what it follows.

    Raises:
        OutOfOrderError: ``case-not-determined``.
    """
    if stands.state not in _PROTECTS or stands.label is None:
        raise OutOfOrderError("case-not-determined", state=stands.state.value)
    whole = stands.state is CaseState.DETERMINED
    return CaseLabel(label=stands.label, follows=found.case.sources if whole else (stands.label,))
