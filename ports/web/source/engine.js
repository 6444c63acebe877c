/** The engine: programs run by backbeat.wasm, the C interface of src/backbeat/kernels/backbeat.h. */
import { BackbeatError, check, checkNumber, checkWhole, OK, OUT_OF_MEMORY } from "./checks.js";
import { entriesOf } from "./entries.js";

export const LAST_SEED = 2 ** 31 - 1;
const MESSAGE_BYTES = 1000;

/** Load the engine: from beside this file, a URL, a compiled module, or the bytes of one. */
export async function load(source = new URL("backbeat.wasm", import.meta.url)) {
  return new Engine(await compile(source));
}

/** The module of a URL, of bytes, or itself. */
export async function compile(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const url = new URL(source, import.meta.url);
  if (url.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return WebAssembly.compile(await readFile(url));
  }
  const answer = await fetch(url);
  if (!answer.ok) throw new BackbeatError(`${url}: found status ${answer.status}; must be backbeat.wasm`);
  const isTyped = answer.headers.get("content-type") === "application/wasm"; // not every server of files knows it
  return isTyped ? WebAssembly.compileStreaming(answer) : WebAssembly.compile(await answer.arrayBuffer());
}

/** An instance of the engine. Programs stay read as long as their documents are kept. */
export class Engine {
  #calls;
  #programs = new WeakMap();
  #unused = new FinalizationRegistry((handle) => this.#calls.backbeat_free(handle));

  constructor(module) {
    this.module = module;
    this.#calls = new WebAssembly.Instance(module).exports;
    this.#calls._initialize();
  }

  /** The values and the seed of a hit: of a velocity from 0 to 1, and with a number from 0. */
  hit(program, patch, { velocity = 1, hit = 0 } = {}) {
    checkNumber("velocity", velocity, 0, 1);
    checkWhole("hit", hit, 0, LAST_SEED);
    const given = entriesOf(program, patch);
    return this.#hit(this.#read(program), given, velocity, hit);
  }

  /** Samples of a hit of a patch, or of a pad of a kit. */
  render(program, patch, { sampleRate = 44100, samples = Math.round(sampleRate), velocity = 1, hit = 0 } = {}) {
    return this.renderValues(program, this.hit(program, patch, { velocity, hit }), { sampleRate, samples });
  }

  /** Samples of values, one for each entry of a program, and a seed. */
  renderValues(program, { values, seed }, { sampleRate, samples }) {
    checkNumber("sampleRate", sampleRate, 2000, 768000);
    checkWhole("samples", samples, 1, 2 ** 28);
    const handle = this.#read(program);
    return this.#within((room) => {
      const batch = room(56);
      const audio = room(4 * samples);
      this.#fill(batch, [sampleRate], [samples, 1, 1, 0], [room(0, wholes([seed])), 0, room(0, values), 0]);
      check(this.#calls.backbeat_render(handle, batch, audio));
      return new Float32Array(this.#memory, audio, samples).slice();
    });
  }

  get #memory() {
    return this.#calls.memory.buffer;
  }

  #read(document) {
    const known = this.#programs.get(document);
    if (known) return known;
    const text = new TextEncoder().encode(JSON.stringify(document));
    const handle = this.#within((room) => {
      const [found, message] = [room(4), room(MESSAGE_BYTES)];
      const status = this.#calls.backbeat_read(room(0, text), text.length, found, message, MESSAGE_BYTES);
      if (status === OK) return new Uint32Array(this.#memory, found, 1)[0];
      if (status === OUT_OF_MEMORY) check(status);
      const said = new Uint8Array(this.#memory, message, MESSAGE_BYTES);
      throw new BackbeatError(`program: ${new TextDecoder().decode(said.slice(0, said.indexOf(0)))}`);
    });
    this.#programs.set(document, handle);
    this.#unused.register(document, handle);
    return handle;
  }

  #hit(handle, given, velocity, number) {
    return this.#within((room) => {
      const values = room(0, given.values);
      const [strike, seed] = [room(40), room(8)];
      const amounts = [given.velocity, wholes(given.curves), given.humanize];
      this.#fill(strike, [velocity], [number, given.seed], amounts.map((each) => room(0, each)));
      check(this.#calls.backbeat_hit(handle, strike, values, values, seed));
      return {
        values: new Float64Array(this.#memory, values, given.values.length).slice(),
        seed: Number(new BigInt64Array(this.#memory, seed, 1)[0]),
      };
    });
  }

  /** Run with a function that gives addresses, of so many bytes or of a copy, which are free again afterwards. */
  #within(run) {
    const addresses = [];
    const room = (bytes, copied) => {
      const address = this.#calls.malloc(Math.max(1, copied ? copied.byteLength : bytes)) >>> 0;
      if (!address) check(OUT_OF_MEMORY);
      addresses.push(address);
      if (copied) new copied.constructor(this.#memory, address, copied.length).set(copied);
      return address;
    };
    try {
      return run(room);
    } finally {
      for (const each of addresses) this.#calls.free(each);
    }
  }

  /** A struct of float64, int64 and pointers, in this order. */
  #fill(address, reals, integers, pointers) {
    new Float64Array(this.#memory, address, reals.length).set(reals);
    const after = address + 8 * reals.length;
    new BigInt64Array(this.#memory, after, integers.length).set(wholes(integers));
    new Uint32Array(this.#memory, after + 8 * integers.length, pointers.length).set(pointers);
  }
}

const wholes = (numbers) => BigInt64Array.from(numbers, BigInt);
