"""The fake Slack behaves to a real app as Slack does, and shows the test what people see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import DirectMessages, FakeSlack, Person, Room
from tests.fakes.slack.rendering import read_blocks

from .slack_app import bolt_on, client_on, post, socket_mode


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A workspace without rate limits, in which the app must not earn a complaint unnoticed."""
    async with FakeSlack(tiers="off") as slack:
        yield slack
        assert slack.violations == []


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    """slack_sdk, pointed at the fake."""
    async with client_on(slack) as client:
        yield client


@pytest.fixture
def ann(slack: FakeSlack) -> Person:
    """Somebody who writes to the bot."""
    return slack.person("Ann Lee", locale="de-DE")


@pytest.fixture
def bob(slack: FakeSlack) -> Person:
    """Somebody else."""
    return slack.person("Bob")


@pytest.fixture
def dm(slack: FakeSlack, ann: Person) -> DirectMessages:
    """Ann's direct messages with the bot."""
    return slack.dm(ann)


@pytest.fixture
def general(slack: FakeSlack, ann: Person, bob: Person) -> Room:
    """A public channel of Ann and Bob."""
    return slack.channel("general", [ann, bob])


def told(slack: FakeSlack, kind: str) -> list[dict[str, Any]]:
    """The events of a type the app was told."""
    return [d.event for d in slack.deliveries if d.event.get("type") == kind]


