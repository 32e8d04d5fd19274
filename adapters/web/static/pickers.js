// The persona, the model and the settings of the open chat: named beside its title, changed on pages of the
// service's that open there.

import { showBody, showButtons } from "./messages.js";
import { say } from "./texts.js";

const OPENINGS = { persona: "persona:", model: "model:home", settings: "home" };
const TITLES = { persona: "persona", model: "model", think: "thinking" };
const MARK = "✓ ";
const element = (id) => document.getElementById(id);

/** The label of the chosen button whose data begins like this; empty when none is. */
function chosen(view, beginning) {
  const marked = view.buttons.flat().find((button) => button.label.startsWith(MARK) && button.data.startsWith(beginning));
  return marked ? marked.label.slice(MARK.length) : "";
}

/**
 * `on.chat()` gives the id of the open chat, made if need be; `on.press(chat, data)` presses a button that stands
 * under no message and gives the name under which the service will answer. Both may fail with a Trouble.
 */
export class Pickers {
  #on;
  #chat = "";
  #connected = false;
  #present = new Map();
  #asked = new Map();
  #wanted = "";
  #opening = "";
  #dialog = element("picker");
  #page = element("picker-page");
  #said = element("picker-said");

  constructor(on) {
    this.#on = on;
    for (const [name, data] of Object.entries(OPENINGS)) {
      element(`pick-${name}`).addEventListener("click", () => this.#open(name, data));
    }
    // Its content fills the dialog: a click that meets the dialog itself fell beside it.
    this.#dialog.addEventListener("click", (event) => event.target === this.#dialog && this.#dialog.close());
    this.#dialog.addEventListener("close", () => this.#closed());
    this.#drawLabels();
  }

  /** Another chat is open; an empty id is one that does not exist yet. */
  choose(chat) {
    if (this.#chat && chat !== this.#chat) this.#dialog.close();
    this.#chat = chat;
    this.#drawLabels();
    if (!this.#present.has(chat)) this.refresh();
  }

  /** What was asked before the line broke is asked again. */
  connected(isConnected) {
    this.#connected = isConnected;
    if (!isConnected) return;
    if (this.#dialog.open) this.#ask(this.#opening);
    if (!this.#present.has(this.#chat)) this.refresh();
  }

  /** Something may have been changed: ask what holds now. */
  refresh() {
    if (!this.#chat || !this.#connected) return;
    for (const data of [OPENINGS.persona, OPENINGS.model]) {
      this.#press(data).catch(() => {}); // The names stay as they were; the page itself would tell the trouble.
    }
  }

  forget(chat) {
    this.#present.delete(chat);
  }

  /** The service shows a page. */
  show(view) {
    const data = this.#asked.get(view.nonce);
    if (data === undefined) return;
    this.#asked.delete(view.nonce);
    this.#learn(view, data);
    if (view.nonce === this.#wanted) this.#draw(view, data);
  }

  /** The service has a word for who pressed a button; whether the button was one of ours. */
  answer(name, text) {
    if (!this.#asked.has(name)) return false;
    if (text) {
      this.#tell(text);
      this.refresh();
    }
    return true;
  }

  // --- asking ---------------------------------------------------------------------------------------------

  async #open(name, data) {
    this.#opening = data;
    this.#page.hidden = true;
    this.#entitle(name);
    this.#tell(say("working"));
    element(`pick-${name}`).setAttribute("aria-expanded", "true");
    this.#dialog.showModal();
    element("picker-title").focus();
    try {
      this.#chat = await this.#on.chat();
    } catch (trouble) {
      this.#tell(trouble.message);
      return;
    }
    await this.#ask(data);
  }

  async #ask(data) {
    try {
      await this.#press(data, (name) => (this.#wanted = name));
    } catch (trouble) {
      this.#tell(trouble.message);
    }
  }

  /** Presses; `before` gets the name of the answer before there can be one. */
  #press(data, before = () => {}) {
    return this.#on.press(this.#chat, data, (name) => {
      this.#asked.set(name, data);
      before(name);
    });
  }

  // --- showing --------------------------------------------------------------------------------------------

  #draw(view, data) {
    const first = this.#page.hidden;
    this.#page.hidden = false;
    if (first) this.#tell("");
    this.#entitle(TITLES[data.split(":")[0]] ?? "settings");
    showBody(this.#page.querySelector(".body"), view.html);
    showButtons(this.#page.querySelector(".buttons"), view.buttons, (button) => {
      this.#tell("");
      this.#ask(button.data);
    });
    if (!first && this.#page.contains(document.activeElement)) return;
    this.#dialog.scrollTop = 0;
    this.#focusChosen();
  }

  #focusChosen() {
    const button = this.#page.querySelector(".chosen") ?? this.#page.querySelector("button");
    (button ?? element("picker-title")).focus();
  }

  #entitle(name) {
    element("picker-title").textContent = say(name);
  }

  #tell(text) {
    this.#said.textContent = text;
  }

  #closed() {
    this.#wanted = "";
    for (const name of Object.keys(OPENINGS)) element(`pick-${name}`).setAttribute("aria-expanded", "false");
  }

  // --- the names ------------------------------------------------------------------------------------------

  #learn(view, data) {
    const present = { ...this.#present.get(view.chat) };
    if (data.startsWith("persona:")) present.persona = chosen(view, "persona:") || present.persona;
    // A list of one maker's models may mark a variant by half its name.
    if (data.startsWith("model:") && !data.startsWith("model:at:")) present.model = chosen(view, "model:use:") || present.model;
    this.#present.set(view.chat, present);
    this.#drawLabels();
  }

  #drawLabels() {
    const present = this.#present.get(this.#chat) ?? {};
    for (const name of ["persona", "model"]) {
      const button = element(`pick-${name}`);
      const label = present[name] ? say(`${name}_is`, { name: present[name] }) : say(name);
      button.querySelector("span").textContent = present[name] ?? say(name);
      button.setAttribute("aria-label", label);
      button.title = label;
    }
  }
}
