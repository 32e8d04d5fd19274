"""Which model somebody means: by id, name, part, old name, or nearly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.models.search import (
    Close,
    Meant,
    Replaced,
    Several,
    find_model,
    leading_models,
    plain_ones,
    suggested,
)

KNOWN = (
    "Pro/deepseek-ai/DeepSeek-V3.2",
    "Qwen/Qwen3-8B",
    "Qwen/Qwen3-32B",
    "deepseek-ai/DeepSeek-R1",
    "deepseek-ai/DeepSeek-V3.1-Terminus",
    "deepseek-ai/DeepSeek-V3.2",
    "zai-org/GLM-4.6",
)
OLD = {
    "deepseek-v3.1": "deepseek-ai/DeepSeek-V3.1-Terminus",
    "deepseek-ai/deepseek-v3.1": "deepseek-ai/DeepSeek-V3.1-Terminus",
    "zai-org/glm-4.4": "zai-org/GLM-4.5",
    "zai-org/glm-4.5": "zai-org/GLM-4.6",
    "x/lost": "x/also-lost",
    "x/round": "x/around",
    "x/around": "x/round",
}


def successor(model: str) -> str | None:
    return OLD.get(model.casefold())


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Qwen/Qwen3-8B", Meant(model="Qwen/Qwen3-8B")),
        (" qwen/qwen3-8b ", Meant(model="Qwen/Qwen3-8B")),
        ("qwen3-32b", Meant(model="Qwen/Qwen3-32B")),
        ("DeepSeek-V3.2", Meant(model="deepseek-ai/DeepSeek-V3.2")),
        ("pro/deepseek-v3.2", Meant(model="Pro/deepseek-ai/DeepSeek-V3.2")),
        ("glm", Meant(model="zai-org/GLM-4.6")),
        ("v3.2", Meant(model="deepseek-ai/DeepSeek-V3.2")),
        ("qwen", Several(models=("Qwen/Qwen3-8B", "Qwen/Qwen3-32B"))),
        ("deepseek-v3.1", Replaced(model="deepseek-ai/DeepSeek-V3.1-Terminus")),
        ("zai-org/GLM-4.4", Replaced(model="zai-org/GLM-4.6")),
        ("x/lost", Close(models=())),
        ("x/round", Close(models=())),
        ("", Close(models=())),
    ],
)
def test_what_is_written_is_found(words: str, found: object) -> None:
    """Whole ids before names, names before parts, and dead names lead to what there is."""
    assert find_model(words, KNOWN, successor) == found


def test_a_slip_of_the_pen_gets_the_nearest() -> None:
    """A swapped letter in a name or an id."""
    found = find_model("qwne3-8b", KNOWN, successor)
    assert isinstance(found, Close)
    assert found.models[0] == "Qwen/Qwen3-8B"


@given(words=st.text(max_size=40))
def test_whatever_is_written_only_known_models_are_offered(words: str) -> None:
    """And never more than a few by suggestion."""
    offered = suggested(find_model(words, KNOWN, successor))
    assert set(offered) <= set(KNOWN)
    assert len(offered) <= 3


@pytest.mark.parametrize(
    ("words", "models", "rest"),
    [
        ("Qwen3-8B deepseek-r1 Why?", ("Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-R1"), "Why?"),
        ("qwen3-8b, glm-4.6 Which  one?", ("Qwen/Qwen3-8B", "zai-org/GLM-4.6"), "Which  one?"),
        ("qwen3-8b、glm-4.6 哪个好？", ("Qwen/Qwen3-8B", "zai-org/GLM-4.6"), "哪个好？"),
        ("zai-org/GLM-4.5 hi", ("zai-org/GLM-4.6",), "hi"),
        ("qwen3-8b QWEN3-8B twice", ("Qwen/Qwen3-8B",), "twice"),
        ("glm is a part, not a name", (), "glm is a part, not a name"),
        ("Is qwen3-8b good?", (), "Is qwen3-8b good?"),
        ("qwen3-8b", ("Qwen/Qwen3-8B",), ""),
        ("", (), ""),
    ],
)
def test_models_at_the_beginning_are_taken_off(words: str, models: tuple[str, ...], rest: str) -> None:
    """Only whole ids and names, so that a question's first words stay its own."""
    assert leading_models(words, KNOWN, successor) == (models, rest)


def test_a_paid_twin_is_folded_into_its_plain_model() -> None:
    """And stays where there is no plain one."""
    assert plain_ones(("Pro/a/x", "a/x", "Pro/a/y")) == ("a/x", "Pro/a/y")
