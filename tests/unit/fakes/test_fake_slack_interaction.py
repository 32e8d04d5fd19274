"""People press, choose, submit, type commands and exchange files with the app as in Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import DirectMessages, FakeSlack, Person, Room

from .slack_app import HandClock, bolt_on, client_on, socket_mode


@pytest.fixture
def clock() -> HandClock:
    """The time of triggers and response URLs."""
    return HandClock()


@pytest.fixture
async def slack(clock: HandClock) -> AsyncIterator[FakeSlack]:
    """A workspace without rate limits, in which the app must not earn a complaint unnoticed."""
    async with FakeSlack(tiers="off", clock=clock) as slack:
        yield slack
        assert slack.violations == []


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    """slack_sdk, pointed at the fake."""
    async with client_on(slack) as client:
        yield client


@pytest.fixture
async def app(slack: FakeSlack, client: AsyncWebClient) -> AsyncIterator[AsyncApp]:
    """A bolt app, connected by Socket Mode; listeners can still be added."""
    app = bolt_on(slack, client)

    @app.event("message")
    async def ignore() -> None:
        pass

    async with socket_mode(slack, app):
        yield app


@pytest.fixture
def ann(slack: FakeSlack) -> Person:
    """Somebody."""
    return slack.person("Ann")


@pytest.fixture
def bob(slack: FakeSlack) -> Person:
    """Somebody else."""
    return slack.person("Bob")


@pytest.fixture
def general(slack: FakeSlack, ann: Person, bob: Person) -> Room:
    """A public channel of Ann and Bob."""
    return slack.channel("general", [ann, bob])


@pytest.fixture
def dm(slack: FakeSlack, ann: Person) -> DirectMessages:
    """Ann's direct messages with the bot."""
    return slack.dm(ann)


def plain(text: str) -> dict[str, Any]:
    """A plain text object."""
    return {"type": "plain_text", "text": text}


def menu(action_id: str, *labels: str, kind: str = "static_select") -> dict[str, Any]:
    """A menu whose values are its labels in lower case."""
    options = [{"text": plain(label), "value": label.lower()} for label in labels]
    return {"type": kind, "action_id": action_id, "options": options}


FEEDBACK = {
    "type": "context_actions",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "feedback",
            "positive_button": {"text": plain("Good"), "value": "+"},
            "negative_button": {"text": plain("Bad"), "value": "-"},
        }
    ],
}
STOP = {"type": "button", "text": plain("Stop"), "action_id": "stop", "value": "7", "style": "danger"}


