"""What people sent and had made is handed out with its files, counted when it is forgotten, and then gone."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from concurrent.futures import Future
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select

from bot.conversation.own_data.archive import _in_thread, fitting
from bot.conversation.own_data.counting import counted
from bot.conversation.own_data.data import StoredFile, files_of
from bot.messages import Attachment, AttachmentKind, Author, ChatKind, Incoming, Quoted, load_inbound
from bot.ports import Capabilities, OutgoingFile
from bot.storage.personal import Kept, Kind, SentDocument, picture_data
from bot.storage.tables import inbound
from bot.texts import LANGUAGES
from tests.fakes.platform import FakePlatform, FilelessPlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.recordings import hand_over, short_note
from tests.unit.conversation.stage import BEN, Stage, Talk
from tests.unit.conversation.test_own_data import contents, forget, left_of
from tests.unit.conversation.test_seeing import SEER, picture_file
from tests.unit.media.made_documents import pdf

MARK = "Moehre7"
ANNA = Author(id="person-9f3c", name=f"Anna {MARK}", language="en")


class NarrowPlatform(FakePlatform):
    """It carries small files only."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, max_file_bytes=20_000)


async def fill(stage: Stage, talk: Talk) -> None:
    """Anna asks, shows a picture, sends a document and a recording, draws, and makes a persona."""
    stage.platform.files |= {"p": picture_file(), "d": pdf(f"The rent of {MARK} is 812 euros.")}
    photo = Attachment(kind=AttachmentKind.IMAGE, file_id="p", unique_id="up")
    lease = Attachment(kind=AttachmentKind.DOCUMENT, file_id="d", unique_id="ud", name=f"{MARK}.pdf")
    stage.sandbox.audio_script.enqueue_transcripts(f"My name is {MARK}.")
    await talk.ask(f"What is {MARK}?", author=ANNA, attachments=[photo])
    await talk.ask("How much?", author=ANNA, attachments=[lease])
    await talk.ask("", author=ANNA, attachments=[hand_over(stage, short_note())])
    await talk.ask(f"/image a cat called {MARK}", author=ANNA)
    await talk.ask(f"/persona new {MARK}: You are {MARK}.", author=ANNA)


def opened(file: OutgoingFile) -> dict[str, bytes]:
    """The files in an archive."""
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_pictures_and_documents_come_with_the_export(open_stage: OpenStage) -> None:
    """In an archive, beside the document that names them; all of it counted in one line."""
    stage = await open_stage(seeing_models=(SEER,))
    talk = stage.talk()
    await fill(stage, talk)
    await talk.ask("/export", author=ANNA)
    file = stage.platform.sent_files[-1]
    assert (file.name.endswith(".zip"), file.mime) == (True, "application/zip")
    inside = opened(file)
    (document,) = [data.decode() for name, data in inside.items() if name.endswith(".md")]
    assert all(name in document for name in inside if not name.endswith(".md"))
    (picture,) = [data for name, data in inside.items() if name.startswith("pictures/")]
    assert Image.open(io.BytesIO(picture)).size == (300, 200)
    (lease,) = [data.decode() for name, data in inside.items() if name.startswith("documents/")]
    assert f"The rent of {MARK} is 812 euros." in lease
    for words in (f"My name is {MARK}.", f"a cat called {MARK}", f"You are {MARK}.", "up"):
        assert words in document
    told = talk.texts[-1]
    for count in ("pictures: 1", "documents: 1", "recordings I wrote down: 1", "pictures ordered: 1"):
        assert count in told
    await talk.ask("/export json", author=ANNA)
    inside = opened(stage.platform.sent_files[-1])
    (data,) = [json.loads(data) for name, data in inside.items() if name.endswith(".json")]
    assert {entry["path"] for entry in data["files"]} == {n for n in inside if not n.endswith(".json")}
    assert data["recordings"][0]["passages"][0][1] == f"My name is {MARK}."


async def test_what_has_no_room_is_listed_and_said(open_stage: OpenStage) -> None:
    """The document comes all the same, packed."""
    stage = await open_stage(platform=NarrowPlatform(limit=2000))
    stage.platform.files["d"] = pdf(*(f"Page {number}: {'word ' * 400}" for number in range(20)))
    lease = Attachment(kind=AttachmentKind.DOCUMENT, file_id="d", unique_id="ud", name="words.pdf")
    talk = stage.talk()
    await talk.ask("How much?", attachments=[lease])
    await talk.ask("/export json")
    ((_, data),) = opened(stage.platform.sent_files[-1]).items()
    (left,) = json.loads(data)["files_left_out"]
    assert left["bytes"] > 20_000
    assert "Files that had no room in it: 1;" in talk.texts[-1]
    await talk.ask("/export")
    ((_, document),) = opened(stage.platform.sent_files[-1]).items()
    assert "had no room in what this chat can carry: 1 (" in document.decode()


async def test_a_platform_without_files_gets_the_document_alone(open_stage: OpenStage) -> None:
    """An archive is nothing to read."""
    stage = await open_stage(platform=FilelessPlatform(limit=4000), seeing_models=(SEER,))
    stage.platform.files["p"] = picture_file()
    talk = stage.talk()
    photo = Attachment(kind=AttachmentKind.IMAGE, file_id="p", unique_id="up")
    await talk.ask("What is it?", attachments=[photo])
    await talk.ask("/export")
    assert "Pictures\n" in "".join(talk.texts)


