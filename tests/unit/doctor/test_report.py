"""What is printed: one line a finding, nothing secret, readable on any terminal and by any program."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.doctor.report import Style, as_json, as_text, is_sound, scrubbed
from bot.ports.diagnosis import Finding, Level, caution, fault, good

SAMPLE = [
    good("http.free", "127.0.0.1:8080 is free."),
    caution("siliconflow.balance_low", "The balance is nearly used up (¥0.30).", "Top up the account."),
    fault("slack.bot_token_refused", "Slack does not know SLACK_BOT_TOKEN (invalid_auth).", "Copy it again."),
]
words = st.text(min_size=1, max_size=60)
findings = st.lists(
    st.builds(
        lambda level, subject, what, remedy: Finding(
            level=level, code=f"{subject}.x", what=what, remedy=remedy
        ),
        st.sampled_from(Level),
        st.sampled_from(["http", "siliconflow"]),
        words,
        st.one_of(st.just(""), words),
    ),
    max_size=6,
)


def test_text_has_a_line_for_each_finding_and_its_remedy_below() -> None:
    """Subjects stand in a column; the last line sums up."""
    assert as_text(SAMPLE, Style()).splitlines() == [
        "✓ http         127.0.0.1:8080 is free.",
        "! siliconflow  The balance is nearly used up (¥0.30).",
        "               → Top up the account.",
        "✗ slack        Slack does not know SLACK_BOT_TOKEN (invalid_auth).",
        "               → Copy it again.",
        "",
        "1 error and 1 warning: see what is marked ✗.",
    ]


@pytest.mark.parametrize(
    ("some", "summary"),
    [
        (SAMPLE[:1], "Everything is in order."),
        (SAMPLE[:2], "No errors; 1 warning."),
        ([*SAMPLE, *SAMPLE], "2 errors and 2 warnings: see what is marked ✗."),
        (SAMPLE[2:], "1 error: see what is marked ✗."),
        ([], "Everything is in order."),
    ],
)
def test_the_last_line_counts(some: list[Finding], summary: str) -> None:
    """One is not many."""
    assert as_text(some, Style()).splitlines()[-1] == summary


def test_a_remedy_for_several_findings_is_told_once() -> None:
    """Below the last of them."""
    gone = [caution("siliconflow.model_gone", f"{name} is gone.", "Set them anew.") for name in "ab"]
    assert as_text(gone, Style()).count("Set them anew.") == 1
    assert as_json(gone).count("Set them anew.") == 2


def test_colours_are_put_around_marks_only_when_asked_for() -> None:
    """Red, yellow, green."""
    text = as_text(SAMPLE, Style(colours=True))
    assert "\x1b[31m✗\x1b[0m slack" in text
    assert "\x1b[33m!\x1b[0m siliconflow" in text
    assert "\x1b[32m✓\x1b[0m http" in text
    assert "\x1b" not in as_text(SAMPLE, Style())


@given(some=findings)
def test_any_finding_can_be_shown_on_a_terminal_of_ascii(some: list[Finding]) -> None:
    """Every character of it is plain, and lines are as many."""
    clean = scrubbed(some, ())
    plain = as_text(clean, Style(ascii_only=True))
    assert plain.isascii()
    assert len(plain.splitlines()) == len(as_text(clean, Style()).split("\n")) - 1


@given(some=findings, width=st.integers(20, 120))
def test_lines_fit_the_terminal_and_lose_nothing(some: list[Finding], width: int) -> None:
    """Words stay whole, so that names can be copied."""
    clean = scrubbed(some, ())
    wrapped, straight = as_text(clean, Style(width=width)), as_text(clean, Style())
    assert wrapped.split() == straight.split()
    longest = max((len(word) for word in straight.split()), default=0)
    assert all(len(line) <= max(width, 50) + longest for line in wrapped.splitlines())


@given(some=findings)
def test_json_holds_every_finding(some: list[Finding]) -> None:
    """With its subject, and whether there is no error."""
    told = json.loads(as_json(some))
    assert told["ok"] is is_sound(some)
    assert [one["what"] for one in told["findings"]] == [finding.what for finding in some]
    assert all(
        list(one) == ["level", "subject", "code", "what", "remedy"] and one["code"] == f"{one['subject']}.x"
        for one in told["findings"]
    )
    assert as_json(some).isascii()


@given(words, words)
def test_no_secret_and_no_control_character_gets_through(before: str, after: str) -> None:
    """Wherever a server has put it."""
    secret = "xoxb-0123456789-secret"
    (finding,) = scrubbed([fault("slack.x", f"{before} {secret}\x1b[2J {after}", secret)], [secret])
    assert secret not in f"{finding.what}{finding.remedy}"
    assert finding.what.isprintable()


def test_a_password_in_an_address_is_masked() -> None:
    """The user's name may stay."""
    (finding,) = scrubbed([good("http.x", "See http://ann:hunter2@proxy.example:3128/x now.")], ())
    assert finding.what == "See http://ann:***@proxy.example:3128/x now."
