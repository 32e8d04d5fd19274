// The page: holds the open chat, does what the reader asks for, and shows what the service says.

import { get, listen, nonce, post, upload } from "./api.js";
import { Composer } from "./composer.js";
import { make } from "./elements.js";
import { Messages } from "./messages.js";
import { Pickers } from "./pickers.js";
import { Sidebar, titleOf } from "./sidebar.js";
import { fillTexts, say } from "./texts.js";

const NEAR_PIXELS = 90;
const WORKING_MILLISECONDS = 8000;
const TOAST_MILLISECONDS = 4000;
const MOST_READ_ALOUD = 3000;

const element = (id) => document.getElementById(id);
const scroll = element("scroll");

fillTexts(document);

let current = "";
let workingUntil = 0;
let sending = Promise.resolve();
let beginning = null;
let ordered = false;
const drafts = new Map();
const pressed = new Set();

const sidebar = new Sidebar({ rename, remove });
const messages = new Messages(element("messages"), { press, edit: (message) => composer.edit(message), retry, again, discard });
const pickers = new Pickers({ chat: () => current || (beginning ??= beginChat()), press: pressBeside });
const composer = new Composer({ send, rewrite, stop, editLast, place: () => current });

// --- showing --------------------------------------------------------------------------------------------

const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PIXELS;

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
}

/** Changes what is shown; who reads the end goes on reading the end. */
function keepingPlace(change) {
  const followed = atEnd();
  change();
  if (followed) toEnd();
  drawDown();
}

function drawDown() {
  element("down").hidden = atEnd() || messages.empty;
}

function drawState() {
  const working = performance.now() < workingUntil && !messages.growing;
  element("working").hidden = !working;
  element("welcome").hidden = !messages.empty || !element("locked").hidden;
  composer.busy = working || messages.growing;
  const title = titleOf(sidebar.get(current));
  element("title").textContent = title;
  document.title = current ? `${title} – Parley` : "Parley";
}

function expectAnswer(milliseconds = WORKING_MILLISECONDS) {
  keepingPlace(() => {
    workingUntil = performance.now() + milliseconds;
    drawState();
  });
  setTimeout(drawState, milliseconds + 50);
}

function toast(text) {
  const place = element("toast");
  place.textContent = text;
  place.hidden = !text;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (place.hidden = true), TOAST_MILLISECONDS);
}

function report(trouble) {
  if (trouble.locked) lock();
  else composer.complain(trouble.message);
}

function lock() {
  element("locked").hidden = false;
  element("choices").hidden = element("pick-settings").hidden = true;
  element("composer").inert = true;
  drawState();
}

// --- chats ----------------------------------------------------------------------------------------------

/** Opens a chat; an empty id is one that does not exist yet. */
async function open(id) {
  if (id !== current) {
    composer.leaveEdit();
    drafts.set(current, composer.draft);
    composer.draft = drafts.get(id) ?? { text: "", files: [] };
    current = id;
    workingUntil = 0;
    messages.clear();
    element("earlier").hidden = true;
  }
  sidebar.choose(id);
  pickers.choose(id);
  drawState();
  await load();
  toEnd();
  drawDown();
}

async function load(before = "") {
  const id = current;
  if (!id) return;
  const found = await get(`chats/${id}/messages${before ? `?before=${before}` : ""}`).catch((trouble) => {
    if (trouble.reason === "gone" && id === current) location.hash = "";
    else report(trouble);
    return null;
  });
  if (!found || id !== current) return;
  keepingPlace(() => {
    if (!before && found.messages.length) messages.keepOnly(found.messages);
    for (const view of found.messages) messages.put(view);
    if (before || !messages.oldest || messages.oldest === found.messages[0]?.id) element("earlier").hidden = !found.more;
    drawState();
  });
}

async function earlier() {
  const height = scroll.scrollHeight;
  const top = scroll.scrollTop;
  await load(messages.oldest);
  scroll.scrollTop = top + scroll.scrollHeight - height;
}

function newChat() {
  if (location.hash) location.hash = "";
  else open("");
  composer.focus();
}

async function rename(chat, title) {
  await post(`chats/${chat.id}/title`, { title }).catch(report);
}

