"""The benchmark's arithmetic, its table and its judgement of answers are right, whatever they are fed."""

from __future__ import annotations

import asyncio
import html
import io
import math
import re
import statistics
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from bot.media import HEAD_BYTES, Container, Images, sniff
from tests.benchmarks import __main__ as command_line
from tests.benchmarks.arithmetic import median_figures, percentile, ratio, spread
from tests.benchmarks.figures import FIGURES
from tests.benchmarks.peak import Peak
from tests.benchmarks.pictures import FORMATS, make_photo, shrunk_by_pillow
from tests.benchmarks.platforms import PLATFORMS, Platform, Sighting
from tests.benchmarks.platforms.page import read_html
from tests.benchmarks.platforms.telegram import TelegramPlace
from tests.benchmarks.platforms.watch import Watch
from tests.benchmarks.questions import Question, question_number
from tests.benchmarks.recordings import MEGABYTE, long_text, numbered, paper, studio_recording, voice_note
from tests.benchmarks.references.sound import plain_wav
from tests.benchmarks.report import Report, align
from tests.benchmarks.scenarios import SCENARIOS
from tests.benchmarks.spoken import compare
from tests.benchmarks.stage import Stage
from tests.benchmarks.subjects import Running, Subject, SubjectEnded

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
    report = Report(platform="telegram", subjects=("parley", "common", "floor"))
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
    report = Report(platform="telegram", subjects=("parley",), faults=["lost"])
    report.add("parley", {"instant_cpu_ms": 4.0})
    written = orjson.loads(report.write(tmp_path / "results", options={"quick": True}).read_bytes())
    assert written["platform"] == "telegram"
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


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("answer7 word1 word2", True),
        ("🎙 0:59 This is question #7, what comes next?\n\nanswer7 word1 word2", True),
        ("answer7 word1 word2\n\nThe end of log.txt was not read.", True),
        ("answer7 word1", False),
        ("answer7 word1 word25", False),
        ("This is question #7, what comes next?", False),
    ],
)
def test_an_answer_to_a_recording_may_have_its_words_above_it(text: str, *, is_whole: bool) -> None:
    """And below it what was left out of a file; an answer to plain text stands alone."""
    aloud = Question(number=7, chat_id=1, tokens=3, follows=True)
    written = Question(number=7, chat_id=1, tokens=3)
    assert aloud.is_whole_in(text) is is_whole
    assert written.is_whole_in(text) is (text == "answer7 word1 word2")


async def test_lost_cut_doubled_and_foreign_answers_are_faults() -> None:
    """The stage names each answer that is not there exactly once and whole."""
    place = TelegramPlace()
    async with Stage(place) as stage:
        lost, cut, doubled, good = [await stage.ask(await stage.open_chat(), tokens=3) for _ in range(4)]
        for question, text in (
            (cut, "answer2 word1"),
            (doubled, doubled.expected),
            (doubled, doubled.expected),
            (good, good.expected),
        ):
            await _send(place, question.chat_id, text)
        assert stage.faults() == [
            f"question {lost.number} in chat {lost.chat_id} was answered not at all",
            f"question {cut.number} in chat {cut.chat_id} was answered in part",
            f"a stray message in chat {cut.chat_id}: 'answer2 word1'",
            f"a stray message in chat {doubled.chat_id}: {doubled.expected!r}",
        ]


async def _send(place: TelegramPlace, chat_id: int, text: str) -> None:
    """What a bot does: one sendMessage."""
    url = f"{place.telegram.url}/bot{place.telegram.token}/sendMessage"
    body = {"chat_id": chat_id, "text": text}
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        assert answer.status == 200


# --- what people send ---------------------------------------------------------------------------------------


def test_equal_notes_are_different_files_of_the_same_sound() -> None:
    """A recording that was heard is not heard again, so that each has to look new."""
    note = voice_note(1.0)
    files = [numbered(note, number) for number in range(3)]
    assert len({note, *files}) == 4
    assert len({plain_wav(file) for file in (note, *files)}) == 1


def test_files_are_as_large_as_asked_for() -> None:
    """To the byte where the format lets them; all are what they say they are."""
    assert len(studio_recording(1)) == len(long_text(1)) == MEGABYTE
    assert 0.5 * MEGABYTE < len(paper(1)) <= MEGABYTE
    assert sniff(studio_recording(1)[:HEAD_BYTES]) is Container.WAV
    assert len(PdfReader(io.BytesIO(paper(1))).pages) == 20


@pytest.mark.parametrize("name", FORMATS)
async def test_photos_are_what_they_say_and_both_ways_make_them_small(name: str) -> None:
    """The same picture in every format; what is compared does the same."""
    photo = make_photo((1800, 1000), name)
    with Image.open(io.BytesIO(photo)) as image:
        assert (image.format, image.size) == (name.upper(), (1800, 1000))
    looked = await Images().look(photo)
    with Image.open(io.BytesIO(shrunk_by_pillow(photo))) as plain:
        assert plain.size == (looked.picture.width, looked.picture.height) == (1536, 853)


