"""``liaison inbox``, ``read``, ``acknowledge``, ``sent`` and ``quarantine``.

Rules:

- The banner stands first and last around everything that is shown of an object.
- Characters that a terminal would obey, or that reorder what is seen, are written out.

Source: docs/guides/officer.md; docs/concepts/correspondence.md.
"""

from __future__ import annotations

import unicodedata
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_liaison import i18n
from secure_liaison.cli.localise import UsageProblem
from secure_liaison.cli.mail import hand_over
from secure_liaison.cli.mark_page import banner_of, mark_as_data, mark_as_text
from secure_liaison.cli.object_page import (
    listed_as_data,
    listed_as_lines,
    sent_as_data,
    sent_as_lines,
)
from secure_liaison.cli.opening import desk, typed
from secure_liaison.cli.options import DeskCommand, group, voice
from secure_liaison.clock import to_iso
from secure_liaison.errors import OutOfOrderError, RelayError
from secure_liaison.workflows import addressing, collecting, correspondence, labelling
from secure_liaison.workflows.publishing import TEXT_TYPE, FolderSink, MemorySink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from secure_liaison.cli.surface import Surface
    from secure_liaison.crypto.keys import Digest
    from secure_liaison.office import Office
    from secure_liaison.vault.quarantine import QuarantineRow
    from secure_liaison.workflows.correspondence import Opened, Outcome

commands = group()

_SHORT: Final = 8
_FOLDER_MODE: Final = 0o700
_SEEN_AS_IT_IS: Final = frozenset("\n\t")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})

IdArgument = Annotated[str, typer.Argument(metavar="ID")]


@commands.command("inbox", cls=DeskCommand)
def inbox(context: typer.Context) -> None:
    """List what came; each subject is shown after a permit of its own."""
    surface = voice(context)
    with desk(context) as office:
        found = correspondence.inbox(office)
        data = {"items": [listed_as_data(office, each) for each in found]}
        lines = [line for each in found for line in listed_as_lines(surface, office, each)]
    surface.result(data, *(lines or [surface.text("cli.inbox.empty")]))


@commands.command("read", cls=DeskCommand)
def read(
    context: typer.Context,
    reference: IdArgument,
    *,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER")] = None,
    show: Annotated[bool, typer.Option("--show")] = False,
) -> None:
    """Open an object into a folder, or show its text."""
    if (out is None) != show:
        raise UsageProblem("cli.usage.read-where")
    surface = voice(context)
    with desk(context) as office, _sink(out) as sink:
        with surface.progress("cli.wait.open") as progress:
            opened = correspondence.read(office, reference, sink, progress=progress)
        holds = labelling.of_received(office, opened.verified)
        line = banner_of(surface, office, holds)
        data = {"banner": line, **mark_as_data(office, holds), **_opened_as_data(office, opened)}
        became = [] if holds.event is None else [mark_as_text(surface, office, holds)]
    if isinstance(sink, FolderSink):
        data["files"] = [str(path) for path in sink.paths]
        body = [surface.text("cli.read.file", file=path) for path in sink.paths]
    else:
        texts = [part.decode(errors="replace") for kind, part in sink.parts if kind == TEXT_TYPE]
        data["text"] = "\n".join(texts)
        body = [_visible(text) for text in texts] + _attachments(surface, opened)
    surface.result(data, line, *became, _subject(surface, opened), "", *body, line)
    if opened.verified.core.acknowledge_by is not None:
        surface.hint("cli.read.acknowledge", id=data["id"][:_SHORT])


@commands.command("acknowledge", cls=DeskCommand)
def acknowledge(
    context: typer.Context,
    reference: IdArgument,
    *,
    remark: Annotated[str, typer.Option("--remark", metavar="TEXT")] = "",
) -> None:
    """Sign for an opened object; the sender sees it."""
    surface = voice(context)
    with desk(context) as office:
        with typed(context):
            receipt = correspondence.acknowledge(office, reference, remark=remark)
        state = hand_over(surface, office, receipt)
    surface.result({"receipt": receipt.hex(), "state": state}, surface.text(f"cli.ack.{state}"))


@commands.command("sent", cls=DeskCommand)
def sent(
    context: typer.Context, *, no_relay: Annotated[bool, typer.Option("--no-relay")] = False
) -> None:
    """List what was sent and how far each recipient is."""
    surface = voice(context)
    with desk(context) as office:
        found = _states(surface, office, ask_relay=not no_relay)
        holds = labelling.of_sent(office, (each for each, _ in found))
        data = {
            "items": [
                sent_as_data(office, each, outs, holds=holds[each.digest]) for each, outs in found
            ]
        }
        lines = [
            line
            for each, outs in found
            for line in sent_as_lines(
                surface, office, each, outcomes=outs, holds=holds[each.digest]
            )
        ]
    surface.result(data, *(lines or [surface.text("cli.sent.empty")]))