async def test_forgetting_counts_each_kind_and_leaves_no_trace(open_stage: OpenStage) -> None:
    """Neither id nor name nor words, in no table, nor in the files of the database."""
    stage = await open_stage(seeing_models=(SEER,))
    talk = stage.talk()
    await fill(stage, talk)
    assert MARK in contents(stage)
    told = await forget(stage, talk, author=ANNA)
    for count in ("pictures: 1", "documents: 1", "recordings I wrote down: 1", "pictures ordered: 1"):
        assert count in told
    assert "films" not in told
    left = contents(stage)
    assert MARK not in left
    assert ANNA.id not in left
    assert await left_of(stage, MARK.encode()) == []
    assert await left_of(stage, ANNA.id.encode()) == []


async def test_who_quoted_the_forgotten_keeps_their_own_words_only(stage: Stage) -> None:
    """The event of the one who answered is kept for a week, with what it answered taken out."""
    team = stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask(f"I am {MARK}", author=ANNA)
    quoted = Quoted(
        how="reply", message_id="1", author_id=ANNA.id, author_name=ANNA.name, text=f"I am {MARK}"
    )
    await team.ask("Hello there", author=BEN, quoted=quoted)
    await forget(stage, team, author=ANNA)
    payloads = await stage.database.read(lambda conn: conn.scalars(select(inbound.c.payload)).all())
    events = [load_inbound(payload) for payload in payloads]
    (ben,) = [event for event in events if isinstance(event, Incoming) and event.author == BEN]
    assert ben.text == "Hello there"
    assert ben.quoted == Quoted(how="reply", message_id="1")


async def test_whom_somebody_answered_is_not_handed_out_with_their_words(stage: Stage) -> None:
    """What came in is theirs, what it answers is another's."""
    team, talk = stage.talk("-5", kind=ChatKind.GROUP), stage.talk()
    quoted = Quoted(how="reply", message_id="1", author_id=ANNA.id, author_name=ANNA.name, text="A secret")
    await team.ask("Hello there", author=BEN, quoted=quoted)
    await talk.ask("/export json", author=BEN)
    data = json.loads(stage.platform.sent_files[-1].data)
    (event,) = [one["event"] for one in data["received"]]
    assert event["quoted"] == {"how": "reply", "message_id": "1"}
    assert event["author"]["id"] == BEN.id


async def test_nothing_to_forget_is_said_so(stage: Stage) -> None:
    """Apart from having asked for it."""
    told = await forget(stage, stage.talk(), author=ANNA)
    assert told.startswith("Deleted for good. What came in this week, as it came: 1.")


# --- parts ----------------------------------------------------------------------------------------------


def stored(name: str, size: int, turn: int = 1) -> StoredFile:
    """A file of that size."""
    return StoredFile(name=name, turn=turn, position=0, size_bytes=size, read=picture_data)


@given(st.lists(st.integers(0, 5000), max_size=30), st.integers(-100, 20_000))
def test_files_fit_or_are_left_out(sizes: list[int], room: int) -> None:
    """Each is one or the other; those that fit are no larger together than there is room; order is kept."""
    files = [stored(f"{number}.jpg", size, turn=number) for number, size in enumerate(sizes)]
    taken, left = fitting(files, most_bytes=room)
    assert sorted([*taken, *left], key=lambda file: file.turn) == files
    assert taken == sorted(taken, key=lambda file: file.turn)
    assert sum(file.size_bytes for file in taken) <= max(room, 0)


def test_the_newest_files_have_room_first() -> None:
    """What is asked for is more often what came lately."""
    old, new = stored("old.jpg", 600, turn=1), stored("new.jpg", 600, turn=2)
    assert fitting([old, new], most_bytes=1500) == ([new], [old])


@given(st.text(max_size=200))
def test_a_documents_name_is_no_path(name: str) -> None:
    """Whatever somebody called it, it is unpacked where the others are."""
    document = SentDocument(
        turn=1, position=0, conversation="a/b/c/", unique_id="u", name=name, kind="pdf", pages=0, cut=False,
        size_bytes=1,
    )  # fmt: skip
    (file,) = files_of(Kept(documents=(document,)))
    assert file.name.count("/") == 1
    assert ".." not in file.name
    assert "\\" not in file.name
    assert file.is_text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_words(kind: Kind, language: str) -> None:
    """Told when there is some of it, and not otherwise."""
    assert "3" in counted({kind: 3}, language)
    assert counted({kind: 0}, language) == ""


async def test_packing_ends_before_it_is_given_up() -> None:
    """An archive cannot be closed while a thread still writes into it."""
    begun, released, done = asyncio.Event(), Future[None](), []
    loop = asyncio.get_running_loop()

    def write() -> None:
        loop.call_soon_threadsafe(begun.set)
        released.result(30)
        done.append(True)

    packing = asyncio.create_task(_in_thread(write))
    await begun.wait()
    packing.cancel()
    await asyncio.sleep(0)
    assert not packing.done()
    released.set_result(None)
    with pytest.raises(asyncio.CancelledError):
        await packing
    assert done == [True]
