"""What people see when they look at a channel or a thread."""

from __future__ import annotations

from .accounts import Person
from .state import Channel, Message, Shown, Thread
from .world import World

__all__ = ["ChannelView", "ThreadView"]


class _Messages:
    """A list of live messages: they show their current text."""

    @property
    def messages(self) -> list[Message]:
        """What can be seen now, in order."""
        raise NotImplementedError

    @property
    def bot_messages(self) -> list[Message]:
        """What the bot wrote."""
        return [message for message in self.messages if message.from_bot]

    @property
    def texts(self) -> list[str]:
        """The texts of the bot's messages."""
        return [message.text for message in self.bot_messages]

    @property
    def last(self) -> Message:
        """The newest message; raises AssertionError when there is none."""
        messages = self.messages
        assert messages, "nothing was said here"
        return messages[-1]

    @staticmethod
    def history_of(message: Message) -> list[Shown]:
        """Every text the message has shown, with times."""
        return list(message.history)


class ThreadView(_Messages):
    """A thread, its root included."""

    def __init__(self, channel: Channel, root: Message) -> None:
        self.channel = channel
        self.root = root

    @property
    def messages(self) -> list[Message]:
        """The root and the replies, in order."""
        root = [] if self.root.deleted else [self.root]
        return [*root, *self.channel.replies_to(self.root.ts)]

    @property
    def _thread(self) -> Thread:
        return self.channel.thread(self.root.ts)

    @property
    def status(self) -> str:
        """What the app says it is doing, empty when it says nothing."""
        return self._thread.status

    @property
    def statuses(self) -> list[str]:
        """Every status the app has shown here."""
        return list(self._thread.statuses)

    @property
    def loading_messages(self) -> list[str]:
        """What Slack rotates through under the status."""
        return list(self._thread.loading_messages)

    @property
    def title(self) -> str:
        """The title: that of the session, else that of the thread."""
        session = self._thread.session
        return (session.title if session else "") or self._thread.title

    @property
    def prompts(self) -> list[str]:
        """The titles of the suggested prompts."""
        return [prompt["title"] for prompt in self._thread.prompts]

    @property
    def session_status(self) -> str:
        """The status of the agent session, empty without one."""
        return self._thread.session.status if self._thread.session else ""

    @property
    def streaming(self) -> list[Message]:
        """The messages the app is writing as native streams."""
        return [message for message in self.messages if message.streaming]


class ChannelView(_Messages):
    """A channel with its threads."""

    def __init__(self, world: World, channel: Channel) -> None:
        self.world = world
        self.channel = channel

    @property
    def id(self) -> str:
        """The channel id the app uses."""
        return self.channel.id

    @property
    def messages(self) -> list[Message]:
        """Everything written here, in threads too, in order."""
        return list(self.channel.messages.values())

    @property
    def timeline(self) -> list[Message]:
        """What stands in the channel itself."""
        return [message for message in self.messages if message.thread_ts is None or message.broadcast]

    @property
    def prompts(self) -> list[str]:
        """The titles of the prompts suggested for the direct messages as a whole."""
        return [prompt["title"] for prompt in self.channel.prompts]

    def thread(self, message: Message) -> ThreadView:
        """The thread a message hangs in or starts."""
        root = self.channel.messages.get(message.root_ts, message)
        return ThreadView(self.channel, root)

    def ephemerals_of(self, person: Person) -> list[Message]:
        """What only this person sees, in order."""
        return [message for message in self.channel.ephemerals if message.only_for == person.id]

    def describe(self) -> str:
        """The channel as lines of text, for the message of a failed assertion."""
        lines = [f"{self.channel.kind} {self.channel.name!r} ({self.channel.id})"]
        lines += [f"  {message}" for message in self.messages]
        lines += [f"  [only for {m.only_for}] {m}" for m in self.channel.ephemerals]
        lines += [f"  status {thread.status!r}" for thread in self.channel.threads.values() if thread.status]
        return "\n".join(lines)
