"""What an answer costs: as odds and params, and as sound."""

import math

import torch

from backbeat import plugins
from backbeat.inversion import Answer, Mixture
from backbeat.inversion.lessons import Lessons
from backbeat.inversion.objective import of_params, of_real, of_sound, synth_losses

INSTRUMENTS = [plugins.get("kick"), plugins.get("hat")]
LESSON = Lessons(INSTRUMENTS, 2).at(0)
LOSSES = synth_losses(INSTRUMENTS)
KICKS, HATS = (LESSON.batches[name].params for name in ("kick", "hat"))


def answer(kicks: torch.Tensor, hats: torch.Tensor, odds: tuple[float, ...] = (0.9, 0.9, 0.1, 0.1)) -> Answer:
    """Of all sounds of the lesson, with mixtures of one component; odds are those of the kick."""
    log_odds = torch.tensor([[odd, 1.0 - odd] for odd in odds]).log()
    return Answer(
        log_odds,
        {
            plugin.name: Mixture(
                torch.zeros(len(means), 1), means[:, None], torch.full_like(means[:, None], 0.1), plugin.table
            )
            for plugin, means in zip(INSTRUMENTS, (kicks, hats), strict=True)
        },
    )


def test_params_cost_nats_a_number_and_instruments_a_fifth_of_theirs():
    exact = math.log(0.1) + 0.5 * math.log(2.0 * math.pi)
    numbers = [(~torch.from_numpy(each.table.choices())).float().mean() for each in INSTRUMENTS]
    expected = exact * sum(numbers) / 2.0 - 0.2 * math.log(0.9)
    torch.testing.assert_close(of_params(answer(KICKS, HATS), LESSON), expected, rtol=1e-4, atol=1e-4)
    away = of_params(answer(KICKS + 0.1, HATS), LESSON) - expected
    torch.testing.assert_close(away, 0.5 * numbers[0] / 2.0, rtol=0.02, atol=0.0)


def test_the_sound_of_the_true_patches_costs_little_and_only_that_of_the_named_instruments():
    true, wrong = answer(KICKS, HATS), answer(KICKS.flip(0), HATS.flip(0))
    assert of_sound(true, LESSON, ["kick"], LOSSES) < 0.2 * of_sound(wrong, LESSON, ["kick"], LOSSES)
    half = answer(KICKS, HATS.flip(0))
    torch.testing.assert_close(of_sound(half, LESSON, ["kick"], LOSSES), of_sound(true, LESSON, ["kick"], LOSSES))
    assert of_sound(half, LESSON, ["hat"], LOSSES) > 2.0 * of_sound(true, LESSON, ["hat"], LOSSES)


def test_real_sounds_cost_what_the_likeliest_instrument_makes_of_them():
    sounds = torch.cat([LESSON.batches["kick"].audio[:1], LESSON.batches["hat"].audio[:1]])
    torch.manual_seed(0)
    before, others = torch.rand_like(KICKS), torch.rand_like(HATS)
    kicks = torch.cat([before, KICKS[:1], before[:1]])  # the last two are of the real sounds
    hats = torch.cat([others, others[:1], HATS[:1]])
    right, swapped = (
        of_real(answer(kicks, hats, (0.5, 0.5, *odds)), sounds, LOSSES, 0) for odds in ((0.9, 0.1), (0.1, 0.9))
    )
    elsewhere = of_real(answer(kicks.roll(2, 0), hats.roll(1, 0), (0.5, 0.5, 0.9, 0.1)), sounds, LOSSES, 0)
    assert right < 0.3 * swapped
    assert right < 0.3 * elsewhere
