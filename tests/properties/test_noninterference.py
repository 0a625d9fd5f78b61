"""Two worlds that differ only above a reader look the same to that reader, byte for byte.

Source: labels report §6 (noninterference): the two-run test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from secure_liaison.directory.standing import Standing
from secure_liaison.errors import AccessDeniedError
from secure_liaison.i18n import Language
from secure_liaison.labels.label import Label
from secure_liaison.labels.membership import permitted
from secure_liaison.monitor.decision import Action, refusal_json, render_refusal
from tests.labels.rich import RICH
from tests.labels.strategies import labels, law, readers
from tests.monitor.scene import DEVICE, Desk, agreement, read_question, standing

ACTIONS = (Action.LIST, Action.OPEN, Action.ACKNOWLEDGE, Action.EXPORT)
World = dict[str, Label]


def outside(label: Label, who: Standing) -> bool:
    held = who.memberships
    return not (permitted(label.audience, held, RICH) and label.restrict <= held)


def answers(world: World, asked: Iterable[tuple[str, Action]], who: Standing) -> bytes:
    """Return all that a reader is told when asking for objects by their names, as octets."""
    desk, told = Desk(), []
    for name, action in asked:
        try:
            if name in world:
                question = read_question(
                    action=action, label=world[name], pack=RICH, reader=who, agreement=agreement()
                )
                told.append(f"{name} {action.value}: {desk.ask(question).obligations}")
            else:
                desk.gate.refuse_unknown(action, reader=who, device=DEVICE)
        except AccessDeniedError as error:
            shown = [render_refusal(error, language) for language in Language]
            whole = json.dumps([name, action.value, shown, refusal_json(error)])
            # The reference is drawn anew for every refusal, whatever it is about.
            told.append(re.sub(re.escape(error.ref), "REF", whole))
    told.append(f"{desk.ledger.size} lines in the ledger, committed {desk.committed}")
    return "\n".join(told).encode()


@law
@given(st.data())
def test_a_reader_is_told_the_same_in_two_worlds_that_differ_above(data: st.DataObject) -> None:
    who = replace(standing("m.rossi"), memberships=data.draw(readers(RICH)))
    names = [f"object-{number}" for number in range(6)]
    first: World = {name: data.draw(labels(RICH)) for name in names if data.draw(st.booleans())}
    second = {name: label for name, label in first.items() if not outside(label, who)}
    hidden = labels(RICH).filter(lambda label: outside(label, who))
    for name in names:
        if name not in second and data.draw(st.booleans()):
            second[name] = data.draw(hidden)
    asked = data.draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(ACTIONS))))
    assert answers(first, asked, who) == answers(second, asked, who)
