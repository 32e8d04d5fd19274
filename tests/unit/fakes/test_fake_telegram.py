"""The fake Telegram behaves to a real bot as Telegram does, and shows the test what people see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramMigrateToChat,
)
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    InputRichMessage,
    ReplyParameters,
)

from tests.fakes.telegram import ChannelOrigin, FakeTelegram, Group, Person, PrivateChat

from .telegram_bot import bot_on


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    """A platform without flood control, at which the bot must not earn a complaint unnoticed."""
    async with FakeTelegram(flood="off", private_topics=True) as fake:
        yield fake
        assert fake.violations == []


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[Bot]:
    """aiogram, pointed at the fake."""
    async with bot_on(fake) as bot:
        yield bot


@pytest.fixture
def ann(fake: FakeTelegram) -> Person:
    """Somebody who writes to the bot."""
    return fake.person("Ann", language="de", username="ann_k")


@pytest.fixture
def chat(fake: FakeTelegram, ann: Person) -> PrivateChat:
    """Ann's chat with the bot."""
    return fake.private(ann)


@pytest.fixture
def group(fake: FakeTelegram, ann: Person) -> Group:
    """A basic group of Ann and Bob."""
    return fake.group("Team", [ann, fake.person("Bob")])


def keyboard(**labels: str) -> InlineKeyboardMarkup:
    """One row of buttons, data by label."""
    row = [InlineKeyboardButton(text=label, callback_data=data) for label, data in labels.items()]
    return InlineKeyboardMarkup(inline_keyboard=[row])


async def test_a_message_reaches_the_bot_and_its_answer_the_person(
    fake: FakeTelegram, bot: Bot, chat: PrivateChat
) -> None:
    """The bot polls, reads who said what, and answers; the person sees it as a reply."""
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    said = await chat.say("hello")
    update = (await poll)[0]
    assert update.message is not None
    assert (update.message.text, update.message.from_user and update.message.from_user.language_code) == (
        "hello",
        "de",
    )
    await update.message.as_(bot).reply("hi Ann")
    await fake.until(lambda: chat.last.from_bot)
    assert chat.last.text == "hi Ann"
    assert chat.last.reply_to is said
    assert fake.calls_of("sendMessage")[0].ok


async def test_updates_stay_until_an_offset_confirms_them(
    fake: FakeTelegram, bot: Bot, chat: PrivateChat
) -> None:
    """A bot that dies before it confirms gets the same updates again, numbered upwards."""
    for word in ("one", "two", "three"):
        await chat.say(word)
    first = await bot.get_updates(limit=2)
    again = await bot.get_updates(limit=2)
    rest = await bot.get_updates(offset=first[1].update_id + 1)
    assert [update.update_id for update in first] == [update.update_id for update in again]
    assert [update.message and update.message.text for update in rest] == ["three"]
    assert fake.unconfirmed == 1


async def test_the_older_of_two_polls_ends_in_a_conflict(
    fake: FakeTelegram, bot: Bot, chat: PrivateChat
) -> None:
    """A second consumer takes over, and the first is told so with 409."""
    older = asyncio.create_task(bot.get_updates(timeout=20))
    await fake.until(lambda: fake.calls_of("getUpdates"))
    newer = asyncio.create_task(bot.get_updates(timeout=20))
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await older
    await chat.say("hello")
    assert len(await newer) == 1


async def test_only_kinds_of_updates_that_were_asked_for_arrive(bot: Bot, chat: PrivateChat) -> None:
    """Reactions come only when named, and the choice stays with the server."""
    message = await chat.say("hello")
    await chat.react(message, "👍")
    assert len(await bot.get_updates(allowed_updates=["message", "message_reaction"])) == 1
    await chat.react(message, "🔥")
    updates = await bot.get_updates()
    assert [update.event_type for update in updates] == ["message", "message_reaction"]


async def test_a_reaction_tells_what_that_person_had_set_before(
    fake: FakeTelegram, bot: Bot, ann: Person
) -> None:
    """Taking it back is told too; in a group an administrator hears of it, and nobody else."""
    bob = fake.person("Bob")
    group = fake.group("Team", [ann, bob])
    await bot.get_updates(allowed_updates=["message_reaction"])
    message = await group.say(ann, "hello")
    await group.by(ann).react(message, "✍")
    group.promote_bot()
    for person in (ann, bob):
        await group.by(person).react(message, "✍")
    await group.by(bob).unreact(message)
    told = [update.message_reaction for update in await bot.get_updates()]
    signs = [(len(change.old_reaction), len(change.new_reaction)) for change in told if change]
    assert signs == [(1, 1), (0, 1), (1, 0)]


