"""Pictures and films being made: what was ordered, how far each is, its place in line, and what came out.

The line is one for all chats, since the provider counts by account and model. Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from bot.messages import ChatKind, ConversationKey
from bot.ports import MadeFile
from bot.storage.ranges import within_chat
from bot.storage.tables import drawings, inbound, made_files
from bot.storage.timers import delete_timer

__all__ = [
    "OPEN_STAGES",
    "Job",
    "Kind",
    "Pace",
    "Stage",
    "add_job",
    "begin_drawing",
    "begin_showing",
    "change_job",
    "count_open",
    "end_job",
    "forget_jobs_of",
    "free_at",
    "job_of",
    "made_of",
    "open_jobs_of",
    "place_in_line",
    "redact_jobs",
    "save_made",
    "save_results",
    "show_job",
    "shown_job",
    "timer_of",
]

_DAY: Final = 86_400.0


class Kind(StrEnum):
    """What is made."""

    PICTURE = "picture"
    FILM = "film"


class Stage(StrEnum):
    """How far it is: in line, being made by the provider, made and to be shown, or over."""

    WAITING = "waiting"
    MAKING = "making"
    MADE = "made"
    SHOWN = "shown"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_STAGES: Final = (Stage.WAITING, Stage.MAKING, Stage.MADE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many pictures of a model the provider allows in a day, and in ``minute_seconds``."""

    per_minute: int
    per_day: int
    minute_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An order. ``turn_id`` is the turn that took it, ``wish`` its options in JSON, ``places`` its pictures.

    ``line_id`` is our message about it, ``reply_to`` the one that asked; ``due_at`` when it gets its turn and
    ``begun_at`` when it did. ``provider_id`` is the provider's number of a film, ``working_turn`` the turn
    that last worked on it. ``showing`` says that showing it was begun, ``seed`` what it was drawn with.
    ``results`` are the addresses of what is drawn and still to be fetched, in JSON; who has them can do so.
    """

    turn_id: int
    conversation: str
    chat_kind: ChatKind
    author_id: str
    kind: Kind
    prompt: str
    wish: str
    model: str
    places: int = 1
    stage: Stage = Stage.WAITING
    reply_to: str = ""
    line_id: str = ""
    due_at: float = 0.0
    begun_at: float = 0.0
    created_at: float = 0.0
    failures: int = 0
    provider_id: str = ""
    working_turn: int = 0
    showing: bool = False
    seed: int | None = None
    results: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where to fetch what is drawn; none before it is drawn and after it was fetched."""
        return tuple(orjson.loads(self.results)) if self.results else ()

    @property
    def is_open(self) -> bool:
        """Whether it is still to be made or shown."""
        return self.stage in OPEN_STAGES


def timer_of(turn_id: int) -> str:
    """The id of the timer that has an order worked on again."""
    return f"making:{turn_id}"


def add_job(conn: Connection, job: Job) -> Job:
    """Store an order once; the one that is stored."""
    known = job_of(conn, job.turn_id)
    if known is not None:
        return known
    values = {column.name: getattr(job, column.name) for column in drawings.c}
    conn.execute(insert(drawings).values(**values))
    return job


def job_of(conn: Connection, turn_id: int) -> Job | None:
    """The order that a turn took."""
    row = conn.execute(select(drawings).where(drawings.c.turn_id == turn_id)).first()
    return None if row is None else _job(row)


def open_jobs_of(conn: Connection, key: ConversationKey, event_ids: Sequence[str]) -> list[Job]:
    """The orders that came of these events and are not over yet."""
    query = (
        select(drawings)
        .join(inbound, inbound.c.turn_id == drawings.c.turn_id)
        .where(
            inbound.c.platform == key.platform,
            inbound.c.account == key.account,
            inbound.c.event_id.in_(event_ids),
            drawings.c.stage.in_(OPEN_STAGES),
        )
    )
    return [_job(row) for row in conn.execute(query)]


def change_job(conn: Connection, turn_id: int, **values: Any) -> Job | None:
    """Change an order that is still open; what it is then, None when it is over."""
    mine = drawings.c.turn_id == turn_id, drawings.c.stage.in_(OPEN_STAGES)
    conn.execute(update(drawings).where(*mine).values(**values))
    job = job_of(conn, turn_id)
    return job if job is not None and job.is_open else None


# --- the line ---------------------------------------------------------------------------------------------


