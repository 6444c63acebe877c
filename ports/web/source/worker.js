/** The worker that renders hits: what is asked for first, then, while all is quiet, what may be asked for. */
import { Engine } from "./engine.js";
import { Hits, layerOf } from "./hits.js";

export const WORKER = "backbeat hits";
const QUIET_MS = 150;

export function serveHits(scope) {
  const urgent = new Map();
  const looks = [];
  const turns = new Map();
  const recent = new Map();
  let [hits, port, ahead, isBusy, bytes, room, quietAt] = [null, null, [], false, new Map(), 0, 0];
  const keyOf = ({ pad, note, layer, take }) => `${pad} ${note} ${layer} ${take}`;

  const rendered = (hit, extra = {}) => {
    const { channels, audio } = hits.sound(hit.pad, hit.note, hit.layer, hit.take);
    const sizes = bytes.get(hit.pad) ?? bytes.set(hit.pad, new Map()).get(hit.pad);
    room -= sizes.has(keyOf(hit)) ? 0 : audio.byteLength;
    sizes.set(keyOf(hit), audio.byteLength);
    port.postMessage({ type: "sound", ...hit, ...extra, channels, audio }, [audio.buffer]);
  };
  const has = (hit) => bytes.get(hit.pad)?.has(keyOf(hit));

  const turned = ([pad, { amounts, ids }]) => {
    turns.delete(pad);
    hits.turn(pad, amounts);
    for (const size of bytes.get(pad)?.values() ?? []) room += size;
    bytes.delete(pad);
    rendered(recent.get(pad), { isTurned: true, ids });
    ahead = [...hitsAhead(hits.kit, [pad]), ...ahead];
  };
  const looked = ({ id, pad, note, layer, take }) => {
    const answer = hits.sound(pad, note, layer, take);
    scope.postMessage({ type: "looked", ids: [id], answer }, [answer.audio.buffer]);
  };
  /** Do one thing; whether there was one. */
  const step = () => {
    const [[turn], [wanted]] = [turns, urgent];
    if (turn) turned(turn);
    else if (wanted) {
      urgent.delete(wanted[0]);
      if (!has(wanted[1])) rendered(wanted[1]);
    } else if (looks.length) looked(looks.shift());
    else if (ahead.length && room > 0 && performance.now() >= quietAt) {
      const next = ahead.shift();
      if (!has(next)) rendered(next);
    } else return false;
    return true;
  };
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    try {
      isBusy = step();
    } catch (error) {
      isBusy = false;
      scope.postMessage({ type: "error", message: error.message });
    }
    if (isBusy) port2.postMessage(0);
    else if (ahead.length && room > 0) setTimeout(wake, QUIET_MS);
  };
  const wake = () => {
    if (isBusy) return;
    isBusy = true;
    port2.postMessage(0);
  };
  const told = ({ data }) => {
    if (data.type === "open") {
      ({ port, bytes: room } = data);
      hits = new Hits(new Engine(data.module), data.kit, data.sampleRate);
      data.kit.pads.forEach(({ note, layers }, pad) => {
        recent.set(pad, { pad, note, layer: layerOf(100, layers), take: 0 });
        urgent.set(keyOf(recent.get(pad)), recent.get(pad));
      });
      ahead = hitsAhead(data.kit, data.kit.pads.keys());
      port.onmessage = told;
    } else if (data.type === "want") {
      const { type, ...hit } = data;
      urgent.set(keyOf(hit), hit);
    } else if (data.type === "struck") recent.set(data.pad, { ...data.hit });
    else if (data.type === "look") looks.push(data);
    else if (data.type === "turn") {
      const ids = [...(turns.get(data.pad)?.ids ?? []), data.id];
      turns.set(data.pad, { amounts: data.amounts, ids });
      quietAt = performance.now() + QUIET_MS;
    }
    wake();
  };
  scope.onmessage = told;
}

/** Hits of pads in the order in which they are worth having: few layers of each, then those between, then more takes. */
function hitsAhead(kit, places) {
  const found = new Map();
  const pads = [...places];
  const most = (name) => Math.max(...pads.map((pad) => kit.pads[pad][name]));
  for (let take = 0; take < most("round_robins"); ++take)
    for (let apart = most("layers"); apart >= 1; apart >>= 1)
      for (let down = 0; down < most("layers"); down += apart)
        for (const pad of pads) {
          const { note, layers, round_robins } = kit.pads[pad];
          const layer = layers - 1 - down;
          if (layer >= 0 && take < round_robins) found.set(`${pad} ${layer} ${take}`, { pad, note, layer, take });
        }
  return [...found.values()];
}
