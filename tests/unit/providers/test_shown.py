"""What a person shows becomes parts that the provider takes: a clip, stills or words, as the model sees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.ports import ChatRequest, Picture, UserMessage
from bot.providers.messages import wire_messages
from bot.providers.profiles import UNKNOWN, find_profile
from bot.sandbox import Reply, Script
from bot.sandbox.catalogue import CATALOGUE, ModelCard
from bot.sandbox.message_rules import check_messages
from tests.unit.providers.support import opened_chat, text_of

WATCHER, LOOKER = "Qwen/Qwen3-VL-32B-Instruct", "zai-org/GLM-4.6V"
_CARD = ModelCard(id="m", images=True, videos=True)
_STILLS = tuple(
    Picture(data=b"\xff\xd8\xff", mime="image/jpeg", width=64, height=36, seconds=at)
    for at in (2.0, 7.4, 12.0)
)
FILM = Picture(
    data=b"\x00\x00\x00\x18ftypisom", mime="video/mp4", width=64, height=36, seconds=14.2, frames=_STILLS
)


def content(film: Picture, *, images: bool = False, video: bool = False) -> Any:
    """What a model of such a profile is sent with a question about a film."""
    said = UserMessage(text="What happens?", pictures=(film,))
    wire = wire_messages([said], profile=replace(UNKNOWN, images=images, video=video))
    check_messages(wire, _CARD)
    return wire[0]["content"]


def test_a_model_that_takes_video_gets_the_clip() -> None:
    """With how many pictures of it to look at."""
    clip, words = content(FILM, images=True, video=True)
    assert clip["video_url"].pop("url").startswith("data:video/mp4;base64,AAAAGGZ0eXBpc29t")
    assert clip == {"type": "video_url", "video_url": {"detail": "auto", "max_frames": 6, "fps": 2}}
    assert words == {"type": "text", "text": "What happens?"}


def test_a_glance_costs_less() -> None:
    """Half the pictures, coarsely."""
    (clip, _) = content(replace(FILM, at_a_glance=True), images=True, video=True)
    assert (clip["video_url"]["detail"], clip["video_url"]["max_frames"]) == ("low", 3)
    *stills, told, _ = content(replace(FILM, at_a_glance=True), images=True)
    assert [still["image_url"]["detail"] for still in stills] == ["low", "low"]
    assert told["text"].startswith("[The 2 pictures above")


def test_a_model_is_told_that_a_long_film_runs_faster() -> None:
    """Else it would misjudge how long things take."""
    parts = content(replace(FILM, seconds=3_725.0), images=True, video=True)
    assert parts[1]["text"] == "[The video above lasts 1:02:05; it is shown sped up]"


def test_a_model_that_sees_only_pictures_gets_the_stills_with_their_moments() -> None:
    """In their order, before the words."""
    *stills, told, words = content(FILM, images=True)
    assert [still["type"] for still in stills] == ["image_url"] * 3
    assert told["text"] == "[The 3 pictures above are from a video of 0:14, at 0:02, 0:07, 0:12]"
    assert words["text"] == "What happens?"


def test_a_blind_model_and_the_old_film_get_words() -> None:
    """What is known of it."""
    assert content(FILM) == "[A video that you cannot see]\n\nWhat happens?"
    old = replace(FILM, caption="A cat jumps.").without_data()
    assert content(old, images=True, video=True) == "[A video: A cat jumps.]\n\nWhat happens?"


@pytest.mark.parametrize("card", CATALOGUE, ids=lambda card: card.id)
def test_films_are_sent_only_to_models_that_take_them(card: ModelCard) -> None:
    """By the table, which the stand-in's own agrees with."""
    profile = find_profile(card.id)
    assert (profile.images, profile.video) == (card.images, card.videos)
    check_messages(wire_messages([UserMessage(text="?", pictures=(FILM,))], profile=profile), card)


@pytest.mark.parametrize(("code", "text"), [(20041, "not a VLM"), (20015, "unknown part video_url")])
async def test_a_model_that_takes_no_video_after_all_gets_the_stills(code: int, text: str) -> None:
    """The provider's lists are not always right; once learned, it is not tried again."""
    script = Script(default=Reply(text="A cat."))
    script.enqueue(Reply.coded_error(400, code, text))
    request = ChatRequest(models=(WATCHER,), messages=(UserMessage(text="?", pictures=(FILM,)),))
    async with opened_chat(script) as opened:
        for _ in range(2):
            async with opened.chat.stream(request) as events:
                assert text_of([event async for event in events]) == "A cat."
        kinds = [record.body["messages"][0]["content"][0]["type"] for record in opened.sandbox.requests]
    assert kinds == ["video_url", "image_url", "image_url"]
