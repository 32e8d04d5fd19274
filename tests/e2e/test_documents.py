"""People send documents on Telegram and Slack: the real service reads them, answers, and still knows them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.sandbox import Reply
from bot.sandbox.message_rules import flat_text
from tests.e2e.conftest import Stage
from tests.e2e.slack_stage import SlackStage, open_slack_stage
from tests.fakes.telegram import PrivateChat
from tests.unit.media.made_documents import encrypted, paper, pdf, sheet

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

WAIT_SECONDS = 60
LEASE = pdf("The rent is 812 euros a month.", "The deposit is three rents, due on the first of May.")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def slack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SlackStage]:
    """A service on Slack."""
    async with open_slack_stage(tmp_path_factory.mktemp("documents")) as stage:
        yield stage


def last_words(stage: Stage | SlackStage) -> str:
    """What the model was told last."""
    return flat_text(stage.provider.requests[-1].body["messages"][-1]["content"])


def tools_offered(stage: Stage) -> list[str]:
    """The names of the tools in the newest request."""
    body: dict[str, Any] = stage.provider.requests[-1].body
    return [one["function"]["name"] for one in body.get("tools", [])]


async def answered(stage: Stage, chat: PrivateChat, count: int) -> str:
    """The newest of so many answers, once the service has nothing left to do."""
    await stage.telegram.until(lambda: len(chat.texts) == count, seconds=WAIT_SECONDS)
    await stage.service.settled()
    return chat.texts[-1]


async def test_a_pdf_is_read_and_still_known_by_the_next_question(stage: Stage) -> None:
    """The provider gets its text with its pages; the follow-up reads in it again by the tool."""
    chat = stage.telegram.private(stage.telegram.person("Pia"))
    stage.brain.teach("how high is the rent", Reply(text="It is 812 euros."))
    await chat.send_document(LEASE, name="lease.pdf", caption="how high is the rent?")
    assert await answered(stage, chat, 1) == "It is 812 euros."
    asked = last_words(stage)
    assert "how high is the rent?" in asked
    assert '[Document "lease.pdf", 2 pages' in asked
    assert "[page 1]\nThe rent is 812 euros a month." in asked
    call = Reply.call("read_document", json.dumps({"name": "lease.pdf", "query": "deposit"}))
    stage.brain.teach("when is the deposit due", call, Reply(text="On the first of May."))
    await chat.say("when is the deposit due?")
    assert await answered(stage, chat, 2) == "On the first of May."
    assert "[page 2]\nThe deposit is three rents" in last_words(stage)


async def test_a_word_document_and_a_workbook_are_read(stage: Stage) -> None:
    """Also when their names say something else."""
    chat = stage.telegram.private(stage.telegram.person("Quin"))
    stage.brain.teach("what is agreed", Reply(text="Tuesdays."))
    stage.brain.teach("who paid", Reply(text="Ann."))
    agreed = paper(lambda document: document.add_paragraph("We meet on Tuesdays at nine."))
    await chat.send_document(agreed, name="agreed.docx", caption="what is agreed?")
    assert await answered(stage, chat, 1) == "Tuesdays."
    assert "We meet on Tuesdays at nine." in last_words(stage)
    await chat.send_document(sheet(Paid=[["Ann", 30], ["Ben", 0]]), name="paid.pdf", caption="who paid?")
    assert await answered(stage, chat, 2) == "Ann."
    assert "[sheet Paid]\nAnn | 30\nBen | 0" in last_words(stage)


async def test_a_long_document_is_read_in_parts_and_answered(stage: Stage) -> None:
    """Every part is asked, and the answer is given from the notes, in one message."""
    chat = stage.telegram.private(stage.telegram.person("Rae"))
    lines = [f"Paragraph {number} tells nothing of importance, at some length." for number in range(3000)]
    lines[2500] = "The password of the gate is heron."
    before = len(stage.provider.requests)
    stage.brain.teach("The question:\nwhat opens the gate?", Reply(text="NOTHING"))
    stage.brain.teach("notes on what bears", Reply(text="Heron."))
    await chat.send_document("\n\n".join(lines).encode(), name="long.txt", caption="what opens the gate?")
    assert await answered(stage, chat, 1) == "Heron."
    bodies = [request.body for request in stage.provider.requests[before:]]
    parts = [flat_text(body["messages"][-1]["content"]) for body in bodies[:-1]]
    assert len(parts) >= 2
    assert sum("The password of the gate is heron." in part for part in parts) == 1


async def test_a_document_under_a_password_gets_a_sentence(stage: Stage) -> None:
    """Without a call of the model; the talk goes on without the tool."""
    chat = stage.telegram.private(stage.telegram.person("Sol"))
    before = len(stage.provider.requests)
    await chat.send_document(encrypted(LEASE, password="swordfish"), name="secret.pdf")
    assert "secret.pdf is protected by a password" in await answered(stage, chat, 1)
    assert len(stage.provider.requests) == before
    await chat.say("well then")
    assert await answered(stage, chat, 2) == "You said: well then"
    assert "read_document" not in tools_offered(stage)


async def test_a_document_on_slack_is_read(slack: SlackStage) -> None:
    """In its thread, like any question."""
    dm = slack.slack.dm(slack.slack.person("Tess"))
    slack.brain.teach("how high is the rent", Reply(text="It is 812 euros."))
    message = await dm.upload(
        LEASE, name="lease.pdf", mime_type="application/pdf", text="how high is the rent?"
    )
    thread = dm.thread(message)
    await slack.slack.until(
        lambda: thread.texts == ["It is 812 euros."] and not thread.streaming, seconds=WAIT_SECONDS
    )
    assert "[page 1]\nThe rent is 812 euros a month." in last_words(slack)
