"""The few sentences that only Slack's own surfaces need, in English and Chinese."""

from __future__ import annotations

__all__ = ["word"]

_WORDS: dict[str, tuple[str, str]] = {
    "asked": ("<@{user}> asked: {text}", "<@{user}> 提问：{text}"),
    "ordered": ("<@{user}>: `{text}`", "<@{user}>：`{text}`"),
    "not_here": (
        "I'm not in this channel, so I answer in our direct messages. `/invite` me to answer here.",
        "我不在这个频道里，所以在私信中回答。用 `/invite` 邀请我，就能在这里回答。",
    ),
    "not_here_for_this": (
        "I'm not in this conversation, so I can't hear or write here. In a channel, `/invite` me first.",
        "我不在这个会话里，听不到也写不了。如果是频道，请先用 `/invite` 邀请我。",
    ),
    "did_you_mean": (
        "I don't know `{command} {written}`. Did you mean `{command} {nearest}`? Questions take a few words.",
        "没有 `{command} {written}` 这个命令，你是不是想用 `{command} {nearest}`？如果是提问，请多写几个字。",
    ),
    "try_again": (
        "I could not take that in just now. Please send it again in a minute.",
        "刚才没能收下这条请求，请过一分钟再发一次。",
    ),
    "home_title": ("Parley", "Parley"),
    "home_use": (
        (
            "*How to talk with me*\n"
            "• Write to me in *Messages*: each message begins a conversation, its thread goes on with it.\n"
            "• In a channel, mention me; in a thread I have answered in, just write.\n"
            "• For a voice clip in writing, react to it with :memo: or choose *Transcribe* from its menu.\n"
            "• Edit your message and I answer it anew. The *Stop* button ends an answer at once."
        ),
        (
            "*怎样和我聊*\n"
            "• 在*消息*里写给我：每条消息开始一个对话，接着在它的消息列里聊。\n"
            "• 在频道里 @我；在我回答过的消息列里直接写就行。\n"
            "• 要把语音转成文字，给它点 :memo: 表情，或在它的菜单里选 *Transcribe*。\n"
            "• 修改你的消息，我会重新回答。*停止*按钮可以立即结束回答。"
        ),
    ),
    "home_commands": (
        "*Commands*, in a thread after my name, as in `@{bot} /undo`:",
        "*命令*，在消息列里写在我的名字后面，例如 `@{bot} /undo`：",
    ),
    "home_settings": (
        "*Settings* of our direct messages; `/parley settings` sets those of a channel.",
        "我们私信的*设置*；频道的设置用 `/parley settings`。",
    ),
    "home_say_first": (
        "Write me a message first; then the settings stand here.",
        "先给我发一条消息，之后这里会显示设置。",
    ),
}


def word(name: str, language: str, **values: str) -> str:
    """The sentence in the language, Chinese or else English."""
    english, chinese = _WORDS[name]
    return (chinese if language.lower().startswith("zh") else english).format(**values)
