/** The audio thread: sounds that have come, notes that are to come, and the engine's mixer. */
import { check, OK, OUT_OF_MEMORY } from "./checks.js";
import { layerOf } from "./hits.js";

export const PROCESSOR = "backbeat-drums";

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
      this.unheard = new Set(pads.keys());
      this.voice = this.calls.malloc(40);
      this.audio = null;
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

    /** Ask for a hit that is not there. */
    want({ pad, note, layer, take }) {
      const key = `${note} ${layer} ${take}`;
      if (this.sounds[pad].has(key)) return;
      this.wanted.add(`${pad} ${key}`);
      this.hits?.postMessage({ type: "want", pad, note, layer, take });
    }

    /** Keep a sound that has come. */
    take({ pad, note, layer, take, channels, audio, isTurned, ids }) {
      const [sounds, key] = [this.sounds[pad], `${note} ${layer} ${take}`];
      const outdated = isTurned ? [...sounds.keys()] : sounds.has(key) ? [key] : [];
      for (const each of outdated) {
        this.retired.push(sounds.get(each));
        sounds.delete(each);
      }
      const address = this.calls.malloc(Math.max(4, audio.byteLength)) >>> 0;
      check(address ? OK : OUT_OF_MEMORY);
      new Float32Array(this.calls.memory.buffer, address, audio.length).set(audio);
      sounds.set(key, { address, frames: audio.length / channels, channels, note, layer, take, until: 0 });
      this.wanted.delete(`${pad} ${key}`);
      if (this.unheard.delete(pad) && !this.unheard.size) this.port.postMessage({ type: "ready", ids: ["ready"] });
      if (!isTurned) return;
      for (const { hit } of this.queue) if (hit.pad === pad) this.want(hit);
      this.port.postMessage({ type: "turned", ids });
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
        const view = new DataView(this.calls.memory.buffer, this.voice, 40);
        view.setBigInt64(0, BigInt(at), true);
        view.setBigInt64(8, BigInt(sound.frames), true);
        [sound.address, sound.channels, output, choke_group].forEach((each, k) => view.setInt32(16 + 4 * k, each, true));
        view.setFloat32(32, 10 ** (level_db / 20), true);
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
      check(this.calls.backbeat_mixer_process(this.mixer, BigInt(frames), this.audio));
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
