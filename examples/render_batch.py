"""A batch of kicks, how far each is from a target, and the gradient of that to every parameter."""

import argparse

import torch

import backbeat

SAMPLE_RATE = 44100


def main(batch: int, seconds: float) -> None:
    """Render `batch` kicks of `seconds` each, and differentiate."""
    synth = backbeat.Synth("kick", SAMPLE_RATE, seconds)

    # One flat row per kick, each entry in [0, 1]: what optimisers and networks see. Here, random patches within
    # musical limits; any tensor of this shape will do.
    patches = [backbeat.randomise(synth.plugin, seed) for seed in range(batch)]
    params = torch.stack([patch.params().float() for patch in patches]).requires_grad_()
    audio = synth(params, seed=0)
    print("params", tuple(params.shape), "→ audio", tuple(audio.shape))

    # The target's transforms are done once, however many estimates are compared with it.
    loss = backbeat.DrumLoss()
    with torch.no_grad():
        target = synth(backbeat.preset("kick/909").params().float().unsqueeze(0))
    losses = loss(loss.prepare(target, SAMPLE_RATE), audio)
    print("losses", tuple(losses.shape), "nearest to the 909: item", int(losses.argmin()))

    # Items do not touch each other, so the gradient of the sum is the gradient of each.
    (gradient,) = torch.autograd.grad(losses.sum(), params)
    print("gradient", tuple(gradient.shape))
    steepest = gradient.abs().mean(dim=0).argsort(descending=True)[:5].tolist()
    names = synth.plugin.table.entries()
    print("what matters most:", ", ".join(names[k] for k in steepest))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=0.5)
    arguments = parser.parse_args()
    main(arguments.batch, arguments.seconds)
