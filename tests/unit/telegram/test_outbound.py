"""Messages get to Telegram, whatever it has against them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

from adapters.telegram.client import ApiClient
from adapters.telegram.outbound import Outbound
from adapters.telegram.rendering import Entities, RichMarkdown
from bot.errors import (
    ChatClosed,
    ChatMoved,
    DeliveryError,
    MessageGone,
    PartRejected,
    PlatformBusy,
    PlatformUnclear,
    VoiceForbidden,
)
from bot.ports import Button, OutgoingVoice, Rendered
from bot.rendering import Span, SpanKind
from tests.fakes.telegram import (
    ApiError,
    FakeTelegram,
    PrivateChat,
    bad_gateway,
    bad_request,
    blocked,
    flood_wait,
    migrated,
    server_error,
)

from .support import key

BOLD = Entities(spans=(Span(kind=SpanKind.BOLD, offset=0, length=2),))
HELLO = Rendered(text="Hello")


@pytest.fixture
def outbound(client: ApiClient) -> Outbound:
    """The bot's own messages."""
    return Outbound(client=client)


async def test_a_message_is_sent_with_entities_and_without_preview(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """Formatting travels as entities, never as markup to be parsed."""
    sent = await outbound.send(key(ann.id), Rendered(text="Hi https://x.y", payload=BOLD))
    assert ann.last.message_id == int(sent)
    assert ann.last.entities[0] == {"type": "bold", "offset": 0, "length": 2}
    (call,) = telegram.calls_of("sendMessage")
    assert "parse_mode" not in call.params
    assert call.params["link_preview_options"] == {"is_disabled": True}
    assert telegram.violations == []


async def test_a_rich_message_is_sent_and_edited(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """Rich content goes by its own method, and changes to and from plain text."""
    rich = Rendered(text="T", payload=RichMarkdown(markdown="# T\n\n|a|\n|-|\n|b|"))
    sent = await outbound.send(key(ann.id), rich)
    assert ann.last.kind == "rich_message"
    await outbound.edit(key(ann.id), sent, HELLO)
    assert (ann.last.kind, ann.last.text) == ("text", "Hello")
    await outbound.edit(key(ann.id), sent, rich)
    assert ann.last.kind == "rich_message"
    assert telegram.violations == []


async def test_an_edit_without_a_change_is_a_success(outbound: Outbound, ann: PrivateChat) -> None:
    """Telegram calls it an error; the message shows what it should."""
    sent = await outbound.send(key(ann.id), HELLO)
    await outbound.edit(key(ann.id), sent, HELLO)
    assert ann.last.text == "Hello"


async def test_buttons_come_and_go(outbound: Outbound, ann: PrivateChat) -> None:
    """An edit without buttons takes them away."""
    rows = [[Button(label="Stop", data="stop:1")], [Button(label="A", data="a"), Button(label="B", data="b")]]
    sent = await outbound.send(key(ann.id), HELLO, buttons=rows)
    assert ann.last.buttons == ["Stop", "A", "B"]
    await outbound.edit(key(ann.id), sent, Rendered(text="Bye"))
    assert ann.last.buttons == []


async def test_a_reply_names_what_it_answers(outbound: Outbound, ann: PrivateChat) -> None:
    """People see which message is meant."""
    question = await ann.say("question")
    await outbound.send(key(ann.id), HELLO, reply_to=str(question.message_id))
    assert ann.last.reply_to is question


@pytest.mark.parametrize("reply_to", ["999", "not-a-number", ""])
async def test_a_reply_to_nothing_is_sent_all_the_same(
    outbound: Outbound, ann: PrivateChat, reply_to: str
) -> None:
    """The question may have been deleted; the answer is still wanted."""
    await outbound.send(key(ann.id), HELLO, reply_to=reply_to)
    assert (ann.last.text, ann.last.reply_to) == ("Hello", None)


@pytest.mark.parametrize(
    ("refusal", "lost"),
    [
        ("message to be replied not found", {"reply_parameters"}),
        ("message thread not found", {"reply_parameters", "message_thread_id"}),
    ],
)
async def test_a_reply_or_topic_that_is_gone_is_left_out(
    telegram: FakeTelegram, outbound: Outbound, refusal: str, lost: set[str]
) -> None:
    """The message gets to the chat in any case."""
    person = telegram.person("Ann")
    group = telegram.group("Team", [person], forum=True)
    topic = group.topic("Plans")
    question = await topic.say(person, "?")
    telegram.fail("sendMessage", bad_request(refusal))
    thread = str(topic.thread_id)
    await outbound.send(key(group.id, thread), HELLO, reply_to=str(question.message_id))
    before, after = (set(call.params) for call in telegram.calls_of("sendMessage"))
    assert before - after == lost


async def test_topics_are_named_and_the_general_one_is_not(
    telegram: FakeTelegram, outbound: Outbound
) -> None:
    """Sending to "1" is refused, while typing there has to name it."""
    group = telegram.group("Team", [telegram.person("Ann")], forum=True)
    thread = str(group.topic("Plans").thread_id)
    for name in (thread, "1"):
        await outbound.send(key(group.id, name), HELLO)
        await outbound.typing(key(group.id, name))
    sent = [call.params.get("message_thread_id") for call in telegram.calls_of("sendMessage")]
    typed = [call.params.get("message_thread_id") for call in telegram.calls_of("sendChatAction")]
    assert (sent, typed) == ([int(thread), None], [int(thread), 1])


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (flood_wait(31), PlatformBusy),
        (blocked(), ChatClosed),
        (bad_request("chat not found"), ChatClosed),
        (bad_request("not enough rights to send text messages to the chat"), ChatClosed),
        (bad_request("CHAT_WRITE_FORBIDDEN"), ChatClosed),
        (migrated(-1005), ChatMoved),
        (server_error(500), PlatformUnclear),
        (bad_gateway(), PlatformUnclear),
        (bad_request("can't parse entities: can't find end of the entity"), PartRejected),
        (bad_request("message is too long"), PartRejected),
        (bad_request("message text is empty"), PartRejected),
        (bad_request("RICH_MESSAGE_CONTENT_REQUIRED"), PartRejected),
        (bad_request("BUTTON_DATA_INVALID"), PartRejected),
        (bad_request("something nobody has seen before"), PartRejected),
    ],
    ids=str,
)
async def test_each_refusal_has_its_meaning(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat, refusal: Any, error: type[DeliveryError]
) -> None:
    """The core learns what to do next, in its own terms."""
    telegram.fail("sendMessage", refusal)
    with pytest.raises(error) as caught:
        await outbound.send(key(ann.id), HELLO)
    if isinstance(caught.value, PlatformBusy):
        assert caught.value.retry_after_seconds == 31
    if isinstance(caught.value, ChatMoved):
        assert caught.value.new_chat == "-1005"


