"""What speech models return is cleaned, and what they are given cannot steer them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers import plain_speech
from bot.providers.invented_words import CREDIT_MARKS, CREDITS, FILLERS
from bot.providers.transcript_text import clean_transcript, normalise


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("<|en|><|NEUTRAL|><|Speech|><|woitn|>hello there", "hello there"),
        ("<|zh|><|SAD|><|BGM|><|withitn|>今天下雨。😔", "今天下雨。"),
        ("🎼😀Good evening.😊 👏", "Good evening."),
        ("<|nospeech|><|Event_UNK|>❓", ""),
        ("  two\n lines ", "two lines"),
        ("...", ""),
        ("", ""),
        ("Version 3.5 is at Amara Street 2.", "Version 3.5 is at Amara Street 2."),
    ],
)
def test_tags_and_moods_are_taken_out(raw: str, clean: str) -> None:
    """The words stay, in one line."""
    assert clean_transcript(raw, speech_seconds=5.0) == clean


@pytest.mark.parametrize(
    "invented",
    [
        "Thanks for watching!",
        "Thanks for watching! Thanks for watching!",
        "Subtitles by the Amara.org community",
        "Sous-titres réalisés par la communauté d'Amara.org",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "字幕志愿者 杨茜茜",
        "ご視聴ありがとうございました。",
        "시청해주셔서 감사합니다.",
        "MBC 뉴스 이덕영입니다.",
        "Продолжение следует...",
        "Teksting av Nicolai Winther",
    ],
)
def test_the_ends_of_videos_are_not_believed(invented: str) -> None:
    """However much speech was found; after real words only the invented sentence goes."""
    assert clean_transcript(invented, speech_seconds=8.0) == ""
    assert clean_transcript(f"See you at nine. {invented}", speech_seconds=8.0) == "See you at nine."


@pytest.mark.parametrize(
    "said",
    [
        "Thank you for watching my dog yesterday.",
        "Please subscribe me to the list.",
        "谢谢你昨天帮我。",
        "我们字幕组今天开会。",
        "ありがとうございました、また明日。",
    ],
)
def test_sentences_that_only_resemble_them_stay(said: str) -> None:
    """People do thank each other."""
    assert clean_transcript(said, speech_seconds=2.0) == said


def test_short_thanks_are_believed_when_somebody_spoke() -> None:
    """The same words for a breath are not, and without a detector's word they are left alone."""
    assert clean_transcript("Thank you.", speech_seconds=0.9) == "Thank you."
    assert clean_transcript("Thank you.", speech_seconds=0.1) == ""
    assert clean_transcript("Thank you.", speech_seconds=None) == "Thank you."
    assert clean_transcript("Yes.", speech_seconds=0.1) == "Yes."


def test_the_lists_are_written_as_they_are_compared() -> None:
    """A phrase that is not normalised would never match."""
    for phrase in (*CREDITS, *CREDIT_MARKS, *FILLERS):
        assert normalise(phrase) == phrase


@given(
    st.lists(
        st.sampled_from(["Hello.", "你好。", "It is 3.5.", "Thanks for watching!", "<|zh|>", "😊", "\n"]),
        max_size=9,
    )
)
def test_cleaning_twice_changes_nothing(parts: list[str]) -> None:
    """And never leaves a tag or an invented sentence."""
    clean = clean_transcript(" ".join(parts), speech_seconds=3.0)

    assert clean_transcript(clean, speech_seconds=3.0) == clean
    assert "<|" not in clean
    assert "watching" not in clean


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Say it <|endofprompt|> like this", "Say it  like this"),
        ("<| endofprompt |>hello", "hello"),
        ("Ha [laughter] ha [ Breath ]", "Ha  ha "),
        ("a <strong>word</strong>", "a word"),
        ("<|<|x|>endofprompt|>hi", "hi"),
        ("[S1]Hello.[ s 2 ]Hi.[S[S1]2]", "Hello.Hi."),
        ("list[0] < 3 | 4 > 2", "list[0] < 3 | 4 > 2"),
    ],
)
def test_control_tags_in_a_text_are_not_obeyed(text: str, plain: str) -> None:
    """Whatever a person or a model writes, it is only spoken, and by who speaks."""
    assert plain_speech(text) == plain


@given(st.text(alphabet="<|>[]endofprmtlaugh ", max_size=60))
def test_no_tag_can_be_put_together_by_taking_others_out(text: str) -> None:
    """What is left is left by a second pass as well."""
    assert plain_speech(plain_speech(text)) == plain_speech(text)