def test_the_slowdown_of_texts_is_their_time_meanwhile_over_that_before() -> None:
    """Step by step; a step nobody saw is NaN, and so is its quotient."""
    figures: dict[str, float] = {}

    def asked(seconds: float) -> Question:
        question = Question(number=1, chat_id=1, tokens=1, asked_at=1.0)
        question.note_request(1.0 + seconds)
        return question

    compare(figures, "notes", [asked(0.010), asked(0.030)], [asked(0.030), asked(0.050)])
    assert figures["notes_ingress_p50_times"] == pytest.approx(2.0)
    assert figures["notes_before_ingress_p50_ms"] == pytest.approx(20.0)
    assert figures["notes_while_ingress_p50_ms"] == pytest.approx(40.0)
    assert math.isnan(figures["notes_first_p95_times"])


# --- memory -------------------------------------------------------------------------------------------------

_GREEDY = """
import pathlib, subprocess, sys, time
while not pathlib.Path("go").exists():
    time.sleep(0.02)
own = bytearray(b"x") * (80 * 2**20)
del own
if sys.argv[1:] != ["child"]:
    child = subprocess.Popen([sys.executable, __file__, "child"], stdin=subprocess.PIPE)
    child.wait()
kept = bytearray(b"x") * (60 * 2**20)
pathlib.Path("held").touch()
sys.stdin.read()
"""


async def test_a_peak_counts_what_was_held_for_a_moment_and_what_children_hold(tmp_path: Path) -> None:
    """Only of the subject itself every moment is known; what it held before is forgotten."""
    (tmp_path / "greedy.py").write_text(_GREEDY)
    subject = Subject(name="greedy", module="greedy")
    async with Running(subject, {"PYTHONPATH": str(tmp_path)}, tmp_path) as running:
        async with Peak(running) as peak:
            (tmp_path / "go").touch()
            await asyncio.to_thread(_wait_for_file, tmp_path / "held")
            assert running.tree_rss_mb >= 60
            assert peak.over_mb >= 60
            if running.forgets_peaks:
                assert running.peak_rss_mb >= 80
        async with Peak(running) as later:
            await asyncio.sleep(0)
            assert later.over_mb < 20


