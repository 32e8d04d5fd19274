"""The chain of models held against what is served: what is gone, renamed, misspelt or cannot do enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.doctor.models import check_models
from bot.ports.diagnosis import Level
from bot.sandbox import CATALOGUE
from tests.unit.doctor.support import problems

SERVED = tuple(card.id for card in CATALOGUE)


def test_models_that_are_served_and_call_tools_are_in_order() -> None:
    """One line each, with what they can."""
    found = list(check_models(["Qwen/Qwen3-32B", "Qwen/Qwen3.5-9B"], SERVED))
    assert [finding.what for finding in found] == [
        "Qwen/Qwen3-32B is served (tools).",
        "Qwen/Qwen3.5-9B is served (tools, images).",
    ]


def test_a_model_taken_offline_is_replaced_by_its_successor_in_the_remedy() -> None:
    """The whole chain is given, ready to be copied; the rest of it answers meanwhile."""
    chain = ["Pro/deepseek-ai/DeepSeek-V3.1", "Qwen/Qwen3-8B"]
    (gone, _) = check_models(chain, SERVED)
    assert (gone.level, gone.code) == (Level.WARNING, "siliconflow.model_gone")
    assert gone.remedy == "Set PARLEY_MODELS=Pro/deepseek-ai/DeepSeek-V3.1-Terminus,Qwen/Qwen3-8B."


def test_an_old_name_still_answers() -> None:
    """So it is a warning, even alone."""
    (finding,) = check_models(["deepseek-ai/DeepSeek-V3.2-Exp"], SERVED)
    assert (finding.level, finding.code) == (Level.WARNING, "siliconflow.model_renamed")
    assert "deepseek-ai/DeepSeek-V3.2." in finding.what


def test_a_chain_of_which_nothing_is_served_is_an_error_with_a_name_that_is() -> None:
    """Nobody would answer."""
    (finding,) = check_models(["nobody/knows"], SERVED)
    assert finding.level is Level.ERROR
    assert finding.remedy.endswith("for example Qwen/Qwen3-32B.")
    (finding,) = check_models(["nobody/knows"], ["some/model"])
    assert finding.remedy.endswith("for example some/model.")


def test_a_misspelt_name_is_recognised() -> None:
    """Other case, without the vendor, a slip of the finger."""
    for wrong in ("qwen/qwen3-32b", "Qwen3-32B", "Qwen/Qwen-3-32B"):
        (finding,) = check_models([wrong], SERVED)
        assert finding.remedy == "Set PARLEY_MODELS=Qwen/Qwen3-32B."


def test_a_model_that_cannot_call_tools_is_told_with_the_tools() -> None:
    """Wherever it stands in the chain."""
    found = list(check_models(["Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-OCR"], SERVED))
    assert problems(found) == {"siliconflow.model_without_tools": Level.WARNING}
    assert "calculate" in found[1].what
    assert "when the ones before it fail" in found[1].what


@given(chain=st.lists(st.one_of(st.sampled_from(SERVED), st.text(max_size=30)), min_size=1, max_size=5))
def test_every_model_has_one_finding_and_an_error_only_where_none_answers(chain: list[str]) -> None:
    """And whatever needs doing says how."""
    found = list(check_models(chain, SERVED))
    assert len(found) == len(chain)
    assert all(finding.remedy for finding in found if finding.level is not Level.OK)
    if any(finding.level is Level.ERROR for finding in found):
        assert not set(chain) & set(SERVED)
