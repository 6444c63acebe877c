/** What may go wrong, in one line: what was found, and what is allowed. */

export const OK = 0;
export const OUT_OF_MEMORY = 1;

export class BackbeatError extends Error {
  name = "BackbeatError";
}

/** Throw where a call of the engine has failed. */
export function check(status) {
  if (status === OUT_OF_MEMORY) throw new BackbeatError("engine: out of memory");
  if (status !== OK) throw new BackbeatError(`engine: failed with status ${status}`);
}

export function checkNumber(name, found, low, high) {
  if (typeof found !== "number" || !(found >= low && found <= high))
    throw new BackbeatError(`${name}: found ${found}; must be a number from ${low} to ${high}`);
}

export function checkWhole(name, found, low, high) {
  checkNumber(name, found, low, high);
  if (!Number.isInteger(found)) throw new BackbeatError(`${name}: found ${found}; must be a whole number`);
}
