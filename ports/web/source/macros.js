/** Macros: the arithmetic of docs/bundles.md. */
import { BackbeatError } from "./checks.js";

/** The values of a pad with a macro turned by an amount in its unit. */
export function turn(program, values, macro, amount) {
  const ratio = macro.unit === "st" ? 2 ** (amount / 12) : 1 + amount / 100;
  const places = {};
  let first = 0;
  for (const each of program.parameters) {
    places[each.name] = { ...each, first };
    first += each.size;
  }
  const turned = Float64Array.from(values);
  if (amount === 0) return turned;
  for (const step of macro.steps) {
    const { first, size, low, high } = places[step.parameter];
    const own = values.slice(first, first + size);
    const height = (from) => {
      const [depth, t60] = [step.depth_st, step.t60_s].map((name) => from[places[name].first]);
      return 1 + (2 ** (depth / 12) - 1) * Math.exp((-Math.log(1000) * step.end_s) / t60);
    };
    const change = STEPS[step.how];
    if (!change) throw new BackbeatError(`macro: found a step ${step.how}; there are ${Object.keys(STEPS).join(", ")}`);
    const settled = step.how === "settle" ? height(values) / height(turned) : 1;
    for (let k = 0; k < size; ++k) {
      if (step.keeps_off && own[k] === low) continue;
      const entry = change(own[k], { amount, ratio, settled, own, octaves: step.octaves, k });
      turned[first + k] = Math.min(Math.max(entry, low), high);
    }
  }
  return turned;
}

const STEPS = {
  multiply: (v, { ratio }) => v * ratio,
  divide: (v, { ratio }) => v / ratio,
  add: (v, { amount }) => v + amount,
  tilt: (v, { amount, octaves, k }) => v + amount * octaves[k],
  tilt_gain: (v, { amount, octaves, k }) => v * 2 ** ((amount * octaves[k]) / (20 * Math.log10(2))),
  shift: (v, { amount, octaves, own, k }) => interpolated(octaves[k] - amount / 12, octaves, own),
  settle: (v, { settled }) => v * settled,
};

function interpolated(x, xs, ys) {
  const next = xs.findIndex((each) => each > x);
  if (next === 0) return ys[0];
  if (next < 0) return ys[ys.length - 1];
  return ys[next - 1] + ((ys[next] - ys[next - 1]) * (x - xs[next - 1])) / (xs[next] - xs[next - 1]);
}
