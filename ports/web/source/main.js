/** Which of its three places the file runs in: imported, as a worker, or in the audio thread. */
import { serveHits, WORKER } from "./worker.js";
import { registerDrums } from "./worklet.js";

if (typeof globalThis.registerProcessor === "function") registerDrums(globalThis);
else if (typeof globalThis.DedicatedWorkerGlobalScope === "function" && globalThis.name === WORKER) serveHits(globalThis);
