"""A person writes on Telegram and is answered by the real service, over the wire on both sides."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from bot.conversation import menu
from bot.sandbox import Cut, HttpError, Reply, StreamError, ToolCall
from tests.e2e.conftest import Stage
from tests.fakes.telegram import PrivateChat

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

LONG = "\n\n".join(
    f"## Part {n}\n\nSome **bold** words, a `code` and a [link](https://example.org/{n}), number {n}.\n\n"
    f"```python\nfor i in range({n}):\n    print(i)\n```\n\n| a | b |\n|---|---|\n| {n} | 数 |\n"
    for n in range(1, 60)
)


def _last_is(chat: PrivateChat, text: str) -> bool:
    return chat.texts[-1:] == [text]


async def test_the_answer_grows_in_place_and_is_stored(stage: Stage) -> None:
    """One message appears with the first words, grows by edits, and ends as the whole answer."""
    chat = stage.telegram.private(stage.telegram.person("Ann"))
    stage.brain.teach("about rivers", Reply(text="Rivers **run** to the sea. " * 12, tokens_per_second=25))
    await chat.say("Tell me about rivers")
    whole = ("Rivers run to the sea. " * 12).strip()
    # The text can be whole while it still grows: the stop button goes with the final edit.
    await stage.telegram.until(lambda: chat.texts == [whole] and not chat.bot_messages[0].buttons)
    answer = chat.bot_messages[0]
    assert answer.edits >= 2
    assert any(entity["type"] == "bold" for entity in answer.entities)
    assert [len(shown.text) for shown in answer.history] == sorted(
        len(shown.text) for shown in answer.history
    )
    await stage.service.settled()
    replies = stage.service.rows(
        "select reply, outcome from exchanges where request = 'Tell me about rivers'"
    )
    assert replies == [("Rivers **run** to the sea. " * 12, "answered")]


async def test_the_model_remembers_what_was_said_until_a_new_conversation(stage: Stage) -> None:
    """The next call carries the conversation; after /new it does not."""
    chat = stage.telegram.private(stage.telegram.person("Ben"))
    await chat.say("My name is Ben")
    await stage.telegram.until(lambda: len(chat.texts) == 1)
    await chat.say("Who am I?")
    await stage.telegram.until(lambda: len(chat.texts) == 2)
    assert "My name is Ben" in str(stage.provider.requests[-1].body["messages"])
    await chat.say("/new")
    await stage.telegram.until(lambda: len(chat.texts) == 3)
    await chat.say("Who am I now?")
    await stage.telegram.until(lambda: len(chat.texts) == 4)
    assert "My name is Ben" not in str(stage.provider.requests[-1].body["messages"])


async def test_quick_messages_are_answered_one_by_one_in_order(stage: Stage) -> None:
    """Two messages sent at once get two answers, each a reply to its own question."""
    chat = stage.telegram.private(stage.telegram.person("Cleo"))
    first = await chat.say("first question")
    second = await chat.say("second question")
    await stage.telegram.until(
        lambda: chat.texts == ["You said: first question", "You said: second question"]
    )
    assert [message.reply_to for message in chat.bot_messages] == [first, second]


async def test_stop_ends_the_answer_at_once_and_the_model_with_it(stage: Stage) -> None:
    """/stop overtakes the answer: what was written stays, marked; the provider sees us go away."""
    chat = stage.telegram.private(stage.telegram.person("Dan"))
    stage.brain.teach("endless story", Reply.tokens(4000, tokens_per_second=40))
    await chat.say("Tell an endless story")
    await stage.telegram.until(lambda: len(chat.texts) == 1)
    request = stage.provider.requests[-1]
    await chat.say("/stop")
    await asyncio.wait_for(request.ended.wait(), 30)
    assert request.client_went_away
    await stage.telegram.until(lambda: chat.texts[0].endswith("Stopped."))
    assert len(chat.texts) == 1
    await chat.say("Still there?")
    await stage.telegram.until(lambda: chat.texts[-1] == "You said: Still there?")


async def test_the_stop_button_ends_the_answer(stage: Stage) -> None:
    """The button under a growing answer does what /stop does, and is gone afterwards."""
    chat = stage.telegram.private(stage.telegram.person("Eve"))
    stage.brain.teach("another endless story", Reply.tokens(4000, tokens_per_second=40))
    await chat.say("Tell another endless story")
    await stage.telegram.until(lambda: bool(chat.bot_messages) and bool(chat.last.buttons))
    answer = await chat.press(chat.last, chat.last.buttons[0])
    assert answer.text == "Stopped."
    await stage.telegram.until(lambda: chat.texts[0].endswith("Stopped.") and not chat.last.buttons)


async def test_an_edited_question_is_answered_anew_in_the_same_place(stage: Stage) -> None:
    """While the first answer still grows, the edit replaces it; there is one answer in the end."""
    chat = stage.telegram.private(stage.telegram.person("Finn"))
    stage.brain.teach("weather on Mars", Reply.tokens(2000, tokens_per_second=40))
    question = await chat.say("weather on Mars?")
    await stage.telegram.until(lambda: len(chat.texts) == 1)
    await chat.edit(question, "weather on Venus?")
    await stage.telegram.until(lambda: chat.texts == ["You said: weather on Venus?"])
    await chat.edit(question, "weather on Pluto?")
    await stage.telegram.until(lambda: chat.texts == ["You said: weather on Pluto?"])
    assert "Venus" not in str(stage.provider.requests[-1].body["messages"])


async def test_retry_answers_again_and_undo_takes_back(stage: Stage) -> None:
    """/retry gives a second answer to the same question; /undo removes question and answer from memory."""
    chat = stage.telegram.private(stage.telegram.person("Gina"))
    stage.brain.teach("a joke", Reply(text="Joke one."), Reply(text="Joke two."))
    await chat.say("Tell me a joke")
    await stage.telegram.until(lambda: chat.texts == ["Joke one."])
    await chat.say("/retry")
    await stage.telegram.until(lambda: chat.texts == ["Joke one.", "Joke two."])
    await chat.say("/undo")
    await stage.telegram.until(lambda: len(chat.texts) == 3)
    assert "Tell me a joke" in chat.texts[-1]
    await chat.say("What did I ask?")
    await stage.telegram.until(lambda: len(chat.texts) == 4)
    assert "joke" not in str(stage.provider.requests[-1].body["messages"]).lower()


async def test_a_reply_to_an_older_answer_goes_on_from_there(stage: Stage) -> None:
    """Later exchanges are not in the history of the new branch."""
    chat = stage.telegram.private(stage.telegram.person("Hugo"))
    for number in ("one", "two", "three"):
        await chat.say(f"topic {number}")
        await stage.telegram.until(partial(_last_is, chat, f"You said: topic {number}"))
    await chat.say("and then?", reply_to=chat.bot_messages[0])
    await stage.telegram.until(lambda: len(chat.texts) == 4)
    sent = str(stage.provider.requests[-1].body["messages"])
    assert "topic one" in sent
    assert "topic two" not in sent


async def test_a_cut_stream_is_continued_where_it_broke(stage: Stage) -> None:
    """The provider drops the connection in the middle; the answer is whole and nothing appears twice."""
    chat = stage.telegram.private(stage.telegram.person("Ida"))
    text = " ".join(f"word{n}" for n in range(120))
    stage.brain.teach(
        "cut me", Reply(text=text, tokens_per_second=60, fault=Cut(after_tokens=70)), Reply(text=text)
    )
    await chat.say("cut me")
    await stage.telegram.until(lambda: chat.texts == [text])
    shown = chat.bot_messages[0].history
    assert all(text.startswith(state.text.removesuffix("…").rstrip()) for state in shown)


async def test_an_overloaded_provider_is_tried_again(stage: Stage) -> None:
    """503, a rate limit and an error inside the stream before the first word cost time, not the answer."""
    chat = stage.telegram.private(stage.telegram.person("Jan"))
    overloaded = {"code": 50505, "message": "Model service overloaded. Please try again later.", "data": None}
    stage.brain.teach(
        "be patient",
        Reply(fault=HttpError(status=503, body=overloaded)),
        Reply.rate_limited(),
        Reply(fault=StreamError(after_tokens=0, body=overloaded)),
        Reply(text="Here I am."),
    )
    await chat.say("be patient")
    await stage.telegram.until(lambda: chat.texts == ["Here I am."])


async def test_a_provider_without_balance_is_told_in_one_sentence(stage: Stage) -> None:
    """The person reads what happened and gets a button; pressing it replaces the sentence by the answer."""
    chat = stage.telegram.private(stage.telegram.person("Kim"))
    poor = {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None}
    stage.brain.teach("rich people", Reply(fault=HttpError(status=403, body=poor)), Reply(text="Money came."))
    await chat.say("rich people")
    await stage.telegram.until(lambda: bool(chat.texts) and "operator" in chat.texts[0])
    assert chat.last.buttons == ["Try again"]
    await chat.press(chat.last, "Try again")
    await stage.telegram.until(lambda: chat.texts == ["Money came."])


async def test_tools_are_called_and_their_results_used(stage: Stage) -> None:
    """Two calls at once run side by side; the model answers with what they gave."""
    chat = stage.telegram.private(stage.telegram.person("Lea"))
    calls = (
        ToolCall(name="calculate", arguments='{"expression": "0.1 + 0.2"}', id="a"),
        ToolCall(name="calculate", arguments='{"expression": "2 ** 10"}', id="b"),
    )
    stage.brain.teach("work it out", Reply(text="Let me see.", tool_calls=calls), Reply(text="0.3 and 1024."))
    await chat.say("work it out")
    await stage.telegram.until(lambda: chat.texts == ["Let me see.\n\n0.3 and 1024."])
    results = [m["content"] for m in stage.provider.requests[-1].body["messages"] if m["role"] == "tool"]
    assert "0.3" in results[0]
    assert "1024" in results[1]


async def test_thinking_is_shown_collapsed(stage: Stage) -> None:
    """The thoughts stand in an expandable quote above the answer."""
    chat = stage.telegram.private(stage.telegram.person("Mia"))
    stage.brain.teach("think hard", Reply(thinking="First this. Then that.", text="The answer is 7."))
    await chat.say("think hard")
    await stage.telegram.until(lambda: bool(chat.texts) and "The answer is 7." in chat.texts[0])
    assert "First this." in chat.texts[0]
    assert any(entity["type"] == "expandable_blockquote" for entity in chat.last.entities)


async def test_a_long_answer_arrives_whole_through_the_real_flood_limits(stage: Stage) -> None:
    """Some twenty thousand characters of every kind of Markdown come in several messages; nothing is lost."""
    chat = stage.telegram.private(stage.telegram.person("Nora"))
    stage.brain.teach("everything", Reply(text=LONG, tokens_per_second=2000))
    await chat.say("Tell me everything")
    await stage.telegram.until(lambda: "Part 59" in " ".join(chat.texts) and not chat.last.buttons)
    shown = "\n".join(chat.texts)
    for n in range(1, 60):
        assert f"Part {n}" in shown
        assert f"number {n}." in shown
        assert f"for i in range({n}):\n    print(i)" in shown
    assert len(chat.texts) >= 2


async def test_groups_are_answered_when_the_bot_is_meant_and_authors_are_named(stage: Stage) -> None:
    """A mention is answered, talk among people is not; the model reads who said what."""
    ann, bob = stage.telegram.person("Ann"), stage.telegram.person("Bob: the\nbuilder")
    group = stage.telegram.group("Team", [ann, bob])
    await group.say(ann, "hello everybody")
    await group.say(bob, "@parley_bot what is up?")
    await stage.telegram.until(lambda: len(group.texts) == 1)
    sent = stage.provider.requests[-1].body["messages"][-1]["content"]
    assert sent == "Bob the builder: what is up?"
    await group.say(ann, "and for me?", reply_to=group.bot_messages[0])
    await stage.telegram.until(lambda: len(group.texts) == 2)
    assert stage.provider.requests[-1].body["messages"][-1]["content"].startswith("Ann: ")


async def test_forum_topics_are_conversations_of_their_own(stage: Stage) -> None:
    """What is said in one topic stays there, and the answer goes to the topic."""
    ann = stage.telegram.person("Ann")
    forum = stage.telegram.group("Forum", [ann], forum=True)
    plans, fun = forum.topic("Plans"), forum.topic("Fun")
    mention = "@parley_bot"
    await plans.say(ann, f"{mention} secret plan")
    await stage.telegram.until(lambda: len(plans.texts) == 1)
    await fun.say(ann, f"{mention} what now?")
    await stage.telegram.until(lambda: len(fun.texts) == 1)
    assert "secret plan" not in str(stage.provider.requests[-1].body["messages"])


async def test_a_group_that_becomes_a_supergroup_keeps_its_memory(stage: Stage) -> None:
    """The chat id changes; the conversation goes on."""
    ann = stage.telegram.person("Ann")
    group = stage.telegram.group("Growing", [ann])
    mention = "@parley_bot"
    await group.say(ann, f"{mention} remember the number 4711")
    await stage.telegram.until(lambda: len(group.texts) == 1)
    group.upgrade()
    await group.say(ann, f"{mention} which number?")
    await stage.telegram.until(lambda: any("which number" in text for text in group.texts))
    assert "4711" in str(stage.provider.requests[-1].body["messages"])


async def test_a_long_paste_that_arrives_in_pieces_is_one_question(stage: Stage) -> None:
    """A text over the platform's limit comes as several messages and gets one answer."""
    chat = stage.telegram.private(stage.telegram.person("Otto"))
    before = len(stage.provider.requests)
    stage.brain.teach("the end of the paste", Reply(text="Read it all."))
    await chat.say("a" * 4096)
    await chat.say("b" * 4096)
    await chat.say("the end of the paste")
    await stage.telegram.until(lambda: chat.texts == ["Read it all."])
    assert len(stage.provider.requests) == before + 1
    content = stage.provider.requests[-1].body["messages"][-1]["content"]
    assert "a" * 4096 in content
    assert "b" * 4096 in content


