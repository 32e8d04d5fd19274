"""The benchmark's arithmetic, its table and its judgement of answers are right, whatever they are fed."""

from __future__ import annotations

import math
import re
import statistics
from pathlib import Path

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.arithmetic import median_figures, percentile, ratio, spread
from tests.benchmarks.figures import FIGURES
from tests.benchmarks.questions import Question, question_number
from tests.benchmarks.report import Report, align
from tests.benchmarks.stage import Stage

MEASURES = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=60)


@given(values=MEASURES)
def test_the_50th_percentile_is_the_median(values: list[float]) -> None:
    """Both take the middle value, or the mean of the two in the middle."""
    assert percentile(values, 50) == pytest.approx(statistics.median(values))


@given(values=MEASURES, low=st.floats(0, 100), high=st.floats(0, 100))
def test_percentiles_rise_from_the_smallest_to_the_largest_value(
    values: list[float], low: float, high: float
) -> None:
    """A higher percentage never gives a lower value, and the ends are the ends of the values."""
    below, above = (percentile(values, percent) for percent in sorted((low, high)))
    assert below <= above or below == pytest.approx(above)
    assert (percentile(values, 0), percentile(values, 100)) == (min(values), max(values))


def test_a_percentile_lies_between_its_neighbours() -> None:
    """The 95th of 1 to 11 is half way between the tenth and the eleventh."""
    assert percentile(range(1, 12), 95) == pytest.approx(10.5)


def test_there_is_no_percentile_of_nothing_and_none_beyond_100() -> None:
    """Nothing measured is NaN; a percentage that cannot be is refused."""
    assert math.isnan(percentile([], 50))
    with pytest.raises(ValueError, match="101"):
        percentile([1.0], 101)


def test_the_median_of_a_figure_is_over_the_runs_that_have_it() -> None:
    """Runs of other scenarios, and runs that could not measure it, do not count."""
    runs = [{"a": 1.0}, {"a": 5.0, "b": 2.0}, {"a": math.nan}, {"a": 3.0}]
    assert median_figures(runs) == {"a": 3.0, "b": 2.0}
    assert spread(runs, "a") == (1.0, 5.0)
    assert all(math.isnan(value) for value in spread(runs, "c"))


def test_a_ratio_to_nothing_is_unknown() -> None:
    """Dividing by zero or by an unknown value gives NaN, never an error or an infinity."""
    assert ratio(3.0, 2.0) == 1.5
    assert math.isnan(ratio(3.0, 0.0))
    assert math.isnan(ratio(3.0, math.nan))


def _rows(columns: int) -> st.SearchStrategy[list[list[str]]]:
    cell = st.text("abc", min_size=1, max_size=9)
    return st.lists(st.lists(cell, min_size=columns, max_size=columns), min_size=1, max_size=9)


@given(rows=st.integers(1, 4).flatmap(_rows))
def test_columns_are_aligned(rows: list[list[str]]) -> None:
    """Every cell lies over its part of the rule: the first at its beginning, the others at its end."""
    header, rule, *rest = align(rows).split("\n")
    columns = [match.span() for match in re.finditer("-+", rule)]
    assert len(columns) == len(rows[0])
    for row, line in zip(rows, [header, *rest], strict=True):
        first, *others = [line[start:end] for start, end in columns]
        assert first == row[0].ljust(len(first))
        assert [cell.lstrip() for cell in others] == row[1:]
        assert all(cell.endswith(value) for cell, value in zip(others, row[1:], strict=True))


def test_the_table_puts_the_service_against_each_reference() -> None:
    """A column a subject, a column a ratio; figures nobody measured have no line, unknown ones a dash."""
    report = Report(subjects=("parley", "common", "floor"))
    report.add("parley", {"instant_cpu_ms": 4.0, "start_healthz_s": 1.0})
    report.add("parley", {"instant_cpu_ms": 6.0})
    report.add("common", {"instant_cpu_ms": 20.0})
    report.add("floor", {"instant_cpu_ms": 1.0})
    header, _, *lines = report.table().splitlines()
    assert header.split()[-5:] == ["parley", "common", "floor", "parley/common", "parley/floor"]
    cells = {line[: line.index("  ")]: line.split()[-5:] for line in lines}
    assert cells == {
        "start -> /healthz 200, s": ["1.00", "-", "-", "-", "-"],
        "instant model, next when answered: CPU ms/message": ["5.00", "20.00", "1.00", "0.25", "5.00"],
    }