def free_at(conn: Connection, model: str, pace: Pace, *, count: int, now: float) -> float:
    """When a new order of ``count`` pictures gets its turn, behind all that wait for the model."""
    waiting = _line(conn, model)
    last = max((row.due_at for row in waiting), default=now)
    places = [*_begun(conn, model, pace, now), *_places(waiting, pace)]
    return max(now, last, _earliest(places, pace, count))


def place_in_line(conn: Connection, job: Job, *, now: float) -> int:
    """1 for the order that is next; those whose turn has come are not in line any more."""
    mine = (job.due_at, job.turn_id)
    before = [row for row in _line(conn, job.model) if row.due_at > now and (row.due_at, row.turn_id) < mine]
    return len(before) + 1


def begin_drawing(conn: Connection, turn_id: int, pace: Pace, *, now: float, working_turn: int) -> Job | None:
    """Let an order have its turn if it may now, else give it a later place; None when it is over."""
    job = job_of(conn, turn_id)
    if job is None or not job.is_open:
        return None
    places = _begun(conn, job.model, pace, now, besides=turn_id)
    earliest = max(_earliest(places, pace, job.places), job.due_at if job.stage is Stage.WAITING else 0.0)
    if earliest > now:
        return change_job(conn, turn_id, stage=Stage.WAITING, due_at=earliest)
    return change_job(conn, turn_id, stage=Stage.MAKING, begun_at=now, working_turn=working_turn)


def count_open(conn: Connection, job: Job, *, since: float) -> int:
    """How many orders of that kind the same person has open, on the same account and not older than that."""
    account = "/".join(job.conversation.split("/")[:2]) + "/"
    mine = (
        drawings.c.author_id == job.author_id,
        drawings.c.kind == job.kind,
        drawings.c.stage.in_(OPEN_STAGES),
        drawings.c.created_at >= since,
        within_chat(drawings.c.conversation, account),
        drawings.c.turn_id != job.turn_id,
    )
    return int(conn.execute(select(func.count()).select_from(drawings).where(*mine)).scalar_one())


def _line(conn: Connection, model: str) -> Sequence[Row[Any]]:
    query = select(drawings).where(drawings.c.model == model, drawings.c.stage == Stage.WAITING)
    return conn.execute(query).all()


def _begun(conn: Connection, model: str, pace: Pace, now: float, *, besides: int = 0) -> list[float]:
    """When pictures of the last day were begun, each that is more than a minute's share a minute later."""
    query = select(drawings.c.begun_at.label("due_at"), drawings.c.places).where(
        drawings.c.model == model,
        drawings.c.begun_at > now - _DAY,
        drawings.c.stage != Stage.WAITING,
        drawings.c.turn_id != besides,
    )
    return _places(list(conn.execute(query)), pace)


