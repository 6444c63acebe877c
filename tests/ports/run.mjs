// Does what a task says with the package, and prints the answer as JSON: node run.mjs PACKAGE TASK.json
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [folder, path] = process.argv.slice(2);
const at = pathToFileURL(`${folder}/backbeat.js`).href;
const { given, task } = JSON.parse(await readFile(path, "utf8"));
const hash = (audio) => createHash("sha256").update(new Uint8Array(audio.buffer)).digest("hex");

const tasks = {
  async render({ patches, places, strikes }) {
    const engine = await (await import(at)).load();
    return patches.flatMap(({ program, patch }) =>
      places.flatMap((place) => strikes.map((hit) => hash(engine.render(program, patch, { ...place, ...hit })))),
    );
  },

  async turn({ turns }) {
    const { turn } = await import(at);
    return turns.map(({ program, values, macro, amount }) => Array.from(turn(program, values, macro, amount)));
  },

  async hits({ kit, sampleRate, hits, turns }) {
    const { Hits, load } = await import(at);
    const sounds = new Hits(await load(), kit, sampleRate);
    for (const [pad, amounts] of turns) sounds.turn(pad, amounts);
    return hits.map(({ pad, note, layer, take }) => {
      const { channels, audio } = sounds.sound(pad, note, layer, take);
      return [channels, audio.length / channels, hash(audio)];
    });
  },

  // Of each hit: how much of it its beginning has, and whether the rest is the same though the pad is turned meanwhile.
  async drafts({ kit, sampleRate, hits }) {
    const { Hits, load } = await import(at);
    const sounds = new Hits(await load(), kit, sampleRate);
    return hits.map(({ pad, note, layer, take }) => {
      const { channels, audio, room, whole } = sounds.draft(pad, note, layer, take);
      const expected = sounds.sound(pad, note, layer, take);
      sounds.turn(pad, { tune: 5 });
      const isSame = hash(whole().audio) === hash(expected.audio);
      const found = audio.findIndex((each, n) => each !== expected.audio[n]);
      return { isSame, same: found, frames: audio.length / channels, room, whole: expected.audio.length / channels };
    });
  },

  // The processor, in what stands for its scope, told of notes at once and given what it asks for: where that is to be
  // completed at a block, only the beginnings of sounds before.
  async mix({ kit, sampleRate, notes, blocks, separate, missing, again = [], stopped, completed, turned, silent = 0 }) {
    const { Hits, load } = await import(at);
    const engine = await load();
    const sounds = new Hits(engine, kit, sampleRate);
    const said = [];
    const port = () => ({ postMessage: (each) => said.push(each) });
    let Drums = null;
    globalThis.AudioWorkletProcessor = class {
      port = port();
    };
    Object.assign(globalThis, { sampleRate, currentFrame: 12800 });
    globalThis.registerProcessor = (_, kind) => (Drums = kind);
    await import(`${at}?worklet`);
    const pads = structuredClone(kit.pads);
    const options = { module: engine.module, pads, outputs: kit.outputs, voices: 64, bytes: 2 ** 20 };
    const drums = new Drums({ processorOptions: options });
    const hits = port();
    drums.told({ type: "hits", port: hits });
    for (const each of notes) drums.told({ type: "play", ...each, at: each.at + 12800 / sampleRate });
    const wanted = said.splice(0).filter(({ type }) => type === "want");
    const come = (hit, { channels, audio }, more) => {
      const peak = audio.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      drums.told({ type: "sound", ...hit, channels, audio, peak, ...more });
    };
    const hitsToCome = (missing ?? wanted).map(({ pad, note, layer, take }) => ({ pad, note, layer, take }));
    hitsToCome.forEach((hit, k) => {
      const given = [hit.pad, hit.note, hit.layer, hit.take];
      if (completed === undefined) return come(hit, sounds.sound(...given));
      const { whole, room, ...draft } = sounds.draft(...given);
      come(hit, draft, { draft: k + 1, room });
    });
    for (const hit of again)
      come(hit, sounds.sound(hit.pad, hit.note, hit.layer, hit.take), { isTurned: true, ids: [] });
    const outputs = Array.from({ length: separate ? kit.outputs : 1 }, () => [[], []]);
    for (const [number, frames] of blocks.entries()) {
      if (number === stopped) drums.told({ type: "stop" });
      if (number === turned)
        for (const hit of hitsToCome) come(hit, { channels: 1, audio: new Float32Array(1) }, { isTurned: true, ids: [] });
      if (number === completed)
        hitsToCome.forEach((hit, k) => {
          const whole = sounds.sound(hit.pad, hit.note, hit.layer, hit.take);
          come(hit, whole, { completes: k + 1, isPast: turned !== undefined });
        });
      const block = outputs.map(() => [new Float32Array(frames), new Float32Array(frames)]);
      drums.process([], block);
      globalThis.currentFrame += frames;
      outputs.forEach((sides, output) => sides.forEach((to, side) => to.push(...block[output][side])));
    }
    // Then silence: what it takes of the heap, and whether it grows the engine's memory.
    const [block, size] = [outputs.map(() => [new Float32Array(128), new Float32Array(128)]), drums.calls.memory.buffer.byteLength];
    const heap = [];
    for (let pass = 0; pass < 3; ++pass) {
      globalThis.gc?.();
      const before = process.memoryUsage().heapUsed;
      for (let number = 0; number < silent; ++number, globalThis.currentFrame += 128) drums.process(heap, block);
      heap.push(process.memoryUsage().heapUsed - before);
    }
    const played = said.filter(({ type }) => type === "played");
    const last = outputs[0][0].findLastIndex((each) => each !== 0);
    const sha = outputs.map((sides) => hash(Float32Array.from(sides.flat())));
    const grown = drums.calls.memory.buffer.byteLength - size;
    return { sha, played: played.map(({ pad, exact }) => [pad, exact]), wanted: wanted.length, last, heap, grown };
  },

  // The worker, in what stands for its scope: a pad is turned twice, and then what was struck in between is asked for.
  async turnedTwice({ kit, sampleRate, pad }) {
    const { Hits, load } = await import(at);
    const { module } = await load();
    const said = [];
    const port = { postMessage: (each) => said.push(each) };
    Object.assign(globalThis, { DedicatedWorkerGlobalScope: class {}, name: "backbeat hits", postMessage() {} });
    await import(`${at}?worker`);
    const tell = (data) => globalThis.onmessage({ data });
    const come = async (is) => {
      for (let tries = 0; tries < 6000; ++tries) {
        const found = said.find(is);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      throw new Error(`never: ${is}`);
    };
    tell({ type: "open", module, kit, sampleRate, bytes: 2 ** 24, port });
    const { note } = kit.pads[pad];
    const [{ layer, take }] = [await come((each) => each.pad === pad && each.completes)];
    tell({ type: "turn", pad, amounts: { tune: 2 }, id: 1 });
    const { draft } = await come((each) => each.ids?.includes(1));
    tell({ type: "turn", pad, amounts: { tune: 4 }, id: 2 });
    await come((each) => each.ids?.includes(2));
    port.onmessage({ data: { type: "want", pad, note, layer, take, draft } });
    const { audio, isPast } = await come((each) => each.completes === draft);
    const sounds = new Hits(await load(), kit, sampleRate);
    sounds.turn(pad, { tune: 2 });
    const expected = sounds.sound(pad, note, layer, take).audio;
    const shared = Math.min(audio.length, expected.length) / 2; // of a turned hit, the length is a guess
    const isSame = audio.subarray(0, shared * 0.9).every((each, n) => each === expected[n]);
    return { isPast, isSame, frames: audio.length / 2 };
  },

  // What an error says.
  async refused({ program, patch, options }) {
    const { BackbeatError, load } = await import(at);
    try {
      (await load()).render(program, patch, options);
    } catch (error) {
      return [error instanceof BackbeatError, error.message];
    }
    return null;
  },
};

process.stdout.write(JSON.stringify(await tasks[task](given)), () => process.exit());