def _wait_for_file(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


# --- the platforms ------------------------------------------------------------------------------------------


def test_every_platform_measures_the_service_against_a_floor_with_loads_that_exist() -> None:
    """The service comes first, as the ratios want it; every reference is a module that can be started."""
    loads = {scenario.name for scenario in SCENARIOS}
    assert [platform.name for platform in PLATFORMS] == ["telegram", "slack-socket", "slack-http", "page"]
    for platform in PLATFORMS:
        assert platform.subjects[0].is_service
        assert "floor" in [subject.name for subject in platform.subjects]
        assert {"start", "latency", "instant", "stream200"} <= platform.scenarios <= loads
        assert all(find_spec(subject.module) is not None for subject in platform.subjects)


@pytest.mark.parametrize("platform", PLATFORMS, ids=[platform.name for platform in PLATFORMS])
async def test_the_floor_of_every_platform_answers_whole_and_is_seen_to(
    platform: Platform, tmp_path: Path
) -> None:
    """The real reference process, over the real wire: two chats, two questions each, one after the other."""
    floor = next(subject for subject in platform.subjects if subject.name == "floor")
    async with (
        Stage(platform.make(), tokens_per_second=200) as stage,
        Running(floor, stage.settings, tmp_path) as running,
    ):
        assert await stage.reached_at(running) >= running.started_at
        chats = [await stage.open_chat() for _ in range(2)]
        before = stage.answer_calls
        for _ in range(2):
            questions = [await stage.ask(chat, tokens=30) for chat in chats]
            async with asyncio.timeout(60):
                await asyncio.gather(*(question.whole.wait() for question in questions))
        for question in stage.questions.values():
            times = (
                question.asked_at,
                question.arrived_at,
                question.first_token_at,
                question.first_seen_at,
                question.whole_at,
            )
            known = [moment for moment in times if moment is not None]
            assert known == sorted(known)
            assert len(known) == len(times)
        assert stage.answer_calls > before
        assert stage.faults() == []


async def test_the_floor_hears_what_people_say_and_send(tmp_path: Path) -> None:
    """A spoken question and one below a large file are answered; in a group words are written down."""
    floor = next(subject for subject in PLATFORMS[0].subjects if subject.name == "floor")
    note = voice_note(1.0)
    async with Stage(TelegramPlace()) as stage, Running(floor, stage.settings, tmp_path) as running:
        await stage.reached_at(running)
        aloud = await stage.ask_aloud(await stage.open_chat(), note, seconds=1, tokens=5)
        below = await stage.ask_about(
            await stage.open_chat(), studio_recording(25), name="talk.wav", tokens=5
        )
        async with asyncio.timeout(60):
            await asyncio.gather(aloud.whole.wait(), below.whole.wait())
            await stage.post_note(await stage.open_group(writes_all=False), note, seconds=1)
            while stage.ears.heard < 3:
                await stage.changed(1.0)
        assert len(stage.transcriptions) == 3
        assert stage.faults() == []


async def test_a_subject_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    """On no platform: what it wrote is the reason."""
    broken = Subject(name="broken", module="tests.benchmarks.references.nothing_of_that_name")
    for platform in PLATFORMS:
        folder = tmp_path / platform.name
        folder.mkdir()
        async with Stage(platform.make()) as stage, Running(broken, stage.settings, folder) as running:
            with pytest.raises(SubjectEnded, match="nothing_of_that_name"):
                async with asyncio.timeout(60):
                    await stage.reached_at(running)


@given(words=st.lists(st.text("abc<>&\"' ", min_size=1, max_size=9), max_size=9))
def test_a_growing_message_of_the_page_reads_as_its_text(words: list[str]) -> None:
    """Whatever the text is made of, its markup is not read along."""
    text = " ".join(words).strip()
    assert read_html(f'<p class="x">{html.escape(text)}</p>') == text


def test_only_what_was_newly_shown_is_sighted() -> None:
    """Each text once, with its own time, when its call was carried out; other methods show nothing."""
    message = _FakeMessage()
    calls = [_FakeCall(method="send", status=0), _FakeCall(method="typing", status=200)]
    watch: Watch[_FakeCall] = Watch(
        calls=lambda: calls,
        visible=frozenset({"send", "edit"}),
        chat_of=lambda call: 5,
        messages_of=lambda chat: [message],
    )
    message.history.append(_FakeShown(at=1.0, text="a"))
    assert list(watch.look()) == []
    calls[0].status = 200
    assert list(watch.look()) == [Sighting(chat=5, text="a", at=1.0)]
    message.history += [_FakeShown(at=2.0, text="ab"), _FakeShown(at=3.0, text="abc")]
    assert list(watch.look()) == []
    calls.append(_FakeCall(method="edit", status=200))
    assert [sighting.text for sighting in watch.look()] == ["ab", "abc"]


@dataclass
class _FakeCall:
    method: str
    status: int

    @property
    def ok(self) -> bool:
        return self.status == 200


@dataclass
class _FakeShown:
    at: float
    text: str


@dataclass(eq=False)
class _FakeMessage:
    history: list[_FakeShown] = field(default_factory=list)


# --- the command line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "measured"),
    [
        (["--platform", "page", "--only", "start"], [("page", ["parley", "floor"], ["start"], 3)]),
        (
            ["--platform", "telegram", "--only", "memory", "--runs", "2", "--subject", "common"],
            [("telegram", ["common"], ["memory"], 2)],
        ),
        (["--only", "memory"], [("telegram", ["parley", "common", "floor"], ["memory"], 1)]),
        (
            ["--quick", "--only", "start", "--subject", "floor"],
            [(name, ["floor"], ["start"], 1) for name in ("telegram", "slack-socket", "slack-http", "page")],
        ),
    ],
)
def test_the_options_choose_platforms_bots_and_loads(
    arguments: list[str],
    measured: list[tuple[str, list[str], list[str], int]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A platform that has nothing of what was asked for is left out; all of them together run once."""
    asked: list[tuple[str, list[str], list[str], int]] = []

    async def note(
        platform: Any, subjects: Any, scenarios: Any, sizes: Any, *, runs: int, report: Any
    ) -> None:
        asked.append((platform.name, [s.name for s in subjects], [s.name for s in scenarios], runs))

    monkeypatch.setattr(command_line, "measure", note)
    monkeypatch.setattr(command_line, "RESULTS", tmp_path)
    assert command_line.main(arguments) == 0
    assert asked == measured
    assert len(list(tmp_path.iterdir())) == len(measured)


@pytest.mark.parametrize(
    ("arguments", "measured"),
    [
        (["--platform", "pictures", "--quick"], [(1, True)]),
        (["--only", "pictures"], [(5, False)]),
        (["--platform", "pictures", "--runs", "2"], [(2, False)]),
        (["--platform", "pictures", "--subject", "floor"], []),
        (["--platform", "pictures", "--only", "start"], []),
        (["--platform", "page", "--only", "pictures"], []),
    ],
)
def test_pictures_are_measured_where_they_are_asked_for(
    arguments: list[str],
    measured: list[tuple[int, bool]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """On no platform, and for no bot."""
    asked: list[tuple[int, bool]] = []

    async def note(*, runs: int, is_quick: bool, report: Report) -> None:
        asked.append((runs, is_quick))

    monkeypatch.setattr(command_line, "measure_pictures", note)
    monkeypatch.setattr(command_line, "RESULTS", tmp_path)
    assert command_line.main(arguments) == 0
    assert asked == measured
    assert len(list(tmp_path.iterdir())) == len(measured)


def test_faults_are_told_and_end_in_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Being slow is no fault; losing an answer is."""

    async def lose(*_: Any, report: Report, **__: Any) -> None:
        report.faults.append("question 7 was answered not at all")

    monkeypatch.setattr(command_line, "measure", lose)
    monkeypatch.setattr(command_line, "RESULTS", tmp_path)
    assert command_line.main(["--platform", "page"]) == 1
    assert "FAULT question 7 was answered not at all" in capsys.readouterr().out