async def test_a_press_tells_who_pressed_what_where(
    slack: FakeSlack, app: AsyncApp, client: AsyncWebClient, general: Room, ann: Person, bob: Person
) -> None:
    """Anybody may press, also twice; the button is named by label, action_id or value."""
    pressed: list[dict[str, Any]] = []

    @app.action("stop")
    async def stop(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        pressed.append(body)

    asked = await general.say(ann, "go")
    blocks = [{"type": "actions", "elements": [STOP]}, FEEDBACK]
    await client.chat_postMessage(channel=general.id, thread_ts=asked.ts, text="working", blocks=blocks)
    for person, name in ((bob, "Stop"), (bob, "stop"), (ann, "7")):
        await general.press(person, general.last, name)
    assert [body["user"]["id"] for body in pressed] == [bob.id, bob.id, ann.id]
    assert pressed[0]["container"] == {
        "type": "message",
        "message_ts": general.last.ts,
        "channel_id": general.id,
        "is_ephemeral": False,
        "thread_ts": asked.ts,
    }
    assert pressed[0]["actions"][0]["value"] == "7"
    assert pressed[0]["message"]["ts"] == general.last.ts
    with pytest.raises(AssertionError, match=r"no button 'Pause' under .*there is \['Stop', 'Good', 'Bad'\]"):
        await general.press(ann, general.last, "Pause")


async def test_feedback_buttons_tell_which_side_was_pressed(
    app: AsyncApp, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """One action_id, two values."""
    values: list[str] = []

    @app.action("feedback")
    async def feedback(ack: Any, action: dict[str, Any]) -> None:
        await ack()
        values.append(action["value"])

    await client.chat_postMessage(channel=dm.id, text="answer", blocks=[FEEDBACK])
    await dm.press(dm.last, "Bad")
    await dm.press(dm.last, "+")
    assert values == ["-", "+"]


async def test_a_press_nobody_handles_fails_for_the_person(
    slack: FakeSlack, app: AsyncApp, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """Bolt acknowledges nothing it has no listener for; without a socket the press fails at once."""
    slack.time_scale = 0.01
    await client.chat_postMessage(channel=dm.id, text="x", blocks=[FEEDBACK])
    with pytest.raises(AssertionError, match="did not acknowledge the press of 'Good': timeout"):
        await dm.press(dm.last, "Good")


async def test_a_press_without_a_socket_fails_at_once(client: AsyncWebClient, dm: DirectMessages) -> None:
    """Interactions are not kept for later."""
    await client.chat_postMessage(channel=dm.id, text="x", blocks=[FEEDBACK])
    with pytest.raises(AssertionError, match="no_sockets"):
        await dm.press(dm.last, "Good")


async def test_the_answers_to_a_press_are_seen_by_the_right_people(
    slack: FakeSlack, app: AsyncApp, client: AsyncWebClient, general: Room, ann: Person, bob: Person
) -> None:
    """Ephemeral for who pressed, in channel for all, replacing and deleting for everybody."""

    @app.action("stop")
    async def stop(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="only you", response_type="ephemeral", replace_original=False)
        await respond(text="all of you", response_type="in_channel", replace_original=False)
        await respond(text="stopped", replace_original=True)

    @app.action("feedback")
    async def feedback(ack: Any, respond: Any) -> None:
        await ack()
        await respond(delete_original=True)

    blocks = [{"type": "actions", "elements": [STOP]}]
    await client.chat_postMessage(channel=general.id, text="working", blocks=blocks)
    await client.chat_postMessage(channel=general.id, text="answer", blocks=[FEEDBACK])
    working, answer = general.bot_messages
    await general.press(bob, working, "Stop")
    await slack.until(lambda: working.text == "stopped")
    assert [message.text for message in general.ephemerals_of(bob)] == ["only you"]
    assert general.ephemerals_of(ann) == []
    await general.press(bob, answer, "Good")
    await slack.until(lambda: answer.deleted)
    assert general.texts == ["stopped", "all of you"]


async def test_a_response_url_is_good_for_five_uses_and_half_an_hour(
    slack: FakeSlack, app: AsyncApp, dm: DirectMessages, clock: HandClock
) -> None:
    """Afterwards it answers 404."""
    urls: list[str] = []

    @app.command("/parley")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        urls.append(body["response_url"])

    await dm.slash("/parley")
    await dm.slash("/parley")
    async with aiohttp.ClientSession() as session:

        async def respond(url: str) -> int:
            async with session.post(url, json={"text": "hi"}) as answer:
                return answer.status

        assert [await respond(urls[0]) for _ in range(6)] == [200] * 5 + [404]
        clock.now += 1801
        assert await respond(urls[1]) == 404
    assert [message.text for message in dm.ephemerals] == ["hi"] * 5


async def test_a_command_is_answered_with_its_acknowledgement(
    slack: FakeSlack, app: AsyncApp, general: Room, ann: Person
) -> None:
    """Text for the one who typed it, or a message for all."""

    @app.command("/parley")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        kind = "in_channel" if body["text"] == "loud" else "ephemeral"
        await ack(text=f"{body['command']} {body['text']}", response_type=kind)

    await general.slash(ann, "/parley", "quiet")
    await general.slash(ann, "/parley", "loud")
    assert [message.text for message in general.ephemerals_of(ann)] == ["/parley quiet"]
    assert general.texts == ["/parley loud"]
    slack.time_scale = 0.01
    with pytest.raises(AssertionError, match="did not acknowledge /other"):
        await general.slash(ann, "/other")


async def test_only_the_person_meant_sees_an_ephemeral_message(
    client: AsyncWebClient, general: Room, ann: Person, bob: Person
) -> None:
    """It is in no history; whoever is not in the channel cannot get one."""
    await client.chat_postEphemeral(channel=general.id, user=bob.id, text="psst")
    assert [message.text for message in general.ephemerals_of(bob)] == ["psst"]
    assert (general.ephemerals_of(ann), general.messages) == ([], [])
    with pytest.raises(SlackApiError, match="user_not_in_channel"):
        await client.chat_postEphemeral(channel=general.id, user="U0", text="psst")


async def test_a_home_tab_is_published_seen_and_used(
    slack: FakeSlack, app: AsyncApp, client: AsyncWebClient, ann: Person
) -> None:
    """Opening it tells the app; a menu in it tells what was chosen; an old hash is refused."""
    chosen: list[str] = []

    def view(persona: str) -> dict[str, Any]:
        section = {"type": "section", "text": plain(f"Persona: {persona}")}
        return {"type": "home", "blocks": [{**section, "accessory": menu("persona", "Kind", "Brief")}]}

    @app.event("app_home_opened")
    async def opened(event: dict[str, Any]) -> None:
        await client.views_publish(user_id=event["user"], view=view("Kind"))

    @app.action("persona")
    async def choose(ack: Any, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        chosen.append(action["selected_option"]["value"])
        await client.views_publish(user_id=body["user"]["id"], view=view("Brief"), hash=body["view"]["hash"])

    with pytest.raises(AssertionError, match="nothing was published to the home of Ann"):
        slack.home(ann)
    await slack.open_home(ann)
    await slack.until(lambda: ann.id in slack.world.homes)
    assert (slack.home(ann).text, slack.home(ann).buttons) == ("Persona: Kind", ["Kind", "Brief"])
    old = slack.home(ann).hash
    await slack.press(slack.home(ann), "persona:Brief")
    await slack.until(lambda: slack.home(ann).text == "Persona: Brief")
    assert chosen == ["brief"]
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_publish(user_id=ann.id, view=view("Kind"), hash=old)
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await client.views_publish(user_id=ann.id, view={"type": "home", "blocks": [{"type": "markdown"}]})


FORM: dict[str, Any] = {
    "type": "modal",
    "callback_id": "settings",
    "title": plain("Settings"),
    "submit": plain("Save"),
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": plain("Name"),
            "element": {"type": "plain_text_input", "action_id": "name"},
        },
        {
            "type": "input",
            "block_id": "tone",
            "label": plain("Tone"),
            "element": menu("tone", "Kind", "Brief"),
        },
    ],
}


async def test_a_modal_is_opened_filled_in_and_submitted(
    slack: FakeSlack, app: AsyncApp, client: AsyncWebClient, dm: DirectMessages, ann: Person
) -> None:
    """It needs a fresh trigger, stays open on errors, and closes when it is accepted."""
    saved: list[Any] = []

    @app.command("/parley")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)
        await ack()

    @app.view("settings")
    async def save(ack: Any, view: dict[str, Any]) -> None:
        values = view["state"]["values"]
        if not values["name"]["name"]["value"]:
            await ack(response_action="errors", errors={"name": "is needed"})
        else:
            await ack()
            saved.append(
                (values["name"]["name"]["value"], values["tone"]["tone"]["selected_option"]["value"])
            )

    await dm.slash("/parley")
    modal = slack.modal(ann)
    await slack.submit(modal, tone="Brief")
    assert modal.errors == {"name": "is needed"}
    with pytest.raises(AssertionError, match="no field"):
        await slack.submit(modal, age="7")
    await slack.submit(modal, name="Ann", tone="Brief")
    with pytest.raises(AssertionError, match="no modal in front of Ann"):
        slack.modal(ann)
    await slack.until(lambda: saved)
    assert saved == [("Ann", "brief")]


async def test_a_trigger_expires_and_is_good_once(
    slack: FakeSlack, app: AsyncApp, client: AsyncWebClient, dm: DirectMessages, clock: HandClock
) -> None:
    """Three seconds, one view."""
    triggers: list[str] = []

    @app.command("/parley")
    async def command(ack: Any, body: dict[str, Any]) -> None:
        await ack()
        triggers.append(body["trigger_id"])

    await dm.slash("/parley")
    await dm.slash("/parley")
    opened = await client.views_open(trigger_id=triggers[0], view=FORM)
    await client.views_update(view_id=opened["view"]["id"], view={**FORM, "title": plain("New")})
    assert slack.modal(dm.person).view["title"]["text"] == "New"
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        await client.views_open(trigger_id=triggers[0], view=FORM)
    clock.now += 4
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await client.views_open(trigger_id=triggers[1], view=FORM)


async def test_the_messages_tab_tells_the_app_when_it_is_opened(slack: FakeSlack, dm: DirectMessages) -> None:
    """As agents learn that somebody is there."""
    await dm.open()
    event = slack.deliveries[0].event
    assert (event["type"], event["tab"], event["user"]) == ("app_home_opened", "messages", dm.person.id)


# Files


async def fetch(url: str, token: str) -> tuple[str, bytes]:
    """Content type and bytes of a private link."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.status == 200
        return answer.content_type, await answer.read()


async def test_a_file_of_a_person_can_be_fetched_with_the_token(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """Without it the login page comes, and that with status 200."""
    said = await dm.upload(b"%PDF", name="a.pdf", mime_type="application/pdf", text="look")
    event = slack.deliveries[-1].event
    assert (event["subtype"], event["text"]) == ("file_share", "look")
    (file,) = event["files"]
    for url in (file["url_private"], file["url_private_download"]):
        assert await fetch(url, slack.bot_token) == ("application/pdf", b"%PDF")
        kind, page = await fetch(url, "")
        assert (kind, page[:15]) == ("text/html", b"<!DOCTYPE html>")
        assert (await fetch(url, "xoxb-wrong"))[0] == "text/html"
    assert (await client.files_info(file=file["id"]))["file"]["size"] == 4
    assert said.files[0].data == b"%PDF"
    assert slack.deliveries[0].event["type"] == "file_shared"


async def test_a_voice_clip_looks_like_one(slack: FakeSlack, dm: DirectMessages) -> None:
    """MP4 with a subtype and a duration; a size can be declared that no test wants to hold."""
    await dm.send_voice(b"mp4", mime_type="video/mp4", duration_ms=4000)
    await dm.upload(b"x", name="big.bin", size=2_000_000_000)
    voice, big = (d.event["files"][0] for d in slack.deliveries if d.event["type"] == "message")
    assert (voice["subtype"], voice["mimetype"], voice["duration_ms"]) == ("slack_audio", "video/mp4", 4000)
    assert big["size"] == 2_000_000_000


async def test_what_slack_hears_in_a_clip_comes_later(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """First that it listens, then the beginning of it and whether there is more."""
    said = await dm.send_voice(b"mp4", heard=None)
    clip = slack.deliveries[-1].event["files"][0]
    assert clip["transcription"] == {"status": "processing"}
    slack.world.files.hear(said.files[0].id, "la " * 50)
    heard = (await client.files_info(file=clip["id"]))["file"]["transcription"]
    assert (heard["status"], heard["locale"], heard["preview"]["has_more"]) == ("complete", "en-US", True)
    assert heard["preview"]["content"].startswith("la la")


async def test_a_shortcut_brings_the_message_it_was_chosen_for(
    slack: FakeSlack, app: AsyncApp, ann: Person, bob: Person
) -> None:
    """From every channel; its response_url reaches the person also where the app is not."""
    chosen: list[dict[str, Any]] = []

    @app.shortcut({"type": "message_action", "callback_id": "transcribe"})
    async def transcribe(ack: Any, shortcut: dict[str, Any], respond: Any) -> None:
        await ack()
        chosen.append(shortcut)
        await respond("not here")

    room = slack.channel("elsewhere", [ann, bob], bot=False)
    clip = await room.by(ann).send_voice(b"mp4")
    await room.by(bob).choose(clip, "transcribe")
    await slack.until(lambda: room.ephemerals_of(bob))
    assert room.ephemerals_of(bob)[0].text == "not here"
    (shortcut,) = chosen
    assert (shortcut["message_ts"], shortcut["user"]["id"]) == (clip.ts, bob.id)
    assert shortcut["channel"] == {"id": room.id, "name": "elsewhere"}
    assert shortcut["message"]["files"][0]["subtype"] == "slack_audio"
    with pytest.raises(AssertionError, match="shortcut 'unknown'"):
        await room.by(bob).choose(clip, "unknown")


async def test_a_file_in_a_shared_channel_is_a_stub(
    slack: FakeSlack, client: AsyncWebClient, ann: Person
) -> None:
    """files.info tells what the event leaves out."""
    eve = slack.stranger("Eve")
    shared = slack.channel("partners", [ann, eve])
    await shared.upload(eve, b"data", name="a.txt", mime_type="text/plain")
    stub = slack.deliveries[-1].event["files"][0]
    assert stub["file_access"] == "check_file_info"
    whole = (await client.files_info(file=stub["id"]))["file"]
    assert await fetch(whole["url_private"], slack.bot_token) == ("text/plain", b"data")


async def test_the_app_uploads_in_three_steps(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages
) -> None:
    """files_upload_v2 shares the file in a thread; its bytes are kept."""
    asked = await dm.say("draw")
    await client.files_upload_v2(
        channel=dm.id, thread_ts=asked.ts, filename="a.png", file=b"png", initial_comment="here", title="A"
    )
    shared = dm.thread(asked).last
    assert (shared.text, shared.files[0].data, shared.files[0].title) == ("here", b"png", "A")
    assert shared.files[0].mime_type == "image/png"
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_completeUploadExternal(files=[{"id": "F0"}], channel_id=dm.id)
    with pytest.raises(SlackApiError, match="file_not_found"):
        await client.files_info(file="F0")
