"""What a person sees when they look at a chat."""

from __future__ import annotations

from .state import NO_THREAD, Chat, ChatAction, Draft, Message, Shown
from .world import World

__all__ = ["ChatView"]

ACTION_SECONDS = 5.0  # Bot API sendChatAction: shown for 5 seconds or less


class ChatView:
    """A chat, or one topic of it, on somebody's screen. Messages are live: they show their current text."""

    def __init__(self, world: World, chat: Chat, thread_id: int | None = None) -> None:
        self.world = world
        self.chat = chat
        self.thread_id = thread_id

    @property
    def id(self) -> int:
        """The chat id the bot uses."""
        return self.chat.id

    @property
    def messages(self) -> list[Message]:
        """What can be seen now, in order."""
        everything = self.chat.everything()
        if self.thread_id is None:
            return everything
        return [message for message in everything if message.is_topic and message.thread_id == self.thread_id]

    @property
    def bot_messages(self) -> list[Message]:
        """What the bot wrote, without its service messages."""
        return [m for m in self.messages if m.from_bot and "forum_topic_created" not in m.content]

    @property
    def texts(self) -> list[str]:
        """The texts of the bot's messages."""
        return [message.text for message in self.bot_messages]

    @property
    def last(self) -> Message:
        """The newest message; raises AssertionError in an empty chat."""
        messages = self.messages
        assert messages, f"nothing was said in {self.chat.title!r}"
        return messages[-1]

    @property
    def draft(self) -> Draft | None:
        """The draft on the screen, if there is one."""
        return self.chat.drafts.get(self.thread_id or NO_THREAD)

    @property
    def draft_frames(self) -> list[Shown]:
        """Every frame of every draft the chat has shown."""
        return list(self.chat.draft_frames)

    @property
    def actions(self) -> list[ChatAction]:
        """Every chat action the bot showed here."""
        return [a for a in self.chat.actions if self.thread_id is None or a.thread_id == self.thread_id]

    @property
    def action(self) -> str | None:
        """What the bot is seen doing now, such as ``typing``."""
        actions = self.actions
        if actions and self.world.clock() - actions[-1].at < ACTION_SECONDS:
            return actions[-1].action
        return None

    @staticmethod
    def history_of(message: Message) -> list[Shown]:
        """Every text the message has shown, with times."""
        return list(message.history)

    def describe(self) -> str:
        """The chat as lines of text, for the message of a failed assertion."""
        lines = [f"{self.chat.kind} {self.chat.title!r} ({self.chat.id})"]
        lines += [f"  {message}" for message in self.messages]
        lines += [f"  draft {draft.draft_id}: {draft.text!r}" for draft in self.chat.drafts.values()]
        return "\n".join(lines)
