"""What is large and seldom needed is imported when it is needed."""

from __future__ import annotations

import subprocess
import sys

from tests.e2e.service import ROOT

_HEAVY = (
    "PIL", "aiogram", "alembic", "av", "docx", "faster_whisper", "lxml", "mcp", "numpy", "onnxruntime",
    "openpyxl", "pi_heif", "pptx", "procrastinate", "pypdf", "slack_bolt", "slack_sdk", "xllamacpp",
)  # fmt: skip


def test_the_service_starts_without_what_only_some_messages_need() -> None:
    """Decoders, readers of documents, models and platforms: together 100 MB, and seconds of the start."""
    code = f"import sys, bot.app; print(sorted({set(_HEAVY)!r} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.stdout.strip(), run.returncode) == ("[]", 0), run.stderr
