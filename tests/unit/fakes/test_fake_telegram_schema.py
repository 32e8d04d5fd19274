"""The fake Telegram speaks the Bot API as its schema has it: names, parameters, fields of results."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiogram.methods
import pytest
from aiogram.methods import TelegramMethod

from tests.fakes.telegram import ChannelOrigin, FakeTelegram, Group, Person, PrivateChat
from tests.fakes.telegram.gateway import ASYNC_METHODS, SYNC_METHODS
from tests.fakes.telegram.parameters import SIGNATURES
from tests.fakes.telegram.rich import BLOCK_FIELDS
from tests.fakes.telegram.schema import Schema, load

from .telegram_bot import post

SCALARS: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "String": (str,),
    "Boolean": (bool,),
    "True": (bool,),
    "Float": (int, float),
}
RESULTS = {
    "getMe": "User",
    "getUpdates": "Array of Update",
    "getWebhookInfo": "WebhookInfo",
    "getMyCommands": "Array of BotCommand",
    "getChat": "ChatFullInfo",
    "getChatMember": "ChatMember",
    "getChatMemberCount": "Integer",
    "getChatAdministrators": "Array of ChatMember",
    "getFile": "File",
    "copyMessage": "MessageId",
    "createForumTopic": "ForumTopic",
    "sendMediaGroup": "Array of Message",
}
MESSAGES = frozenset(
    name
    for name in SIGNATURES
    if name.startswith(("send", "edit", "forward"))
    and name not in RESULTS
    and not name.endswith(("Draft", "ChatAction"))
)


@pytest.fixture(scope="module")
def schema() -> Schema:
    """Bot API 10.3."""
    return load()


def test_every_method_takes_exactly_the_parameters_of_the_schema(schema: Schema) -> None:
    """No name is made up, none is missing, and the required ones agree."""
    for method, signature in SIGNATURES.items():
        fields = schema.methods[method]
        assert signature.names == fields.keys(), method
        assert signature.required == {name for name, field in fields.items() if field.required}, method


def test_every_method_with_parameters_is_carried() -> None:
    """The tables of names and of handlers list the same methods."""
    assert SIGNATURES.keys() == SYNC_METHODS.keys() | ASYNC_METHODS.keys()


def test_the_blocks_of_rich_messages_are_those_of_the_schema(schema: Schema) -> None:
    """Each kind of block requires the fields it requires in Telegram."""
    named = {"heading": "SectionHeading", "pre": "Preformatted", "blockquote": "BlockQuotation"}
    named |= {"expandable_blockquote": "ExpandableBlockQuotation", "pullquote": "PullQuotation"}
    for kind, required in BLOCK_FIELDS.items():
        name = named.get(kind, "".join(word.capitalize() for word in kind.split("_")))
        fields = schema.objects[f"InputRichBlock{name}"]
        assert {"type", *required} == {name for name, field in fields.items() if field.required}, kind


def complaints(schema: Schema, kind: str, value: Any, path: str) -> Iterator[str]:
    """Where a value departs from a type of the schema."""
    if kind.startswith("Array of "):
        assert isinstance(value, list), path
        for index, item in enumerate(value):
            yield from complaints(schema, kind.removeprefix("Array of "), item, f"{path}[{index}]")
    elif " or " in kind or kind in schema.variants:
        yield from _complaints_of_union(schema, kind, value, path)
    elif kind in SCALARS:
        if not isinstance(value, SCALARS[kind]) or (kind == "Integer" and isinstance(value, bool)):
            yield f"{path}: {value!r} is no {kind}"
    else:
        yield from _complaints_of_object(schema, kind, value, path)


def _complaints_of_union(schema: Schema, kind: str, value: Any, path: str) -> Iterator[str]:
    if kind == "RichText" and isinstance(value, str):
        return
    if kind == "RichText" and isinstance(value, list):
        yield from complaints(schema, "Array of RichText", value, path)
        return
    members = schema.variants.get(kind) or kind.split(" or ")
    tried = [list(complaints(schema, member, value, path)) for member in members]
    if all(tried):
        yield f"{path}: no member of {kind} fits: {min(tried, key=len)}"


def _complaints_of_object(schema: Schema, kind: str, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no {kind}"
        return
    fields = schema.objects[kind]
    for name in value.keys() - fields.keys():
        yield f"{path}: {kind} has no field {name!r}"
    for name, field in fields.items():
        if name in value:
            yield from complaints(schema, field.kind, value[name], f"{path}.{name}")
        elif field.required:
            yield f"{path}: {kind} needs the field {name!r}"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    """A platform without flood control."""
    async with FakeTelegram(flood="off", private_topics=True) as fake:
        yield fake


async def people_do_everything(fake: FakeTelegram, chat: PrivateChat, group: Group, forum: Group) -> None:
    """Cause every kind of update the fake knows."""
    ann, eve = chat.person, fake.person("Eve", username="eve_1")
    hello = await chat.say("hello @x_yz https://x.org")
    await chat.say("again", reply_to=hello, quote="hello")
    await chat.edit(hello, "hello!")
    await chat.react(hello, "👍")
    await people_send_files(chat)
    for origin in (eve, "Hidden", ChannelOrigin(title="News", username="news")):
        await chat.forward("news", origin=origin)
    chat.topic("Ideas")
    chat.block()
    chat.unblock()
    await forum.topic("Plans").say(ann, "/x")
    group.join(eve)
    group.leave(eve)
    group.promote_bot()
    group.kick_bot()
    group.add_bot()
    group.upgrade()
    await group.say(ann, "/y", reply_to=group.last)


async def people_send_files(chat: PrivateChat) -> None:
    """Cause every kind of content."""
    await chat.send_photo(b"1", caption="look")
    await chat.send_voice(b"2")
    await chat.send_audio(b"3")
    await chat.send_video(b"4")
    await chat.send_video_note(b"5")
    await chat.send_document(b"6", name="a.txt", mime_type="text/plain")
    await chat.send_sticker(b"7")
    await chat.send_location(1.5, 2.5)
    await chat.send_album([b"8", b"9"], caption="both")


def bot_calls(
    chat: int, group: int, forum: int, ann: Person, file_id: str
) -> list[tuple[str, dict[str, Any]]]:
    """A call of every method, in an order in which each succeeds."""
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    markdown = "# T\n\n> q **b** *i* ~~s~~ `c` [l](https://x.org)\n\n- a\n- b\n\n---\n\n```py\nx\n```\n"
    table = "\n|a|\n|-|\n|b|\n"
    to = {"chat_id": chat}
    mine = {**to, "message_id": None}
    web = "https://files.example/a"
    album = [{"type": "photo", "media": web}, {"type": "photo", "media": web}]
    media = [
        (f"send{kind.capitalize()}", {**to, kind: web, "caption": "c"})
        for kind in ("document", "voice", "audio", "video", "photo")
    ]
    return [
        ("getMe", {}),
        ("getChat", {"chat_id": group}),
        ("getChatMemberCount", {"chat_id": group}),
        ("getChatMember", {"chat_id": group, "user_id": ann.id}),
        ("getChatAdministrators", {"chat_id": forum, "return_bots": True}),
        ("setMyCommands", {"commands": [{"command": "a", "description": "b"}]}),
        ("getMyCommands", {}),
        ("deleteMyCommands", {}),
        ("setMyName", {"name": "x"}),
        ("setMyDescription", {}),
        ("setMyShortDescription", {}),
        ("setChatMenuButton", {}),
        ("getFile", {"file_id": file_id}),
        ("sendMessageDraft", {**to, "draft_id": 1, "text": "x", "can_stop": True}),
        ("sendRichMessageDraft", {**to, "draft_id": 1, "rich_message": {"markdown": "x"}, "can_stop": True}),
        ("sendChatAction", {**to, "action": "typing"}),
        ("sendMessage", {**to, "text": "<b>x</b>", "parse_mode": "HTML", "reply_markup": markup}),
        ("editMessageText", {**mine, "text": "y", "reply_markup": markup}),
        ("editMessageReplyMarkup", mine),
        ("pinChatMessage", mine),
        ("setMessageReaction", mine),
        ("forwardMessage", {**mine, "from_chat_id": chat}),
        ("copyMessage", {**mine, "from_chat_id": chat}),
        ("sendRichMessage", {**to, "rich_message": {"markdown": markdown + table}}),
        ("sendMediaGroup", {**to, "media": album}),
        *media,
        ("editMessageMedia", {**mine, "media": {"type": "photo", "media": file_id, "caption": "c"}}),
        ("editMessageCaption", {**mine, "caption": "d"}),
        ("deleteMessage", mine),
        ("deleteMessages", {**to, "message_ids": [1]}),
        ("createForumTopic", {"chat_id": forum, "name": "n"}),
        ("getWebhookInfo", {}),
        ("leaveChat", {"chat_id": group}),
        ("logOut", {}),
        ("close", {}),
    ]


async def test_everything_the_fake_says_fits_the_schema(fake: FakeTelegram, schema: Schema) -> None:
    """Results of all methods and updates of all kinds have fields of the schema, and all required ones."""
    ann = fake.person("Ann")
    chat, group = fake.private(ann), fake.group("Team", [ann])
    forum = fake.group("Board", [ann], forum=True)
    await post(fake, "getUpdates", json={"allowed_updates": ["message_reaction", *schema.objects["Update"]]})
    await people_do_everything(fake, chat, group, forum)
    forum.promote_bot()
    fake.serve_on_the_web("https://files.example/a", b"bytes")
    found: list[str] = []
    photo = next(message for message in chat.messages if message.kind == "photo")
    assert photo.file is not None
    calls = bot_calls(chat.id, group.id, forum.id, ann, photo.file.file_id)
    for method, params in calls:
        if params.get("message_id", 0) is None:
            params = {**params, "message_id": chat.bot_messages[-1].message_id}
        status, body = await post(fake, method, json=params)
        assert status == 200, (method, body)
        kind = RESULTS.get(method, "Message" if method in MESSAGES else "Boolean")
        found += complaints(schema, kind, body["result"], method)
        if method == "sendMessage":
            answer = chat.push_button(chat.last, "Go")
            query = fake.updates[-1]["callback_query"]["id"]
            await post(fake, "answerCallbackQuery", json={"callback_query_id": query})
            assert (await answer).text == ""
        if method == "sendRichMessageDraft":
            draft = chat.draft
            assert draft is not None
            await chat.press_stop(draft)
    for update in fake.updates:
        found += complaints(schema, "Update", update, "update")
    assert found == []
    assert (fake.violations, fake.rejected) == ([], [])
    assert {method for method, _ in calls} | ASYNC_METHODS.keys() | {
        "answerCallbackQuery"
    } == SIGNATURES.keys()


def test_aiogram_knows_every_method() -> None:
    """The library the bot uses has a class for each method the fake carries."""
    classes = [getattr(aiogram.methods, f"{name[0].upper()}{name[1:]}") for name in SIGNATURES]
    assert all(issubclass(cls, TelegramMethod) for cls in classes)