async function remove(chat) {
  await post(`chats/${chat.id}/delete`).catch(report);
}

function go(step) {
  const order = sidebar.order;
  const place = order.indexOf(current);
  const next = order[place < 0 ? 0 : place + step];
  if (next) location.hash = next;
}

// --- what the reader does -------------------------------------------------------------------------------

function send(text, files = [], chat = current) {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  deliver({ nonce: nonce(), text, files, size, chat });
}

/** Sends one message after the other, so that they arrive in the order written. */
function deliver(pending) {
  if (pending.chat === current) {
    keepingPlace(() => {
      messages.wait(pending);
      drawState();
    });
    toEnd();
  }
  if (!pending.chat) beginning ??= beginChat();
  const where = pending.chat || beginning;
  sending = sending.then(() => deliverNow(pending, where));
}

async function deliverNow(pending, where) {
  if (pending.discarded) return;
  try {
    pending.chat = await where;
    await bring(pending);
    const files = pending.files.map(({ id, name, mime, voice = false, seconds = null }) => ({ id, name, mime, voice, seconds }));
    const { id } = await post(`chats/${pending.chat}/messages`, { text: pending.text, nonce: pending.nonce, files });
    // A quick answer may be here before the word that its question was taken.
    if (pending.chat === current && !messages.isAnswered(id) && !/^\/(stop|cancel)\b/.test(pending.text)) expectAnswer();
  } catch (trouble) {
    if (pending.discarded) return;
    if (trouble.reason === "file_gone") for (const file of pending.files) file.there = false;
    if (pending.chat === current) keepingPlace(() => messages.failed(pending));
    else drafts.set(pending.chat, { text: pending.text, files: pending.files });
    report(trouble);
  }
}

/** Sends the files of a message, each until the service has it. */
async function bring(pending) {
  let before = 0;
  for (const file of pending.files) {
    pending.leaving = new AbortController();
    const progress = (bytes) => messages.progress(pending, (before + Math.min(bytes, file.size)) / pending.size);
    if (!file.there) await upload(file.id, file.file, { progress, signal: pending.leaving.signal });
    file.there = true;
    before += file.size;
  }
}

/** Makes a chat for what is written in none, and goes there unless the reader has gone elsewhere. */
async function beginChat() {
  try {
    const chat = await post("chats");
    sidebar.put(chat);
    if (!current) {
      current = chat.id;
      sidebar.choose(chat.id);
      pickers.choose(chat.id);
      history.replaceState(null, "", `#${chat.id}`);
    }
    return chat.id;
  } finally {
    beginning = null;
  }
}

function again(pending) {
  composer.complain("");
  deliver(pending);
}

function discard(pending) {
  pending.leaving?.abort();
  pending.discarded = true;
  messages.drop(pending.nonce);
  drawState();
}

async function rewrite(message, text) {
  try {
    await post(`chats/${message.chat}/messages/${message.id}`, { text, nonce: nonce() });
    expectAnswer();
  } catch (trouble) {
    composer.edit({ ...message, text });
    report(trouble);
  }
}

async function press(message, button) {
  const name = nonce();
  pressed.add(name);
  await post(`chats/${message.chat}/press`, { message: message.id, data: button.data, nonce: name }).catch(report);
}

/** Presses what stands under no message; `named` gets the name of the answer before there can be one. */
async function pressBeside(chat, data, named) {
  const name = nonce();
  named(name);
  await post(`chats/${chat}/press`, { data, nonce: name });
}

function retry() {
  send("/retry");
}

async function stop() {
  if (!current) return;
  workingUntil = 0;
  drawState();
  await post(`chats/${current}/stop`).catch(report);
}

function editLast() {
  const message = messages.lastOwn;
  if (message) composer.edit(message);
}

// --- what the service says ------------------------------------------------------------------------------

function take(view) {
  if (view.chat !== current) {
    if (view.who === "bot" && !view.live) sidebar.mark(view.chat);
    return;
  }
  if (view.who === "person") ordered = view.text.startsWith("/");
  keepingPlace(() => {
    if (!messages.put(view)) return;
    if (view.who === "bot") workingUntil = 0;
    if (view.who === "bot" && !view.live) ended(view);
    drawState();
  });
}

