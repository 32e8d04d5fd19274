"""Reads documents for the model: whole where they fit, else as notes on what matters for the question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.history import estimate_tokens
from bot.conversation.perceiving.perceiving import NotReadable, Place
from bot.conversation.prompt import Prompts
from bot.conversation.reading.notes import Notes, NotesWanted, Noting
from bot.conversation.reading.scans import Transcribing
from bot.conversation.reading.text import framed, marked, plain_name, title_of
from bot.conversation.seeing.files import Fetching
from bot.conversation.visit import Reads
from bot.errors import ProviderError, ToolFailed
from bot.media.documents import (
    MOST_CHARACTERS,
    MOST_DOCUMENT_BYTES,
    Document,
    DocumentFault,
    Documents,
    UnusableDocument,
)
from bot.messages import Attachment, AttachmentKind, Incoming
from bot.storage.documents import StoredDocument, save_document, seen_document
from bot.storage.readings import Reading
from bot.texts import say
from bot.tools.web import read_html

__all__ = ["DocumentReader", "document_reader_of", "page_text"]

if TYPE_CHECKING:
    from bot.conversation.house import House

log = structlog.get_logger(__name__)

_SHARE: Final = 0.5
_BYTES_PER_MEGABYTE: Final = 1 << 20
_NOTED: Final = (
    "It is too long to be given whole; these are notes on what bears on the question, part by part."
)
_UNREAD_PART: Final = " Some parts could not be read just now."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A document, and what people have to be told about it."""

    document: StoredDocument
    remarks: tuple[str, ...] = ()


