"""Labels and the policy packs they are judged by: unsigned values, pure functions.

- `secure_liaison.labels.pack`: policy packs as dated data, read strictly;
  built in are those of `secure_liaison.labels.pack.BUILTIN_PACKS`.
- `secure_liaison.labels.label`, `~secure_liaison.labels.audience`, `~secure_liaison.labels.period`:
  a label and its parts, with one encoding.
- `secure_liaison.labels.lattice`: dominates, join, may read.
- `secure_liaison.labels.membership`, `~secure_liaison.labels.releasability`: who belongs to a group
  on the label's day, and who may not get a label and why.
- `secure_liaison.labels.protection`: what a label protects, with join and meet.
- `secure_liaison.labels.portions`, `~secure_liaison.labels.rendition`,
  `~secure_liaison.labels.compilation`: pieces with labels of their own.
- `secure_liaison.labels.control_chain`: what originators bound, through every copy.
- `secure_liaison.labels.validity`, `~secure_liaison.labels.rules`: valid under a pack or refused.
- `secure_liaison.labels.marking`: marks in Chinese and English that parse back.
- `secure_liaison.labels.strict_xml`, `~secure_liaison.labels.xml_fields`: XML, read strictly.
- `secure_liaison.labels.sidecar`, `~secure_liaison.labels.ooxml`: a label bound to a file or to an
  office document, by `~secure_liaison.labels.stanag4778`.
- `secure_liaison.labels.agreement`: what two agencies agreed;
  `~secure_liaison.labels.equivalence_file`: the files that its equivalences are taken from;
  `~secure_liaison.labels.agreement_terms`: its terms as people write them.
- `secure_liaison.labels.stanag4774`, `~secure_liaison.labels.ess_mapping`,
  `~secure_liaison.labels.spif`: labels and policies in the forms of others.
- `secure_liaison.labels.pspf`: the header of Australian e-mail.
- `secure_liaison.labels.acts`, `~secure_liaison.labels.case`,
  `~secure_liaison.labels.determination`: who decides a label, as a machine that takes acts.
- `secure_liaison.labels.authority`, `~secure_liaison.labels.organisation`: who may.
- `secure_liaison.labels.lifecycle`, `~secure_liaison.labels.notices`: what holds, what is due,
  who must be told.
- `secure_liaison.labels.workdays`, `~secure_liaison.labels.catalogue`: calendars and item lists.

Source: docs/spec/labels.md, docs/spec/binding.md, docs/spec/determination.md.
"""

from secure_liaison.labels.agreement import Agreement
from secure_liaison.labels.audience import Audience
from secure_liaison.labels.handling import HandlingProfile
from secure_liaison.labels.label import (
    Determination,
    DeterminationKind,
    Label,
    decode_label,
    encode_label,
    label_digest,
)
from secure_liaison.labels.lattice import dominates, join, may_read
from secure_liaison.labels.marking import ParsedMark, banner, parse_mark, render, urgency_text
from secure_liaison.labels.pack import builtin_pack, builtin_packs, load_pack, pack_in_force
from secure_liaison.labels.period import Period, PeriodForm, period_end
from secure_liaison.labels.policy import Level, PolicyPack
from secure_liaison.labels.validity import validate

__all__ = [
    "Agreement",
    "Audience",
    "Determination",
    "DeterminationKind",
    "HandlingProfile",
    "Label",
    "Level",
    "ParsedMark",
    "Period",
    "PeriodForm",
    "PolicyPack",
    "banner",
    "builtin_pack",
    "builtin_packs",
    "decode_label",
    "dominates",
    "encode_label",
    "join",
    "label_digest",
    "load_pack",
    "may_read",
    "pack_in_force",
    "parse_mark",
    "period_end",
    "render",
    "urgency_text",
    "validate",
]
