/** Hits of a kit, to the bit as src/backbeat/kits/hits.py renders them. */
import { BackbeatError, checkNumber } from "./checks.js";
import { turn } from "./macros.js";

export const LAST_VELOCITY = 127;
const FADED = 1e-4; // -80 dB
const LONGEST_S = 10;
const LONGER = 1.1;
const FADE_S = 0.002;
const DRAFT_S = 0.4;
const SIDE_STREAM = 2 ** 32 - 3;

/** The layer, from 0, that a MIDI velocity from 1 to 127 is of. */
export const layerOf = (velocity, layers) => Math.ceil((velocity * layers) / LAST_VELOCITY) - 1;

/** Sounds of the hits of a kit, which `backbeat export kit` writes, at one sample rate. */
export class Hits {
  #engine;
  #patches = new Map();
  #turned = new Map();
  #lengths = new Map();

  constructor(engine, kit, sampleRate) {
    if (kit.schema !== 1) throw new BackbeatError(`schema: found ${kit.schema}; must be a kit of schema 1`);
    this.#engine = engine;
    this.kit = kit;
    this.sampleRate = sampleRate;
  }

  /** Turn the macros of a pad, `{tune: -2}`, from where the kit has them. */
  turn(pad, amounts) {
    const { macros } = this.kit.pads[pad];
    for (const [name, amount] of Object.entries(amounts)) {
      if (!macros[name]) throw new BackbeatError(`macro: found ${name}; there are ${Object.keys(macros).join(", ")}`);
      checkNumber(name, amount, -1e3, 1e3);
    }
    this.#turned.set(pad, { ...amounts });
    for (const key of this.#patches.keys()) if (key.startsWith(`${pad} `)) this.#patches.delete(key);
  }

  /** A hit, `{channels, audio}`, one channel after the other: of a pad's place, note, layer and take, all from 0. */
  sound(pad, note, layer, take) {
    return finished(this.steps(pad, note, layer, take));
  }

  /** The same by a generator, which rests after each part of the work, and returns the hit. */
  steps(pad, note, layer, take) {
    return this.#whole(this.#patchOf(pad, note), layer, take);
  }

  /**
   * The beginning of a hit, with a fade, where the whole of it takes long to render.
   *
   * Then it has `whole`, which gives the hit as it was when this was called, whatever is turned since, and `room`, how
   * many samples of a channel that probably has at most.
   */
  draft(pad, note, layer, take) {
    const patch = this.#patchOf(pad, note);
    const samples = Math.round(DRAFT_S * this.sampleRate);
    const before = this.#lengths.get(pad);
    const whole = () => finished(this.#whole(patch, layer, take));
    if (2 * before <= samples) return whole();
    const channels = finished(this.#render(patch, layer, take, samples));
    const longest = Math.ceil(LONGER * LONGEST_S * this.sampleRate);
    const room = Math.min(longest, Math.max(samples, Math.ceil(1.5 * (before ?? longest))));
    return { ...ended(channels, samples, -1, Math.round(samples / 4)), room, whole };
  }

  *#whole(patch, layer, take) {
    const { samples, faded } = (patch.length ??= yield* this.#lengthOf(patch));
    const channels = yield* this.#render(patch, layer, take, samples);
    return ended(channels, samples, faded, roundedToEven(FADE_S * this.sampleRate));
  }

  /** The channels of a hit. */
  *#render({ pad, program, given }, layer, take, samples) {
    const { width, layers } = this.kit.pads[pad];
    const place = { sampleRate: this.sampleRate, samples };
    const struck = this.#engine.hit(program, given, { velocity: (layer + 1) / layers, hit: take });
    const sounds = [];
    for (const [side, weight] of weightsOf(width).entries()) {
      if (side && !weight) continue;
      sounds[side] = this.#engine.renderValues(program, { ...struck, seed: sideSeed(struck.seed, side) }, place);
      yield;
    }
    return spread(sounds, width);
  }

  /** What a pad's hits at a note are made of. */
  #patchOf(pad, note) {
    const key = `${pad} ${note}`;
    const known = this.#patches.get(key);
    if (known) return known;
    const own = this.kit.pads[pad];
    const program = this.kit.programs[own.program];
    let values = Float64Array.from(own.values);
    const amounts = this.#turned.get(pad) ?? {};
    for (const [name, macro] of Object.entries(own.macros))
      if (amounts[name]) values = turn(program, values, macro, amounts[name]);
    if (note !== own.note) values = turn(program, values, own.macros.tune, note - own.note);
    const patch = { pad, program, given: { ...own, values: Array.from(values) }, isTurned: this.#turned.has(pad) };
    this.#patches.set(key, patch);
    return patch;
  }

  /** How many samples hits may have, and the level below which they have faded. */
  *#lengthOf({ pad, program, given, isTurned }) {
    const { sampleRate } = this;
    const longest = Math.round(LONGEST_S * sampleRate);
    const before = this.#lengths.get(pad);
    const render = (struck, samples) => this.#engine.renderValues(program, struck, { sampleRate, samples });
    const naturalOf = function* (struck) {
      // A turned sound may be about as long as before, and is no kit file's.
      for (let tried = isTurned && before ? Math.min(longest, 2 * before) : longest; ; tried = Math.min(longest, 2 * tried)) {
        const sound = render(struck, tried);
        yield;
        const last = lastAbove(sound, Math.fround(Math.fround(FADED) * peakOf(sound)));
        const natural = last < 0 ? sampleRate : last + 1;
        if (tried === longest || natural <= 0.75 * tried) return natural;
      }
    };
    const hardest = { values: Float64Array.from(given.values), seed: given.seed };
    const natural = yield* naturalOf(hardest);
    const softest = yield* naturalOf(this.#engine.hit(program, given, { velocity: 0 }));
    const length = Math.max(natural, softest);
    this.#lengths.set(pad, length);
    const peak = peakOf(render(hardest, natural));
    return { samples: Math.max(1, roundedToEven(LONGER * length)), faded: Math.fround(peak * FADED) };
  }
}

function finished(steps) {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Of each side in the right channel, as src/backbeat/patch/stereo.py has them. */
function weightsOf(width) {
  const root = Math.sqrt(width * (4 - 3 * width));
  return [1 - width, 0.5 * (width + root), 0.5 * (width - root)];
}

function spread(sounds, width) {
  if (width === 0) return [sounds[0]];
  const right = new Float64Array(sounds[0].length);
  weightsOf(width).forEach((weight, side) => {
    if (weight) for (let n = 0; n < right.length; ++n) right[n] += weight * sounds[side][n];
  });
  return [sounds[0], Float32Array.from(right)];
}

function ended(channels, samples, faded, fade) {
  const last = Math.max(...channels.map((each) => lastAbove(each, faded)));
  const frames = Math.min(last + 1 + fade, samples);
  const fading = Math.min(fade, frames);
  const audio = new Float32Array(channels.length * frames);
  channels.forEach((channel, side) => {
    const to = audio.subarray(side * frames, (side + 1) * frames);
    to.set(channel.subarray(0, frames));
    for (let k = 0; k < fading; ++k) to[frames - fading + k] *= Math.fround(k * (-1 / fading) + 1);
  });
  return { channels: channels.length, audio };
}

export function peakOf(sound) {
  let peak = 0;
  for (let n = 0; n < sound.length; ++n) if (Math.abs(sound[n]) > peak) peak = Math.abs(sound[n]);
  return peak;
}

function lastAbove(sound, level) {
  let last = sound.length - 1;
  while (last >= 0 && !(Math.abs(sound[last]) > level)) --last;
  return last;
}

function roundedToEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 ? below + 1 : below;
}

/** The seed of the same hit with another noise: the numbers of docs/programs.md. */
function sideSeed(seed, side) {
  if (!side) return seed;
  const mix = (word) => {
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0xd35a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
  const key = mix(seed ^ mix(Math.imul(SIDE_STREAM, 0x9e3779b9)));
  const counter = (side + key) >>> 0;
  return mix((Math.imul(counter ^ (counter >>> 16), 0x21f0aaad) + mix((key + 0x9e3779b9) | 0)) | 0) >>> 1;
}
