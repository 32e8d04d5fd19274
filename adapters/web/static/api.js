// Speaks with the service: requests that fail with a sentence, and the stream of what changes.

import { has, say } from "./texts.js";

const RETRY_MILLISECONDS = 1500;
const REQUEST_MILLISECONDS = 20_000;

/** A request that was not carried out; the message is for the reader. `locked`: the key is missing. */
export class Trouble extends Error {
  constructor(reason, values = {}) {
    super(has(`error_${reason}`) ? say(`error_${reason}`, values) : say("error_other", { reason }));
    this.reason = reason;
    this.locked = reason === "key";
  }
}

/** A name for a wish, so that asking twice is asking once. */
export const nonce = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

async function request(method, path, body) {
  let answer;
  try {
    answer = await fetch(`/chat/api/${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_MILLISECONDS),
    });
  } catch {
    throw new Trouble("network");
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Trouble(data.error ?? String(answer.status));
  return data;
}

/** Sends a file's bytes under a name for them; `progress(bytes)` is called meanwhile. */
export function upload(id, file, { progress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far it is
    request.open("POST", `/chat/api/uploads/${id}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("load", () => {
      if (request.status === 200) resolve();
      else reject(new Trouble(request.response?.error ?? String(request.status)));
    });
    for (const end of ["error", "abort"]) request.addEventListener(end, () => reject(new Trouble("network")));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

export const get = (path) => request("GET", path);
export const post = (path, body = {}) => request("POST", path, body);

/**
 * Keeps the stream of changes open while the page can be seen. A hidden page lets go of it: a browser has only
 * six connections to a host for all its pages.
 *
 * `on` has a function for each event, and `line(connected)`; `hello` comes first after every connection.
 */
export function listen(on) {
  let source = null;
  let timer = 0;

  function open() {
    close();
    source = new EventSource("/chat/events");
    for (const name of ["hello", "message", "message_gone", "chat", "chat_gone", "typing", "home", "answer"]) {
      source.addEventListener(name, (event) => on[name](JSON.parse(event.data)));
    }
    source.addEventListener("hello", () => on.line(true));
    source.addEventListener("error", () => {
      on.line(false);
      // A refusal ends the stream for good, unlike a broken line: ask again ourselves.
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(ask, RETRY_MILLISECONDS);
    });
  }

  async function ask() {
    try {
      await get("start");
    } catch (trouble) {
      if (trouble.locked) return on.locked();
    }
    if (!document.hidden) open();
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => event.persisted && open());
  open();
}
