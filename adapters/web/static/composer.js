// The box where messages are written: sends, stops, edits, and offers the commands.

import { make } from "./messages.js";
import { language, say } from "./texts.js";

const TALLEST_SHARE = 0.4;

/** `on.send(text)`, `on.rewrite(message, text)`, `on.stop()` and `on.editLast()` are called. */
export class Composer {
  #on;
  #box = document.getElementById("box");
  #send = document.getElementById("send");
  #stop = document.getElementById("stop");
  #menu = document.getElementById("menu");
  #trouble = document.getElementById("trouble");
  #commands = [];
  #chosen = 0;
  #edited = null;
  #before = "";
  #busy = false;
  longest = Infinity;

  constructor(on) {
    this.#on = on;
    this.#box.addEventListener("input", () => this.#changed());
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#box.addEventListener("paste", (event) => this.#refuseGiant(event, event.clipboardData));
    this.#box.addEventListener("drop", (event) => this.#refuseGiant(event, event.dataTransfer));
    this.#box.addEventListener("blur", () => setTimeout(() => this.#hideMenu(), 150));
    this.#menu.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
    this.#stop.addEventListener("click", () => on.stop());
    document.getElementById("leave-edit").addEventListener("click", () => this.leaveEdit());
    document.getElementById("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#changed();
  }

  set commands(commands) {
    this.#commands = commands;
    this.#drawMenu();
  }

  get text() {
    return this.#box.value;
  }

  set text(text) {
    this.#box.value = text;
    this.#changed();
  }

  /** Whether an answer is being made: then it can be stopped. */
  set busy(busy) {
    this.#busy = busy;
    this.#drawButtons();
  }

  get editing() {
    return this.#edited !== null;
  }

  focus() {
    this.#box.focus({ preventScroll: true });
  }

  /** Says below the box what went wrong; an empty text takes it away. */
  complain(text) {
    this.#trouble.textContent = text;
  }

  edit(message) {
    if (!this.editing) this.#before = this.text;
    this.#edited = message;
    document.getElementById("editing").hidden = false;
    this.text = message.text;
    this.focus();
  }

  leaveEdit() {
    if (!this.editing) return;
    this.#edited = null;
    document.getElementById("editing").hidden = true;
    this.text = this.#before;
    this.focus();
  }

  /** Closes the menu if it is open; whether it was. */
  closeMenu() {
    const open = !this.#menu.hidden;
    this.#hideMenu();
    return open;
  }

  #submit() {
    const text = this.text.trim();
    if (!text) return;
    // The service counts characters, of which there are never more than UTF-16 units.
    if (text.length > this.longest && [...text].length > this.longest) {
      this.#complainOfLength([...text].length);
      return;
    }
    if (this.editing && text.startsWith("/")) {
      this.complain(say("edit_command"));
      return;
    }
    this.complain("");
    const edited = this.#edited;
    if (edited) {
      this.leaveEdit();
      if (text !== edited.text) this.#on.rewrite(edited, text);
    } else {
      this.text = "";
      this.#on.send(text);
    }
  }

  /** A browser may take minutes to lay out megabytes: they do not even get into the box. */
  #refuseGiant(event, data) {
    const pasted = data?.getData("text/plain") ?? "";
    if (pasted.length <= 2 * this.longest) return;
    event.preventDefault();
    this.#complainOfLength(pasted.length);
  }

  #complainOfLength(count) {
    const [shown, limit] = [count, this.longest].map((number) => number.toLocaleString());
    this.complain(say("error_too_long", { count: shown, limit }));
  }

  #changed() {
    if (this.#trouble.textContent) this.complain("");
    this.#box.style.height = "auto";
    this.#box.style.height = `${Math.min(this.#box.scrollHeight, window.innerHeight * TALLEST_SHARE)}px`;
    this.#drawButtons();
    this.#drawMenu();
  }

  #drawButtons() {
    const blank = !this.text.trim();
    this.#send.disabled = blank;
    this.#stop.hidden = !this.#busy;
    this.#send.hidden = this.#busy && blank;
  }

  #key(event) {
    // While an input method composes, its Enter and its arrows are its own.
    if (event.isComposing || event.keyCode === 229) return;
    if (!this.#menu.hidden && this.#menuKey(event)) {
      event.preventDefault();
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && !this.text && !event.altKey) {
      event.preventDefault();
      this.#on.editLast();
    }
  }

  // --- the commands ---------------------------------------------------------------------------------------

  get #offered() {
    const match = /^\/(\w*)$/.exec(this.text);
    if (!match || this.editing) return [];
    return this.#commands.filter((command) => command.name.startsWith(match[1].toLowerCase()));
  }

  #drawMenu() {
    const offered = this.#offered;
    this.#chosen = Math.min(this.#chosen, Math.max(offered.length - 1, 0));
    this.#menu.hidden = offered.length === 0;
    this.#menu.replaceChildren(...offered.map((command, index) => this.#option(command, index)));
    if (offered.length) {
      this.#box.setAttribute("aria-activedescendant", `command-${this.#chosen}`);
      this.#menu.children[this.#chosen].scrollIntoView({ block: "nearest" });
    } else {
      this.#hideMenu();
    }
  }

  #option(command, index) {
    const text = command.descriptions[language] ?? command.descriptions.en ?? "";
    const option = make("li", { id: `command-${index}`, role: "option" },
      make("code", { textContent: `/${command.name}` }), make("span", { textContent: text }));
    option.setAttribute("aria-selected", String(index === this.#chosen));
    option.addEventListener("click", () => this.#take(command));
    return option;
  }

  #menuKey(event) {
    const offered = this.#offered;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      this.#chosen = (this.#chosen + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length;
      this.#drawMenu();
    } else if (event.key === "Tab" && !event.shiftKey) {
      this.text = `/${offered[this.#chosen].name}`;
    } else if (event.key === "Enter") {
      this.#take(offered[this.#chosen]);
    } else {
      return false;
    }
    return true;
  }

  #take(command) {
    this.text = `/${command.name}`;
    this.#hideMenu();
    this.#submit();
  }

  #hideMenu() {
    this.#menu.hidden = true;
    this.#chosen = 0;
    this.#box.removeAttribute("aria-activedescendant");
  }
}
