"""The tree of exchanges: whatever people do, the history the model reads is the branch they are on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, create_engine

from bot.conversation.opening import open_exchange
from bot.conversation.question import Origin, Question
from bot.events import Outcome
from bot.exchange import Exchange
from bot.messages import Author, ChatKind, ConversationKey
from bot.storage import history, ledger
from bot.storage.tables import metadata

KEY = ConversationKey(platform="fake", account="1", chat="7")


@dataclass(slots=True)
class Node:
    """An exchange in the model of the tree."""

    turn_id: int
    parent: Node | None
    said: str
    redacted: bool = False
    children: list[Node] = field(default_factory=list)

    def line(self) -> list[str]:
        """What was said from the root to here and was not deleted."""
        before = self.parent.line() if self.parent else []
        return before if self.redacted else [*before, self.said]


class HistoryTree(RuleBasedStateMachine):
    """People write, retry, undo, edit, answer older messages, delete and begin anew, in any order."""

    @initialize()
    def begin(self) -> None:
        self.engine = create_engine("sqlite://")
        self.conn: Connection = self.engine.connect()
        metadata.create_all(self.conn)
        self.head: Node | None = None
        self.nodes: list[Node] = []
        self.turns = 0

    def teardown(self) -> None:
        if hasattr(self, "conn"):
            self.conn.close()
            self.engine.dispose()

    def _open(self, said: str, origin: Origin, message_id: str) -> Exchange:
        self.turns += 1
        question = Question(
            key=KEY,
            chat_kind=ChatKind.PRIVATE,
            author=Author(id="5", name="Ann"),
            message_id=message_id,
            request=said,
            origin=origin,
        )
        opened = open_exchange(self.conn, self.turns, question, now=float(self.turns))
        done = replace(opened.exchange, reply=f"re: {said}", outcome=Outcome.ANSWERED)
        history.save_reply(self.conn, done)
        ledger.intend(self.conn, turn_id=self.turns, part=0, conversation=str(KEY))
        ledger.record_sent(self.conn, turn_id=self.turns, part=0, message_id=f"bot{self.turns}")
        return done

    def _add(self, parent: Node | None, said: str) -> None:
        self.head = Node(turn_id=self.turns, parent=parent, said=said)
        self.nodes.append(self.head)

    @rule()
    def write(self) -> None:
        said = f"question {self.turns + 1}"
        parent = self.head
        self._open(said, Origin(), f"user{self.turns + 1}")
        self._add(parent, said)

    @rule()
    def begin_anew(self) -> None:
        history.set_head(self.conn, str(KEY), None)
        self.head = None

    @precondition(lambda self: self.head is not None)
    @rule()
    def retry(self) -> None:
        assert self.head is not None
        last = self.head
        self._open(last.said, Origin(again=last.turn_id), f"retry{self.turns + 1}")
        self._add(last.parent, last.said)

    @precondition(lambda self: self.head is not None)
    @rule()
    def undo(self) -> None:
        assert self.head is not None
        last = history.exchange_of(self.conn, self.head.turn_id)
        assert last is not None
        history.set_head(self.conn, str(KEY), last.parent_id)
        self.head = self.head.parent

    @precondition(lambda self: self.nodes)
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        said = f"edited {self.turns + 1}"
        self._open(said, Origin(replaces=node.turn_id), f"user{node.turn_id}")
        self._add(node.parent, said)

    @precondition(lambda self: self.nodes)
    @rule(data=st.data())
    def answer_an_older_reply(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        shown = history.exchange_shown_by(self.conn, str(KEY), f"bot{node.turn_id}")
        said = f"branch {self.turns + 1}"
        parent = node if shown == node.turn_id else None
        if parent is None:
            return  # its message was taken over by a later answer
        self._open(said, Origin(continues_message=f"bot{node.turn_id}"), f"user{self.turns + 1}")
        self._add(parent, said)

    @precondition(lambda self: self.nodes)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        exchange = history.exchange_of(self.conn, node.turn_id)
        assert exchange is not None
        history.redact_message(self.conn, str(KEY), [exchange.message_id])
        for other in self.nodes:
            row = history.exchange_of(self.conn, other.turn_id)
            assert row is not None
            if row.message_id == exchange.message_id:
                other.redacted = True

    @invariant()
    def the_model_reads_the_branch_people_are_on(self) -> None:
        if not hasattr(self, "conn"):
            return
        path = history.path_to(self.conn, history.head_of(self.conn, str(KEY)))
        read = [exchange.as_messages()[0].text for exchange in path if exchange.as_messages()]
        assert read == (self.head.line() if self.head else [])

    @invariant()
    def nothing_deleted_is_left_in_the_tree(self) -> None:
        if not hasattr(self, "conn"):
            return
        for node in self.nodes:
            row = history.exchange_of(self.conn, node.turn_id)
            assert row is not None
            assert not node.redacted or (row.request, row.reply, row.thinking) == ("", "", "")


TestHistoryTree = HistoryTree.TestCase
TestHistoryTree.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_history_begins_after_a_summary() -> None:
    """What a summary covers is not read from the database any more, but stays in the tree."""
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        metadata.create_all(conn)
        for turn_id in range(1, 6):
            history.add_exchange(
                conn,
                Exchange(
                    turn_id=turn_id,
                    conversation=str(KEY),
                    parent_id=turn_id - 1 or None,
                    request=f"q{turn_id}",
                    reply=f"a{turn_id}",
                    outcome=Outcome.ANSWERED,
                ),
            )
        history.add_summary(conn, turn_id=3, conversation=str(KEY), summary="q1 to q3", now=0.0)
        path = history.path_to(conn, 5)
        assert [exchange.turn_id for exchange in path] == [3, 4, 5]
        assert history.summary_of(conn, path[0].turn_id) == "q1 to q3"
    engine.dispose()


def test_a_deleted_message_takes_the_summaries_that_may_hold_it_along() -> None:
    """Nothing of a deleted message survives in a summary made later."""
    engine = create_engine("sqlite://")
    with engine.connect() as conn:
        metadata.create_all(conn)
        for turn_id in (1, 2):
            exchange = Exchange(
                turn_id=turn_id,
                conversation=str(KEY),
                parent_id=turn_id - 1 or None,
                message_id=f"m{turn_id}",
                request="secret",
                reply="noted",
            )
            history.add_exchange(conn, exchange)
        history.add_summary(conn, turn_id=2, conversation=str(KEY), summary="they said: secret", now=0.0)
        history.redact_message(conn, str(KEY), ["m1"])
        assert history.summary_of(conn, 2) == ""
    engine.dispose()
