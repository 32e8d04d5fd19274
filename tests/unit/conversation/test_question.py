"""What the model reads of a message: the words, who said them, what they answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.question import display_name, question_from
from bot.messages import (
    Attachment,
    AttachmentKind,
    Author,
    ChatKind,
    ConversationKey,
    Incoming,
    Quoted,
    TextPart,
)

ANN = Author(id="5", name="Ann")
MESSAGE = Incoming(
    event_id="update:1",
    key=ConversationKey(platform="fake", account="1", chat="7"),
    chat_kind=ChatKind.PRIVATE,
    author=ANN,
    message_id="10",
    parts=(TextPart(text="What is it?"),),
    sent_at=datetime(2026, 11, 23, tzinfo=UTC),
    addressed=True,
)


def test_a_private_message_is_taken_as_it_is() -> None:
    """No name, no frame."""
    assert question_from([MESSAGE], language="en").request == "What is it?"


def test_a_group_message_names_its_author() -> None:
    """The name comes first, on the same line."""
    grouped = replace(MESSAGE, chat_kind=ChatKind.GROUP)
    assert question_from([grouped], language="en").request == "Ann: What is it?"


@given(st.text(max_size=200))
def test_no_name_can_forge_another_line(name: str) -> None:
    """Whatever people call themselves, a name is one short line without a colon."""
    shown = display_name(replace(ANN, name=name))
    assert shown.strip() == shown
    assert 0 < len(shown) <= 64
    assert len(shown.splitlines()) == 1
    assert ":" not in shown


def test_a_reply_to_somebody_else_quotes_them() -> None:
    """The model sees what is talked about."""
    quoted = Quoted(how="reply", message_id="9", author_name="Bob", text="Tea is better.\nMuch better.")
    request = question_from([replace(MESSAGE, quoted=quoted)], language="en").request
    assert request == "[In reply to Bob]\n> Tea is better.\n> Much better.\n\nWhat is it?"


def test_a_reply_to_our_answer_goes_on_from_there_without_quoting_it() -> None:
    """The answer is in the history already."""
    quoted = Quoted(how="reply", message_id="9", text="Our answer", is_ours=True)
    question = question_from([replace(MESSAGE, quoted=quoted)], language="en")
    assert question.request == "What is it?"
    assert question.origin.continues_message == "9"


def test_a_chosen_excerpt_of_our_answer_is_quoted() -> None:
    """What somebody marked is what they mean."""
    quoted = Quoted(how="reply", message_id="9", text="Our answer", excerpt="answer", is_ours=True)
    request = question_from([replace(MESSAGE, quoted=quoted)], language="en").request
    assert request.startswith("[In reply to your earlier answer]\n> answer")


def test_several_pieces_of_a_paste_are_one_question() -> None:
    """In the order they came."""
    rest = replace(MESSAGE, message_id="11", parts=(TextPart(text="And more."),))
    question = question_from([MESSAGE, rest], language="en")
    assert question.request == "What is it?\nAnd more."
    assert question.message_id == "10"


def test_what_cannot_be_read_is_named_to_the_model_and_to_the_person() -> None:
    """A caption is answered, and the answer says what it leaves out."""
    picture = Attachment(kind=AttachmentKind.IMAGE, file_id="f")
    question = question_from([replace(MESSAGE, parts=(*MESSAGE.parts, picture))], language="zh")
    assert "not readable for you: pictures" in question.request
    assert "图片" in question.mark
