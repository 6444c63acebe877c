/** The drum machine, as those who import this file see it. */
import { BackbeatError, checkNumber, checkWhole } from "./checks.js";
import { compile } from "./engine.js";
import { LAST_VELOCITY, layerOf } from "./hits.js";
import { WORKER } from "./worker.js";
import { PROCESSOR } from "./worklet.js";

/**
 * A kit in an AudioContext, live or offline. Hits are rendered by a worker; an AudioWorklet plays them.
 *
 * Events: `played`, whose `detail` has `pad`, `note`, `at` in seconds, and `exact`, whether the very hit was there or the
 * nearest one of its pad sounds in its place; and `error`.
 */
export class DrumMachine extends EventTarget {
  #worker;
  #waiting = new Map();
  #last = 0;

  /**
   * Open a kit, `backbeat export kit`, or the promise of one.
   *
   * Resolved once each pad can be heard, or, where that is `soon`, once one can: `ready` has a promise of each.
   */
  static async open(context, kit, { source, soon = false, separate = false, voices = 64, bytes = 128 << 20 } = {}) {
    const worker = new Worker(import.meta.url, { type: "module", name: WORKER });
    try {
      const module = compile(source ?? new URL("backbeat.wasm", import.meta.url));
      const added = context.audioWorklet.addModule(import.meta.url);
      const [read, compiled] = await Promise.all([kit, module, added]);
      const machine = new DrumMachine(context, read, compiled, worker, { separate, voices, bytes });
      await (soon ? Promise.race(machine.ready) : Promise.all(machine.ready));
      return machine;
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  constructor(context, kit, module, worker, { separate, voices, bytes }) {
    super();
    Object.assign(this, { context, kit });
    const count = separate ? kit.outputs : 1;
    const pads = kit.pads.map(({ macros, values, velocity, curves, humanize, ...mix }) => mix);
    this.node = new AudioWorkletNode(context, PROCESSOR, {
      numberOfInputs: 0,
      numberOfOutputs: count,
      outputChannelCount: Array(count).fill(2),
      processorOptions: { module, pads, outputs: kit.outputs, voices, bytes },
    });
    this.#worker = worker;
    const { port1, port2 } = new MessageChannel();
    const opened = { type: "open", module, kit, sampleRate: context.sampleRate, bytes, port: port2 };
    this.node.port.postMessage({ type: "hits", port: port1 }, [port1]);
    this.#worker.postMessage(opened, [port2]);
    this.node.port.onmessage = this.#worker.onmessage = ({ data }) => this.#told(data);
    this.#worker.onerror = (event) => this.#fail(event.message);
    this.ready = kit.pads.map((_, pad) => this.#answer(`pad ${pad}`));
    for (const each of this.ready) each.catch(() => {}); // the event tells of it
    this.node.onprocessorerror = () => this.#fail("the audio thread has stopped");
  }

  connect(...to) {
    return this.node.connect(...to);
  }

  /** Play a note at a MIDI velocity from 1 to 127, at a time of the context in seconds; left out, at once. */
  play(note, velocity = 100, at = undefined) {
    checkWhole("note", note, 0, 127);
    checkWhole("velocity", velocity, 1, LAST_VELOCITY);
    if (at !== undefined) checkNumber("at", at, 0, 2 ** 40);
    this.node.port.postMessage({ type: "play", note, velocity, at });
  }

  /** Fade out all that sounds, within 5 ms, and forget what was told to be played. */
  stop() {
    this.node.port.postMessage({ type: "stop" });
  }

  /** Turn macros of a pad, by its place, `{tune: -2, length: 20}`; resolved once the next hit is the turned one. */
  turn(pad, amounts) {
    const { macros } = this.kit.pads[pad];
    for (const [name, amount] of Object.entries(amounts)) {
      if (!macros[name]) throw new BackbeatError(`macro: found ${name}; there are ${Object.keys(macros).join(", ")}`);
      checkNumber(name, amount, -1e3, 1e3);
    }
    return this.#ask(this.#worker, { type: "turn", pad, amounts });
  }

  /** Level in dB and pan of a pad's next hits. */
  mix(pad, { level_db, pan }) {
    checkNumber("level_db", level_db, -60, 24);
    checkNumber("pan", pan, -1, 1);
    this.node.port.postMessage({ type: "mix", pad, level_db, pan });
  }

  /** A hit to look at, `{channels, audio}`. */
  sound(pad, { note = this.kit.pads[pad].note, velocity = LAST_VELOCITY, take = 0 } = {}) {
    const layer = layerOf(velocity, this.kit.pads[pad].layers);
    return this.#ask(this.#worker, { type: "look", pad, note, layer, take });
  }

  /** Resolved once every hit that was told to be played is rendered: before an offline context starts. */
  prepared() {
    return this.#ask(this.node.port, { type: "prepare" });
  }

  close() {
    this.node.port.postMessage({ type: "close" });
    this.node.disconnect();
    this.#worker.terminate();
  }

  #ask(to, message) {
    const id = ++this.#last;
    to.postMessage({ ...message, id });
    return this.#answer(id);
  }

  #answer(id) {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #told({ type, ids, answer, message, ...detail }) {
    if (type === "played") this.dispatchEvent(new CustomEvent("played", { detail }));
    if (type === "error") this.#fail(message);
    for (const id of ids ?? []) {
      this.#waiting.get(id)?.resolve(answer);
      this.#waiting.delete(id);
    }
  }

  #fail(message) {
    const error = new BackbeatError(message);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.dispatchEvent(new CustomEvent("error", { detail: error }));
  }
}
