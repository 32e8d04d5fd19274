"""What somebody wants drawn is read from their words, whatever stands between them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.drawing.drawing import waiting_text
from bot.conversation.drawing.wish import (
    Wish,
    WishFault,
    choose_model,
    dump_wish,
    load_wish,
    parse_wish,
    size_for,
)
from bot.ports import DrawingModel
from bot.providers import DRAWING_MODELS
from bot.providers.images import sizes


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("a red fox", Wish(prompt="a red fox")),
        ("a fox --size 1024×768", Wish(prompt="a fox", size="1024x768")),
        ("--count 2 a  fox\nin snow --seed 7", Wish(prompt="a fox in snow", count=2, seed=7)),
        ("a fox —no “text, hands” –steps 30", Wish(prompt="a fox", negative="text, hands", steps=30)),
        ("狐狸 --尺寸 横 --张数 3", Wish(prompt="狐狸", size="横", count=3)),
        ("a fox size=tall cfg=4.5", Wish(prompt="a fox", size="tall", guidance=4.5)),
        ("a well-known fox -- really", Wish(prompt="a well-known fox -- really")),
        ("x = y, n-th day", Wish(prompt="x = y, n-th day")),
    ],
)
def test_options_are_taken_out_of_the_words(text: str, wish: Wish) -> None:
    """As flags or by name, with the dashes and quotes that phones put in."""
    assert parse_wish(text) == wish


@given(st.text(max_size=300))
def test_any_words_are_a_wish_or_a_sentence(text: str) -> None:
    """And a wish survives being stored."""
    try:
        wish = parse_wish(text)
    except WishFault as fault:
        wish = Wish(prompt=fault.key)
    assert load_wish(dump_wish(wish)) == wish
    assert len(wish.prompt) <= 2_000


@given(st.sampled_from(["", "wide", "tall", "square", "4:3", "3:4", "1024x1024", "9x9"]), st.booleans())
def test_a_model_is_chosen_that_can_do_it_or_none(size: str, redraws: bool) -> None:
    """What is chosen fits the wish."""
    try:
        model = choose_model(Wish(prompt="x", size=size), DRAWING_MODELS, pictures=int(redraws))
    except WishFault:
        assert size == "9x9"
    else:
        assert model.redraws == redraws
        assert not model.sizes or size_for(size, model.sizes) in model.sizes


def test_a_size_that_is_drawn_one_at_a_time_is_not_called_impossible() -> None:
    """It is there, though not for so many at once; where no size is asked for, several are drawn."""
    with pytest.raises(WishFault) as caught:
        choose_model(Wish(prompt="x", size="wide", count=2), DRAWING_MODELS, pictures=0)
    assert (caught.value.key, caught.value.words["most"]) == ("draw_count_size", 1)
    assert choose_model(Wish(prompt="x", count=2), DRAWING_MODELS, pictures=0).most_pictures >= 2


def test_a_shape_takes_the_nearest_size_that_has_it() -> None:
    """A square is not wide."""
    known = sizes("1024x1024 1664x928 1584x1056")
    assert str(size_for("wide", known)) == "1664x928"
    assert str(size_for("3:2", known)) == "1584x1056"
    assert size_for("tall", known) is None


def test_without_models_of_a_kind_it_is_said_which_is_missing() -> None:
    """One that draws, or one that changes pictures."""
    painter = DrawingModel(id="a/b", sizes=sizes("8x8"))
    with pytest.raises(WishFault, match="draw_no_editor"):
        choose_model(Wish(prompt="x"), [painter], pictures=1)
    with pytest.raises(WishFault, match="draw_no_painter"):
        choose_model(Wish(prompt="x"), [replace(painter, redraws=True)], pictures=0)
    with pytest.raises(WishFault, match="draw_off"):
        choose_model(Wish(prompt="x"), [], pictures=0)


def test_what_is_stored_in_an_unknown_form_is_left_open() -> None:
    """A wish of a later version does not stop a button."""
    assert load_wish('{"colour": 1}') == load_wish("nonsense") == Wish(prompt="")


@pytest.mark.parametrize(
    ("place", "seconds", "language", "words"),
    [
        (2, 30.2, "en", "2nd in line, about 30 s"),
        (11, 240, "en", "11th in line, about 4 min"),
        (23, -1, "en", "23rd in line, about 1 s"),
        (3, 61, "zh", "排在第 3 位，大约还要 61 秒"),
    ],
)
def test_a_place_in_line_is_said_as_people_say_it(
    place: int, seconds: float, language: str, words: str
) -> None:
    """With about how long it takes."""
    assert waiting_text(place, seconds, language).startswith(words)
