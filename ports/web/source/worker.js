/**
 * The worker that renders hits: what is asked for first, then, while all is quiet, what may be asked for.
 *
 * Of a hit that is needed at once the beginning comes first, a draft. The rest follows while it sounds, or when all is
 * quiet.
 */
import { Engine } from "./engine.js";
import { Hits, layerOf, peakOf } from "./hits.js";

export const WORKER = "backbeat hits";
const QUIET_MS = 150;
const MOST_PAST = 16;

export function serveHits(scope) {
  const urgent = new Map();
  const looks = [];
  const turns = new Map();
  const firsts = [];
  const drafts = new Map(); // of each pad, the one whose rest is still to come
  const past = new Map(); // some that were, by id, whose pads were turned since
  const rests = []; // those that sound nevertheless
  const recent = new Map();
  let [hits, port, ahead, isBusy, bytes, room, quietAt] = [null, null, [], false, new Map(), 0, 0];
  let [lastDraft, hasTurned, slow] = [0, false, null]; // work that leaves off for what is asked for
  const keyOf = ({ pad, note, layer, take }) => `${pad} ${note} ${layer} ${take}`;

  const tell = (hit, { channels, audio }, extra) => {
    const peak = peakOf(audio);
    port.postMessage({ type: "sound", ...hit, ...extra, channels, audio, peak }, [audio.buffer]);
  };
  const kept = (hit, sound, extra = {}) => {
    const sizes = bytes.get(hit.pad) ?? bytes.set(hit.pad, new Map()).get(hit.pad);
    room -= sizes.has(keyOf(hit)) ? 0 : sound.audio.byteLength;
    sizes.set(keyOf(hit), sound.audio.byteLength);
    tell(hit, sound, extra);
  };
  const whole = (hit, sound) => {
    const draft = drafts.get(hit.pad);
    const isRest = draft !== undefined && keyOf(draft.hit) === keyOf(hit);
    if (isRest) drafts.delete(hit.pad);
    kept(hit, sound, isRest ? { completes: draft.id } : {});
  };
  const drafted = (hit, extra = {}) => {
    const { room, whole, ...sound } = hits.draft(hit.pad, hit.note, hit.layer, hit.take);
    if (!whole) return kept(hit, sound, extra);
    drafts.set(hit.pad, { hit, whole, id: ++lastDraft });
    tell(hit, sound, { ...extra, draft: lastDraft, room });
  };
  const has = (hit) => bytes.get(hit.pad)?.has(keyOf(hit));

  const turned = ([pad, { amounts, ids }]) => {
    turns.delete(pad);
    hits.turn(pad, amounts);
    if (slow?.ahead === pad) slow = null;
    const draft = drafts.get(pad);
    if (draft && urgent.has(keyOf(draft.hit))) rests.push(draft);
    else if (draft) past.set(draft.id, draft);
    if (past.size > MOST_PAST) past.delete(past.keys().next().value);
    drafts.delete(pad);
    for (const size of bytes.get(pad)?.values() ?? []) room += size;
    bytes.delete(pad);
    drafted(recent.get(pad), { isTurned: true, ids });
    ahead = [recent.get(pad), ...hitsAhead(hits.kit, [pad]), ...ahead.filter((each) => each.pad !== pad)];
  };
  const sound = ({ pad, note, layer, take }) => hits.sound(pad, note, layer, take);
  const steps = ({ pad, note, layer, take }) => hits.steps(pad, note, layer, take);
  const looked = ({ id }, answer) => scope.postMessage({ type: "looked", ids: [id], answer }, [answer.audio.buffer]);
  const nextSlow = () => {
    const look = looks.shift();
    if (look) return { steps: steps(look), end: (found) => looked(look, found) };
    while (ahead.length && room > 0) {
      const hit = ahead.shift();
      if (!has(hit)) return { ahead: hit.pad, steps: steps(hit), end: (found) => has(hit) || whole(hit, found) };
    }
    return null;
  };
  const slowly = () => {
    const work = slow;
    slow = null;
    const { done, value } = work.steps.next();
    if (done) work.end(value);
    else slow = work;
  };
  /** Do one thing; whether there was one. */
  const step = () => {
    const [[turn], [wanted]] = [turns, urgent];
    const isOwed = hasTurned && (firsts.length || rests.length || wanted);
    const isQuiet = performance.now() >= quietAt;
    hasTurned = turn !== undefined && !isOwed;
    if (hasTurned) turned(turn);
    else if (firsts.length) {
      const first = firsts.shift();
      if (!has(first)) drafted(first);
    } else if (rests.length) {
      const { hit, whole: rest, id } = rests.shift();
      tell(hit, rest(), { completes: id, isPast: true });
    } else if (wanted) {
      urgent.delete(wanted[0]);
      if (!has(wanted[1])) whole(wanted[1], sound(wanted[1]));
    } else if (looks.length && !drafts.has(looks[0].pad)) looked(looks[0], sound(looks.shift()));
    else if (isQuiet && (slow ??= nextSlow())) slowly();
    else return false;
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
    else if (slow || looks.length || (ahead.length && room > 0)) setTimeout(wake, QUIET_MS);
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
      });
      firsts.push(...recent.values());
      ahead = [...recent.values(), ...hitsAhead(data.kit, data.kit.pads.keys())];
      port.onmessage = told;
    } else if (data.type === "want") {
      const { type, draft, ...hit } = data;
      if (past.has(draft)) rests.push(past.get(draft));
      else urgent.set(keyOf(hit), hit);
      past.delete(draft);
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
