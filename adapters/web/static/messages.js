// Draws the messages of one chat. The service makes the HTML; here it is only put in place, block by block.

import { filesView } from "./attached.js";
import { make } from "./elements.js";
import { say } from "./texts.js";

// The one place where text becomes elements. The service has escaped everything that is not its own markup.
const policy = window.trustedTypes?.createPolicy("parley", { createHTML: (html) => html }) ?? {
  createHTML: (html) => html,
};

const SHOW_COPIED_MILLISECONDS = 1500;
const SHOW_PROGRESS_BYTES = 2 * 1024 * 1024;

/** Puts text on the clipboard and says so on the button. */
async function copy(button, text) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = say("copied");
  } catch {
    button.textContent = say("not_copied");
  }
  setTimeout(() => (button.textContent = label), SHOW_COPIED_MILLISECONDS);
}

/** The blocks of some HTML of ours. */
function blocksOf(html) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html);
  return [...template.content.children];
}

const sources = new WeakMap();

/** Makes `body` show `html` of ours; blocks that stay the same stay the same elements, with what a reader did to them. */
export function showBody(body, html) {
  const wanted = blocksOf(html);
  wanted.forEach((block, index) => {
    const source = block.outerHTML;
    const shown = body.children[index];
    if (shown && sources.get(shown) === source) return;
    sources.set(block, source);
    if (shown?.tagName === "DETAILS" && block.tagName === "DETAILS") {
      sources.set(shown, source);
      shown.replaceChildren(...block.childNodes);
      dress(shown);
      return;
    }
    dress(block);
    if (shown) shown.replaceWith(block);
    else body.append(block);
  });
  while (body.children.length > wanted.length) body.lastElementChild.remove();
}

/** Adds what speaks the reader's language: labels, and a button to copy code. */
function dress(block) {
  const all = (selector) => [...(block.matches(selector) ? [block] : []), ...block.querySelectorAll(selector)];
  for (const table of all(".table")) table.setAttribute("aria-label", say("table"));
  for (const code of all(".code")) {
    const button = make("button", { type: "button", className: "quiet", textContent: say("copy") });
    button.setAttribute("aria-label", say("copy_code"));
    button.addEventListener("click", () => copy(button, code.querySelector("code").textContent));
    code.querySelector(".code-head").append(button);
  }
}

/** Makes `place` show rows of buttons. Who had one of them under the fingers has it there afterwards. */
export function showButtons(place, rows, press) {
  const source = JSON.stringify(rows);
  if (sources.get(place) === source) return;
  sources.set(place, source);
  const held = place.contains(document.activeElement) ? document.activeElement.dataset.data : undefined;
  const elements = rows.map((row) => make("div", { className: "row" }, ...row.map((button) => buttonOf(button, press))));
  place.replaceChildren(...elements);
  if (held !== undefined) [...place.querySelectorAll("button")].find((one) => one.dataset.data === held)?.focus();
}

function buttonOf(button, press) {
  const element = make("button", { type: "button", textContent: button.label, dir: "auto" });
  element.dataset.data = button.data;
  element.classList.toggle("chosen", button.label.startsWith("✓ "));
  element.addEventListener("click", () => press(button));
  return element;
}

const isCommand = (text) => /^\/\w+\s*$/.test(text);

/**
 * The list of messages. `on.press(message, button)`, `on.edit(message)`, `on.retry()` and `on.again(pending)`,
 * `on.discard(pending)` are called for what the reader does.
 */
export class Messages {
  #list;
  #on;
  #shown = new Map();
  #pending = new Map();

  constructor(list, on) {
    this.#list = list;
    this.#on = on;
  }

  get empty() {
    return this.#shown.size + this.#pending.size === 0;
  }

