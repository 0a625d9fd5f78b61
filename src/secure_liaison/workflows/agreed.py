"""What an agreement says of a partner's material that is held here: how high, and to whom onward.

Rules:

- A new act that sets a label for a partner's material counts only while the agreement that it names
  is in force here, compares the level, and is not undercut. An act once accepted stays.
- What an agreement never lets go on is not sent to a third agency, whoever consents.

Source: docs/spec/determination.md §6; docs/spec/labels.md §8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from secure_liaison.errors import WorkflowError
from secure_liaison.labels.acts import Approve, Propose, Purpose
from secure_liaison.labels.agreement import Onward
from secure_liaison.labels.equivalence import readings_of
from secure_liaison.workflows.authorising import agency_leaf

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from secure_liaison.identity.determination_record import SignedAct
    from secure_liaison.identity.ids import AgencyId
    from secure_liaison.labels.agreement import Agreement
    from secure_liaison.labels.equivalence import Reading
    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.office import Office

__all__ = ["agreements_named", "check_agreed", "check_onward", "reading_under"]


def reading_under(office: Office, label: Label, agreement: Agreement, pack: PolicyPack) -> Reading:
    """Return how an agreement has a partner's label protected under a pack, now.

    Raises:
        WorkflowError: ``case-no-equivalence`` with the article.
    """
    found = readings_of(label, agreement, (pack,), at=office.clock.now())
    if not found:
        article = agreement.cite_level(label.policy.partition("@")[0], label.level)
        raise WorkflowError("case-no-equivalence", article=article)
    return found[0]


def check_agreed(office: Office, chain: Sequence[SignedAct], *, known: int) -> None:
    """Prove that each new act of a chain that sets a foreign label keeps to its agreement.

    Args:
        office: The desk.
        chain: Every act from the first, verified.
        known: How many of them this desk accepted before; those are not asked again.

    Raises:
        WorkflowError: ``case-agreement-unknown``, ``case-no-equivalence``,
            ``case-below-equivalence``.
    """
    proposed: Label | None = None
    for number, signed in enumerate(chain):
        match signed.act.step:
            case Propose(purpose=Purpose.FOREIGN, label=label):
                proposed = label
                asked = True
            case Approve():
                asked = True
            case _:
                asked = False
                proposed = None
        if asked and proposed is not None and number >= known:
            _check_label(office, proposed, body=agency_leaf(chain[0].act.agency))


def agreements_named(office: Office, body: str, names: AbstractSet[str]) -> tuple[Agreement, ...]:
    """Return the agreements in force now between a body and any other that bear these names."""
    view, now = office.directory, office.clock.now()
    agencies = [each.agency_id for each in view.agencies()]
    own = [each for each in agencies if agency_leaf(each) == body]
    found = [view.agreement_between(one, other, now) for one in own for other in agencies]
    return tuple(each for each in found if each is not None and each.id in names)


def check_onward(office: Office, label: Label | None, agencies: Iterable[AgencyId]) -> None:
    """Prove that a partner's material may go to the officers of these agencies.

    Args:
        office: The desk.
        label: Determined for the material, with its originator's beside it; none checks nothing.
        agencies: Of everyone addressed.

    Raises:
        WorkflowError: ``case-onward-never`` with the article, ``case-agreement-unknown``.
    """
    if label is None:
        return
    home, involved = agency_leaf(office.agency), tuple(agencies)
    for each in label.alternatives:
        name = each.agreement
        found = _with_owner(agreements_named(office, home, {name}), each.label)
        parties = {party for one in found for party in one.parties} | {office.agency.hex()}
        if all(agency.hex() in parties for agency in involved):
            continue
        if not found:
            raise WorkflowError("case-agreement-unknown", agreement=name)
        if any(one.onward is Onward.NEVER for one in found):
            raise WorkflowError("case-onward-never", article=found[0].cite("onward"))


def _with_owner(found: Iterable[Agreement], theirs: Label) -> tuple[Agreement, ...]:
    # An agreement with somebody else may bear the same name. Where a nation owns the label, it does
    # not say which agency: then the name has to do.
    kind, _, owner = theirs.owner.partition(":")
    return tuple(each for each in found if kind != "agency" or owner in each.parties)


def _check_label(office: Office, label: Label, *, body: str) -> None:
    pack = office.packs.to_read().named(label.policy)
    for each in label.alternatives:
        found = _with_owner(agreements_named(office, body, {each.agreement}), each.label)
        if not found:
            raise WorkflowError("case-agreement-unknown", agreement=each.agreement)
        reading = reading_under(office, each.label, found[0], pack)
        if pack.level(label.level).rank < pack.level(reading.level).rank:
            raise WorkflowError("case-below-equivalence", article=reading.article)
