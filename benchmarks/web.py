"""How soon the page of `backbeat export web` plays, and how soon its knobs answer, in Chromium on this machine.

    PYTHONPATH=tests python benchmarks/web.py build/web/package [ANOTHER …] --out benchmarks/results/web.json

`make web` builds a package; several take turns, and are compared with the first. From the start of a load, with
nothing kept of the last one: until the first hit, of a key that is pressed as soon as it may be, leaves for the
loudspeaker; and until all pads may be played. A knob: for each pad of each factory kit, from `turn` of a macro until
the turned hit is what a key plays, every 20 ms, or after a pause, in which hits are rendered ahead.
"""

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

from backbeat.kits.factory import factory_kit, factory_kits
from backbeat.kits.web import write_web
from machine import describe_machine, write_figures
from ports.browser import opened, served

AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
KIT = "909"
PAUSES_MS = {"a knob that moves": (20, 5), "a knob after a pause": (400, 1)}
"""Before each turn, and how many turns of a pad, of which the median counts."""
WATCH = """
window.times = {};
const connect = AudioNode.prototype.connect;
let tap = null;
AudioNode.prototype.connect = function (to, ...places) {
  if (to === this.context.destination) connect.call(this, (tap = new AnalyserNode(this.context, { fftSize: 16384 })));
  return connect.call(this, to, ...places);
};
const sound = new Float32Array(16384);
setInterval(() => {
  if (!times.struck && document.querySelector(".pad:enabled")) {
    times.struck = performance.now();
    document.dispatchEvent(new KeyboardEvent("keydown", { code: "Digit1" }));
  }
  if (!times.ready && times.struck && !document.querySelector(".pad:disabled")) times.ready = performance.now();
  tap?.getFloatTimeDomainData(sound);
  if (!times.heard && sound.some((each) => each !== 0)) times.heard = performance.now();
}, 4);
"""
TURNS = """
async (number, pause, turns) => {
  const { DrumMachine } = await import("./backbeat.js");
  const kits = await (await fetch("kits.json")).json();
  const kit = await (await fetch(kits[number].file)).json();
  const drums = await DrumMachine.open(new AudioContext(), kit);
  drums.connect(drums.context.destination);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const found = [];
  for (const [pad, { macros }] of kit.pads.entries()) {
    const [name] = Object.keys(macros);
    const times = [];
    for (let k = 0; k < turns; ++k) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      const begun = performance.now();
      await drums.turn(pad, { [name]: k - 2.5 });
      times.push(performance.now() - begun);
    }
    found.push(times.sort((one, other) => one - other)[turns >> 1]);
  }
  drums.close();
  await drums.context.close();
  return found;
}
"""


def loaded_ms(address: str) -> dict[str, float]:
    """Times of one load of the page, in a browser of its own."""
    with opened("about:blank", AUTOPLAY) as page:
        page.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        page.call("Page.navigate", url=f"{address}/index.html")
        page.wait("window.times?.heard && times.ready")
        found: dict[str, float] = page.run("window.times")
        return found


def turned_ms(address: str, kits: int, pause_ms: int, turns: int) -> list[float]:
    """How long a turn takes, of all pads of all kits."""
    with opened(f"{address}/kits.json", AUTOPLAY) as page:
        page.wait("document.readyState === 'complete'")
        return [each for number in range(kits) for each in page.run(f"({TURNS})({number}, {pause_ms}, {turns})")]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, nargs="+")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--times", type=int, default=7)
    arguments = parser.parse_args()
    kits = [factory_kit(name) for name in sorted(factory_kits(), key=lambda name: name != KIT)]
    found: dict[Path, dict[str, list[float]]] = {each: defaultdict(list) for each in arguments.packages}
    with tempfile.TemporaryDirectory() as name:
        for number, package in enumerate(arguments.packages):
            write_web(kits, package, Path(name) / str(number))
        with served(Path(name)) as address:
            for _ in range(arguments.times):
                for number, package in enumerate(arguments.packages):
                    times = loaded_ms(f"{address}/{number}")
                    found[package]["first hit"].append(times["heard"])
                    found[package]["all pads"].append(times["ready"])
            for figure, (pause_ms, turns) in PAUSES_MS.items():
                for number, package in enumerate(arguments.packages):
                    found[package][figure] = turned_ms(f"{address}/{number}", len(kits), pause_ms, turns)
    first = found[arguments.packages[0]]
    for figure in first:
        for package, figures in found.items():
            middle, worst = median(figures[figure]), max(figures[figure])
            ratios = f"{middle / median(first[figure]):.2f} x, {worst / max(first[figure]):.2f} x"
            print(f"{figure}: median {middle:.1f} ms, worst {worst:.1f} ms, {ratios} ({package})")
    if arguments.out:
        ms = {str(package): dict(each) for package, each in found.items()}
        write_figures(arguments.out, {**describe_machine(), "ms": ms})


if __name__ == "__main__":
    main()