async def test_a_broken_file_gets_a_sentence_and_not_silence(stage: Stage) -> None:
    """Why it cannot be read is said, in the person's language."""
    chat = stage.telegram.private(stage.telegram.person("Pia"))
    await chat.send_photo(b"\xff\xd8\xff\xe0 not really a picture")
    await stage.telegram.until(lambda: bool(chat.texts) and "damaged" in chat.texts[0])
    chinese = stage.telegram.private(stage.telegram.person("小明", language="zh-hans"))
    await chinese.send_voice(b"OggS not really sound")
    await stage.telegram.until(lambda: bool(chinese.texts) and "录音" in chinese.texts[0])


async def test_a_thumb_under_an_answer_is_stored_with_it(stage: Stage) -> None:
    """A reaction of the person's; their latest counts."""
    chat = stage.telegram.private(stage.telegram.person("Rae"))
    await chat.say("anything good?")
    await stage.telegram.until(lambda: chat.texts == ["You said: anything good?"])
    for sign in ("👎", "👍"):
        change = {
            "chat": {"id": chat.id, "type": "private", "first_name": "Rae"},
            "message_id": chat.last.message_id,
            "date": 0,
            "user": chat.person.user,
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": sign}],
        }
        stage.telegram.push_raw({"message_reaction": change}, chat_id=chat.id)
    found = "select vote from feedback join exchanges using (turn_id) where request = 'anything good?'"
    async with asyncio.timeout(30):
        while stage.service.rows(found) != [("up",)]:  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.05)


