"use strict";

// The A/B switch: both sounds always run in step; choosing one only fades the other out.
(() => {
  const GAP_SECONDS = 0.25; // silence between two rounds of a loop
  const FADE_SECONDS = 0.003; // time constant: short enough to compare, long enough not to click
  const NAMES = { target: "A, the target", match: "B, the match" };

  const byId = (id) => document.getElementById(id);
  const sounds = { target: byId("sound-target"), match: byId("sound-match") };
  const choices = { target: byId("choose-target"), match: byId("choose-match") };
  const [playButton, switchButton, loopButton, status] = ["play", "switch", "loop", "status"].map(byId);

  let context = null;
  let buffers = null;
  let voices = null; // { target: { source, gain }, match: … } while sounding
  let chosen = "target";
  let playing = false;
  let looping = true;
  let turn = 0; // counts starts and stops, so that what arrives late is recognised

  const levelOf = (name) => (name === chosen ? Number(sounds[name].dataset.gain) : 0);

  function show() {
    for (const name of Object.keys(choices)) {
      choices[name].setAttribute("aria-pressed", String(name === chosen));
    }
    playButton.setAttribute("aria-pressed", String(playing));
    loopButton.setAttribute("aria-pressed", String(looping));
    status.textContent = `${playing ? "Playing" : "Stopped"}: ${NAMES[chosen]}`;
  }

  async function decode(sound) {
    const text = atob(sound.src.split(",")[1]);
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const decoded = await context.decodeAudioData(bytes.buffer);
    const gap = Math.round(GAP_SECONDS * decoded.sampleRate);
    const padded = context.createBuffer(1, decoded.length + gap, decoded.sampleRate);
    padded.copyToChannel(decoded.getChannelData(0), 0);
    return padded;
  }

  function stop() {
    turn += 1;
    playing = false;
    for (const voice of Object.values(voices ?? {})) voice.source.stop();
    voices = null;
    show();
  }

  async function play() {
    const mine = (turn += 1);
    playing = true;
    show();
    // Browsers allow sound only once the listener has asked for it, so nothing is made earlier.
    context ??= new AudioContext();
    await context.resume();
    buffers ??= { target: await decode(sounds.target), match: await decode(sounds.match) };
    if (mine !== turn) return;
    const start = context.currentTime + 0.02;
    voices = {};
    for (const name of Object.keys(sounds)) {
      const gain = new GainNode(context, { gain: levelOf(name) });
      const source = new AudioBufferSourceNode(context, { buffer: buffers[name], loop: looping });
      source.connect(gain).connect(context.destination);
      source.start(start);
      source.onended = () => mine === turn && stop();
      voices[name] = { source, gain };
    }
  }

  function choose(name) {
    chosen = name;
    for (const [voiceName, voice] of Object.entries(voices ?? {})) {
      voice.gain.gain.setTargetAtTime(levelOf(voiceName), context.currentTime, FADE_SECONDS);
    }
    show();
  }

  function toggleLoop() {
    looping = !looping;
    for (const voice of Object.values(voices ?? {})) voice.source.loop = looping;
    show();
  }

  function giveUp() {
    stop();
    status.textContent = "This browser cannot play the sounds.";
  }

  const togglePlay = () => (playing ? stop() : play().catch(giveUp));
  const toggleChoice = () => choose(chosen === "target" ? "match" : "target");

  const buttons = new Map([
    [choices.target, () => choose("target")],
    [choices.match, () => choose("match")],
    [switchButton, toggleChoice],
    [playButton, togglePlay],
    [loopButton, toggleLoop],
  ]);
  for (const [button, act] of buttons) {
    button.disabled = false;
    button.addEventListener("click", (event) => {
      act();
      // After a pointer's click the space bar is to play or stop, not to press this button again.
      if (event.detail > 0) button.blur();
    });
  }

  const keys = { a: () => choose("target"), b: () => choose("match"), x: toggleChoice, l: toggleLoop, " ": togglePlay };
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key.toLowerCase()];
    const ownSpace = event.key === " " && event.target.closest("button, a, summary, audio, [tabindex]");
    if (!act || ownSpace) return;
    event.preventDefault();
    act();
  });

  show();
})();
