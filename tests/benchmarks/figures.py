"""The lines of the report in their order: what each figure is called, its unit, and how it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["FIGURES", "Figure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line. ``has_ratio`` is false where a quotient says nothing."""

    name: str
    label: str
    digits: int = 1
    has_ratio: bool = True


def _latency(name: str, where: str) -> tuple[Figure, ...]:
    steps = (
        ("ingress", "message -> provider request"),
        ("first", "first token -> first text"),
        ("final", "last token -> whole answer"),
    )
    return tuple(
        Figure(name=f"{name}_{step}_{percent}_ms", label=f"{label}, {where}, {percent} ms")
        for step, label in steps
        for percent in ("p50", "p95")
    )


def _throughput(name: str, what: str) -> tuple[Figure, ...]:
    return (
        Figure(name=f"{name}_cpu_ms", label=f"{what}: CPU ms/message", digits=2),
        Figure(name=f"{name}_per_second", label=f"{what}: messages/s"),
        Figure(
            name=f"{name}_calls", label=f"{what}: calls to the platform/message", digits=2, has_ratio=False
        ),
    )


def _streaming(count: int) -> tuple[Figure, ...]:
    name, what = f"stream{count}", f"{count} chats at 50 tokens/s"
    return (
        Figure(name=f"{name}_wall_s", label=f"{what}: seconds until every final", digits=2),
        *_throughput(name, what),
        Figure(name=f"{name}_missing", label=f"{what}: finals missing", digits=0, has_ratio=False),
        Figure(name=f"{name}_final_p50_ms", label=f"{what}: last token -> whole answer, p50 ms"),
        Figure(name=f"{name}_final_max_ms", label=f"{what}: last token -> whole answer, slowest ms"),
        Figure(
            name=f"{name}_harness_cpu_ms",
            label=f"{what}: CPU ms/message of the fakes",
            digits=2,
            has_ratio=False,
        ),
    )


def _notes(name: str, what: str) -> tuple[Figure, ...]:
    steps = (("ingress", "message -> provider request"), ("first", "first token -> first text"))
    return (
        Figure(name=f"{name}_late_s", label=f"{what}: last note posted -> all transcribed, s", digits=2),
        Figure(name=f"{name}_cpu_ms", label=f"{what}: CPU ms/note of 15 s"),
        *(
            Figure(
                name=f"{name}_{when}_{step}_{percent}_ms",
                label=f"{what}, texts {words}: {label}, {percent} ms",
            )
            for step, label in steps
            for percent in ("p50", "p95")
            for when, words in (("before", "before"), ("while", "meanwhile"))
        ),
        *(
            Figure(
                name=f"{name}_{step}_{percent}_times",
                label=f"{what}, texts meanwhile / before: {label}, {percent}",
                digits=2,
                has_ratio=False,
            )
            for step, label in steps
            for percent in ("p50", "p95")
        ),
    )


def _file(name: str, what: str) -> tuple[Figure, ...]:
    return (
        Figure(name=f"{name}_peak_mb", label=f"{what}: RSS peak over idle, MB"),
        Figure(name=f"{name}_s", label=f"{what}: sent -> answered, s", digits=2),
        Figure(name=f"{name}_cpu_s", label=f"{what}: CPU, s", digits=2),
    )


def _picture(name: str) -> tuple[Figure, ...]:
    what = f"{name.upper()} photo made small"
    return (
        Figure(name=f"picture_{name}_ms", label=f"{what}: ms/megapixel", digits=2),
        Figure(name=f"picture_{name}_cpu_ms", label=f"{what}: CPU ms/megapixel", digits=2),
        Figure(
            name=f"picture_{name}_loop_ms", label=f"{what}: longest wait of the loop, ms", has_ratio=False
        ),
    )


FIGURES: Final = (
    Figure(name="start_reached_s", label="start -> takes messages in, s", digits=2),
    Figure(name="start_healthz_s", label="start -> /healthz 200, s", digits=2),
    Figure(name="start_cpu_s", label="CPU until ready, s", digits=2),
    Figure(name="rss_idle_mb", label="RSS idle, MB"),
    *_latency("alone", "1 chat"),
    Figure(name="same_chat_final_p50_ms", label="... with the budget of one chat in use, p50 ms"),
    Figure(name="same_chat_final_p95_ms", label="... with the budget of one chat in use, p95 ms"),
    *_latency("crowd", "50 chats"),
    *_throughput("instant", "instant model, next when answered"),
    *_throughput("burst", "instant model, all at once"),
    *_streaming(200),
    *_streaming(1000),
    Figure(name="rss_after_mb", label="RSS after one exchange in each chat, MB"),
    Figure(name="rss_per_1000_chats_mb", label="RSS growth per 1,000 chats, MB"),
    Figure(name="rss_peak_mb", label="RSS peak, MB"),
    Figure(name="voice_p50_ms", label="voice note of 60 s -> transcript request, p50 ms"),
    Figure(name="voice_p95_ms", label="voice note of 60 s -> transcript request, p95 ms"),
    Figure(name="voice_cpu_ms", label="voice note of 60 s: CPU ms until answered"),
    *_notes("notes", "100 voice notes a minute"),
    *_notes("pile", "voice notes all at once"),
    Figure(name="hearing_mb", label="RSS growth by the first voice note, MB"),
    *_file("recording", "recording of 50 MB"),
    *_file("paper", "PDF of 50 MB"),
    *_file("log", "text file of 50 MB"),
    *_picture("jpeg"),
    *_picture("png"),
    *_picture("webp"),
    Figure(name="others_cores", label="cores busy with other processes", digits=2, has_ratio=False),
)