async def test_an_unknown_command_names_the_nearest(stage: Stage) -> None:
    """A slip of the finger is met with a suggestion."""
    chat = stage.telegram.private(stage.telegram.person("Quin"))
    await chat.say("/retyr")
    await stage.telegram.until(lambda: bool(chat.texts) and "/retry" in chat.texts[0])


async def test_the_command_menu_is_published_in_both_languages(stage: Stage) -> None:
    """People find the commands in Telegram's own menu, in private chats and in groups."""
    places = {
        "all_private_chats": {entry.name for entry in menu() if entry.in_private},
        "all_group_chats": {entry.name for entry in menu() if entry.in_groups},
    }
    for scope, names in places.items():
        await stage.telegram.until(partial(stage.telegram.commands, scope, "zh"))
        english = {entry["command"]: entry["description"] for entry in stage.telegram.commands(scope)}
        chinese = {entry["command"]: entry["description"] for entry in stage.telegram.commands(scope, "zh")}
        assert english["new"] == "Start a new conversation"
        assert chinese["new"] == "开始新对话"
        assert set(english) == set(chinese) == names


async def test_a_bad_update_does_not_hold_up_the_others(stage: Stage) -> None:
    """An update nobody can read is dropped with a log line; the next message is answered."""
    chat = stage.telegram.private(stage.telegram.person("Rob"))
    stage.telegram.push_raw({"message": {"message_id": "not a number", "chat": 7}})
    await chat.say("after the bad one")
    await stage.telegram.until(lambda: chat.texts == ["You said: after the bad one"])
    assert "update_unreadable" in stage.service.log.read_text()