def _places(rows: Iterable[Row[Any]], pace: Pace) -> list[float]:
    return [
        row.due_at + pace.minute_seconds * (number // pace.per_minute)
        for row in rows
        for number in range(row.places)
    ]


def _earliest(places: list[float], pace: Pace, count: int) -> float:
    """The first moment at which neither the minute's nor the day's share is used up."""
    newest_first = sorted(places, reverse=True)
    moments = [0.0]
    for share, window in ((pace.per_minute, pace.minute_seconds), (pace.per_day, _DAY)):
        left = share - min(count, share)
        if len(newest_first) > left:
            moments.append(newest_first[left] + window)
    return max(moments)


# --- what came out ----------------------------------------------------------------------------------------


def save_results(conn: Connection, turn_id: int, urls: Sequence[str], *, seed: int | None) -> Job | None:
    """Note where what was drawn is to be fetched, so that it is drawn once; None when the order is over."""
    return change_job(conn, turn_id, results=orjson.dumps(tuple(urls)).decode(), seed=seed)


def save_made(conn: Connection, turn_id: int, files: Sequence[MadeFile], *, seed: int | None) -> Job | None:
    """Keep what was made until it is shown; None when the order is over."""
    job = change_job(conn, turn_id, stage=Stage.MADE, seed=seed, results="")
    if job is None:
        return None
    conn.execute(delete(made_files).where(made_files.c.turn_id == turn_id))
    rows = [
        {"turn_id": turn_id, "position": position, "mime": file.mime, "data": file.data}
        for position, file in enumerate(files)
    ]
    conn.execute(insert(made_files), rows)
    return job


def made_of(conn: Connection, turn_id: int) -> tuple[MadeFile, ...]:
    """What was made and is to be shown, in order."""
    query = select(made_files).where(made_files.c.turn_id == turn_id).order_by(made_files.c.position)
    return tuple(MadeFile(data=row.data, mime=row.mime) for row in conn.execute(query))


def begin_showing(conn: Connection, turn_id: int) -> bool:
    """Write down that it is about to be shown; whether that was written down before."""
    job = job_of(conn, turn_id)
    conn.execute(update(drawings).where(drawings.c.turn_id == turn_id).values(showing=True))
    return job is not None and job.showing


def end_job(conn: Connection, turn_id: int, stage: Stage) -> bool:
    """The order is over, and its bytes and addresses go; False when it was over before."""
    ended = conn.execute(
        update(drawings)
        .where(drawings.c.turn_id == turn_id, drawings.c.stage.in_(OPEN_STAGES))
        .values(stage=stage, results="")
    ).rowcount
    conn.execute(delete(made_files).where(made_files.c.turn_id == turn_id))
    return bool(ended)


def show_job(conn: Connection, job: Job, *, now: float) -> None:
    """The order is shown. Its pictures stay until others are shown there, and for a day at most.

    Until then somebody may want them changed. A film's bytes go.
    """
    conn.execute(
        update(drawings)
        .where(drawings.c.turn_id == job.turn_id, drawings.c.stage.in_(OPEN_STAGES))
        .values(stage=Stage.SHOWN)
    )
    here = (drawings.c.conversation == job.conversation) & (drawings.c.turn_id != job.turn_id)
    past = here | (drawings.c.begun_at < now - _DAY) | (drawings.c.kind == Kind.FILM)
    shown = select(drawings.c.turn_id).where(drawings.c.stage == Stage.SHOWN, past)
    conn.execute(delete(made_files).where(made_files.c.turn_id.in_(shown)))


def shown_job(conn: Connection, conversation: str) -> int | None:
    """The order whose pictures were shown last in a conversation, while they are kept."""
    query = (
        select(drawings.c.turn_id)
        .join(made_files, made_files.c.turn_id == drawings.c.turn_id)
        .where(drawings.c.conversation == conversation, drawings.c.stage == Stage.SHOWN)
        .order_by(drawings.c.turn_id.desc())
        .limit(1)
    )
    return conn.execute(query).scalar()


# --- forgetting -------------------------------------------------------------------------------------------


def redact_jobs(conn: Connection, conversation: str, message_ids: Sequence[str]) -> list[int]:
    """Whoever deletes the message that ordered something has no more of it made, and its words go.

    Gives the turns that may be working on it.
    """
    asked = (drawings.c.conversation == conversation) & drawings.c.reply_to.in_(message_ids)
    at_work = select(drawings.c.working_turn).where(asked, drawings.c.stage == Stage.MAKING)
    turns = list(conn.execute(at_work).scalars())
    _wipe(conn, asked)
    return turns


def forget_jobs_of(conn: Connection, author_id: str, place: str) -> None:
    """Wipe what somebody ordered in the conversations whose keys begin with ``place``, and where it was."""
    mine = (drawings.c.author_id == author_id) & within_chat(drawings.c.conversation, place)
    ids = _wipe(conn, mine)
    conn.execute(
        update(drawings).where(drawings.c.turn_id.in_(ids)).values(conversation=f"{place}/", line_id="")
    )


def _wipe(conn: Connection, which: ColumnElement[bool]) -> list[int]:
    # The row stays: it holds a place in the provider's count of the day.
    ids = list(conn.execute(select(drawings.c.turn_id).where(which)).scalars())
    for turn_id in ids:
        end_job(conn, turn_id, Stage.CANCELLED)
        delete_timer(conn, timer_of(turn_id))
    wiped = {"prompt": "", "wish": "{}", "author_id": "", "reply_to": "", "results": ""}
    conn.execute(update(drawings).where(drawings.c.turn_id.in_(ids)).values(**wiped))
    return ids


def _job(row: Row[Any]) -> Job:
    values = dict(row._mapping)  # noqa: SLF001 - public API
    values |= {
        "chat_kind": ChatKind(row.chat_kind),
        "kind": Kind(row.kind),
        "stage": Stage(row.stage),
    }
    return Job(**values)