  /** Whether an answer grows. */
  get growing() {
    return [...this.#shown.values()].some(({ view }) => view.live);
  }

  /** The oldest message's id. */
  get oldest() {
    return this.#list.querySelector("li[data-id]")?.dataset.id;
  }

  /** The person's newest message that can be edited. */
  get lastOwn() {
    return [...this.#shown.values()].map(({ view }) => view).filter((view) => view.who === "person" && !isCommand(view.text))
      .sort((a, b) => Number(a.id) - Number(b.id)).at(-1);
  }

  clear() {
    this.#shown.clear();
    this.#pending.clear();
    this.#list.replaceChildren();
  }

  /** Forgets those that are not among `views`: they were taken away while nobody listened. */
  keepOnly(views) {
    const first = Math.min(...views.map((view) => Number(view.id)));
    const ids = new Set(views.map((view) => view.id));
    for (const id of [...this.#shown.keys()]) {
      if (Number(id) >= first && !ids.has(id)) this.remove(id);
    }
  }

  /** Whether the bot has said something after this message. */
  isAnswered(id) {
    return [...this.#shown.values()].some(({ view }) => view.who === "bot" && Number(view.id) > Number(id));
  }

  /** Shows a message in its newest form; whether that changed anything. */
  put(view) {
    const known = this.#shown.get(view.id);
    if (known && known.view.version >= view.version && known.view.live === view.live) return false;
    if (view.nonce) this.drop(view.nonce);
    const element = known?.element ?? this.#add(view);
    this.#shown.set(view.id, { element, view });
    this.#draw(element, view);
    this.#markLast();
    return true;
  }

  remove(id) {
    this.#shown.get(String(id))?.element.remove();
    this.#shown.delete(String(id));
    this.#markLast();
  }

  #add(view) {
    const element = make("li", { className: `message ${view.who}` });
    element.dataset.id = view.id;
    const next = [...this.#list.children].find((other) => !other.dataset.id || Number(other.dataset.id) > Number(view.id));
    this.#list.insertBefore(element, next ?? null);
    return element;
  }

  #draw(element, view) {
    if (!element.firstChild) {
      const name = make("h3", { className: "unseen", textContent: say(view.who === "bot" ? "bot" : "you") });
      const actions = make("div", { className: "actions" });
      element.append(name, ...(view.files.length ? [filesView(view.files)] : []));
      element.append(make("div", { className: "body" }), make("div", { className: "buttons" }), actions);
      actions.append(...(view.who === "bot" ? this.#botActions(view.id) : this.#personActions(view.id)));
    }
    const body = element.querySelector(".body");
    if (view.who === "bot") showBody(body, view.html);
    else body.replaceChildren(make("p", { dir: "auto", textContent: view.text }));
    body.hidden = view.who === "person" && !view.text;
    element.classList.toggle("live", view.live);
    element.classList.toggle("command", view.who === "person" && isCommand(view.text));
    element.querySelector(".actions").title = new Date(view.at * 1000).toLocaleString();
    for (const thumb of element.querySelectorAll(".thumb")) thumb.hidden = !view.votes;
    for (const button of element.querySelectorAll(".copy")) button.hidden = !view.text;
    showButtons(element.querySelector(".buttons"), view.buttons, (button) => this.#on.press(view, button));
  }

  #botActions(id) {
    const text = make("button", { type: "button", className: "quiet copy", textContent: say("copy") });
    text.addEventListener("click", () => copy(text, this.#shown.get(id).view.text));
    const retry = make("button", { type: "button", className: "quiet retry", textContent: say("retry") });
    retry.addEventListener("click", () => this.#on.retry());
    return [text, retry, this.#thumb(id, "👍", "up"), this.#thumb(id, "👎", "down")];
  }

  /** Says what the reader thinks of an answer; the service keeps the latest word. */
  #thumb(id, sign, vote) {
    const button = make("button", { type: "button", className: "quiet thumb", textContent: sign });
    button.setAttribute("aria-label", say(`thumb_${vote}`));
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      for (const other of button.parentElement.querySelectorAll(".thumb")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      this.#on.press(this.#shown.get(id).view, { data: `feedback:${vote}` });
    });
    return button;
  }

  #personActions(id) {
    const edit = make("button", { type: "button", className: "quiet edit", textContent: say("edit") });
    edit.addEventListener("click", () => this.#on.edit(this.#shown.get(id).view));
    const text = make("button", { type: "button", className: "quiet copy", textContent: say("copy") });
    text.addEventListener("click", () => copy(text, this.#shown.get(id).view.text));
    return [edit, text];
  }

  /** Only the last answer can be had again. */
  #markLast() {
    this.#list.querySelector(".last")?.classList.remove("last");
    [...this.#list.querySelectorAll(".bot")].at(-1)?.classList.add("last");
  }

  // --- messages on their way ------------------------------------------------------------------------------

  /** Shows a message that the service has not taken yet. */
  wait(pending) {
    this.#forget(pending.nonce);
    const element = make("li", { className: "message person pending" },
      make("h3", { className: "unseen", textContent: say("you") }));
    if (pending.files.length) element.append(filesView(pending.files.map((file) => ({ ...file, local: true }))));
    if (pending.text) element.append(make("div", { className: "body" }, make("p", { dir: "auto", textContent: pending.text })));
    if (pending.size > SHOW_PROGRESS_BYTES) element.append(this.#progress(pending));
    this.#pending.set(pending.nonce, element);
    this.#list.append(element);
  }

  #progress(pending) {
    const bar = make("progress", { max: 1, value: 0 });
    bar.setAttribute("aria-label", say("uploading"));
    const cancel = make("button", { type: "button", className: "quiet", textContent: say("cancel") });
    cancel.addEventListener("click", () => this.#on.discard(pending));
    return make("div", { className: "progress" }, bar, cancel);
  }

  /** How much of it has gone out, from 0 to 1. */
  progress(pending, share) {
    const bar = this.#pending.get(pending.nonce)?.querySelector("progress");
    if (bar) bar.value = share;
  }

  /** The service did not take it: offer to try again. */
  failed(pending) {
    const element = this.#pending.get(pending.nonce);
    if (!element) return;
    element.classList.add("failed");
    element.querySelector(".progress")?.remove();
    const again = make("button", { type: "button", textContent: say("send_again") });
    again.addEventListener("click", () => this.#on.again(pending));
    const discard = make("button", { type: "button", textContent: say("discard") });
    discard.addEventListener("click", () => this.#on.discard(pending));
    element.append(make("div", { className: "buttons" },
      make("div", { className: "row" }, make("span", { textContent: say("not_sent") }), again, discard)));
  }

  drop(nonce) {
    const element = this.#pending.get(nonce);
    for (const image of element?.querySelectorAll("img") ?? []) URL.revokeObjectURL(image.src);
    this.#forget(nonce);
  }

  #forget(nonce) {
    this.#pending.get(nonce)?.remove();
    this.#pending.delete(nonce);
  }
}