async def test_a_redelivered_update_is_answered_once(stage: Stage) -> None:
    """The same update twice is one question."""
    chat = stage.telegram.private(stage.telegram.person("Sue"))
    await chat.say("only once, please")
    update = stage.telegram.updates[-1]
    stage.telegram.replay(update)
    await stage.telegram.until(lambda: chat.texts == ["You said: only once, please"])
    await chat.say("and this")
    await stage.telegram.until(lambda: chat.texts == ["You said: only once, please", "You said: and this"])


async def test_buttons_of_another_chat_are_refused(stage: Stage) -> None:
    """Callback data made by hand or copied from elsewhere does nothing."""
    chat = stage.telegram.private(stage.telegram.person("Tess"))
    stage.brain.teach("poor again", Reply(fault=HttpError(status=401, body="Api key is invalid")))
    await chat.say("poor again")
    await stage.telegram.until(lambda: bool(chat.last.buttons))
    forged = ("retry:1", "retry:999999999999999999999", "retry:-1", "boom", "retry:²", "stop:")
    for number, data in enumerate(forged):
        press = {
            "id": f"forged-{number}",
            "from": chat.person.user,
            "chat_instance": "1",
            "message": {
                "message_id": chat.last.message_id,
                "chat": {"id": chat.id, "type": "private"},
                "date": 0,
            },
            "data": data,
        }
        stage.telegram.push_raw({"callback_query": press}, chat_id=chat.id)
    refused = "This button does not work here."
    answers = stage.telegram.calls_of("answerCallbackQuery")
    await stage.telegram.until(
        lambda: (
            [c.params.get("text") for c in stage.telegram.calls_of("answerCallbackQuery")[-6:]]
            == [refused] * 6
        )
    )
    assert len(answers) < len(stage.telegram.calls_of("answerCallbackQuery"))
    assert len(chat.texts) == 1


