/** The audio thread: sounds that have come, notes that are to come, and the engine's mixer. */
import { check, OK, OUT_OF_MEMORY } from "./checks.js";
import { layerOf } from "./hits.js";

export const PROCESSOR = "backbeat-drums";
const SOFTEST_DB = -30; // of velocity 0, where nothing else is known

export function registerDrums(scope) {
  class Drums extends scope.AudioWorkletProcessor {
    constructor({ processorOptions: { module, pads, outputs, voices, bytes } }) {
      super();
      this.calls = new WebAssembly.Instance(module).exports;
      this.calls._initialize();
      this.calls.free(this.calls.malloc(bytes)); // so that memory need not grow while it plays
      Object.assign(this, { pads, outputs, isOpen: true, queue: [], wanted: new Set(), retired: [] });
      this.mixed = 0; // frames, as the mixer counts them: while nobody listens, none are
      this.sounds = pads.map(() => new Map());
      this.turns = pads.map(() => new Map());
      this.peaks = pads.map(({ layers }) => new Float64Array(layers)); // 0 while not known
      this.unheard = new Set(pads.keys());
      this.voice = this.calls.malloc(40);
      this.audio = null;
      this.count = 0n;
      this.frames = 0;
      const handle = this.calls.malloc(4);
      check(this.calls.backbeat_mixer_create(scope.sampleRate, outputs, BigInt(voices), handle));
      this.mixer = new Uint32Array(this.calls.memory.buffer, handle, 1)[0];
      this.preparing = [];
      this.port.onmessage = ({ data }) => this.told(data);
    }

    told(data) {
      if (data.type === "play") this.tell(data);
      else if (data.type === "sound") this.take(data);
      else if (data.type === "mix") Object.assign(this.pads[data.pad], { level_db: data.level_db, pan: data.pan });
      else if (data.type === "prepare") this.preparing.push(data.id);
      else if (data.type === "close") this.isOpen = false;
      else if (data.type === "stop") {
        this.queue.length = 0;
        this.wanted.clear();
        check(this.calls.backbeat_mixer_choke(this.mixer, 0, BigInt(this.mixed)));
      } else if (data.type === "hits") {
        this.hits = data.port;
        this.hits.onmessage = (event) => this.told(event.data);
      }
      this.answer();
    }

    answer() {
      if (this.wanted.size || !this.preparing.length) return;
      this.port.postMessage({ type: "prepared", ids: this.preparing.splice(0) });
    }

    /** Note what is to be played, in the order of time. */
    tell({ note, velocity, at }) {
      const pad = this.pads.findIndex(({ notes: [low, high] }) => low <= note && note <= high);
      if (pad < 0) return;
      const { layers, round_robins } = this.pads[pad];
      const layer = layerOf(velocity, layers);
      const group = `${note} ${layer}`;
      const take = this.turns[pad].get(group) ?? 0;
      this.turns[pad].set(group, (take + 1) % round_robins);
      const hit = { pad, note, layer, take };
      const frame = at === undefined ? scope.currentFrame : Math.round(at * scope.sampleRate);
      let place = this.queue.length;
      while (place > 0 && this.queue[place - 1].frame > frame) --place;
      this.queue.splice(place, 0, { frame, hit });
      this.want(hit);
      this.hits?.postMessage({ type: "struck", pad, hit });
    }

    /** Ask for a hit that is not there, or not wholly. */
    want({ pad, note, layer, take, draft }) {
      const key = `${note} ${layer} ${take}`;
      if (this.sounds[pad].get(key)?.draft === null) return;
      this.wanted.add(`${pad} ${key}`);
      this.hits?.postMessage({ type: "want", pad, note, layer, take, draft });
    }

    /** Keep a sound that has come. */
    take({ pad, note, layer, take, channels, audio, peak, draft = null, room = 0, completes, isPast, isTurned, ids }) {
      const [sounds, key] = [this.sounds[pad], `${note} ${layer} ${take}`];
      if (completes) {
        const begun = [sounds.get(key), ...this.retired].find((each) => each?.draft === completes);
        if (begun?.until > this.mixed) this.fill(begun, audio);
      }
      if (isPast) return;
      this.learn(pad, layer, peak, isTurned);
      const outdated = isTurned ? [...sounds.keys()] : sounds.has(key) ? [key] : [];
      for (const each of outdated) {
        this.retired.push(sounds.get(each));
        sounds.delete(each);
      }
      this.release(this.mixed);
      const frames = Math.max(audio.length / channels, room);
      const address = this.calls.malloc(Math.max(4, 4 * channels * frames)) >>> 0;
      check(address ? OK : OUT_OF_MEMORY);
      const sound = { address, frames, channels, note, layer, take, peak, draft, until: 0 };
      this.fill(sound, audio);
      sounds.set(key, sound);
      this.wanted.delete(`${pad} ${key}`);
      if (this.unheard.delete(pad)) this.port.postMessage({ type: "ready", ids: [`pad ${pad}`] });
      if (!isTurned) return;
      for (const { hit } of this.queue) if (hit.pad === pad) this.want(hit);
      this.port.postMessage({ type: "turned", ids });
    }

    /** Write samples where a sound has its own; the rest of it is silent. */
    fill({ address, frames, channels }, audio) {
      const given = audio.length / channels;
      for (let side = 0; side < channels; ++side) {
        const to = new Float32Array(this.calls.memory.buffer, address + 4 * side * frames, frames);
        to.set(audio.subarray(side * given, side * given + Math.min(given, frames)));
        to.fill(0, given);
      }
    }

    /** Keep how loud a layer is; all layers of a turned pad are so much louder as this one is. */
    learn(pad, layer, peak, isTurned) {
      const peaks = this.peaks[pad];
      const change = isTurned ? (peaks[layer] ? peak / peaks[layer] : 0) : 1;
      for (let each = 0; each < peaks.length; ++each) peaks[each] *= change;
      peaks[layer] = peak;
    }

    /** How much louder a hit of a layer is than a sound: by what came of that layer before, or by the usual law. */
    gain({ pad, layer }, sound) {
      if (layer === sound.layer) return 1;
      const peak = this.peaks[pad][layer];
      const usual = 10 ** ((SOFTEST_DB * (sound.layer - layer)) / this.pads[pad].layers / 20);
      return peak && sound.peak ? Math.min(peak / sound.peak, 10 ** (-SOFTEST_DB / 20)) : usual;
    }

    nearest({ pad, note, layer, take }) {
      const exact = this.sounds[pad].get(`${note} ${layer} ${take}`);
      if (exact) return exact;
      const far = (each) => 1e6 * Math.abs(each.note - note) + 1e3 * Math.abs(each.layer - layer) + Math.abs(each.take - take);
      let found = null;
      for (const each of this.sounds[pad].values()) if (!found || far(each) < far(found)) found = each;
      return found;
    }

    start({ frame, hit }) {
      const sound = this.nearest(hit);
      const ahead = Math.max(frame - scope.currentFrame, 0);
      const at = this.mixed + ahead;
      const { level_db, pan, choke_group, output } = this.pads[hit.pad];
      if (sound) {
        if (sound.draft !== null) this.want({ pad: hit.pad, ...sound });
        const { buffer } = this.calls.memory;
        if (this.view?.buffer !== buffer) this.view = new DataView(buffer, this.voice, 40);
        const { view } = this;
        view.setBigInt64(0, BigInt(at), true);
        view.setBigInt64(8, BigInt(sound.frames), true);
        [sound.address, sound.channels, output, choke_group].forEach((each, k) => view.setInt32(16 + 4 * k, each, true));
        view.setFloat32(32, 10 ** (level_db / 20) * this.gain(hit, sound), true);
        view.setFloat32(36, pan, true);
        check(this.calls.backbeat_mixer_start(this.mixer, this.voice));
        sound.until = Math.max(sound.until, at + sound.frames);
      }
      const exact = Boolean(sound && sound.note === hit.note && sound.layer === hit.layer && sound.take === hit.take);
      const time = (scope.currentFrame + ahead) / scope.sampleRate;
      this.port.postMessage({ type: "played", pad: hit.pad, note: hit.note, at: time, exact });
    }

    process(_, outputs) {
      const frames = outputs[0][0].length;
      while (this.queue.length && this.queue[0].frame < scope.currentFrame + frames) this.start(this.queue.shift());
      if (this.frames < frames) {
        if (this.audio) this.calls.free(this.audio);
        this.audio = this.calls.malloc(8 * this.outputs * frames) >>> 0;
        this.frames = frames;
      }
      if (Number(this.count) !== frames) this.count = BigInt(frames); // once, as it lies on the heap
      check(this.calls.backbeat_mixer_process(this.mixer, this.count, this.audio));
      if (this.block?.buffer !== this.calls.memory.buffer || this.block.length !== 2 * this.outputs * frames)
        this.block = new Float32Array(this.calls.memory.buffer, this.audio, 2 * this.outputs * frames);
      for (let output = 0; output < this.outputs; ++output)
        for (let side = 0; side < 2; ++side) {
          const to = outputs[outputs.length > 1 ? output : 0][side];
          const from = (2 * output + side) * frames;
          for (let n = 0; n < frames; ++n) to[n] += this.block[from + n];
        }
      this.mixed += frames;
      this.release(this.mixed);
      return this.isOpen;
    }

    /** Free what no voice plays any more. */
    release(now) {
      for (let k = this.retired.length - 1; k >= 0; --k) {
        if (this.retired[k].until > now) continue;
        this.calls.free(this.retired[k].address);
        this.retired.splice(k, 1);
      }
    }
  }
  scope.registerProcessor(PROCESSOR, Drums);
}
