// The list of chats: choosing, renaming, deleting; on a phone it slides in from the side.

import { iconButton, make } from "./elements.js";
import { say } from "./texts.js";

const PENCIL = "M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4";
const BIN = "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10 11v5M14 11v5";

export const titleOf = (chat) => chat?.title || say("untitled");

/** Asks in a dialog; the answer is whether it was confirmed. */
function ask(dialog, returnFocus) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      returnFocus?.focus();
      resolve(dialog.returnValue === "yes");
    }, { once: true });
  });
}

/** The chats, newest first. `on.rename(chat, title)` and `on.remove(chat)` are called for what the reader does. */
export class Sidebar {
  #chats = new Map();
  #unread = new Set();
  #current = "";
  #on;
  #side = document.getElementById("side");
  #main = document.getElementById("main");
  #shade = document.getElementById("shade");
  #opener = document.getElementById("open-side");

  constructor(on) {
    this.#on = on;
    this.#opener.addEventListener("click", () => this.open());
    this.#shade.addEventListener("click", () => this.close());
    document.getElementById("close-side").addEventListener("click", () => this.close());
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.querySelector(".leave")?.addEventListener("click", () => dialog.close(""));
      dialog.querySelector("[type=submit]").value = "yes";
    }
  }

  get(id) {
    return this.#chats.get(id);
  }

  /** The ids in the order shown. */
  get order() {
    return [...this.#chats.values()].sort((a, b) => b.at - a.at).map((chat) => chat.id);
  }

  fill(chats) {
    this.#chats = new Map(chats.map((chat) => [chat.id, chat]));
    this.#draw();
  }

  put(chat) {
    this.#chats.set(chat.id, chat);
    this.#draw();
  }

  remove(id) {
    this.#chats.delete(id);
    this.#unread.delete(id);
    this.#draw();
  }

  choose(id) {
    this.#current = id;
    this.#unread.delete(id);
    this.close();
    this.#draw();
  }

  /** There is something new in a chat that is not open. */
  mark(id) {
    if (id === this.#current || this.#unread.has(id)) return;
    this.#unread.add(id);
    this.#draw();
  }

  get isOpen() {
    return this.#side.classList.contains("open");
  }

  open() {
    this.#side.classList.add("open");
    this.#shade.hidden = false;
    this.#main.inert = true;
    this.#opener.setAttribute("aria-expanded", "true");
    document.getElementById("close-side").focus();
  }

  close() {
    if (!this.isOpen) return;
    this.#side.classList.remove("open");
    this.#shade.hidden = true;
    this.#main.inert = false;
    this.#opener.setAttribute("aria-expanded", "false");
    this.#opener.focus();
  }

  #draw() {
    const list = document.getElementById("chats");
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.name : "";
    list.replaceChildren(...this.order.map((id) => this.#entry(this.#chats.get(id))));
    if (focused) list.querySelector(`[data-name="${focused}"]`)?.focus();
  }

  #entry(chat) {
    const title = titleOf(chat);
    const link = make("a", { href: `#${chat.id}`, title }, make("span", { textContent: title, dir: "auto" }));
    link.dataset.name = `open ${chat.id}`;
    if (chat.id === this.#current) link.setAttribute("aria-current", "page");
    if (this.#unread.has(chat.id)) {
      link.append(make("i", { className: "dot" }, make("span", { className: "unseen", textContent: say("unread") })));
    }
    const rename = iconButton(PENCIL, say("rename_chat", { title }), () => this.#rename(chat, rename));
    rename.dataset.name = `rename ${chat.id}`;
    const remove = iconButton(BIN, say("delete_chat", { title }), () => this.#remove(chat, remove));
    remove.dataset.name = `remove ${chat.id}`;
    return make("li", { className: chat.id === this.#current ? "current" : "" }, link, rename, remove);
  }

  async #rename(chat, button) {
    const text = document.getElementById("rename-text");
    text.value = titleOf(chat);
    const answer = ask(document.getElementById("rename"), button);
    text.select();
    if ((await answer) && text.value.trim()) this.#on.rename(chat, text.value.trim());
  }

  async #remove(chat, button) {
    document.getElementById("delete-text").textContent = say("delete_text", { title: titleOf(chat) });
    if (await ask(document.getElementById("delete"), button)) this.#on.remove(chat);
  }
}