async def test_a_replayed_update_comes_again_under_its_old_number(
    fake: FakeTelegram, bot: Bot, chat: PrivateChat
) -> None:
    """Even a confirmed update can arrive twice, and a malformed one arrives as it is."""
    await chat.say("hello")
    first = (await bot.get_updates())[0].update_id
    fake.replay(fake.updates[0])
    assert [u.update_id for u in await bot.get_updates(offset=first + 1)] == [first]
    raw = fake.push_raw({"subscription_of_the_future": {"x": 1}})
    assert raw["update_id"] == first + 1
    assert [u.update_id for u in await bot.get_updates(offset=first + 1)] == [first + 1]


async def test_edits_are_kept_in_the_history_of_a_message(bot: Bot, chat: PrivateChat) -> None:
    """The person sees one message whose text grew."""
    sent = await bot.send_message(chat.id, "He")
    await bot.edit_message_text("Hello", chat_id=chat.id, message_id=sent.message_id)
    await bot.edit_message_text("Hello!", chat_id=chat.id, message_id=sent.message_id)
    assert chat.texts == ["Hello!"]
    assert [shown.text for shown in chat.history_of(chat.last)] == ["He", "Hello", "Hello!"]
    assert chat.last.edits == 2


async def test_an_edit_that_changes_nothing_is_refused(
    fake: FakeTelegram, bot: Bot, chat: PrivateChat
) -> None:
    """The same text and buttons again earn the sentence bots know."""
    sent = await bot.send_message(chat.id, "Hello", reply_markup=keyboard(Stop="s"))
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message content"):
        await bot.edit_message_text(
            " Hello ", chat_id=chat.id, message_id=sent.message_id, reply_markup=keyboard(Stop="s")
        )
    await bot.edit_message_text("Hello", chat_id=chat.id, message_id=sent.message_id)
    assert chat.last.buttons == []
    assert len(fake.rejected) == 1


async def test_only_messages_of_the_bot_that_exist_can_be_edited(bot: Bot, chat: PrivateChat) -> None:
    """A person's message and a deleted one are refused with different sentences."""
    theirs = await chat.say("hello")
    mine = await bot.send_message(chat.id, "hi")
    await bot.delete_message(chat.id, mine.message_id)
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("x", chat_id=chat.id, message_id=theirs.message_id)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("x", chat_id=chat.id, message_id=mine.message_id)


async def test_a_reply_needs_its_message_and_an_exact_quote(bot: Bot, chat: PrivateChat) -> None:
    """A lost target is refused unless the bot allows for it; a quote must be a piece of the text."""
    said = await chat.say("the quick 🦊 jumps")
    good = ReplyParameters(message_id=said.message_id, quote="🦊 jumps")
    sent = await bot.send_message(chat.id, "where?", reply_parameters=good)
    assert sent.quote is not None
    assert sent.quote.position == 10
    with pytest.raises(TelegramBadRequest, match="QUOTE_TEXT_INVALID"):
        await bot.send_message(
            chat.id, "?", reply_parameters=ReplyParameters(message_id=said.message_id, quote="slow")
        )
    await chat.delete(said)
    lost = ReplyParameters(message_id=said.message_id)
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(chat.id, "?", reply_parameters=lost)
    lenient = lost.model_copy(update={"allow_sending_without_reply": True})
    assert (await bot.send_message(chat.id, "?", reply_parameters=lenient)).reply_to_message is None


async def test_topics_keep_their_messages_apart(fake: FakeTelegram, bot: Bot, ann: Person) -> None:
    """A forum's topics carry their id; the General topic and unknown ones cannot be named in a send."""
    forum = fake.group("Board", [ann], forum=True)
    plans = forum.topic("Plans")
    asked = await plans.say(ann, "@parley_bot when?")
    update = (await bot.get_updates())[-1]
    assert update.message is not None
    assert update.message.is_topic_message
    await bot.send_message(forum.id, "soon", message_thread_id=asked.thread_id)
    await bot.send_message(forum.id, "to all")
    assert plans.texts == ["soon"]
    assert forum.texts == ["soon", "to all"]
    await bot.send_chat_action(forum.id, "typing", message_thread_id=1)
    for thread in (1, 4711):
        with pytest.raises(TelegramBadRequest, match="message thread not found"):
            await bot.send_message(forum.id, "?", message_thread_id=thread)


