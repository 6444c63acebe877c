/** Vectors with a number for each entry of a program. */
import { BackbeatError, checkWhole } from "./checks.js";

const CURVES = ["linear", "soft", "hard"];

/** Where a patch's document has the parameters of its detail layer. */
const DETAIL = {
  detail: "level",
  detail_hz: "hz",
  detail_s: "t60_s",
  detail_db: "level_db",
  detail_cycles: "phase_cycles",
  detail_band_db: "band_db",
  detail_band_s: "band_t60_s",
};

/** Those of a patch by `backbeat export patch`, or of a pad. */
export function entriesOf(program, patch) {
  checkWhole("seed", patch.seed ?? 0, 0, 2 ** 31 - 1);
  const found = Array.isArray(patch.values) ? patch : entriesByName(program, patch);
  const size = program.parameters.reduce((total, each) => total + each.size, 0);
  const as = (name, kind) => {
    const entries = kind.from(found[name] ?? []);
    if (entries.length !== size || !entries.every(Number.isFinite))
      throw new BackbeatError(`${name}: found ${entries.length} entries; must be ${size} numbers`);
    return entries;
  };
  const curves = as("curves", Array);
  curves.forEach((each) => checkWhole("curves", each, 0, CURVES.length - 1));
  const reals = ["values", "velocity", "humanize"].map((name) => [name, as(name, Float64Array)]);
  return { ...Object.fromEntries(reals), curves, seed: patch.seed ?? 0 };
}

function entriesByName(program, patch) {
  for (const name of ["plugin", "version"])
    if (patch[name] !== program[name])
      throw new BackbeatError(`${name}: found ${patch[name]}; must be the program's, ${program[name]}`);
  for (const name of ["velocity", "humanize"])
    if (!patch[name]) throw new BackbeatError(`${name}: has no amounts; backbeat export patch writes them`);
  const found = { values: [], velocity: [], curves: [], humanize: [] };
  for (const { name, size, options = [] } of program.parameters) {
    const value = patch.values[name] ?? patch.detail?.[DETAIL[name]];
    const chosen = options.indexOf(value);
    const numbers = chosen < 0 ? [value].flat() : options.map((_, k) => Number(k === chosen));
    if (numbers.length !== size || !numbers.every(Number.isFinite))
      throw new BackbeatError(`values.${name}: found ${JSON.stringify(value)}; must be ${size} numbers or an option`);
    const { amount = 0, curve = CURVES[0] } = patch.velocity[name] ?? {};
    const all = (amounts) => (Array.isArray(amounts) ? amounts : Array(size).fill(amounts));
    found.values.push(...numbers);
    found.velocity.push(...all(amount));
    found.curves.push(...Array(size).fill(CURVES.indexOf(curve)));
    found.humanize.push(...all(patch.humanize[name] ?? 0));
  }
  return found;
}