class DocumentReader:
    """A Reader of files that hold text. Shared by all conversations; nothing to close."""

    def __init__(
        self,
        *,
        documents: Documents,
        fetching: Fetching,
        database: Reads,
        prompts: Prompts,
        models: tuple[str, ...],
        noting: Noting,
        transcribing: Transcribing,
    ) -> None:
        """``models`` is the service's own chain."""
        self._documents = documents
        self._fetching = fetching
        self._database = database
        self._prompts = prompts
        self._models = models
        self._noting = noting
        self._transcribing = transcribing

    async def read(self, attachment: Attachment, place: Place) -> Reading:
        """What the document says, as far as it may take room; all of it is stored for later questions.

        Raises NotReadable with a sentence for each way in which a document can be unusable.
        """
        found = await self._found(attachment, place)
        conversation = str(place.turn.key)
        await place.turn.effect(lambda conn: save_document(conn, place.turn.id, conversation, found.document))
        reading = await self._given(found.document, place)
        return replace(reading, remark=" ".join((*found.remarks, reading.remark)).strip())

    async def _found(self, attachment: Attachment, place: Place) -> _Found:
        """The document: known from before in this conversation, else fetched and taken apart."""
        unique_id, conversation = unique_id_of(attachment), str(place.turn.key)
        known = await self._database.read(lambda conn: seen_document(conn, conversation, unique_id))
        if known is not None:
            return _Found(document=known)
        try:
            read = await self._fetched(attachment, place)
        except UnusableDocument as exc:
            log.info("document_unusable", reason=exc.reason, detail=str(exc))
            raise NotReadable(_sentence(exc.reason, attachment, place)) from exc
        scanned, remark = await self._scanned(read, attachment, place)
        document = StoredDocument(
            unique_id=unique_id,
            name=attachment.name,
            kind=read.kind,
            pages=read.pages,
            cut=read.cut,
            parts=_in_order(read, scanned),
        )
        log.info(
            "document_read",
            kind=read.kind,
            parts=len(document.parts),
            pages=read.pages,
            scanned=len(read.scanned),
            cut=read.cut,
        )
        cut = say("document_cut", place.language, name=plain_name(attachment.name)) if read.cut else ""
        return _Found(document=document, remarks=tuple(filter(None, (remark, cut))))

    async def _fetched(self, attachment: Attachment, place: Place) -> Document:
        if (attachment.size_bytes or 0) > MOST_DOCUMENT_BYTES:
            raise UnusableDocument(DocumentFault.TOO_LARGE, f"{attachment.size_bytes} bytes")

        async def read() -> Document:
            async with (
                place.fetch(attachment) as chunks,
                self._documents.keep(chunks) as path,
            ):
                return await self._documents.read(path, name=attachment.name)

        return await self._fetching.patiently(read, place)

    # --- pages that are pictures ----------------------------------------------------------------------------

    async def _scanned(
        self, read: Document, attachment: Attachment, place: Place
    ) -> tuple[dict[int, str], str]:
        """The text of pages without a text layer, and a sentence where that is not the text of all."""
        if not read.scanned:
            return {}, ""
        name = plain_name(attachment.name)
        models = self._transcribing.seeing(self._chain(place))
        if not models or not read.scans:
            return self._without_scans(read, say("document_scanned_unseen", place.language, name=name))
        try:
            texts = await self._transcribing.read(
                read.scans, models=models, tell=_teller(place, "document_scan_progress", name)
            )
        except ProviderError as exc:
            log.warning("scans_not_read", reason=str(exc))
            return self._without_scans(read, say("document_scanned_busy", place.language, name=name))
        if not texts and not read.parts:
            raise NotReadable(say("document_no_text", place.language, name=name))
        if len(read.scans) < len(read.scanned):
            pages = len(read.scans)
            return texts, say("document_scans_left", place.language, name=name, pages=pages)
        return texts, ""

    @staticmethod
    def _without_scans(read: Document, sentence: str) -> tuple[dict[int, str], str]:
        """Where other pages have text, the document is read without those that are pictures."""
        if not read.parts:
            raise NotReadable(sentence)
        return {}, sentence

    # --- giving it to the model -------------------------------------------------------------------------

    async def _given(self, document: StoredDocument, place: Place) -> Reading:
        budget = self._prompts.budget_tokens(place.visit.persona)
        share = max(64, int(budget * _SHARE) // max(1, _documents_in(place.messages)))
        text = marked(document.parts)
        if estimate_tokens(text) <= share:
            return Reading(text=framed(document, text))
        name = plain_name(document.name)
        wanted = NotesWanted(
            title=title_of(document),
            parts=document.parts,
            question=_asked(place.messages),
            models=self._chain(place),
            budget_tokens=budget,
            most_tokens=share,
            tell=_teller(place, "document_progress", name),
        )
        try:
            notes = await self._noting.take(wanted)
        except ProviderError as exc:
            log.warning("document_not_read", reason=str(exc))
            raise NotReadable(say("document_busy", place.language, name=name)) from exc
        return _noted(document, notes, place, name)

    def _chain(self, place: Place) -> tuple[str, ...]:
        return place.visit.persona.models or self._models


def _noted(document: StoredDocument, notes: Notes, place: Place, name: str) -> Reading:
    remark = _NOTED + (_UNREAD_PART if notes.missed else "")
    sentences = []
    if notes.missed:
        sentences.append(say("document_parts_missed", place.language, name=name, missed=notes.missed))
    if notes.left_out:
        sentences.append(say("document_cut", place.language, name=name))
    text = notes.text or "(Nothing in it bears on the question.)"
    return Reading(text=framed(document, text, remark=remark), remark=" ".join(sentences))


def document_reader_of(house: House, fetching: Fetching) -> DocumentReader:
    """The reader of a house's documents."""
    answers = house.answers
    return DocumentReader(
        documents=Documents(html=page_text),
        fetching=fetching,
        database=house.database,
        prompts=Prompts(model=house.model, settings=answers),
        models=answers.models,
        noting=Noting(model=house.model),
        transcribing=Transcribing(model=house.model, models=answers.seeing_models),
    )


async def page_text(html: str) -> str:
    """The text of a web page that was sent as a file. Raises UnusableDocument."""
    try:
        page = await read_html(html, "about:blank")
    except ToolFailed as exc:
        raise UnusableDocument(DocumentFault.CORRUPT, str(exc)) from exc
    return f"# {page.title}\n\n{page.text}" if page.title and page.text else page.text


def unique_id_of(attachment: Attachment) -> str:
    """The same for the same file, whoever sends it."""
    return (attachment.unique_id or attachment.file_id)[:255]


def _in_order(read: Document, scanned: dict[int, str]) -> tuple[tuple[str, str], ...]:
    """The parts with the pages that were read from pictures in their places."""
    parts = [(part.label, part.text) for part in read.parts]
    if not scanned:
        return tuple(parts)
    pages = dict(parts) | {f"page {page}": text for page, text in scanned.items()}
    return tuple(sorted(pages.items(), key=lambda page: int(page[0].removeprefix("page "))))


def _teller(place: Place, key: str, name: str) -> Callable[[int, int], None]:
    """Says how far the reading is; of a single part there is nothing to say."""

    def tell(number: int, of: int) -> None:
        if of > 1:
            place.tell(say(key, place.language, name=name, part=number, parts=of))

    return tell


def _asked(messages: Sequence[Incoming]) -> str:
    return "\n".join(message.text for message in messages if message.text)


def _documents_in(messages: Sequence[Incoming]) -> int:
    """How many files share the room, with those of the message that is answered."""
    attached = [item for message in messages for item in message.attachments]
    if messages and messages[0].quoted is not None:
        attached += messages[0].quoted.attachments
    return sum(1 for item in attached if item.kind is AttachmentKind.DOCUMENT)


def _sentence(fault: DocumentFault, attachment: Attachment, place: Place) -> str:
    """What is wrong with a document, and what to do."""
    return say(
        f"document_{fault}",
        place.language,
        name=plain_name(attachment.name),
        megabytes=MOST_DOCUMENT_BYTES // _BYTES_PER_MEGABYTE,
        millions=MOST_CHARACTERS // 1_000_000,
    )
