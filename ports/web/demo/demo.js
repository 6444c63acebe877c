// A page that plays kits: pads by key and pointer, and knobs that answer while they move.
import { DrumMachine } from "./backbeat.js";
import { drawSpectrum, drawWave } from "./pictures.js";

const CODES = ["Digit1", "Digit2", "Digit3", "Digit4", ..."QWERASDFZXCV".split("").map((each) => `Key${each}`)];
const [SOFT, MEDIUM, HARD] = [40, 84, 127];
const RANGES = { st: [-24, 24, 0.1], "%": [-90, 200, 1], dB: [-24, 24, 0.1], "dB/oct": [-6, 6, 0.1], "": [-1, 1, 0.01] };
const MIX = { level_db: ["level", "dB", -60, 24, 0.1], pan: ["pan", "", -1, 1, 0.01] };

const byId = (id) => document.getElementById(id);
const status = byId("status");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const ARROWS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -4, ArrowDown: 4 };
async function read(file) {
  const answer = await fetch(file);
  if (!answer.ok) throw new Error(`${file}: the server has no such file`);
  return answer.json().catch(() => {
    throw new Error(`${file}: is damaged`);
  });
}
const listed = read("kits.json");
const firstKit = listed.then(([{ file }]) => read(file)); // on its way while the context is made, which takes a while
firstKit.catch(() => {});
const context = new AudioContext({ latencyHint: "interactive" });

let drums = null;
let buttons = [];
let chosen = 0;
let knobs = []; // of each pad, its macros and mix
let spaceIsHeld = false;

async function openKit(reading) {
  list.disabled = true;
  status.textContent = "Opening …";
  if (!context.audioWorklet) throw new Error("Browsers play this page from https and from localhost alone.");
  if (drums) await reading; // or the old one plays on
  drums?.close();
  drums = null;
  const [opened] = await Promise.all([DrumMachine.open(context, reading, { soon: true }), reading.then(showKit)]);
  drums = opened;
  drums.connect(context.destination);
  drums.addEventListener("played", ({ detail }) => light(buttons[detail.pad]));
  drums.addEventListener("error", ({ detail }) => (status.textContent = detail.message));
  const { kit } = drums;
  status.textContent = [kit.author && `by ${kit.author}`, kit.licence, `${kit.pads.length} pads`].filter(Boolean).join(", ");
  choose(0);
  drums.ready.forEach((each, place) => each.then(() => (buttons[place].disabled = false), () => {}));
  await Promise.all(drums.ready);
  document.body.dataset.kit = kit.name;
}

function showKit(kit) {
  buttons = kit.pads.map(padButton);
  byId("pads").replaceChildren(...buttons);
  knobs = kit.pads.map(({ macros, level_db, pan }) => ({
    turns: Object.fromEntries(Object.keys(macros).map((name) => [name, 0])),
    mix: { level_db, pan },
  }));
}

function padButton({ name }, place) {
  const button = document.createElement("button");
  const [title, key] = [document.createElement("span"), document.createElement("kbd")];
  Object.assign(button, { type: "button", className: "pad", disabled: true });
  title.className = "name";
  title.textContent = name;
  key.textContent = CODES[place]?.slice(-1) ?? "";
  key.setAttribute("aria-hidden", "true");
  if (CODES[place]) button.setAttribute("aria-keyshortcuts", key.textContent);
  button.append(title, ...(CODES[place] ? [key] : []));
  button.addEventListener("pointerdown", (event) => event.button === 0 && strike(place, pressed(event)));
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("click", (event) => {
    if (event.detail === 0) strike(place, keyed(event)); // not by a pointer, which has played it already
    else button.blur(); // the space bar is to make hits soft, not to press this pad again
  });
  return button;
}

const keyed = (event) => (event.shiftKey ? HARD : spaceIsHeld ? SOFT : MEDIUM);

function pressed(event) {
  const { top, height } = event.currentTarget.getBoundingClientRect();
  return Math.min(127, Math.max(1, Math.round(127 * (1 - (event.clientY - top) / height))));
}

function strike(place, velocity) {
  if (context.state !== "running") context.resume();
  if (!drums || buttons[place].disabled) return;
  drums.play(drums.kit.pads[place].note, velocity);
  if (place !== chosen) choose(place);
}

