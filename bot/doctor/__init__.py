"""The doctor: what is wrong with this installation, and what mends it. It changes nothing."""

from bot.doctor.command import run_doctor

__all__ = ["run_doctor"]