async def test_private_topics_work_like_threads(bot: Bot, chat: PrivateChat) -> None:
    """A person opens a topic; the bot's answer to it lands there."""
    ideas = chat.topic("Ideas")
    said = await ideas.say("a boat?")
    await bot.send_message(chat.id, "yes", reply_parameters=ReplyParameters(message_id=said.message_id))
    assert ideas.texts == ["yes"]


async def test_a_draft_is_seen_until_a_message_takes_its_place(bot: Bot, chat: PrivateChat) -> None:
    """Frames replace each other; the next normal message of the bot removes the draft."""
    await bot.send_message_draft(chat.id, draft_id=7, text="")
    await bot.send_message_draft(chat.id, draft_id=7, text="He")
    draft = chat.draft
    assert draft is not None
    assert draft.text == "He"
    await bot.send_message(chat.id, "Hello")
    assert chat.draft is None
    assert [frame.text for frame in chat.draft_frames] == ["", "He"]


async def test_a_draft_goes_away_by_itself(ann: Person) -> None:
    """Nothing keeps a preview on the screen for long."""
    async with FakeTelegram(draft_seconds=0.02) as fake, bot_on(fake) as bot:
        chat = fake.private(fake.person("Ann"))
        await bot.send_message_draft(chat.id, draft_id=7, text="He")
        await fake.until(lambda: chat.draft is None)


async def test_drafts_are_for_private_chats(bot: Bot, group: Group, chat: PrivateChat) -> None:
    """A group refuses a draft, and so does a draft id of zero."""
    with pytest.raises(TelegramBadRequest, match="TEXTDRAFT_PEER_INVALID"):
        await bot.send_message_draft(group.id, draft_id=1, text="x")
    with pytest.raises(TelegramBadRequest, match="draft"):
        await bot.send_message_draft(chat.id, draft_id=0, text="x")


async def test_the_stop_button_of_a_draft_tells_the_bot(bot: Bot, chat: PrivateChat) -> None:
    """The update names chat and draft, and nobody's user."""
    await bot.send_message_draft(chat.id, draft_id=9, text="He", can_stop=True)
    draft = chat.draft
    assert draft is not None
    await chat.press_stop(draft)
    stopped = (await bot.get_updates())[-1].stopped_message_generation
    assert stopped is not None
    assert (stopped.chat.id, stopped.draft_id) == (chat.id, 9)
    assert chat.draft is None


async def test_a_rich_message_is_read_as_its_plain_text(bot: Bot, chat: PrivateChat) -> None:
    """Markdown becomes blocks; the message has no text on the wire but can be read in the chat."""
    markdown = "# Title\n\nSome **bold** words\n\n|a|b|\n|-|-|\n|1|2|\n\n1. one\n2. two\n"
    sent = await bot.send_rich_message(chat.id, InputRichMessage(markdown=markdown))
    assert sent.text is None
    assert sent.rich_message is not None
    assert [block.type for block in sent.rich_message.blocks] == ["heading", "paragraph", "table", "list"]
    assert chat.last.text == "Title\nSome bold words\na | b\n1 | 2\n1. one\n2. two"
    await bot.edit_message_text(
        chat_id=chat.id, message_id=sent.message_id, rich_message=InputRichMessage(markdown="Done")
    )
    assert chat.texts == ["Done"]


@pytest.mark.parametrize(
    ("rich", "reason"),
    [
        (InputRichMessage(markdown=" "), "RICH_MESSAGE_CONTENT_REQUIRED"),
        (InputRichMessage(markdown="a", html="b"), "RICH_MESSAGE_CONTENT_REQUIRED"),
        (InputRichMessage(markdown="x" * 32_769), "message is too long"),
        (InputRichMessage(markdown="- a\n" * 500), "RICH_MESSAGE_BLOCKS_TOO_MUCH"),
        (InputRichMessage(markdown="|a" * 21 + "|\n" + "|-" * 21 + "|\n"), "too many table columns"),
    ],
)
async def test_a_rich_message_has_limits(
    bot: Bot, chat: PrivateChat, rich: InputRichMessage, reason: str
) -> None:
    """Exactly one form of content, 32 768 characters, 500 blocks, 20 columns."""
    with pytest.raises(TelegramBadRequest, match=reason):
        await bot.send_rich_message(chat.id, rich)