function light(button) {
  if (!calm.matches) button?.animate({ background: ["var(--accent)", "var(--surface)"] }, 250);
}

function choose(place) {
  chosen = place;
  buttons.forEach((each, k) => {
    each.setAttribute("aria-pressed", String(k === place));
    each.tabIndex = k === place ? 0 : -1;
  });
  const pad = drums.kit.pads[place];
  byId("name").textContent = pad.name;
  byId("patch").textContent = pad.patch;
  const { turns, mix } = knobs[place];
  const macros = Object.entries(pad.macros).map(([name, { unit, help }]) =>
    knob(name, unit, RANGES[unit], turns[name], help, (amount) => {
      turns[name] = amount;
      drums.turn(place, turns).then(() => draw(place), () => {});
    }),
  );
  const levels = Object.entries(MIX).map(([name, [label, unit, ...range]]) =>
    knob(label, unit, range, mix[name], "", (amount) => {
      mix[name] = amount;
      drums.mix(place, mix);
    }),
  );
  byId("knobs").replaceChildren(...macros, ...levels);
  draw(place);
}

function knob(name, unit, [min, max, step], value, help, turned) {
  const [label, title, input, output] = ["label", "span", "input", "output"].map((each) => document.createElement(each));
  Object.assign(input, { type: "range", min, max, step, value, name });
  const show = () => {
    output.textContent = `${input.valueAsNumber > 0 ? "+" : ""}${input.valueAsNumber} ${unit}`.trim();
    input.setAttribute("aria-valuetext", output.textContent);
  };
  title.textContent = name;
  label.className = "knob";
  label.title = help;
  input.addEventListener("input", () => {
    show();
    turned(input.valueAsNumber);
  });
  show();
  label.append(title, input, output);
  return label;
}

let drawing = null;

/** Draw the hardest hit of a pad: the last that was asked for, and one at a time. */
async function draw(place) {
  const isBusy = drawing !== null;
  drawing = place;
  if (isBusy) return;
  let drawn = null;
  while (drums && drawing !== drawn) {
    const [asked, from] = [drawing, drums];
    const { channels, audio } = await from.sound(asked);
    const sound = audio.subarray(0, audio.length / channels);
    if (from === drums && asked === chosen) {
      drawWave(byId("wave"), sound);
      drawSpectrum(byId("spectrum"), sound, context.sampleRate);
      byId("length").textContent = `${(sound.length / context.sampleRate).toFixed(2)} s`;
    }
    drawn = drawing === asked ? asked : null;
  }
  drawing = null;
}

byId("reset").addEventListener("click", () => {
  const { macros, level_db, pan } = drums.kit.pads[chosen];
  knobs[chosen] = { turns: Object.fromEntries(Object.keys(macros).map((name) => [name, 0])), mix: { level_db, pan } };
  drums.mix(chosen, knobs[chosen].mix);
  drums.turn(chosen, knobs[chosen].turns).then(() => draw(chosen), () => {});
  choose(chosen);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement) return;
  const place = CODES.indexOf(event.code);
  const isSpace = event.code === "Space" && !(event.target instanceof HTMLButtonElement);
  if (!buttons[place] && !isSpace) return;
  event.preventDefault();
  if (isSpace) spaceIsHeld = true;
  else if (!event.repeat) strike(place, keyed(event));
});
byId("pads").addEventListener("keydown", (event) => {
  const next = buttons[buttons.indexOf(event.target) + ARROWS[event.key]];
  if (!next) return;
  event.preventDefault();
  next.focus();
});
document.addEventListener("keyup", (event) => {
  if (event.code === "Space") spaceIsHeld = false;
});
addEventListener("blur", () => (spaceIsHeld = false));
addEventListener("resize", () => draw(chosen));
dark.addEventListener("change", () => draw(chosen));
document.addEventListener("pointerup", () => context.state !== "running" && context.resume());

const list = byId("kits");
list.append(...(await listed).map(({ name, file }) => new Option(name, file)));
const open = (reading) =>
  openKit(reading)
    .catch((error) => (status.textContent = error.message))
    .finally(() => (list.disabled = false)); // which took the focus off it, so that keys play pads
list.addEventListener("change", () => open(read(list.value)));
await open(firstKit);
