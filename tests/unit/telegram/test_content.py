"""What a message carries besides its text: files, places, polls, what it answers or forwards, rich blocks."""

from __future__ import annotations

from typing import Any

import pytest

from bot.messages import Attachment, AttachmentKind

from .support import ANN, BOT, GROUP, MOMENT, message, read, text_of

FILE = {"file_id": "f", "file_unique_id": "u"}
BIG = {"file_id": "big", "file_unique_id": "ub", "width": 90, "height": 90, "file_size": 9}
SMALL = {"file_id": "small", "file_unique_id": "us", "width": 9, "height": 9}
CLIP = {**FILE, "width": 1, "height": 1, "duration": 2}
NEWS = {"id": -5, "type": "channel", "title": "News"}
PLACE = {"latitude": 52.5, "longitude": 13.4}
POLL = {
    "id": "p",
    "question": "Lunch?",
    "options": [
        {"persistent_id": "1", "text": "Yes", "voter_count": 0},
        {"persistent_id": "2", "text": "No", "voter_count": 0},
    ],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": False,
    "members_only": False,
}
STICKER = {**FILE, "type": "regular", "width": 1, "height": 1, "emoji": "👍"}
KIND = AttachmentKind


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (
            {"photo": [SMALL, BIG], "media_group_id": "album"},
            {"kind": KIND.IMAGE, "file_id": "big", "mime": "image/jpeg", "size_bytes": 9, "album": "album"},
        ),
        (
            {"voice": {**FILE, "duration": 4}},
            {"kind": KIND.VOICE, "mime": "audio/ogg", "duration_seconds": 4.0},
        ),
        (
            {"audio": {**FILE, "duration": 4, "performer": "A", "title": "B", "mime_type": "audio/mpeg"}},
            {"kind": KIND.AUDIO, "name": "A - B", "mime": "audio/mpeg"},
        ),
        ({"video": CLIP}, {"kind": KIND.VIDEO, "mime": "video/mp4", "duration_seconds": 2.0}),
        (
            {"video_note": {**FILE, "length": 9, "duration": 3}},
            {"kind": KIND.VIDEO_NOTE},
        ),
        (
            {"document": {**FILE, "file_name": "a\u200b.pdf", "mime_type": "application/pdf"}},
            {"kind": KIND.DOCUMENT, "name": "a.pdf", "mime": "application/pdf"},
        ),
        ({"animation": CLIP, "document": FILE}, {"kind": KIND.ANIMATION}),
        ({"live_photo": CLIP, "photo": [SMALL]}, {"kind": KIND.IMAGE, "file_id": "small"}),
        (
            {"sticker": {**STICKER, "is_animated": False, "is_video": False}},
            {"kind": KIND.STICKER, "name": "👍", "mime": "image/webp"},
        ),
        ({"sticker": {**STICKER, "is_animated": False, "is_video": True}}, {"mime": "video/webm"}),
        (
            {"sticker": {**STICKER, "is_animated": True, "is_video": False}},
            {"mime": "application/x-tgsticker"},
        ),
        ({"location": PLACE}, {"kind": KIND.LOCATION, "name": "52.500000, 13.400000", "file_id": ""}),
        (
            {"venue": {"location": PLACE, "title": "Zoo", "address": "Way 1"}, "location": PLACE},
            {"kind": KIND.LOCATION, "name": "Zoo, Way 1 (52.500000, 13.400000)"},
        ),
        (
            {"contact": {"phone_number": "+49", "first_name": "Bo"}},
            {"kind": KIND.CONTACT, "name": "Bo +49"},
        ),
        ({"poll": POLL}, {"kind": KIND.POLL, "name": "Lunch? (Yes / No)"}),
        ({"dice": {"emoji": "🎲", "value": 6}}, {"kind": KIND.OTHER, "name": "🎲 6"}),
        ({"story": {"chat": GROUP, "id": 1}}, {"kind": KIND.OTHER, "name": "story"}),
        (
            {"checklist": {"title": "Trip", "tasks": [{"id": 1, "text": "pack"}]}},
            {"kind": KIND.OTHER, "name": "checklist: Trip (pack)"},
        ),
        ({"paid_media": {"star_count": 1, "paid_media": []}}, {"kind": KIND.OTHER, "name": "paid media"}),
        (
            {"game": {"title": "Chess", "description": "", "photo": []}},
            {"kind": KIND.OTHER, "name": "game: Chess"},
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_each_kind_of_content_is_an_attachment(fields: dict[str, Any], wanted: dict[str, Any]) -> None:
    """The handle comes with what is known: name, type, size, length, album; places and polls are all name."""
    (part,) = read(**fields).parts
    assert isinstance(part, Attachment)
    assert {name: getattr(part, name) for name in wanted} == wanted


def test_a_caption_comes_before_its_file() -> None:
    """People write a caption as the message and the file as its object."""
    event = read(photo=[BIG], caption="what is this?")
    assert [part.type for part in event.parts] == ["text", "attachment"]
    assert text_of(event) == "what is this?"


def test_a_reply_brings_what_it_answers() -> None:
    """Author, text, file and the quoted excerpt of the answered message come along."""
    answered = message(message_id=3, photo=[BIG], caption="our cat", chat=GROUP)
    event = read(
        chat=GROUP,
        text="cute",
        reply_to_message=answered,
        quote={"text": "cat", "position": 4, "is_manual": True},
    )
    quoted = event.quoted
    assert quoted is not None
    assert (quoted.how, quoted.message_id, quoted.author_name) == ("reply", "3", "Ann Lee")
    assert (quoted.text, quoted.excerpt, quoted.is_ours) == ("our cat", "cat", False)
    assert [attachment.file_id for attachment in quoted.attachments] == ["big"]


def test_a_reply_to_a_rich_message_of_ours_has_its_text() -> None:
    """Rich messages have no text field; their blocks are read."""
    rich = {"blocks": [{"type": "paragraph", "text": ["I ", {"type": "bold", "text": "did"}]}]}
    event = read(text="why?", reply_to_message=message(rich_message=rich, **{"from": BOT}))
    assert event.quoted is not None
    assert (event.quoted.text, event.quoted.is_ours) == ("I did", True)


@pytest.mark.parametrize(("chat", "message_id"), [(GROUP, "8"), ({**GROUP, "id": -9}, "")])
def test_a_reply_from_another_topic_or_chat(chat: dict[str, Any], message_id: str) -> None:
    """An id from another chat means nothing here, and is left out."""
    origin = {"type": "user", "date": MOMENT, "sender_user": ANN}
    external = {"origin": origin, "chat": chat, "message_id": 8, "photo": [BIG]}
    event = read(chat=GROUP, text="see", external_reply=external, quote={"text": "so", "position": 0})
    quoted = event.quoted
    assert quoted is not None
    assert (quoted.message_id, quoted.author_name, quoted.text) == (message_id, "Ann Lee", "so")
    assert [attachment.file_id for attachment in quoted.attachments] == ["big"]


@pytest.mark.parametrize(
    ("origin", "name", "ours"),
    [
        ({"type": "user", "sender_user": ANN}, "Ann Lee", False),
        ({"type": "user", "sender_user": BOT}, "Parley", True),
        ({"type": "hidden_user", "sender_user_name": "Zoe"}, "Zoe", False),
        ({"type": "chat", "sender_chat": GROUP}, "Team", False),
        (
            {"type": "channel", "chat": {"id": -5, "type": "channel", "title": "News"}, "message_id": 4},
            "News",
            False,
        ),
    ],
)
def test_a_forward_names_its_writer(origin: dict[str, Any], name: str, ours: bool) -> None:
    """The words are the message's own; whose they were is told apart."""
    event = read(text="wise words", forward_origin={"date": MOMENT, **origin})
    assert text_of(event) == "wise words"
    assert event.quoted is not None
    assert (event.quoted.how, event.quoted.author_name, event.quoted.is_ours) == ("forward", name, ours)
    assert (event.quoted.message_id, event.quoted.text) == ("", "")


def paragraph(text: Any) -> dict[str, Any]:
    return {"type": "paragraph", "text": text}


def cell(text: str) -> dict[str, Any]:
    return {"text": text, "align": "left", "valign": "top"}


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        (paragraph("plain"), "plain"),
        (paragraph([{"type": "italic", "text": [{"type": "bold", "text": "a"}, "b"]}]), "ab"),
        (paragraph({"type": "url", "text": "site", "url": "https://x.y"}), "site (https://x.y)"),
        (paragraph({"type": "url", "text": "https://x.y", "url": "https://x.y"}), "https://x.y"),
        (paragraph({"type": "code", "text": "ls"}), "`ls`"),
        (paragraph({"type": "mathematical_expression", "expression": "x^2"}), "$x^2$"),
        (paragraph({"type": "custom_emoji", "custom_emoji_id": "1", "alternative_text": "🙂"}), "🙂"),
        ({"type": "heading", "text": "Top", "size": 2}, "## Top"),
        ({"type": "pre", "text": "x", "language": "py"}, "```py\nx\n```"),
        ({"type": "mathematical_expression", "expression": "e"}, "$$e$$"),
        ({"type": "divider"}, "---"),
        ({"type": "footer", "text": "end"}, "end"),
        ({"type": "list", "items": [{"label": "1.", "blocks": [paragraph("a")]}]}, "1. a"),
        (
            {
                "type": "list",
                "items": [
                    {"label": "•", "blocks": [paragraph("a")], "has_checkbox": True, "is_checked": True}
                ],
            },
            "• [x] a",
        ),
        ({"type": "table", "cells": [[cell("a"), cell("b")], [cell("1"), cell("2")]]}, "a | b\n1 | 2"),
        ({"type": "blockquote", "blocks": [paragraph("a"), paragraph("b")]}, "> a\n> \n> b"),
        ({"type": "pullquote", "text": "a"}, "> a"),
        ({"type": "expandable_blockquote", "text": "a"}, "> a"),
        ({"type": "details", "summary": "more", "blocks": [paragraph("x")]}, "more\n\nx"),
        (
            {"type": "collage", "blocks": [{"type": "photo", "photo": [BIG]}], "caption": {"text": "us"}},
            "us",
        ),
        (
            {"type": "map", "location": PLACE, "zoom": 3, "width": 2, "height": 2},
            "52.5, 13.4",
        ),
        ({"type": "anchor", "name": "here"}, ""),
        ({"type": "buttons", "buttons": [{"text": "Go", "callback_data": "g"}]}, "[Go]"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else None,
)
def test_rich_blocks_are_read_as_markdown(block: dict[str, Any], wanted: str) -> None:
    """Everything a person can read in a rich message reaches the model."""
    event = read(rich_message={"blocks": [block]})
    assert event.text == wanted
    assert event.addressed


def test_media_inside_a_rich_message_are_attachments() -> None:
    """Files between the blocks are found at every depth."""
    voice = {"type": "voice_note", "voice_note": {**FILE, "duration": 3}}
    event = read(
        rich_message={
            "blocks": [
                {"type": "details", "summary": "s", "blocks": [{"type": "photo", "photo": [BIG]}]},
                {"type": "list", "items": [{"label": "•", "blocks": [voice]}]},
            ]
        }
    )
    assert [attachment.kind for attachment in event.attachments] == [KIND.IMAGE, KIND.VOICE]


def test_rich_blocks_nested_past_all_limits_do_no_harm() -> None:
    """No depth of nesting raises."""
    block = paragraph("core")
    for _ in range(60):
        block = {"type": "blockquote", "blocks": [block]}
    assert "core" in read(rich_message={"blocks": [block]}).text