@pytest.mark.parametrize("refusal", [ApiError(401, "Unauthorized"), ApiError(404, "Not Found")], ids=str)
async def test_a_revoked_token_is_a_long_pause(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat, refusal: ApiError
) -> None:
    """Nothing was done, and nothing will be until the operator has mended it."""
    telegram.fail("sendMessage", refusal)
    with pytest.raises(PlatformBusy) as caught:
        await outbound.send(key(ann.id), HELLO)
    assert caught.value.retry_after_seconds == 60


async def test_every_other_call_tells_refusals_in_the_same_terms(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """Typing, edits, deletions and answers to buttons raise nothing of their own."""
    ann.block()
    telegram.fail("answerCallbackQuery", flood_wait(2))
    telegram.fail("deleteMessages", flood_wait(2))
    for call, error in (
        (outbound.typing(key(ann.id)), ChatClosed),
        (outbound.edit(key(ann.id), "1", HELLO), ChatClosed),
        (outbound.delete(key(ann.id), ["1"]), PlatformBusy),
        (outbound.answer_button("1"), PlatformBusy),
    ):
        assert isinstance(await failure(call), error)


@pytest.mark.parametrize("message_id", ["9999", "x", ""])
async def test_an_edit_of_a_message_that_is_not_there(
    outbound: Outbound, ann: PrivateChat, message_id: str
) -> None:
    """It has to be sent anew."""
    with pytest.raises(MessageGone):
        await outbound.edit(key(ann.id), message_id, HELLO)


async def test_an_edit_of_somebody_elses_message_is_not_possible(
    outbound: Outbound, ann: PrivateChat
) -> None:
    """Only own messages can be edited."""
    message = await ann.say("mine")
    with pytest.raises(MessageGone):
        await outbound.edit(key(ann.id), str(message.message_id), HELLO)


async def test_a_lost_answer_is_unclear(telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat) -> None:
    """The message was sent, and the caller is told that nobody knows."""
    telegram.drop_answer("sendMessage")
    with pytest.raises(PlatformUnclear):
        await outbound.send(key(ann.id), HELLO)
    assert ann.last.text == "Hello"


async def test_a_server_that_cannot_be_reached_did_nothing(
    outbound: Outbound, telegram: FakeTelegram
) -> None:
    """Without a connection nothing was carried out: trying again is safe."""
    await telegram.refuse_connections()
    with pytest.raises(PlatformBusy):
        await outbound.send(key(7), HELLO)


async def test_no_error_holds_the_token(telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat) -> None:
    """Neither the text nor anything that a traceback would print leads to the address with the token."""
    telegram.drop_answer("sendMessage")
    telegram.fail("editMessageText", bad_gateway())
    errors = [
        await failure(outbound.send(key(ann.id), HELLO)),
        await failure(outbound.edit(key(ann.id), "1", HELLO)),
    ]
    await telegram.refuse_connections()
    errors.append(await failure(outbound.send(key(ann.id), HELLO)))
    for error in errors:
        chain: BaseException | None = error
        while chain is not None:
            assert telegram.token not in repr(chain)
            chain = chain.__cause__ or chain.__context__


async def failure(call: Awaitable[Any]) -> DeliveryError:
    """The error a call ends with."""
    with pytest.raises(DeliveryError) as caught:
        await call
    return caught.value


async def test_a_call_has_a_deadline(telegram: FakeTelegram, client: ApiClient, ann: PrivateChat) -> None:
    """A server that does not answer is given up."""
    await client.call("getMe", {})  # so that only the answer can be late, not the connection
    telegram.delay("sendChatAction", 30)
    with pytest.raises(PlatformUnclear, match="TimeoutError"):
        await client.call("sendChatAction", {"chat_id": ann.id, "action": "typing"}, timeout_seconds=0.05)


async def test_messages_are_deleted_in_batches(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """More than a hundred at once are too many for one call; those already gone are fine."""
    sent = [await outbound.send(key(ann.id), HELLO) for _ in range(3)]
    await outbound.delete(key(ann.id), [*sent, "77777", "junk", *map(str, range(1000, 1120))])
    assert ann.bot_messages == []
    assert [len(call.params["message_ids"]) for call in telegram.calls_of("deleteMessages")] == [100, 24]
    await outbound.delete(key(ann.id), [])


async def test_a_pressed_button_is_answered(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """The person reads a short line; a press that waited too long is fine."""
    await outbound.send(key(ann.id), HELLO, buttons=[[Button(label="Go", data="go")]])
    answer = ann.push_button(ann.last, "Go")
    query_id = telegram.updates[-1]["callback_query"]["id"]
    await outbound.answer_button(query_id, "x" * 300)
    assert (await answer).text == "x" * 200
    await outbound.answer_button(query_id)
    await outbound.answer_button("12345")


async def test_a_rendering_of_another_platform_is_rejected(outbound: Outbound) -> None:
    """Payloads belong to the adapter that made them."""
    with pytest.raises(PartRejected):
        await outbound.send(key(), Rendered(text="x", payload={"blocks": []}))


# --- voice --------------------------------------------------------------------------------------------------

NOTE = OutgoingVoice(data=b"OggS" * 200, mime="audio/ogg", seconds=7.6)
MUSIC = OutgoingVoice(data=b"ID3" * 200, mime="audio/mpeg", seconds=0.2)


async def test_a_voice_note_has_its_length_and_answers_a_message(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat
) -> None:
    """OGG goes as a voice message; a message that is gone is not answered, and the voice still arrives."""
    asked = await ann.say("Speak")
    sent = await outbound.send_voice(key(ann.id), NOTE, reply_to=str(asked.message_id))
    assert (ann.last.message_id, ann.last.kind) == (int(sent), "voice")
    assert ann.last.content["voice"]["duration"] == 8
    assert ann.last.reply_to is asked
    await outbound.send_voice(key(ann.id), NOTE, reply_to="99999")
    assert ann.last.kind == "voice"
    assert telegram.violations == []


async def test_mp3_goes_as_music(outbound: Outbound, ann: PrivateChat) -> None:
    """What a person's settings may allow where they allow no voice messages."""
    await outbound.send_voice(key(ann.id), MUSIC)
    assert (ann.last.kind, ann.last.content["audio"]["duration"]) == ("audio", 1)


@pytest.mark.parametrize(
    "words",
    [
        "VOICE_MESSAGES_FORBIDDEN",
        "CHAT_SEND_VOICES_FORBIDDEN",
        "not enough rights to send voice notes to the chat",
        "not enough rights to send audios to the chat",
    ],
)
async def test_a_chat_that_forbids_sound_is_not_taken_for_closed(
    telegram: FakeTelegram, outbound: Outbound, ann: PrivateChat, words: str
) -> None:
    """Text still gets there."""
    telegram.fail("sendVoice", bad_request(words))
    with pytest.raises(VoiceForbidden):
        await outbound.send_voice(key(ann.id), NOTE)
    await outbound.send(key(ann.id), HELLO)
