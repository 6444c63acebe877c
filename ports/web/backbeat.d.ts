/** What went wrong, in one line: what was found, and what is allowed. */
export class BackbeatError extends Error {}

/** A program, `backbeat export program`: the signal chain of an instrument. docs/programs.md describes it. */
export interface Program {
  schema: number;
  parameters: ProgramParameter[];
  nodes: object[];
  output: number;
  plugin?: string;
  version?: number;
}

export interface ProgramParameter {
  name: string;
  scale: "linear" | "log" | "choice" | "physical";
  size: number;
  low?: number;
  high?: number;
  unit?: string;
  options?: string[];
}

/** A patch with its amounts, `backbeat export patch`. docs/patches.md describes it. */
export interface Patch {
  plugin: string;
  version: number;
  values: Record<string, number | number[] | string>;
  velocity: Record<string, { amount: number | number[]; curve?: "linear" | "soft" | "hard" }>;
  humanize: Record<string, number | number[]>;
  detail?: Record<string, number | number[]> | null;
  seed?: number;
}

/** A number for each entry of a program. */
export interface Entries {
  values: ArrayLike<number>;
  velocity: ArrayLike<number>;
  /** 0 is linear, 1 soft, 2 hard. */
  curves: ArrayLike<number>;
  humanize: ArrayLike<number>;
  seed: number;
}

/** A kit, `backbeat export kit`. docs/bundles.md describes it. */
export interface Kit {
  schema: number;
  name: string;
  author: string;
  licence: string;
  outputs: number;
  programs: Program[];
  pads: Pad[];
}

export interface Pad {
  name: string;
  patch: string;
  note: number;
  notes: [first: number, last: number];
  level_db: number;
  pan: number;
  width: number;
  choke_group: number;
  /** Left alone here, where notes have no ends. */
  note_off?: "ring" | "choke";
  output: number;
  layers: number;
  round_robins: number;
  program: number;
  seed: number;
  values: number[];
  velocity: number[];
  curves: number[];
  humanize: number[];
  macros: Record<string, Macro>;
}

export interface Macro {
  unit: "%" | "st" | "dB" | "dB/oct" | "";
  help: string;
  steps: MacroStep[];
}

export interface MacroStep {
  parameter: string;
  how: "multiply" | "divide" | "add" | "tilt" | "tilt_gain" | "shift" | "settle";
  octaves?: number[];
  keeps_off?: boolean;
  depth_st?: string;
  t60_s?: string;
  end_s?: number;
}

/** Which hit of a patch: a velocity from 0 to 1, by default 1, and a number from 0, by default 0. */
export interface HitOptions {
  velocity?: number;
  hit?: number;
}

export interface RenderOptions extends HitOptions {
  /** In Hz; by default 44100. */
  sampleRate?: number;
  /** Length; by default a second. */
  samples?: number;
}

/** Where the engine is: the URL of backbeat.wasm, its bytes, or the compiled module. */
export type Source = string | URL | BufferSource | WebAssembly.Module;

/** Load the engine; by default from beside this file. */
export function load(source?: Source): Promise<Engine>;

/** An instance of the engine. */
export class Engine {
  constructor(module: WebAssembly.Module);
  readonly module: WebAssembly.Module;
  /** Samples of a hit of a patch, or of a pad of a kit. */
  render(program: Program, patch: Patch | Pad, options?: RenderOptions): Float32Array;
  /** The values and the noise seed of a hit. */
  hit(program: Program, patch: Patch | Pad, options?: HitOptions): { values: Float64Array; seed: number };
  /** Samples of values, one for each entry of a program, and a seed. */
  renderValues(
    program: Program,
    struck: { values: Float64Array; seed: number },
    place: { sampleRate: number; samples: number },
  ): Float32Array;
}

/** Vectors with a number for each entry of a program, of a patch or of a pad. */
export function entriesOf(program: Program, patch: Patch | Pad): Entries;

/** The values of a pad, or of a patch's entries, with a macro turned by an amount in its unit. */
export function turn(program: Program, values: number[] | Float64Array, macro: Macro, amount: number): Float64Array;

/** The layer, from 0, that a MIDI velocity from 1 to 127 is of. */
export function layerOf(velocity: number, layers: number): number;

/** One channel or two, one after the other. */
export interface Sound {
  channels: 1 | 2;
  audio: Float32Array;
}

/** Sounds of the hits of a kit at one sample rate. */
export class Hits {
  constructor(engine: Engine, kit: Kit, sampleRate: number);
  readonly kit: Kit;
  readonly sampleRate: number;
  /** Turn macros of a pad, `{tune: -2}`, from where the kit has them. */
  turn(pad: number, amounts: Record<string, number>): void;
  /** A hit of a pad: its note, and its layer and take, from 0. */
  sound(pad: number, note: number, layer: number, take: number): Sound;
  /** The same by a generator, which rests after each part of the work. */
  steps(pad: number, note: number, layer: number, take: number): Generator<void, Sound>;
  /** The same, or only its beginning where the whole takes long. */
  draft(pad: number, note: number, layer: number, take: number): Sound & Partial<Rest>;
}

/** What a beginning leaves. */
export interface Rest {
  /** The whole hit, as it was when it was begun, whatever is turned since. */
  whole(): Sound;
  /** How many samples of a channel it probably has at most. */
  room: number;
}

export interface DrumMachineOptions {
  /** Where the engine is; by default beside this file. */
  source?: Source;
  /** Whether it is opened as soon as one pad can be heard; by default all can. */
  soon?: boolean;
  /** Whether each output of the kit is an output of the node; by default one has the mix. */
  separate?: boolean;
  /** At most so many sound at once; by default 64. */
  voices?: number;
  /** Of hits rendered ahead; by default 128 MiB. */
  bytes?: number;
}

/** What a `played` event tells. */
export interface Played {
  pad: number;
  note: number;
  /** In seconds of the context. */
  at: number;
  /** Whether the very hit was there; otherwise the nearest of its pad sounds, as loud as that hit. */
  exact: boolean;
}

/** A kit in an AudioContext, live or offline. */
export class DrumMachine extends EventTarget {
  /** Open a kit; resolved once each pad can be heard, or one where that is `soon`. */
  static open(context: BaseAudioContext, kit: Kit | Promise<Kit>, options?: DrumMachineOptions): Promise<DrumMachine>;
  private constructor();
  readonly context: BaseAudioContext;
  readonly kit: Kit;
  readonly node: AudioWorkletNode;
  /** Of each pad, resolved once it can be heard. */
  readonly ready: Promise<void>[];
  connect(destination: AudioNode, output?: number, input?: number): AudioNode;
  connect(destination: AudioParam, output?: number): void;
  /** Play a note at a MIDI velocity from 1 to 127, at a time of the context in seconds; left out, at once. */
  play(note: number, velocity?: number, at?: number): void;
  /** Fade out all that sounds, and forget what was told to be played. */
  stop(): void;
  /** Turn macros of a pad, by its place, from where the kit has them; resolved once its next hit is the turned one. */
  turn(pad: number, amounts: Record<string, number>): Promise<void>;
  /** Level in dB and pan of a pad's next hits. */
  mix(pad: number, mix: { level_db: number; pan: number }): void;
  /** A hit to look at. */
  sound(pad: number, hit?: { note?: number; velocity?: number; take?: number }): Promise<Sound>;
  /** Resolved once every hit that was told to be played is rendered: before an offline context starts. */
  prepared(): Promise<void>;
  close(): void;
}
