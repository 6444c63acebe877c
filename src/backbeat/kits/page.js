"use strict";

// Each hit is a voice of its own: it rings on until it ends, or until a hit of its choke group silences it.
(() => {
  const CHOKE_SECONDS = 0.005; // as the kit's mixer has it
  const STRENGTHS = ["soft", "medium", "hard"];
  const [SOFT, MEDIUM, HARD] = [0, 1, 2];

  const byId = (id) => document.getElementById(id);
  const [holder, status] = ["pads", "status"].map(byId);
  const sampleRate = Number(holder.dataset.sampleRate);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const pads = [...holder.children].map((button) => ({
    button,
    group: Number(button.dataset.group),
    gains: JSON.parse(button.dataset.gains), // left and right
    hits: JSON.parse(button.dataset.hits), // of each strength, numbers of sounds
    turns: STRENGTHS.map(() => 0),
    input: null,
    voices: new Set(),
  }));
  const padOf = new Map(pads.map((pad) => [pad.button, pad]));
  const padOfKey = new Map(pads.map((pad) => [pad.button.dataset.code, pad]));
  padOfKey.delete("");

  let context = null;
  let spaceIsHeld = false;
  const buffers = [];

  async function decodeAll() {
    // Needs nobody's leave, unlike a context that is heard.
    const decoder = new OfflineAudioContext(1, 1, sampleRate);
    for (const text of JSON.parse(byId("sounds").textContent)) {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      buffers.push(await decoder.decodeAudioData(bytes.buffer));
    }
  }

  // Browsers allow sound only once the listener has asked for it, so the context is made by the first hit; a touch
  // counts as asking when the finger is lifted.
  function wake() {
    if (!context) {
      context = new AudioContext({ sampleRate, latencyHint: "interactive" });
      pads.forEach(connect);
    }
    if (context.state !== "running") context.resume();
  }

  // The mixer's law of pan: left and right each have their gain, and a sound of one channel is on both.
  function connect(pad) {
    pad.input = new GainNode(context, { channelCount: 2, channelCountMode: "explicit" });
    const split = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
    const merge = new ChannelMergerNode(context, { numberOfInputs: 2 });
    pad.input.connect(split);
    pad.gains.forEach((gain, side) => split.connect(new GainNode(context, { gain }), side).connect(merge, 0, side));
    merge.connect(context.destination);
  }

  function silence(pad) {
    const now = context.currentTime;
    for (const { source, fader } of pad.voices) {
      fader.gain.setValueAtTime(1, now);
      fader.gain.linearRampToValueAtTime(0, now + CHOKE_SECONDS);
      source.stop(now + CHOKE_SECONDS);
    }
    pad.voices.clear();
    show(pad);
  }

  const show = (pad) => pad.button.classList.toggle("sounding", pad.voices.size > 0);

  function strike(pad, strength) {
    const takes = pad.hits[strength];
    const take = pad.turns[strength]++ % takes.length;
    const buffer = buffers[takes[take]];
    if (!buffer) return; // not decoded yet
    wake();
    if (pad.group) pads.filter((each) => each.group === pad.group).forEach(silence);
    const source = new AudioBufferSourceNode(context, { buffer });
    const fader = new GainNode(context);
    const voice = { source, fader };
    source.connect(fader).connect(pad.input);
    source.onended = () => {
      fader.disconnect();
      pad.voices.delete(voice);
      show(pad);
    };
    source.start();
    pad.voices.add(voice);
    pad.button.dataset.struck = STRENGTHS[strength];
    show(pad);
    if (!calm.matches) pad.button.animate({ transform: ["scale(0.97)", "none"] }, 120);
    const facts = [...pad.button.querySelectorAll("span")].map((each) => each.textContent).join(" · ");
    status.textContent = `${facts} · ${STRENGTHS[strength]}, hit ${take + 1} of ${takes.length}`;
  }

  const keyedStrength = (event) => (event.shiftKey ? HARD : spaceIsHeld ? SOFT : MEDIUM);

  function pressedStrength(event) {
    const { top, height } = event.currentTarget.getBoundingClientRect();
    const up = 1 - (event.clientY - top) / height;
    return Math.min(HARD, Math.max(SOFT, Math.floor(up * STRENGTHS.length)));
  }

  for (const pad of pads) {
    pad.button.addEventListener("pointerdown", (event) => event.button === 0 && strike(pad, pressedStrength(event)));
    pad.button.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long touch
    pad.button.addEventListener("click", (event) => {
      if (event.detail === 0) strike(pad, keyedStrength(event)); // not by a pointer, which has played it already
      else pad.button.blur(); // the space bar is to make hits soft, not to press this pad again
    });
  }
  document.addEventListener("pointerup", () => context && wake());

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pad = padOfKey.get(event.code);
    const isSpace = event.code === "Space" && !padOf.has(event.target);
    if (!pad && !isSpace) return;
    event.preventDefault();
    if (isSpace) spaceIsHeld = true;
    else if (!event.repeat) strike(pad, keyedStrength(event));
  });
  document.addEventListener("keyup", (event) => {
    if (event.code === "Space") spaceIsHeld = false;
  });
  addEventListener("blur", () => (spaceIsHeld = false));

  // Keys are places on a keyboard: where the browser tells, they are labelled as they are on this one.
  navigator.keyboard?.getLayoutMap?.().then((layout) => {
    for (const [code, pad] of padOfKey) {
      const label = layout.get(code)?.toUpperCase();
      if (label) pad.button.querySelector("kbd").textContent = label;
      if (label) pad.button.setAttribute("aria-keyshortcuts", label);
    }
  }, () => {});

  decodeAll().then(
    () => {
      for (const pad of pads) pad.button.disabled = false;
      status.textContent = "Ready";
    },
    () => (status.textContent = "This browser cannot play the sounds."),
  );
})();
