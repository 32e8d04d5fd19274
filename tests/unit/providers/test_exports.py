"""The package's public names are the ones it lists."""

from __future__ import annotations

import bot.providers
from bot.ports import ChatModel
from bot.providers import SiliconFlowChat, open_siliconflow


def test_the_list_of_names_is_true() -> None:
    """Each listed name is there, once; their order is looked at for every package."""
    names = bot.providers.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(bot.providers, name) for name in names)


async def test_the_client_is_a_chat_model() -> None:
    """It fits the port of the core, and opening it asks nothing of the network."""
    async with open_siliconflow(api_key="sk-x", base_url="http://127.0.0.1:1/v1") as chat:
        model: ChatModel = chat
        assert isinstance(model, SiliconFlowChat)
        assert model.context_tokens("Qwen/Qwen2.5-7B-Instruct") == 32_768
