"""What the provider says when it fails becomes the right error, and never shows the key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import (
    ContextOverflow,
    ProviderAccountError,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from bot.providers.errors import AnswerTooLong, Source, parse_fault, parse_retry_after, redact, to_error

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _error(status: int, body: Any, **source: Any) -> ProviderError:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return to_error(parse_fault(raw), Source(status=status, model="m", trace_id="ti_1", **source))


def _object(code: int, message: str = "said") -> dict[str, Any]:
    return {"code": code, "message": message, "data": None}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, _object(20012, "Model does not exist. Please check it carefully."), ProviderRefused),
        (400, _object(20015), ProviderRefused),
        (400, b"", ProviderRefused),
        (401, "Invalid token", ProviderAccountError),
        (401, "Api key is invalid", ProviderAccountError),
        (401, _object(30014, "Token is invalid."), ProviderAccountError),
        (402, _object(30001), ProviderAccountError),
        (403, _object(30001, "Sorry, your account balance is insufficient"), ProviderAccountError),
        (403, "Forbidden", ProviderAccountError),
        (403, _object(30003, "Model disabled."), ProviderRefused),
        (403, _object(30011), ProviderAccountError),
        (404, b"404 page not found", ProviderAccountError),
        (404, _object(20063, "expired"), ProviderRefused),
        (301, b"", ProviderAccountError),
        (413, b"too large", ProviderRefused),
        (429, {"message": "Request was rejected due to rate limiting.", "data": None}, ProviderUnavailable),
        (429, b"plain words", ProviderUnavailable),
        (451, _object(20021), ProviderRefused),
        (499, _object(60001), ProviderUnavailable),
        (500, _object(50500), ProviderUnavailable),
        (503, _object(50505), ProviderUnavailable),
        (504, "Gateway timeout", ProviderUnavailable),
        (502, b"<html><head><title>502 Bad Gateway</title></head></html>", ProviderUnavailable),
        (200, _object(50505), ProviderUnavailable),
        (200, _object(30001), ProviderAccountError),
    ],
)
def test_each_failure_has_its_kind(status: int, body: Any, kind: type[ProviderError]) -> None:
    """Codes decide before the status does; a body in any form is read."""
    error = _error(status, body)
    assert type(error) is kind
    assert (error.model, error.trace_id, error.status) == ("m", "ti_1", status)


def test_a_page_of_html_is_told_by_its_title() -> None:
    """A gateway's page does not fill the log."""
    error = _error(502, b"<!DOCTYPE html><html><title> 502\n Bad Gateway </title><body>" + b"x" * 9000)
    assert "an HTML page: 502 Bad Gateway" in str(error)
    assert len(str(error)) < 200


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (401, "Api key is invalid", "SILICONFLOW_API_KEY"),
        (402, _object(30001), "balance"),
        (404, b"404 page not found", "/v1 once"),
        (403, _object(30005), "real-name"),
        (400, _object(20012), "check its name"),
    ],
)
def test_an_error_the_operator_can_mend_says_how(status: int, body: Any, hint: str) -> None:
    """The next step is in the text."""
    assert hint in str(_error(status, body))


@pytest.mark.parametrize(
    "message",
    [
        "length of prompt_tokens (68957) must be less than max_seq_len (65536).",
        "Error: length of prompt_tokens (68957) must be less than or equal to max_seq_len 65536",
    ],
)
def test_a_prompt_too_long_tells_the_limit(message: str) -> None:
    """The caller can trim to it."""
    error = _error(400, _object(20015, message))
    assert isinstance(error, ContextOverflow)
    assert error.limit_tokens == 65536


def test_an_answer_too_long_tells_by_how_much() -> None:
    """A smaller max_tokens is enough then."""
    message = "max_total_tokens (33000) must be less than or equal to max_seq_len (32768)"
    error = _error(400, _object(20015, message))
    assert isinstance(error, AnswerTooLong)
    assert (error.limit_tokens, error.excess_tokens) == (32768, 232)


def test_the_code_may_be_text() -> None:
    """Numbers in quotes are numbers."""
    assert _error(400, {"code": "20012", "message": "x"}).code == 20012


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """What cannot be read is as if it were not there."""
    assert parse_retry_after(value, NOW) == seconds


@given(before=st.text(max_size=10), after=st.text(max_size=10))
def test_the_key_is_never_repeated(before: str, after: str) -> None:
    """Not the key in use, nor what looks like one."""
    error = _error(401, f"{before} my-secret-key sk-abcdefghijklmnop {after}", secret="my-secret-key")
    assert "my-secret-key" not in str(error)
    assert "abcdefghijklmnop" not in str(error)


def test_what_a_validator_quotes_is_redacted() -> None:
    """A person's words stay out of the log."""
    text = "2 validation errors: content: Input should be a valid string [type=x, input_value='my secret', …]"
    assert "my secret" not in redact(text)
    assert "Input should be a valid string" in redact(text)


def test_a_bearer_header_is_redacted() -> None:
    """Proxies like to repeat headers."""
    assert redact("Authorization: Bearer abc.def-123456") == "Authorization: Bearer [key]"


@given(body=st.binary(max_size=200), status=st.integers(300, 599))
def test_any_body_makes_an_error(body: bytes, status: int) -> None:
    """Whatever comes, the result is a ProviderError with a short text."""
    assert len(str(_error(status, body))) < 1000
