"""The methods the fake answers and their parameters, checked against slack_sdk's signatures by a test."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SIGNATURES", "Signature"]

_LOOKS = "icon_emoji icon_url username"
_PAGE = "cursor limit"
_HISTORY = f"*channel {_PAGE} inclusive include_all_metadata latest oldest"
_CONTENT = "text attachments blocks markdown_text link_names parse as_user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The parameter names of one method."""

    required: frozenset[str]
    names: frozenset[str]


def _signature(words: str) -> Signature:
    """Read ``*required optional`` names."""
    names = words.split()
    return Signature(
        required=frozenset(name[1:] for name in names if name.startswith("*")),
        names=frozenset(name.removeprefix("*") for name in names),
    )


_TABLE = {
    "api.test": "error",
    "auth.test": "",
    "apps.connections.open": "",
    "bots.info": "bot team_id",
    "team.info": "team domain include_slackbot_availability",
    "users.info": "*user include_locale",
    "users.list": f"{_PAGE} include_locale team_id",
    "chat.postMessage": (
        f"*channel {_CONTENT} {_LOOKS} thread_ts reply_broadcast unfurl_links unfurl_media container_id"
        " mrkdwn metadata"
    ),
    "chat.update": f"*channel *ts {_CONTENT} file_ids reply_broadcast metadata",
    "chat.delete": "*channel *ts as_user",
    "chat.postEphemeral": f"*channel *user {_CONTENT} {_LOOKS} thread_ts",
    "chat.getPermalink": "*channel *message_ts",
    # thread_ts: required by slack_sdk, no longer by Slack for channels (facts: Slack §2.4)
    "chat.startStream": (
        "*channel thread_ts markdown_text recipient_team_id recipient_user_id chunks task_display_mode"
        f" {_LOOKS}"
    ),
    "chat.appendStream": "*channel *ts markdown_text chunks",
    "chat.stopStream": "*channel *ts markdown_text blocks metadata chunks session_status",
    "assistant.threads.setStatus": f"*channel_id *thread_ts *status loading_messages {_LOOKS}",
    "assistant.threads.setTitle": "*channel_id *thread_ts *title",
    "assistant.threads.setSuggestedPrompts": "*channel_id thread_ts title *prompts",
    "agents.sessions.setStatus": f"*channel_id *status thread_ts title initiator_user_id {_LOOKS}",
    "agents.sessions.rename": "*channel_id *title thread_ts",
    "conversations.info": "*channel include_locale include_num_members",
    "conversations.history": _HISTORY,
    "conversations.replies": f"{_HISTORY} *ts",
    "conversations.open": "channel return_im users",
    "conversations.members": f"*channel {_PAGE}",
    "conversations.list": f"{_PAGE} exclude_archived team_id types",
    "reactions.add": "*channel *name *timestamp",
    "reactions.remove": "*name channel file file_comment timestamp",
    "views.publish": "*user_id *view hash",
    "views.open": "trigger_id interactivity_pointer *view",
    "views.update": "*view external_id view_id hash",
    "blocks.validate": "blocks message view",
    "files.getUploadURLExternal": "*filename *length alt_txt snippet_type",
    "files.completeUploadExternal": "*files channel_id channels initial_comment thread_ts blocks",
    "files.info": "*file count page cursor limit",
}

SIGNATURES = {method: _signature(words) for method, words in _TABLE.items()}
