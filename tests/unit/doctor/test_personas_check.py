"""The operator's own tools and personas looked at: what a start would refuse, leave out or warn of."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.doctor.personas import check_personas
from bot.ports.diagnosis import Finding, Level
from bot.settings import load_settings
from tests.unit.doctor.support import collected

TOOL = '''
from bot.tools import tool

@tool
async def roll() -> str:
    """Roll one die."""
    return "4"
'''


async def look() -> list[Finding]:
    """What is found of the settings as they are."""
    return await collected(check_personas(load_settings()))


async def test_nothing_of_ones_own_needs_no_word() -> None:
    """A first start has neither tools nor personas."""
    assert await look() == []


async def test_a_persona_that_keeps_the_service_from_starting_is_an_error(folder: Path) -> None:
    """As the start would say: the tool, and who answers by default."""
    (folder / "parley.toml").write_text(
        'persona = "pirat"\n[personas.pirate]\nprompt = "Arr."\ntools = ["rol"]\n'
    )
    found = await look()
    assert {(finding.code, finding.level) for finding in found} == {("personas.fault", Level.ERROR)}
    assert "there is no tool 'rol'" in found[0].what
    assert "there is no persona 'pirat'" in found[1].what
    assert all(finding.remedy for finding in found)


async def test_a_dead_model_of_a_persona_is_named_with_its_successor(folder: Path) -> None:
    """Gone for good, or under another name."""
    (folder / "parley.toml").write_text('[personas.pirate]\nprompt = "Arr."\nmodels = ["zai-org/GLM-4.5"]\n')
    lost, read = await look()
    assert (lost.code, lost.level) == ("personas.model_lost", Level.WARNING)
    assert "zai-org/GLM-4.5" in lost.what
    assert "zai-org/GLM-4.6" in lost.remedy
    assert (read.code, read.level) == ("personas.read", Level.OK)


async def test_tools_that_cannot_be_loaded_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are there, and a persona may use them."""
    tools = folder / "tools"
    tools.mkdir(mode=0o755)
    (tools / "dice.py").write_text(TOOL)
    (tools / "broken.py").write_text("import a_package_that_is_not_there\n")
    (folder / "parley.toml").write_text('[personas.pirate]\nprompt = "Arr."\ntools = ["roll"]\n')
    monkeypatch.setenv("PARLEY_TOOLS_FOLDER", str(tools))
    left_out, loaded, _ = await look()
    assert (left_out.code, left_out.level) == ("tools.left_out", Level.WARNING)
    assert "broken.py, line 1" in left_out.what
    assert (loaded.code, loaded.what) == ("tools.loaded", "The tools folder gives roll.")


async def test_a_folder_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in its name would cost every tool in it."""
    monkeypatch.setenv("PARLEY_TOOLS_FOLDER", "./nowhere")
    (finding,) = await look()
    assert finding.code == "tools.left_out"
    assert "nowhere" in finding.what
