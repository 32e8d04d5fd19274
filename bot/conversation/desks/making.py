"""The desks for pictures and films, with the studio they share."""

from __future__ import annotations

from collections.abc import Mapping

from bot.conversation.desk import Desk
from bot.conversation.desks.drawing import DrawingDesk
from bot.conversation.desks.filming import FilmingDesk
from bot.conversation.drawing.bench import Bench
from bot.conversation.drawing.drawing import Drawing
from bot.conversation.drawing.filming import Filming
from bot.conversation.drawing.line import Easel
from bot.conversation.drawing.making import Making
from bot.conversation.drawing.source import Sources
from bot.conversation.drawing.studio import Studio
from bot.conversation.saying import Saying
from bot.conversation.seeing.files import Fetching
from bot.delivery import Governor
from bot.media import Images
from bot.ports import Adapter, ChatModel, Clock, Engine

__all__ = ["making_desks"]


def making_desks(
    *,
    making: Making | None,
    adapters: Mapping[str, Adapter],
    engine: Engine,
    governor: Governor,
    clock: Clock,
    saying: Saying,
    model: ChatModel,
    models: tuple[str, ...],
) -> tuple[Desk, ...]:
    """Both desks; without ``making`` they say that nothing is made here. Starts nothing."""
    studio = None
    if making is not None:
        bench = Bench(
            engine=engine, easel=Easel(adapters=adapters, governor=governor, clock=clock), clock=clock
        )
        studio = Studio(
            engine=engine,
            bench=bench,
            drawing=Drawing(bench=bench, making=making),
            filming=Filming(bench=bench, making=making),
        )
    sources = Sources(adapters=adapters, images=Images(), fetching=Fetching(clock=clock))
    return (
        DrawingDesk(saying=saying, studio=studio, sources=sources, model=model, models=models),
        FilmingDesk(saying=saying, studio=studio, sources=sources),
    )
