"""What the operator is told of models that the settings name and the provider does not have."""

from __future__ import annotations

from dataclasses import dataclass

from bot.conversation import BUILT_IN, missing_models
from bot.conversation.personas.persona import Persona
from bot.ports import Listing, ModelInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A Catalogue with this listing."""

    models: tuple[str, ...]
    ears: tuple[str, ...] = ()
    complete: bool = True

    async def listing(self) -> Listing:
        return Listing(models=self.models, complete=self.complete)

    async def hearing(self) -> Listing:
        return Listing(models=self.ears, complete=bool(self.ears))

    def about(self, model: str) -> ModelInfo:
        return ModelInfo(id=model, vendor="", name=model, audio="omni" in model)

    def successor(self, model: str) -> str | None:
        return "v/new" if model == "v/old" else None


TUTOR = Persona(name="tutor", prompt="Teach.", models=("v/old", "v/lost", "v/there"))


async def test_every_missing_model_is_named_once_with_where_it_stands() -> None:
    """With its successor where one is known."""
    lines = await missing_models(
        Shelf(models=("v/there",)), service=("v/there", "v/lost"), hearing=(), personas=(*BUILT_IN, TUTOR)
    )
    assert lines == (
        (
            "'v/lost' in PARLEY_MODELS and the persona 'tutor' is not among the account's models; "
            "/model lists those."
        ),
        "'v/old' in the persona 'tutor' was renamed or taken offline; use 'v/new'.",
    )


async def test_without_a_list_only_what_is_known_to_be_gone_is_told() -> None:
    """Not everything is missing because the provider is silent."""
    lines = await missing_models(
        Shelf(models=(), complete=False), service=("v/a",), hearing=("v/b",), personas=(TUTOR,)
    )
    assert lines == ("'v/old' in the persona 'tutor' was renamed or taken offline; use 'v/new'.",)


async def test_nothing_is_said_where_all_is_well() -> None:
    """No line at all."""
    shelf = Shelf(models=("v/a",), ears=("v/sense",))
    assert await missing_models(shelf, service=("v/a",), hearing=("v/sense",), personas=BUILT_IN) == ()


async def test_models_that_do_not_hear_are_named_where_they_are_to_hear() -> None:
    """A transcription model or a chat model that takes sound hears; a chat model as such does not."""
    lines = await missing_models(
        Shelf(models=("v/chat", "v/omni"), ears=("v/sense",)),
        service=("v/chat",),
        hearing=("v/sens", "v/sense"),
        personas=(Persona(name="ear", prompt="Listen.", hearing_models=("v/omni", "v/chat", "v/sens")),),
    )
    here = "is not among the account's models that hear: v/sense, v/omni."
    assert lines == (
        f"'v/sens' in PARLEY_HEARING_MODELS and the persona 'ear' {here}",
        f"'v/chat' in the persona 'ear' {here}",
    )