async def test_a_message_reaches_a_bolt_app_and_its_answer_the_person(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """By Socket Mode: the app reads who said what, answers in the thread, and acknowledges its own echo."""
    app = bolt_on(slack, client)

    @app.event("message")
    async def answer(event: dict[str, Any], say: Any) -> None:
        await say(text=f"hi {event['user']}", thread_ts=event["ts"])

    async with socket_mode(slack, app):
        asked = await dm.say("hello")
        await slack.until(lambda: dm.texts and not slack.unacknowledged)
    assert dm.thread(asked).texts == [f"hi {dm.person.id}"]
    assert dm.timeline == [asked]
    assert len(slack.calls_of("chat.postMessage")) == 1


async def test_a_mention_is_told_twice_under_different_event_ids(
    slack: FakeSlack, general: Room, ann: Person
) -> None:
    """app_mention and message.channels name the same ts and client_msg_id."""
    said = await general.say(ann, f"{slack.mention} hello")
    bodies = [delivery.payload for delivery in slack.deliveries]
    kinds = [(body["event"]["type"], body["event"].get("channel_type")) for body in bodies]
    assert kinds == [("message", "channel"), ("app_mention", None)]
    assert bodies[0]["event_id"] != bodies[1]["event_id"]
    assert {body["event"]["ts"] for body in bodies} == {said.ts}
    assert {body["event"]["client_msg_id"] for body in bodies} == {said.client_msg_id}


async def test_the_body_of_an_event_has_every_field_of_the_envelope(
    slack: FakeSlack, dm: DirectMessages
) -> None:
    """Team, app, authorizations, ids and time stand around the event."""
    await dm.say("hello")
    (delivery,) = slack.deliveries
    body = delivery.payload
    assert (body["type"], body["team_id"]) == ("event_callback", slack.team_id)
    assert body["authorizations"][0]["user_id"] == slack.bot_user_id
    assert not body["is_ext_shared_channel"]
    assert body.keys() >= {"api_app_id", "event_id", "event_time", "event_context", "token"}
    assert body["event"]["channel_type"] == "im"
    assert body["event"]["blocks"][0]["type"] == "rich_text"


async def test_what_the_app_writes_comes_back_as_an_event_of_a_bot(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """New, changed and deleted messages are told, the last two hidden with the message nested."""
    sent = await client.chat_postMessage(channel=dm.id, text="one")
    await client.chat_update(channel=dm.id, ts=sent["ts"], text="two")
    await client.chat_delete(channel=dm.id, ts=sent["ts"])
    new, changed, deleted = told(slack, "message")
    assert (new["bot_id"], new["user"], new["text"]) == (slack.bot.bot_id, slack.bot_user_id, "one")
    assert (changed["subtype"], changed["hidden"], changed["message"]["text"]) == (
        "message_changed",
        True,
        "two",
    )
    assert changed["previous_message"]["text"] == "one"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", sent["ts"])
    assert dm.messages == []


async def test_what_people_change_is_told_with_what_it_was(
    slack: FakeSlack, general: Room, ann: Person, bob: Person
) -> None:
    """Edits carry an edited mark; a deleted root with replies leaves a tombstone."""
    root = await general.say(ann, "lunch?")
    await general.edit(root, "dinner?")
    await general.reply(bob, root, "yes", broadcast=True)
    await general.delete(root)
    edit, reply, gone = told(slack, "message")[1:]
    assert (edit["message"]["edited"]["user"], edit["message"]["text"]) == (ann.id, "dinner?")
    assert (reply["subtype"], reply["thread_ts"], reply["parent_user_id"]) == (
        "thread_broadcast",
        root.ts,
        ann.id,
    )
    assert (gone["subtype"], gone["message"]["subtype"]) == ("message_changed", "tombstone")
    assert [message.text for message in general.messages] == ["yes"]


async def test_reactions_go_both_ways(
    slack: FakeSlack, client: AsyncWebClient, general: Room, ann: Person
) -> None:
    """A person's reaction is told; the app can add its own once."""
    said = await general.say(ann, "done")
    await general.react(ann, said, "tada")
    await client.reactions_add(channel=general.id, timestamp=said.ts, name="eyes")
    with pytest.raises(SlackApiError, match="already_reacted"):
        await client.reactions_add(channel=general.id, timestamp=said.ts, name="eyes")
    assert said.reactions == {"tada": [ann.id], "eyes": [slack.bot_user_id]}
    await client.reactions_remove(channel=general.id, timestamp=said.ts, name="eyes")
    await general.by(ann).unreact(said, "tada")
    assert [event["reaction"] for event in told(slack, "reaction_removed")] == ["tada"]
    assert told(slack, "reaction_added")[0]["item"]["ts"] == said.ts


async def test_members_guests_strangers_and_bots_can_be_told_apart(
    slack: FakeSlack, client: AsyncWebClient, ann: Person
) -> None:
    """users.info has the flags; a shared channel and a stranger's messages say so."""
    gus, eve, zap = slack.guest("Gus"), slack.stranger("Eve", team="T_OTHER"), slack.other_bot("Zap")
    shared = slack.channel("partners", [ann, gus, eve, zap])
    await shared.say(eve, "hello")
    await shared.say(zap, "beep")
    event, beep = told(slack, "message")
    assert (event["user_team"], event["team"]) == ("T_OTHER", "T_OTHER")
    assert slack.deliveries[0].payload["is_ext_shared_channel"]
    assert (beep["bot_id"], "client_msg_id" in beep) == (zap.bot_id, False)
    infos = [(await client.users_info(user=p.id, include_locale=True))["user"] for p in (ann, gus, eve, zap)]
    assert [info["is_restricted"] for info in infos] == [False, True, False, False]
    assert [info.get("is_stranger", False) for info in infos] == [False, False, True, False]
    assert [info["is_bot"] for info in infos] == [False, False, False, True]
    assert infos[0]["locale"] == "de-DE"
    listed = (await client.users_list())["members"]
    assert eve.id not in {member["id"] for member in listed}


async def test_channels_can_be_looked_up_and_paged_through(
    slack: FakeSlack, client: AsyncWebClient, general: Room, dm: DirectMessages, ann: Person, bob: Person
) -> None:
    """info, members, list, open, history and replies."""
    root = await general.say(ann, "root")
    for number in range(20):
        await general.reply(bob, root, str(number))
    info = (await client.conversations_info(channel=general.id))["channel"]
    assert (info["name"], info["is_member"], info["is_private"]) == ("general", True, False)
    assert (await client.conversations_members(channel=general.id))["members"] == [
        ann.id,
        bob.id,
        slack.bot_user_id,
    ]
    assert (await client.conversations_open(users=[ann.id]))["channel"]["id"] == dm.id
    kinds = "public_channel,im"
    listed = (await client.conversations_list(types=kinds))["channels"]
    assert {channel["id"] for channel in listed} == {dm.id, general.id}
    page = await client.conversations_replies(channel=general.id, ts=root.ts, limit=100)
    assert (len(page["messages"]), page["has_more"]) == (15, True)
    cursor = page["response_metadata"]["next_cursor"]
    rest = await client.conversations_replies(channel=general.id, ts=root.ts, cursor=cursor)
    assert [message["text"] for message in rest["messages"]] == [str(n) for n in range(14, 20)]
    history = (await client.conversations_history(channel=general.id))["messages"]
    assert [(message["text"], message["reply_count"]) for message in history] == [("root", 20)]


async def test_the_bot_hears_and_writes_only_where_it_is(
    slack: FakeSlack, client: AsyncWebClient, ann: Person
) -> None:
    """A public channel says not_in_channel, a private one does not exist, an archived one is closed."""
    public = slack.channel("random", [ann], bot=False)
    private = slack.channel("board", [ann], private=True, bot=False)
    await public.say(ann, f"{slack.mention}?")
    assert slack.deliveries == []
    with pytest.raises(SlackApiError, match="not_in_channel"):
        await client.chat_postMessage(channel=public.id, text="x")
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.chat_postMessage(channel=private.id, text="x")
    public.add_bot()
    await client.chat_postMessage(channel=public.id, text="x")
    public.archive()
    with pytest.raises(SlackApiError, match="is_archived"):
        await client.chat_postMessage(channel=public.id, text="x")
    public.remove_bot()
    assert [event["user"] for event in told(slack, "member_left_channel")] == [slack.bot_user_id]


async def test_only_messages_of_the_app_that_exist_can_be_changed(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """Each wrong target has its word, and all of them count as earned."""
    theirs = await dm.say("hello")
    with pytest.raises(SlackApiError, match="cant_update_message"):
        await client.chat_update(channel=dm.id, ts=theirs.ts, text="x")
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        await client.chat_delete(channel=dm.id, ts=theirs.ts)
    with pytest.raises(SlackApiError, match="message_not_found"):
        await client.chat_update(channel=dm.id, ts="1.000001", text="x")
    with pytest.raises(SlackApiError, match="thread_not_found"):
        await client.chat_postMessage(channel=dm.id, thread_ts="1.000001", text="x")
    assert [call.error for call in slack.rejected] == [
        "cant_update_message",
        "cant_delete_message",
        "message_not_found",
        "thread_not_found",
    ]


async def test_people_see_the_text_of_blocks_markdown_and_mrkdwn(
    client: AsyncWebClient, dm: DirectMessages
) -> None:
    """Blocks hide the fallback text; mrkdwn has its entities resolved; markdown stays as it is."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Plan"}},
        {"type": "markdown", "text": "**bold** & more"},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a &lt; b"}},
        {"type": "context", "elements": [{"type": "plain_text", "text": "small"}]},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}],
        },
    ]
    await client.chat_postMessage(channel=dm.id, text="fallback", blocks=blocks)
    await client.chat_postMessage(channel=dm.id, text="1 &lt; 2")
    await client.chat_postMessage(channel=dm.id, markdown_text="# Title")
    assert dm.texts == ["Plan\n**bold** & more\na < b\nsmall", "1 < 2", "# Title"]
    assert dm.messages[0].buttons == ["Go"]


def test_tables_rich_text_and_cards_can_be_read() -> None:
    """Cells side by side, inline pieces together, buttons and menus left out."""
    section = {
        "type": "rich_text_section",
        "elements": [
            {"type": "text", "text": "hi "},
            {"type": "user", "user_id": "U1"},
            {"type": "emoji", "name": "wave"},
            {"type": "link", "url": "https://a.example"},
        ],
    }
    cells = [{"type": "raw_text", "text": "a"}, {"type": "rich_text", "elements": [section]}]
    blocks: list[dict[str, Any]] = [
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "elements": [section]}]},
        {"type": "table", "rows": [cells]},
        {"type": "card", "title": {"type": "plain_text", "text": "Card"}},
        {"type": "container", "blocks": [{"type": "image", "alt_text": "a cat", "image_url": "x"}]},
        {"type": "input", "label": {"type": "plain_text", "text": "Name"}, "element": {}},
        {"type": "plan", "title": "Plan"},
        {"type": "divider"},
    ]
    inline = "hi <@U1>:wave:https://a.example"
    assert read_blocks(blocks) == f"{inline}\na | {inline}\nCard\na cat\nName\nPlan"


async def test_the_app_can_ask_about_itself_and_link_to_a_message(
    slack: FakeSlack, client: AsyncWebClient, general: Room, ann: Person
) -> None:
    """Team, bot, permalink, and the arguments it sent."""
    said = await general.say(ann, "hello")
    assert (await client.team_info())["team"]["id"] == slack.team_id
    assert (await client.bots_info(bot=slack.bot.bot_id))["bot"]["user_id"] == slack.bot_user_id
    link = await client.chat_getPermalink(channel=general.id, message_ts=said.ts)
    assert link["permalink"].endswith(f"/archives/{general.id}/p{said.ts.replace('.', '')}")
    assert (await client.api_test())["ok"]
    for call, word in (
        (client.bots_info(bot="B0"), "bot_not_found"),
        (client.users_info(user="U0"), "user_not_found"),
    ):
        with pytest.raises(SlackApiError, match=word):
            await call


async def test_people_come_and_go(slack: FakeSlack, general: Room, ann: Person) -> None:
    """The app is told; with a stranger the channel becomes a shared one; who is out cannot write."""
    eve = slack.stranger("Eve")
    general.join(eve)
    assert general.channel.external
    general.leave(ann)
    kinds = [(event["type"], event["user"]) for event in (d.event for d in slack.deliveries)]
    assert kinds == [("member_joined_channel", eve.id), ("member_left_channel", ann.id)]
    with pytest.raises(AssertionError, match="Ann Lee is not in 'general'"):
        await general.say(ann, "hello?")


async def test_edits_are_kept_in_the_history_of_a_message(client: AsyncWebClient, dm: DirectMessages) -> None:
    """The person sees one message whose text grew."""
    sent = await client.chat_postMessage(channel=dm.id, text="He")
    await client.chat_update(channel=dm.id, ts=sent["ts"], text="Hello")
    await client.chat_update(channel=dm.id, ts=sent["ts"], text="Hello!")
    assert dm.texts == ["Hello!"]
    assert [shown.text for shown in dm.history_of(dm.last)] == ["He", "Hello", "Hello!"]


async def test_every_encoding_of_a_call_is_read(slack: FakeSlack, dm: DirectMessages) -> None:
    """JSON, form and query carry the same parameters, blocks as JSON text too."""
    blocks = '[{"type": "markdown", "text": "in blocks"}]'
    await post(slack, "chat.postMessage", json={"channel": dm.id, "text": "json"})
    await post(slack, "chat.postMessage", data={"channel": dm.id, "text": "form"})
    await post(slack, "chat.postMessage", params={"channel": dm.id, "text": "x", "blocks": blocks})
    assert dm.texts == ["json", "form", "in blocks"]


async def test_tokens_are_looked_at(slack: FakeSlack, client: AsyncWebClient) -> None:
    """No token, a wrong one, and the wrong kind; after an uninstall none is good."""
    who = await client.auth_test()
    assert (who["user_id"], who["bot_id"], who["team_id"]) == (
        slack.bot_user_id,
        slack.bot.bot_id,
        slack.team_id,
    )
    for header, word in (("", "not_authed"), ("Bearer nonsense", "invalid_auth")):
        status, body, _ = await post(slack, "auth.test", headers={"Authorization": header})
        assert (status, body) == (200, {"ok": False, "error": word})
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.apps_connections_open(app_token=slack.bot_token)
    slack.uninstall()
    assert [d.event["type"] for d in slack.deliveries] == ["tokens_revoked", "app_uninstalled"]
    with pytest.raises(SlackApiError, match="account_inactive"):
        await client.auth_test()


async def test_waiting_in_vain_prints_what_the_channels_show(slack: FakeSlack, dm: DirectMessages) -> None:
    """A failed wait tells the whole story in its message."""
    await dm.say("hello")
    with pytest.raises(AssertionError, match=r"im 'ann.lee'[\s\S]+Ann Lee: 'hello'"):
        await slack.until(lambda: False, seconds=0.01)
