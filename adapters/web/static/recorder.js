// Records what is said into the microphone, shows how long and how loud, and hands it over or throws it away.

import { timeOf } from "./attached.js";
import { nonce } from "./api.js";
import { say } from "./texts.js";

const FORMS = [
  ["audio/webm;codecs=opus", "webm"],
  ["audio/mp4", "m4a"],
  ["audio/ogg;codecs=opus", "ogg"],
];
const BITS_PER_SECOND = 48_000;
const HELD_MILLISECONDS = 600;
const SHORTEST_SECONDS = 0.5;
const LONGEST_SECONDS = 3600;
const LOUD = 0.35;
const SAMPLES = 512;
const REASONS = {
  NotAllowedError: "microphone_refused",
  SecurityError: "microphone_refused",
  NotFoundError: "microphone_missing",
  NotReadableError: "microphone_busy",
};

const element = (id) => document.getElementById(id);

function stop(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * A click begins and another sends; who holds the button sends by letting go. `on.recorded(file)` gets a file as
 * a Tray has them, `on.changed(active)` is called at the beginning and at the end, `on.complain(text)` for trouble.
 */
export class Recorder {
  #on;
  #state = "idle";
  #asked = null;
  #stream = null;
  #recorder = null;
  #pieces = [];
  #began = 0;
  #pressed = 0;
  #context = null;
  #analyser = null;
  #frame = 0;

  constructor(on) {
    this.#on = on;
    element("record").addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.#pressed = performance.now();
      this.start();
    });
    element("record").addEventListener("click", () => this.start());
    element("record").addEventListener("contextmenu", (event) => event.preventDefault()); // a long press on glass
    window.addEventListener("pointerup", () => this.#letGo());
    // The second click of a double one falls on this button, which has come under the pointer meanwhile.
    element("record-send").addEventListener("click", () => this.#seconds > SHORTEST_SECONDS && this.finish());
    element("record-discard").addEventListener("click", () => this.discard());
  }

  get active() {
    return this.#state !== "idle";
  }

  async start() {
    if (this.active) return;
    this.#on.complain("");
    if (!navigator.mediaDevices?.getUserMedia) return this.#on.complain(say("microphone_insecure"));
    if (!window.MediaRecorder) return this.#on.complain(say("microphone_unsupported"));
    this.#state = "asking";
    const asked = (this.#asked = {});
    const stream = await this.#open();
    if (asked !== this.#asked) return stop(stream); // it was discarded while the browser asked
    this.#stream = stream;
    if (stream) this.#record();
    else this.#end();
  }

  /** The microphone; null when there is none to be had, which is said. */
  async #open() {
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true } });
    } catch (error) {
      this.#on.complain(say(REASONS[error.name] ?? "microphone_missing"));
      return null;
    }
  }

  /** Ends the recording and hands it over. */
  finish() {
    if (this.#state === "recording") this.#recorder.stop();
  }

  /** Throws the recording away; whether there was one. */
  discard() {
    if (!this.active) return false;
    this.#pieces = null;
    if (this.#state === "recording") this.#recorder.stop();
    else this.#end();
    return true;
  }

  #record() {
    const [mime, ending] = FORMS.find(([form]) => MediaRecorder.isTypeSupported(form)) ?? ["", "audio"];
    this.#pieces = [];
    this.#recorder = new MediaRecorder(this.#stream, { ...(mime && { mimeType: mime }), audioBitsPerSecond: BITS_PER_SECOND });
    this.#recorder.addEventListener("dataavailable", (event) => event.data.size && this.#pieces?.push(event.data));
    // It also stops by itself, when the microphone is taken away.
    this.#recorder.addEventListener("stop", () => this.#stopped(ending), { once: true });
    this.#recorder.start();
    this.#began = performance.now();
    this.#state = "recording";
    this.#on.changed(true);
    this.#listen();
    this.#show();
    element("record-send").focus();
    element("said").textContent = say("recording");
  }

  #letGo() {
    const held = this.#pressed && performance.now() - this.#pressed;
    this.#pressed = 0;
    if (held > HELD_MILLISECONDS && this.#seconds > SHORTEST_SECONDS) this.finish();
  }

  get #seconds() {
    return this.#state === "recording" ? (performance.now() - this.#began) / 1000 : 0;
  }

  #stopped(ending) {
    const [pieces, seconds, mime] = [this.#pieces, this.#seconds, this.#recorder.mimeType];
    this.#end();
    if (pieces === null) return;
    const size = pieces.reduce((sum, piece) => sum + piece.size, 0);
    if (!size || seconds < SHORTEST_SECONDS) return this.#on.complain(say("recording_short"));
    const file = new File(pieces, `voice.${ending}`, { type: mime });
    this.#on.recorded({ id: nonce(), file, name: file.name, mime, size, seconds, kind: "voice", voice: true, address: "" });
  }

  #end() {
    this.#state = "idle";
    this.#asked = null;
    this.#release();
    this.#on.changed(false);
  }

  /** The browser shows that a page listens until every track has ended. */
  #release() {
    cancelAnimationFrame(this.#frame);
    stop(this.#stream);
    this.#context?.close();
    this.#stream = this.#context = null;
  }

  // --- how long, how loud ---------------------------------------------------------------------------------

  #listen() {
    this.#context = new AudioContext();
    this.#context.resume(); // one that was made after the browser had asked may be asleep
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = SAMPLES;
    this.#context.createMediaStreamSource(this.#stream).connect(this.#analyser);
  }

  #show() {
    const samples = new Float32Array(SAMPLES);
    this.#analyser.getFloatTimeDomainData(samples);
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    element("record-level").style.transform = `scaleX(${Math.min(loudest / LOUD, 1).toFixed(3)})`;
    element("record-time").textContent = timeOf(this.#seconds);
    if (this.#seconds > LONGEST_SECONDS) this.finish();
    else this.#frame = requestAnimationFrame(() => this.#show());
  }
}