function ended(view) {
  readAloud(view);
  if (ordered) pickers.refresh();
  ordered = false;
}

function readAloud(view) {
  element("said").textContent = `${say("bot")}: ${view.text.slice(0, MOST_READ_ALOUD)}`;
}

async function resume() {
  try {
    const start = await get("start");
    composer.rules = start;
    sidebar.fill(start.chats);
    element("locked").hidden = true;
    element("choices").hidden = element("pick-settings").hidden = false;
    element("composer").inert = false;
    await load();
    drawState();
  } catch (trouble) {
    report(trouble);
  }
}

const events = {
  hello: resume,
  message: take,
  message_gone: ({ id, chat }) => chat === current && keepingPlace(() => messages.remove(id)),
  chat(chat) {
    sidebar.put(chat);
    drawState();
  },
  chat_gone({ id }) {
    sidebar.remove(id);
    drafts.delete(id);
    pickers.forget(id);
    if (id === current) newChat();
  },
  typing: ({ chat }) => chat === current && expectAnswer(),
  answer({ nonce: name, text }) {
    if (pickers.answer(name, text) || !pressed.delete(name)) return;
    toast(text);
    if (text) pickers.refresh();
  },
  home: (view) => pickers.show(view),
  line(connected) {
    element("line").textContent = connected ? "" : say("reconnecting");
    pickers.connected(connected);
  },
  locked: lock,
};

// --- the keyboard and the rest --------------------------------------------------------------------------

const KEYS = [
  ["Enter", "help_send"],
  ["Shift Enter", "help_line"],
  ["Esc", "help_stop"],
  ["↑", "help_edit"],
  ["/", "help_commands"],
  ["Ctrl K", "help_new"],
  ["Alt ↑   Alt ↓", "help_chats"],
  ["Ctrl /", "help_help"],
];

function showHelp() {
  const row = ([keys, text]) => [
    make("dt", {}, ...keys.split(" ").filter(Boolean).map((key) => make("kbd", { textContent: key }))),
    make("dd", { textContent: say(text) }),
  ];
  element("help-list").replaceChildren(...KEYS.flatMap(row));
  element("help").showModal();
}

function escape() {
  if (composer.discardRecording() || composer.closeMenu()) return;
  if (sidebar.isOpen) sidebar.close();
  else if (composer.editing) composer.leaveEdit();
  else if (!element("stop").hidden) stop();
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  const control = event.ctrlKey || event.metaKey;
  if (event.key === "Escape") escape();
  else if (control && event.key.toLowerCase() === "k") newChat();
  else if (control && event.key === "/") showHelp();
  else if (event.altKey && event.key === "ArrowUp") go(-1);
  else if (event.altKey && event.key === "ArrowDown") go(1);
  else return;
  event.preventDefault();
});

const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : systemIsDark.matches;
}

function drawTheme() {
  element("theme").querySelector("span").textContent = say(isDark() ? "to_light" : "to_dark");
}

element("theme").addEventListener("click", () => {
  const wanted = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = wanted;
  try {
    localStorage.setItem("parley-theme", wanted);
  } catch {
    // Then it lasts until the page is left.
  }
  drawTheme();
});
systemIsDark.addEventListener("change", drawTheme);

element("new-chat").addEventListener("click", newChat);
element("keys").addEventListener("click", showHelp);
element("earlier").addEventListener("click", earlier);
element("down").addEventListener("click", () => scroll.scrollTo({ top: scroll.scrollHeight }));
scroll.addEventListener("scroll", drawDown, { passive: true });
window.addEventListener("resize", drawDown);
// A picture or a player gets its height when its bytes are here: who reads the end goes on reading the end.
for (const event of ["load", "loadedmetadata"]) {
  scroll.addEventListener(event, ({ target }) => {
    if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PIXELS + target.offsetHeight) toEnd();
  }, true);
}

const inAddress = () => (/^#[0-9a-f]{32}$/.test(location.hash) ? location.hash.slice(1) : "");
window.addEventListener("hashchange", () => inAddress() !== current && open(inAddress()));

drawTheme();
open(inAddress()).then(() => composer.focus());
resume();
listen(events);