def test_every_line_of_the_table_has_a_name_of_its_own() -> None:
    """Two figures with one name or label could not be told apart."""
    assert (
        len({figure.name for figure in FIGURES}) == len({figure.label for figure in FIGURES}) == len(FIGURES)
    )


def test_the_results_file_holds_runs_medians_faults_and_the_machine(tmp_path: Path) -> None:
    """What is needed to judge the figures later is in one file."""
    report = Report(subjects=("parley",), faults=["lost"])
    report.add("parley", {"instant_cpu_ms": 4.0})
    written = orjson.loads(report.write(tmp_path / "results", options={"quick": True}).read_bytes())
    assert written["runs"] == {"parley": [{"instant_cpu_ms": 4.0}]}
    assert written["medians"] == {"parley": {"instant_cpu_ms": 4.0}}
    assert written["spreads"] == {"parley": {"instant_cpu_ms": [4.0, 4.0]}}
    assert (written["faults"], written["options"]) == (["lost"], {"quick": True})
    assert {"python", "cores", "load_average", "libraries"} <= written["machine"].keys()


@given(number=st.integers(1, 10**9), tokens=st.integers(1, 50))
def test_a_question_has_exactly_its_tokens_and_is_known_by_its_number(number: int, tokens: int) -> None:
    """The answer is as many pieces as asked for, and the question's own text leads back to it."""
    question = Question(number=number, chat_id=1, tokens=tokens)
    assert len(question.pieces) == tokens
    assert question_number(question.text) == number
    assert question_number("something else") is None


def test_an_answer_is_whole_only_when_every_word_is_there() -> None:
    """A part of it is a first text; spaces and line ends are the subject's own business."""
    question = Question(number=7, chat_id=1, tokens=4)
    question.note_seen("answer7 word1 word2", 1.0)
    assert (question.first_seen_at, question.whole_at) == (1.0, None)
    question.note_seen("answer7 word1\nword2 word3", 2.0)
    assert (question.first_seen_at, question.whole_at) == (1.0, 2.0)
    assert question.whole.is_set()


def test_tokens_are_timed_by_the_write_that_carries_them() -> None:
    """The role chunk before the first token is no token; the first and the last may leave in one write."""
    question = Question(number=1, chat_id=1, tokens=3)
    for tokens, at in ((0, 1.0), (2, 2.0), (3, 3.0), (3, 4.0)):
        question.note_tokens(tokens, at)
    assert question.first_token_at == 2.0
    assert question.last_token_at == 3.0


async def test_lost_cut_doubled_and_foreign_answers_are_faults() -> None:
    """The stage names each answer that is not there exactly once and whole."""
    async with Stage() as stage:
        lost, cut, doubled, good = [await stage.ask(stage.open_chat(), tokens=3) for _ in range(4)]
        for question, text in (
            (cut, "answer2 word1"),
            (doubled, doubled.expected),
            (doubled, doubled.expected),
            (good, good.expected),
        ):
            await _send(stage, question.chat_id, text)
        assert stage.faults() == [
            f"question {lost.number} in chat {lost.chat_id} was answered not at all",
            f"question {cut.number} in chat {cut.chat_id} was answered in part",
            f"a stray message in chat {cut.chat_id}: 'answer2 word1'",
            f"a stray message in chat {doubled.chat_id}: {doubled.expected!r}",
        ]


async def _send(stage: Stage, chat_id: int, text: str) -> None:
    """What a bot does: one sendMessage."""
    url = f"{stage.telegram.url}/bot{stage.telegram.token}/sendMessage"
    body = {"chat_id": chat_id, "text": text}
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        assert answer.status == 200
