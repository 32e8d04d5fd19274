"""Opens the studio with what it works with."""

from __future__ import annotations

from collections.abc import Mapping

from bot.conversation.drawing.bench import Bench
from bot.conversation.drawing.drawing import Drawing
from bot.conversation.drawing.filming import Filming
from bot.conversation.drawing.line import Easel
from bot.conversation.drawing.making import Making
from bot.conversation.drawing.studio import Maker, Studio
from bot.delivery import Governor
from bot.ports import Adapter, Clock, Engine
from bot.storage.drawings import Kind

__all__ = ["open_studio"]


def open_studio(
    making: Making, *, engine: Engine, adapters: Mapping[str, Adapter], governor: Governor, clock: Clock
) -> Studio:
    """The studio. Starts nothing, and there is nothing to close."""
    easel = Easel(adapters=adapters, governor=governor, clock=clock)
    bench = Bench(engine=engine, easel=easel, clock=clock)
    makers: dict[Kind, Maker] = {
        Kind.PICTURE: Drawing(bench=bench, making=making),
        Kind.FILM: Filming(bench=bench, making=making),
    }
    return Studio(engine=engine, bench=bench, makers=makers)