@commands.command("quarantine", cls=DeskCommand)
def quarantine(
    context: typer.Context,
    *,
    discard: Annotated[str | None, typer.Option("--discard", metavar="ID")] = None,
) -> None:
    """List what came and was not accepted, and why; or give one of them up."""
    surface = voice(context)
    with desk(context) as office:
        if discard is not None:
            collecting.discard(office, _quarantined_digest(office, discard))
        rows = office.mail.quarantine.rows()
    lines = [line for row in rows for line in _quarantined(surface, row)]
    data = {"items": [_quarantined_as_data(row) for row in rows]}
    surface.result(data, *(lines or [surface.text("cli.quarantine.empty")]))


@contextmanager
def _sink(out: Path | None) -> Iterator[FolderSink | MemorySink]:
    """Open a folder, made if it is missing; a folder made in vain does not stay."""
    if out is None:
        yield MemorySink()
        return
    made = not out.exists()
    out.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    try:
        yield FolderSink(out)
    except BaseException:
        if made:
            with suppress(OSError):  # what was written before the failure stays
                out.rmdir()
        raise


def _states(
    surface: Surface, office: Office, *, ask_relay: bool
) -> tuple[tuple[Any, tuple[Outcome, ...]], ...]:
    if ask_relay:
        try:
            return correspondence.sent(office)
        except RelayError as error:
            surface.talk("cli.sent.not-asked", cause=i18n.cause(error, surface.language))
    return correspondence.sent(office, ask_relay=False)


def _opened_as_data(office: Office, opened: Opened) -> dict[str, Any]:
    core = opened.verified.core
    return {
        "id": opened.verified.claims.capsule.digest.hex(),
        "object_id": core.object_id.hex(),
        "from": addressing.address_of(office, opened.verified.officer),
        "subject": opened.head.subject,
        "created": to_iso(core.created),
        "parts": [
            {"name": part.name, "media_type": part.media_type, "bytes": part.size}
            for part in opened.head.parts
        ],
    }


def _subject(surface: Surface, opened: Opened) -> str:
    return surface.text("cli.read.subject", subject=opened.head.subject)


def _attachments(surface: Surface, opened: Opened) -> list[str]:
    return [
        surface.text("cli.read.attachment", name=part.name, size=part.size)
        for part in opened.head.parts
        if part.media_type != TEXT_TYPE
    ]


def _visible(text: str) -> str:
    return "".join(
        mark
        if mark in _SEEN_AS_IT_IS or unicodedata.category(mark) not in _HIDDEN
        else f"\\u{ord(mark):04x}"
        for mark in text.replace("\r\n", "\n")
    )


def _quarantined_digest(office: Office, start: str) -> Digest:
    rows = office.mail.quarantine.rows()
    found = [row.digest for row in rows if row.digest.hex().startswith(start.lower())]
    if not start or len(set(found)) != 1:
        raise OutOfOrderError("not-in-quarantine")
    return found[0]


def _quarantined(surface: Surface, row: QuarantineRow) -> list[str]:
    key = f"error.{row.code}.{row.reason}"
    known = key in i18n.catalogue(surface.language)
    lines = [
        surface.text(
            "cli.quarantine.line",
            id=row.digest.hex()[:_SHORT],
            last=surface.moment(row.last_at),
            times=row.times,
            code=f"{row.code}: {row.reason}",
        ),
        f"  {_template(surface, key, row) if known else row.code}",
    ]
    if row.policy and row.reason != "pack-other-content":
        lines.append("  " + surface.text("cli.quarantine.pack", policy=row.policy))
    return lines


def _template(surface: Surface, key: str, row: QuarantineRow) -> str:
    # The vault keeps code, reason and the pack, not the other facts of the sentence.
    sentence = i18n.catalogue(surface.language)[key].replace("{policy}", row.policy)
    return sentence.replace("{", "").replace("}", "")


def _quarantined_as_data(row: QuarantineRow) -> dict[str, Any]:
    return {
        "id": row.digest.hex(),
        "code": row.code,
        "reason": row.reason,
        "first": to_iso(row.first_at),
        "last": to_iso(row.last_at),
        "times": row.times,
        "bytes": row.size_bytes,
        "policy": row.policy,
    }
