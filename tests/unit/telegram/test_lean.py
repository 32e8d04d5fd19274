"""aiogram is imported without the models we do not use, and reads updates as it always does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

_SCRIPT = """
import sys
from pydantic import BaseModel
ordinary = BaseModel.__dict__["model_rebuild"]
import adapters.telegram.adapter
from aiogram import types
assert BaseModel.__dict__["model_rebuild"] is ordinary
assert types.Update.__pydantic_complete__
assert not types.ChatFullInfo.__pydantic_complete__
message = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}, "text": "hi",
           "reply_to_message": {"message_id": 2, "date": 0, "chat": {"id": 7, "type": "private"},
           "forward_origin": {"type": "hidden_user", "sender_user_name": "Ann", "date": 0},
           "photo": [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]}}
update = types.Update.model_validate({"update_id": 5, "message": message})
assert type(update.message) is types.Message
assert type(update.message.reply_to_message.forward_origin) is types.MessageOriginHiddenUser
assert update.message.reply_to_message.photo[0].file_id == "f"
assert types.MessageEntity(type="bold", offset=0, length=1).length == 1
print("as always")
"""


def test_a_fresh_process_reads_updates_without_building_every_model() -> None:
    """Update is whole with everything in it; a model we never use is not built; pydantic is as it was."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert (done.stdout, done.stderr) == ("as always\n", "")