async def test_a_pressed_button_gets_the_answer_of_the_bot(
    fake: FakeTelegram, bot: Bot, chat: PrivateChat
) -> None:
    """The person names the button by its label and sees the text the bot answers."""
    await bot.send_message(chat.id, "Sure?", reply_markup=keyboard(Yes="y", No="n"))
    press = asyncio.create_task(chat.press(chat.last, "Yes"))
    query = (await bot.get_updates(timeout=5))[0].callback_query
    assert query is not None
    assert query.data == "y"
    await bot.answer_callback_query(query.id, text="done")
    assert (await press).text == "done"
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query("123")
    with pytest.raises(AssertionError, match="no button 'Maybe'"):
        await chat.press(chat.last, "Maybe")


async def test_callback_data_has_at_most_64_bytes(bot: Bot, chat: PrivateChat) -> None:
    """Longer data, counted in bytes, is refused."""
    with pytest.raises(TelegramBadRequest, match="BUTTON_DATA_INVALID"):
        await bot.send_message(chat.id, "x", reply_markup=keyboard(x="ж" * 33))


async def test_uploads_keep_their_bytes(bot: Bot, fake: FakeTelegram, chat: PrivateChat) -> None:
    """A voice note of the bot can be fetched again, and is what the person hears."""
    voice = BufferedInputFile(b"OggS" * 1000, filename="a.ogg")
    sent = await bot.send_voice(chat.id, voice, caption="*listen*", parse_mode="MarkdownV2", duration=4)
    assert sent.voice is not None
    assert (sent.voice.duration, sent.caption) == (4, "listen")
    fetched = await bot.download(sent.voice)
    assert fetched is not None
    assert fetched.read() == b"OggS" * 1000
    assert chat.last.file is not None
    assert chat.last.file.data == b"OggS" * 1000
    again = await bot.send_voice(chat.id, sent.voice.file_id)
    assert again.voice is not None
    assert again.voice.file_unique_id == sent.voice.file_unique_id


async def test_what_a_person_sends_can_be_downloaded(bot: Bot, chat: PrivateChat) -> None:
    """Photos, voice notes, documents and places arrive with files the bot can fetch; 20 MB is the limit."""
    await chat.send_photo(b"jpeg", caption="look")
    await chat.send_document(b"pdf", name="a.pdf", mime_type="application/pdf")
    await chat.send_video_note(b"mp4")
    await chat.send_location(52.5, 13.4)
    await chat.send_voice(b"ogg", size=21_000_000)
    messages = [update.message for update in await bot.get_updates() if update.message]
    kinds = [message.content_type for message in messages]
    assert kinds == ["photo", "document", "video_note", "location", "voice"]
    photo, document, voice = messages[0], messages[1].document, messages[4].voice
    assert photo.photo
    assert photo.caption == "look"
    fetched = await bot.download(photo.photo[-1])
    assert fetched is not None
    assert fetched.read() == b"jpeg"
    assert document is not None
    assert document.file_name == "a.pdf"
    assert voice is not None
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await bot.get_file(voice.file_id)


async def test_albums_arrive_as_messages_of_one_group(bot: Bot, chat: PrivateChat) -> None:
    """Both ways an album is several messages sharing an id, the caption on the first."""
    await chat.send_album([b"1", b"2"], caption="both")
    messages = [update.message for update in await bot.get_updates()]
    assert [message and message.caption for message in messages] == ["both", None]
    assert len({message.media_group_id for message in messages if message}) == 1
    media = [InputMediaPhoto(media=BufferedInputFile(data, "a.jpg")) for data in (b"3", b"4")]
    sent = await bot.send_media_group(chat.id, list(media))
    assert [message.file and message.file.data for message in chat.bot_messages] == [b"3", b"4"]
    assert sent[0].media_group_id == sent[1].media_group_id


async def test_forwards_tell_where_they_come_from(bot: Bot, fake: FakeTelegram, chat: PrivateChat) -> None:
    """A user, a hidden user and a channel are three kinds of origin."""
    await chat.forward("a", origin=fake.person("Eve"))
    await chat.forward("b", origin="Somebody")
    await chat.forward("c", origin=ChannelOrigin(title="News"))
    messages = [update.message for update in await bot.get_updates()]
    origins = [message.forward_origin for message in messages if message and message.forward_origin]
    assert [origin.type for origin in origins] == ["user", "hidden_user", "channel"]


