"""The label of what an officer writes: from a level and a period, or from a mark; and what is told.

Rules:

- The audience is an AND of the agencies involved, the officers named (the sender among them), what
  the mark says, and what the labels of attached files say: each of them can only narrow.
- A policy that is not named is the only one of this desk that reads the mark; it is never guessed.
- A mark of an exercise makes no label where things are real.
- A sender whom the own marking leaves out is told so before anything is sealed.

Source: docs/spec/labels.md §3, §7.1; docs/guides/officer.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from secure_liaison.errors import FormatError, WorkflowError
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.mark_label import (
    audience_said,
    beside_of,
    label_of_mark,
    period_of,
    period_said,
    readers_in,
)
from secure_liaison.labels.marking import ParsedMark, parse_mark
from secure_liaison.labels.releasability import releasability
from secure_liaison.workflows import addressing
from secure_liaison.workflows.authorising import agency_leaf, officer_leaf
from secure_liaison.workflows.packs import writable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from secure_liaison.labels.label import Label
    from secure_liaison.labels.policy import PolicyPack
    from secure_liaison.labels.releasability import Releasability
    from secure_liaison.labels.shelf import Shelf
    from secure_liaison.office import Office
    from secure_liaison.workflows.addressing import Addressee

__all__ = [
    "DEFAULT_PACK",
    "Marked",
    "involved",
    "label_for",
    "labelled",
    "narrowed_by",
    "read_mark",
    "require_inside",
    "stand",
]

DEFAULT_PACK: Final = "cn.state-secrets"
"""Where a level is named without a policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A label as an officer types it: a level, or a mark, never both.

    Attributes:
        level: Name, mark or id of a level.
        mark: As people write it: ``SECRET//REL TO USA, FRA``, ``机密★10年``.
        period: As in a mark, where none is in the mark: ``10年``, ``10Y``; may be empty.
        pack: Id of the policy; empty takes the only one that reads the mark, or `DEFAULT_PACK`.
        markings: ``category:value``: beside a mark limits and notes that marks do not print; beside
            a level whatever the policy knows.
    """

    level: str = ""
    mark: str = ""
    period: str = ""
    pack: str = ""
    markings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.level and self.mark:
            msg = "a mark says the level itself"
            raise ValueError(msg)


def label_for(
    office: Office,
    words: Marked,
    addressees: Iterable[Addressee],
    *,
    packs: Shelf | None = None,
) -> Label:
    """Return the label of something from this desk to these people.

    Raises:
        FormatError: ``pack-unknown``, ``label-level-unknown``, as `read_mark`,
            ``mark-of-exercise``, as `period_said`, as `beside_of`, then as `Label`.
    """
    audience = involved(office, addressees)
    owner = agency_leaf(office.agency)
    return labelled(office, words, audience=audience, owner=owner, packs=packs)


def labelled(
    office: Office, words: Marked, *, audience: Audience, owner: str, packs: Shelf | None = None
) -> Label:
    """Return the label that words stand for, for these people at most.

    Args:
        office: The desk.
        words: As typed.
        audience: Who may know at most.
        owner: Leaf of the only one who may relax it.
        packs: What is read by; without it those under which something new may be labelled now.

    Raises:
        FormatError: as `label_for`.
        LiaisonError: as `writable`: the pack's signature is not in force.
    """
    now, beside = office.clock.now(), frozenset[str]()
    if words.mark:
        # Read by all that are here: one that may not be used now leaves the mark to no other.
        read, found = read_mark(words.mark, office.packs.to_show(), words.pack)
        pack = _usable(office, read.policy_id, packs)
        if found.exercise and not office.exercise:
            raise FormatError("mark-of-exercise")
        period = period_said(found, pack, text=words.period, start=now)
        beside = beside_of(words.markings, pack)
    else:
        pack = _usable(office, words.pack or DEFAULT_PACK, packs)
        period = period_of(words.period, pack, start=now)
        found = ParsedMark(
            level=pack.find_level(words.level).id,
            markings=frozenset(words.markings),
            period=period,
            exercise=office.exercise,
        )
    if words.mark or readers_in(found.markings, pack):
        said = audience_said(found.markings, pack, owner=owner, created=now)
        audience = audience.join(said)
    return label_of_mark(
        found,
        pack,
        owner=owner,
        created=now,
        audience=audience,
        period=period,
        beside=beside,
        proposer=officer_leaf(office.me().officer),
    )


def _usable(office: Office, name: str, packs: Shelf | None) -> PolicyPack:
    return writable(office, name) if packs is None else packs.named(name)


def involved(office: Office, addressees: Iterable[Addressee]) -> Audience:
    """Return the agencies involved and the officers named, the sender among them."""
    people = [each.officer for each in addressees]
    agencies = {agency_leaf(each.agency) for each in people} | {agency_leaf(office.agency)}
    officers = {officer_leaf(each.officer) for each in people}
    return Audience.of(agencies, officers | {officer_leaf(office.me().officer)})


def read_mark(mark: str, packs: Shelf, pack: str = "") -> tuple[PolicyPack, ParsedMark]:
    """Read a mark under the policy named, or under the only one that reads it.

    Raises:
        FormatError: ``pack-unknown``, ``mark-ambiguous``, or as `parse_mark`.
        LiaisonError: as `Shelf.named`, for a policy that is named.
    """
    if pack:
        policy = packs.named(pack)
        return policy, parse_mark(mark, policy)
    read: list[tuple[PolicyPack, ParsedMark]] = []
    problems: list[FormatError] = []
    for policy in packs.newest():
        try:
            read.append((policy, parse_mark(mark, policy)))
        except FormatError as error:
            problems.append(error)
    if len(read) == 1:
        return read[0]
    if read:
        raise FormatError("mark-ambiguous", policies=" ".join(each.id for each, _ in read))
    # A policy that knew the level knows best what is wrong with the rest.
    raise min(problems, key=lambda error: error.reason == "mark-level")


def narrowed_by(label: Label, parts: Iterable[Label]) -> Label:
    """Return a label for those, and only those, whom the labels of its parts permit as well."""
    audiences = [label.audience, *(each.audience for each in parts)]
    return replace(label, audience=Audience.joined(audiences))


def stand(
    office: Office, label: Label, addressees: Iterable[Addressee]
) -> tuple[Releasability, ...]:
    """Return for the sender, then for every addressee, which group of the audience admits them."""
    people = [addressing.of_officer(office, office.me()), *addressees]
    pack, now = addressing.pack_of(office, label), office.clock.now()
    held = {
        each.address: office.directory.standing(
            each.officer.officer, now, policy=pack.id
        ).memberships
        for each in people
    }
    return releasability(label, pack, held)


def require_inside(office: Office, label: Label, parts: Iterable[Label] = ()) -> None:
    """Demand that the sender stands in the audience of the own marking and of what is attached.

    Args:
        office: The desk.
        label: Of the whole, narrowed by its parts.
        parts: Labels of the parts. Groups that only those of another policy have are left to the
            gate, which says of each whether it compares at all.

    Raises:
        WorkflowError: ``sender-outside-audience`` or, where only a file does it,
            ``sender-outside-attachment``; with the groups that leave the sender out.
    """
    (own,) = stand(office, label, ())
    unmet = {frozenset(leaf.leaf for leaf in each.leaves) for each in own.groups if not each.met}
    bound = tuple(parts)
    alike = {group for each in bound for group in each.audience.groups if _alike(each, label)}
    other = {group for each in bound for group in each.audience.groups if not _alike(each, label)}
    unmet -= other - alike
    groups = "; ".join(sorted(" / ".join(sorted(group)) for group in unmet))
    if unmet and unmet <= alike:
        raise WorkflowError("sender-outside-attachment", groups=groups)
    if unmet:
        raise WorkflowError("sender-outside-audience", groups=groups)


def _alike(part: Label, whole: Label) -> bool:
    return part.policy == whole.policy
