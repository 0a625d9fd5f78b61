"""``liaison send`` and ``liaison collect``: out and in.

Rules:

- What is sealed is kept: without a network it waits in the outbox, and that is no failure.
- A refusal names every reason, and nothing was sealed, sent or shown.

Source: docs/guides/officer.md; docs/concepts/correspondence.md.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from secure_liaison import i18n
from secure_liaison.capsule.core import ObjectKind
from secure_liaison.cli import preview_page
from secure_liaison.cli.case_page import told_as_data
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.opening import desk, read_input, typed
from secure_liaison.cli.options import DeskCommand, MarkedCommand, group, kept, voice
from secure_liaison.errors import OutOfOrderError
from secure_liaison.vault.outbox import OutboxState
from secure_liaison.workflows import correspondence, determining, previewing
from secure_liaison.workflows.correspondence import Draft
from secure_liaison.workflows.label_words import Marked

if TYPE_CHECKING:
    from secure_liaison.cli.surface import Surface
    from secure_liaison.crypto.keys import Digest
    from secure_liaison.office import Office
    from secure_liaison.workflows.notifying import Notified

commands = group()

_SHORT: Final = 8


class KindChoice(Enum):
    """The kinds of object that an officer writes."""

    BULLETIN = "bulletin"
    MESSAGE = "message"
    DOCUMENT = "document"


@commands.command("send", cls=MarkedCommand)
def send(
    context: typer.Context,
    *,
    to: Annotated[list[str], typer.Option("--to", metavar="ADDRESS")],
    subject: Annotated[str, typer.Option("--subject", metavar="TEXT")],
    case: Annotated[str | None, typer.Option("--case", metavar="CASE")] = None,
    cc: Annotated[list[str] | None, typer.Option("--cc", metavar="ADDRESS")] = None,
    urgency: Annotated[str, typer.Option("--urgency", metavar="URGENCY")] = "routine",
    text: Annotated[Path | None, typer.Option("--text", metavar="FILE")] = None,
    attach: Annotated[list[Path] | None, typer.Option("--attach", metavar="FILE")] = None,
    kind: Annotated[KindChoice, typer.Option("--kind", metavar="KIND")] = KindChoice.BULLETIN,
    topic: Annotated[str, typer.Option("--topic", metavar="TOPIC")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=3650, metavar="N")] = 365,
    reply_to: Annotated[str | None, typer.Option("--reply-to", metavar="ID")] = None,
    no_ack: Annotated[bool, typer.Option("--no-ack")] = False,
    forward_secret: Annotated[bool, typer.Option("--forward-secret")] = False,
    preview: Annotated[bool, typer.Option("--preview")] = False,
) -> None:
    """Seal an object for officers of other agencies and bring it to the relay."""
    words = _words(context, case)
    draft = Draft(
        subject=subject,
        level=words.level,
        mark=words.mark,
        period=words.period,
        markings=words.markings,
        to=tuple(to),
        cc=tuple(cc or []),
        text="" if text is None else _body(text),
        attachments=tuple(attach or []),
        urgency=urgency,
        acknowledge=not no_ack,
        forward_secrecy=forward_secret,
        kind=ObjectKind[kind.name],
        pack=words.pack,
        topic=topic,
        days=days,
    )
    (_look_at if preview else _seal_and_send)(context, draft, reply_to, case=case)


@commands.command("collect", cls=DeskCommand)
def collect(context: typer.Context) -> None:
    """Refresh the directory, take in what came, send what waits."""
    surface = voice(context)
    with desk(context) as office:
        with surface.progress("cli.wait.collect") as progress:
            taken = correspondence.collect(office, progress=progress)
        waiting = office.mail.outbox.waiting()
    surface.result(
        {
            "filed": taken.filed,
            "quarantined": taken.quarantined,
            "not_taken": taken.waiting,
            "waiting": waiting,
            "notices": [told_as_data(surface, each) for each in taken.notices.told],
            "cases_refused": [
                {"case": case.hex(), "refusal": error.reason}
                for case, error in taken.notices.refused
            ],
        },
        surface.text("cli.collect.done", filed=taken.filed),
    )
    _tell_notices(surface, taken.notices)
    if taken.quarantined:
        surface.talk("cli.collect.quarantined", count=taken.quarantined)
    if taken.waiting:
        surface.talk("cli.collect.not-taken", count=taken.waiting)
    if waiting:
        surface.talk("cli.collect.waiting", count=waiting)


def _tell_notices(surface: Surface, notices: Notified) -> None:
    made = sum(each.error is None for each in notices.told)
    if made:
        surface.talk("cli.collect.notices", count=made)
    for each in notices.told:
        if each.error is not None:
            surface.talk("cli.case.not-told", cause=i18n.cause(each.error, surface.language))
    for case, error in notices.refused:
        cause = i18n.cause(error, surface.language)
        surface.talk("cli.collect.case-refused", case=case.hex()[:_SHORT], cause=cause)


def hand_over(surface: Surface, office: Office, digest: Digest) -> str:
    """Bring what is due to the relay; returns ``sent`` or ``queued`` for one object.

    Raises:
        AccessDeniedError: a recipient may not have it any more.
        RelayRefusedError: the relay will never take it.
    """
    with surface.progress("cli.wait.send") as progress:
        done = correspondence.deliver(office, progress=progress)
    delivered = {each.digest: each.error for each in done}
    for other, error in delivered.items():
        if error is not None and other != digest:
            surface.talk(
                "cli.send.other", id=other.hex()[:_SHORT], cause=i18n.cause(error, surface.language)
            )
    error = delivered.get(digest)
    row = office.mail.outbox.get(digest)
    if row is not None and row.state is OutboxState.QUEUED:
        if error is not None:
            surface.talk("cli.send.later", cause=i18n.cause(error, surface.language))
        surface.hint("cli.send.kept")
        return "queued"
    if error is not None:
        raise error
    return "sent"


def _words(context: typer.Context, case: str | None) -> Marked:
    """Return the label as it was typed: a level or a mark, or none where a case has it.

    Raises:
        UsageProblem: not exactly one of the three; a period or marking beside a case.
    """
    level, mark, period = (str(kept(context, each)) for each in ("level", "mark", "period"))
    markings = tuple(kept(context, "marking") or ())
    if [bool(level), bool(mark), case is not None].count(True) != 1:
        raise UsageProblem("cli.usage.level-or-case")
    if case is not None and (period or markings):
        raise UsageProblem("cli.usage.level-or-case")
    pack = str(kept(context, "pack"))
    return Marked(level=level, mark=mark, period=period, pack=pack, markings=markings)


def _look_at(
    context: typer.Context, draft: Draft, reply_to: str | None, *, case: str | None
) -> None:
    """Show what would be sent; ``reply_to`` changes nothing of it."""
    del reply_to
    surface = voice(context)
    with desk(context) as office:
        if case is not None:
            draft = replace(draft, case=determining.find(office, case))
        with typed(context):
            seen = previewing.preview(office, draft)
            page = preview_page.as_data(office, seen), preview_page.as_lines(surface, office, seen)
    surface.result(page[0], *page[1])


def _seal_and_send(
    context: typer.Context, draft: Draft, reply_to: str | None, *, case: str | None
) -> None:
    surface = voice(context)
    for path in draft.attachments:
        path.open("rb").close()  # told by its name, and before a passphrase is asked for
    with desk(context) as office:
        if reply_to is not None:
            draft = replace(draft, reply_to=correspondence.answered(office, reply_to))
        if case is not None:
            draft = replace(draft, case=determining.find(office, case))
        with typed(context), surface.progress("cli.wait.seal") as progress:
            digest = correspondence.send(office, draft, progress=progress)
        state = hand_over(surface, office, digest)
    data = {"id": digest.hex(), "to": [*draft.to], "cc": [*draft.cc], "state": state}
    surface.result(data, surface.text(f"cli.send.{state}", id=digest.hex()[:_SHORT]))


def _body(path: Path) -> str:
    try:
        return read_input(path).decode()
    except UnicodeDecodeError as exc:
        raise OutOfOrderError("text-not-utf8") from exc