async def test_privacy_mode_hides_what_people_say_to_each_other(
    bot: Bot, fake: FakeTelegram, group: Group, ann: Person
) -> None:
    """In a group the bot sees commands, mentions and replies to it, until it is an administrator."""
    mine = await bot.send_message(group.id, "hi all")
    heard = [
        await group.say(ann, "/help"),
        await group.say(ann, "hey @Parley_Bot!"),
        await group.say(ann, "thanks", reply_to=group.last if group.last.from_bot else group.bot_messages[0]),
    ]
    await group.say(ann, "lunch?")
    await group.say(ann, "/start@other_bot")
    assert [m.message.message_id for m in await bot.get_updates() if m.message] == [
        m.message_id for m in heard
    ]
    group.promote_bot()
    await group.say(ann, "lunch?")
    assert [update.event_type for update in await bot.get_updates()][-2:] == ["my_chat_member", "message"]
    assert mine.chat.id == group.id


async def test_a_block_is_told_and_refuses_every_send(bot: Bot, chat: PrivateChat, group: Group) -> None:
    """403 with the sentence for each case; unblocking and adding the bot again end it."""
    chat.block()
    group.kick_bot()
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(chat.id, "?")
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the group chat"):
        await bot.send_message(group.id, "?")
    chat.unblock()
    group.add_bot()
    await bot.send_message(chat.id, "again")
    await bot.send_message(group.id, "again")
    statuses = [u.my_chat_member.new_chat_member.status for u in await bot.get_updates() if u.my_chat_member]
    assert statuses == ["kicked", "kicked", "member", "member"]


async def test_strangers_cannot_be_written_to(bot: Bot, fake: FakeTelegram) -> None:
    """A person who never wrote, and an id nobody has."""
    with pytest.raises(TelegramForbiddenError, match="bot can't initiate conversation with a user"):
        await bot.send_message(fake.person("Eve").id, "hi")
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.send_message(42, "hi")


async def test_an_upgraded_group_has_a_new_id(bot: Bot, group: Group, ann: Person) -> None:
    """The old id is refused with the new one; service messages on both sides name each other."""
    await group.say(ann, "/before")
    old = group.id
    group.upgrade()
    with pytest.raises(TelegramMigrateToChat) as refused:
        await bot.send_message(old, "?")
    assert refused.value.migrate_to_chat_id == group.id != old
    await bot.send_message(group.id, "here")
    messages = [update.message for update in await bot.get_updates()]
    assert [message and message.migrate_to_chat_id for message in messages] == [None, group.id, None]
    assert [message and message.migrate_from_chat_id for message in messages] == [None, None, old]
    assert [message.text for message in group.messages] == ["/before", "", "", "here"]


async def test_commands_are_kept_by_scope_and_language(bot: Bot, fake: FakeTelegram) -> None:
    """People see the menu that was set for them."""
    await bot.set_my_commands([BotCommand(command="help", description="Help")], language_code="en")
    await bot.set_my_name("Parley")
    assert [command["command"] for command in fake.commands(language="en")] == ["help"]
    assert fake.commands() == []
    me = await bot.get_me()
    assert (me.username, me.can_read_all_group_messages) == ("parley_bot", False)


async def test_members_can_be_asked_for(bot: Bot, group: Group, ann: Person) -> None:
    """Owner, bot, count and full chat."""
    owner = await bot.get_chat_member(group.id, ann.id)
    myself = await bot.get_chat_member(group.id, bot.id)
    assert (owner.status, myself.status) == ("creator", "member")
    assert await bot.get_chat_member_count(group.id) == 3
    assert (await bot.get_chat(group.id)).title == "Team"
    await bot.leave_chat(group.id)
    with pytest.raises(TelegramForbiddenError, match="not a member"):
        await bot.send_message(group.id, "?")


async def test_waiting_in_vain_prints_what_the_chat_shows(fake: FakeTelegram, chat: PrivateChat) -> None:
    """A failed wait tells the whole story in its message."""
    await chat.say("hello")
    with pytest.raises(AssertionError, match=r"private 'Ann'[\s\S]+Ann: 'hello'"):
        await fake.until(lambda: False, seconds=0.01)
