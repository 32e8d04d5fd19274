// What goes along with the next message: files that were picked, pasted or dropped, until it is sent.

import { sizeOf } from "./attached.js";
import { nonce } from "./api.js";
import { iconButton, make } from "./elements.js";
import { say } from "./texts.js";

const CROSS = "M7 7l10 10M17 7L7 17";
const SHOWN = ["image/png", "image/jpeg", "image/webp", "image/gif"];

const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/**
 * `on.changed()` is called when there are more or fewer files, `on.complain(text)` when one cannot go along.
 * A file is `{id, file, name, mime, kind, size, address}`; `address` shows it before it is sent.
 */
export class Tray {
  #on;
  #list = document.getElementById("tray");
  #zone = document.getElementById("drop");
  #picker = document.getElementById("pick");
  #files = [];
  mostFiles = Infinity;
  largestFile = Infinity;
  /** Whether files can be taken now. */
  open = () => true;

  constructor(on) {
    this.#on = on;
    document.getElementById("attach").addEventListener("click", () => this.#picker.click());
    this.#picker.addEventListener("change", () => {
      this.add(this.#picker.files);
      this.#picker.value = "";
    });
    document.addEventListener("paste", (event) => this.#paste(event));
    window.addEventListener("dragover", (event) => this.#over(event));
    window.addEventListener("dragleave", (event) => event.relatedTarget || (this.#zone.hidden = true));
    window.addEventListener("drop", (event) => this.#drop(event));
  }

  get files() {
    return this.#files;
  }

  set files(files) {
    this.#files = files;
    this.#draw();
  }

  /** The files, which are not here any more. */
  take() {
    const files = this.#files;
    this.files = [];
    return files;
  }

  /** Takes what fits; says why something does not. */
  add(files) {
    const [taken, refused] = [[...this.#files], []];
    for (const file of files) {
      const reason = this.#reasonAgainst(file, taken.length);
      if (reason) refused.push(reason);
      else taken.push(itemOf(file));
    }
    const names = taken.slice(this.#files.length).map((item) => item.name);
    if (names.length) document.getElementById("said").textContent = say("attached_names", { names: names.join(", ") });
    this.files = taken;
    this.#on.complain(refused[0] ?? "");
  }

  /** Takes the files from a clipboard that holds no text. */
  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    // Words copied from an office program come with a picture of themselves.
    if (!files.length || event.clipboardData.types.includes("text/plain") || !this.open()) return;
    event.preventDefault();
    this.add(files);
    document.getElementById("box").focus();
  }

  #reasonAgainst(file, count) {
    const values = { name: file.name, limit: sizeOf(this.largestFile), count: this.mostFiles };
    if (count >= this.mostFiles) return say("most_files", values);
    if (file.size > this.largestFile) return say("file_too_large_named", values);
    return file.size ? "" : say("file_empty_named", values);
  }

  #remove(item) {
    const place = this.#files.indexOf(item);
    if (item.address) URL.revokeObjectURL(item.address);
    this.files = this.#files.filter((other) => other !== item);
    const next = this.#list.children[Math.min(place, this.#files.length - 1)];
    (next?.querySelector("button") ?? document.getElementById("box")).focus();
  }

  #draw() {
    this.#list.hidden = this.#files.length === 0;
    this.#list.replaceChildren(...this.#files.map((item) => this.#preview(item)));
    this.#on.changed();
  }

  #preview(item) {
    const entry = make("li", { title: item.name });
    if (item.address) entry.append(make("img", { src: item.address, alt: item.name }));
    else entry.append(make("span", { textContent: item.name, dir: "auto" }), make("small", { textContent: sizeOf(item.size) }));
    entry.classList.toggle("picture", Boolean(item.address));
    entry.append(iconButton(CROSS, say("remove_file", { name: item.name }), () => this.#remove(item)));
    return entry;
  }

  // --- drag and drop --------------------------------------------------------------------------------------

  /** A file dropped beside the zone would make the browser leave the page. */
  #over(event) {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    this.#zone.hidden = !this.open();
    event.dataTransfer.dropEffect = this.open() ? "copy" : "none";
  }

  #drop(event) {
    this.#zone.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (!this.open()) return;
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const folder = items.some((item) => item.webkitGetAsEntry?.()?.isDirectory);
    const files = items.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory).map((item) => item.getAsFile());
    this.add(files.filter(Boolean));
    if (folder) this.#on.complain(say("no_folders"));
    document.getElementById("box").focus();
  }
}

function itemOf(file) {
  const shown = SHOWN.includes(file.type);
  return {
    id: nonce(),
    file,
    name: file.name,
    mime: file.type,
    size: file.size,
    kind: shown ? "picture" : "file",
    address: shown ? URL.createObjectURL(file) : "",
  };
}