async def test_who_blocks_the_bot_is_left_alone(stage: Stage) -> None:
    """After a block nothing more is sent there, and the service goes on."""
    ursula = stage.telegram.private(stage.telegram.person("Ursula"))
    stage.brain.teach("long goodbye", Reply.tokens(600, tokens_per_second=60))
    await ursula.say("a long goodbye")
    await stage.telegram.until(lambda: len(ursula.texts) == 1)
    ursula.block()
    other = stage.telegram.private(stage.telegram.person("Vera"))
    await other.say("hello")
    await stage.telegram.until(lambda: other.texts == ["You said: hello"])


async def test_an_answer_that_was_not_confirmed_is_not_sent_twice(stage: Stage) -> None:
    """Telegram carries out the send and drops the connection; the message is found, not repeated."""
    chat = stage.telegram.private(stage.telegram.person("Will"))
    stage.telegram.drop_answer("sendMessage", where=lambda params: str(params.get("chat_id")) == str(chat.id))
    await chat.say("lost and found")
    await stage.telegram.until(lambda: "You said: lost and found" in chat.texts)
    await chat.say("next")
    await stage.telegram.until(lambda: chat.texts[-1:] == ["You said: next"])
    assert chat.texts == ["You said: lost and found", "You said: next"]


async def test_nothing_the_bot_sent_was_refused_or_malformed(stage: Stage) -> None:
    """Over all the stories above: no parameter Telegram does not know, no request it had to refuse."""
    assert stage.telegram.violations == []
    probing = ("not found", "not modified", "query is too old")
    assert [
        call for call in stage.telegram.rejected if not any(text in call.description for text in probing)
    ] == []
