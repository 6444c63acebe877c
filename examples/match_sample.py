"""From a drum sample to a patch with knobs: match, save, and change what was found."""

import argparse
from pathlib import Path

import backbeat
from backbeat.patch import turn

KICK = Path(__file__).parent / "sounds" / "bd_fat.flac"


def show(step: int, steps: int, loss: float) -> None:
    """Progress of the search; it may end before `steps` where nothing gets better any more."""
    if step % 50 == 0 or step == steps:
        print(f"step {step} of {steps}: loss {loss:.3f}")


def main(sample: Path, steps: int, starts: int, out: Path) -> None:
    """Match a kick, and write the patch, its sound and a variation to the folder `out`."""
    result = backbeat.match(sample, "kick", steps=steps, starts=starts, progress=show)
    print(f"{result.name}: {result.seconds:.1f} s")
    for name, value in result.distances.as_dict().items():
        print(f"  {name:12} {value:.2f}")

    out.mkdir(parents=True, exist_ok=True)
    backbeat.save(result.patch, out / f"{result.name}.patch.json")
    backbeat.write(out / f"{result.name}.wav", result.audio, result.sample_rate)

    # A patch is turned by its macros: here is the same kick a fifth down. It still knows the sample rate and length it
    # was found at, so `render` needs nothing else.
    lower = turn(result.patch, "tune", -7.0)
    backbeat.write(out / f"{result.name}-lower.wav", lower.render(), result.sample_rate)
    print("wrote", ", ".join(sorted(path.name for path in out.glob(f"{result.name}*"))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sample", type=Path, nargs="?", default=KICK)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--starts", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path("match-output"))
    arguments = parser.parse_args()
    main(arguments.sample, arguments.steps, arguments.starts, arguments.out)
