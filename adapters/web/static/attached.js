// Shows the files of a message: pictures to look at, sounds and films to play, everything else to save.

import { make } from "./elements.js";
import { language, say } from "./texts.js";

const KILO = 1024;
const FAR_SECONDS = 1e7;

/** A size as people read it. */
export function sizeOf(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(KILO)), units.length - 1);
  const value = bytes / KILO ** step;
  return `${value.toLocaleString(language, { maximumFractionDigits: value < 10 && step ? 1 : 0 })} ${units[step]}`;
}

/** A length of time, as on a clock. */
export function timeOf(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const clock = [minutes, whole % 60].map((part, place) => (place || hours ? String(part).padStart(2, "0") : part));
  return [...(hours ? [hours] : []), ...clock].join(":");
}

/** Files as the service tells of them, or those on their way there; a `local` one may not be opened yet. */
export function filesView(files) {
  const pictures = files.filter((file) => file.kind === "picture");
  const others = files.filter((file) => file.kind !== "picture");
  const parts = others.map(viewOf);
  if (pictures.length) parts.unshift(make("div", { className: "pictures" }, ...pictures.map(picture)));
  return make("div", { className: `files${pictures.length > 1 ? " many" : ""}` }, ...parts);
}

function viewOf(file) {
  if (file.local) return savable(file);
  if (file.kind === "voice") return playable(file, say("voice_message"));
  if (file.kind === "sound") return make("div", {}, playable(file, file.name), savable(file));
  if (file.kind === "film") return make("div", {}, film(file), savable(file));
  return savable(file);
}

function picture(file) {
  const image = make("img", { src: file.address, alt: file.name || say("picture"), loading: "lazy" });
  if (file.local) return image;
  const link = make("a", { href: file.address, target: "_blank", rel: "noopener" }, image);
  link.title = file.name;
  return link;
}

function playable(file, name) {
  const player = make("audio", { className: "sound", controls: true, preload: "metadata", src: file.address });
  player.setAttribute("aria-label", file.seconds ? `${name}, ${timeOf(file.seconds)}` : name);
  player.addEventListener("loadedmetadata", () => findEnd(player), { once: true });
  return player;
}

/** What a browser records does not say how long it is: going far beyond its end finds out. */
function findEnd(player) {
  if (Number.isFinite(player.duration)) return;
  player.addEventListener("durationchange", () => (player.currentTime = 0), { once: true });
  player.currentTime = FAR_SECONDS;
}

function film(file) {
  const player = make("video", { className: "film", controls: true, preload: "metadata", src: file.address });
  player.setAttribute("aria-label", file.name || say("film"));
  return player;
}

function savable(file) {
  const name = make("span", { textContent: file.name || say(file.kind === "voice" ? "voice_message" : "file"), dir: "auto" });
  const size = make("small", { textContent: file.seconds ? timeOf(file.seconds) : sizeOf(file.size) });
  const line = file.local ? make("span", { className: "local" }, name, size) : make("a", { href: file.address, download: file.name }, name, size);
  return make("p", { className: "file" }, line);
}
