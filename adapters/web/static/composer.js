// The box where messages are written and spoken: sends, stops, edits, and offers the commands.

import { make } from "./elements.js";
import { Recorder } from "./recorder.js";
import { language, say } from "./texts.js";
import { Tray } from "./tray.js";

const TALLEST_SHARE = 0.4;

/**
 * `on.send(text, files, chat)`, `on.rewrite(message, text)`, `on.stop()` and `on.editLast()` are called; `on.place()`
 * gives the open chat.
 */
export class Composer {
  #on;
  #box = document.getElementById("box");
  #send = document.getElementById("send");
  #stop = document.getElementById("stop");
  #attach = document.getElementById("attach");
  #record = document.getElementById("record");
  #menu = document.getElementById("menu");
  #trouble = document.getElementById("trouble");
  #commands = [];
  #chosen = 0;
  #edited = null;
  #before = "";
  #busy = false;
  #tray;
  #recorder;
  #spokenIn = "";
  longest = Infinity;

  constructor(on) {
    this.#on = on;
    this.#box.addEventListener("input", () => this.#changed());
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#tray = new Tray({ changed: () => this.#drawButtons(), complain: (text) => this.complain(text) });
    this.#tray.open = () => this.#takesFiles;
    this.#recorder = new Recorder({
      recorded: (file) => on.send("", [file], this.#spokenIn),
      changed: (active) => this.#recording(active),
      complain: (text) => this.complain(text),
    });
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

  /** What the service told at the start: the commands, and how much it takes. */
  set rules({ commands, longest_text, largest_file, most_files }) {
    this.#commands = commands;
    this.longest = longest_text;
    this.#tray.largestFile = largest_file;
    this.#tray.mostFiles = most_files;
    this.#drawMenu();
  }

  /** What was begun and not sent. */
  get draft() {
    return { text: this.text, files: this.#tray.files };
  }

  set draft({ text, files }) {
    this.#tray.files = files;
    this.text = text;
  }

  /** Throws away what is being recorded; whether something was. */
  discardRecording() {
    return this.#recorder.discard();
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
    this.discardRecording();
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
    if (this.#blank) return;
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
      this.#on.send(text, this.#tray.take());
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
    const blank = this.#blank;
    this.#send.disabled = blank;
    this.#stop.hidden = !this.#busy;
    this.#send.hidden = blank && !this.editing;
    this.#record.hidden = !this.#send.hidden;
    this.#attach.hidden = this.editing;
    document.getElementById("tray").hidden = this.editing || !this.#tray.files.length;
  }

  /** Whether there is nothing to send. */
  get #blank() {
    const files = this.editing ? this.#edited.files : this.#tray.files;
    return !this.text.trim() && !files.length;
  }

  get #takesFiles() {
    return !this.editing && !this.#recorder.active && !document.getElementById("composer").inert && !document.querySelector("dialog[open]");
  }

  /** What is spoken goes to the chat in which it was begun. */
  #recording(active) {
    if (active) this.#spokenIn = this.#on.place();
    document.querySelector(".field").classList.toggle("recording", active);
    document.getElementById("recording").hidden = !active;
    if (!active) this.focus();
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
