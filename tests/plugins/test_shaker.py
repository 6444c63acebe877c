"""What is particular to the shaker. Its levels are means over many seeds."""

import pytest
import torch
from torch import Tensor

from backbeat import plugins, preset
from backbeat.patch import Patch, from_params, turn
from backbeat.synth import render

RATE = 44_100
OFF = -80.0
SHAKER = plugins.get("shaker")


def made(**values: object) -> Patch:
    plain = {**SHAKER.table.defaults(), "hit_db": -60.0, "drive_db": -20.0}
    return from_params(SHAKER, SHAKER.table.normalise({**plain, **values}), name="made", seed=0)


def played(patch: Patch) -> Tensor:
    """With 64 seeds, (64, samples)."""
    params = patch.params().float().unsqueeze(0).expand(64, -1)
    return render(SHAKER, params, samples=RATE // 2, seed=torch.arange(64))[:, 0].double()


def level(patch: Patch, at_s: float) -> float:
    """Amplitude around a time, RMS over 3 ms and all seeds."""
    middle = round(at_s * RATE)
    return float(played(patch)[:, max(middle - 66, 0) : middle + 66].square().mean().sqrt())


def test_a_stroke_rises_to_its_level_and_falls_by_its_t60():
    patch = made(rise_s=0.02, decay_s=0.2, grain=0.0)
    levels = played(patch).square().mean(0).unfold(0, 132, 132).mean(-1).sqrt()
    peak_s = float(levels.argmax()) * 0.003
    assert 0.005 < peak_s < 0.03
    assert levels[0] < 0.4 * levels.max()
    assert level(patch, 0.3) / level(patch, 0.2) == pytest.approx(10.0 ** (-1.5), rel=0.15)


def test_each_stroke_begins_in_its_time_with_its_level():
    settings = {"stroke_s": (0.0, 0.15, 0.3), "rise_s": 0.004, "decay_s": 0.04, "grain": 0.0}
    patch = made(stroke_db=(0.0, -6.0, OFF), **settings)
    first, second = (level(patch, start_s + 0.006) for start_s in (0.0, 0.15))
    assert second / first == pytest.approx(10.0 ** (-6.0 / 20.0), rel=0.1)
    assert level(patch, 0.14) < 0.01 * first
    assert level(patch, 0.306) < 0.001 * first


def test_grains_leave_the_level_and_make_it_uneven():
    even, grained = (played(made(grain=grain, rise_s=0.001, decay_s=2.0))[:, 2205:6615] for grain in (0.0, 1.0))

    def kurtosis(sound: Tensor) -> float:
        return float((sound**4).mean() / sound.square().mean() ** 2)

    assert kurtosis(even) < 4.0
    assert kurtosis(grained) > 15.0


def test_jingles_ring_where_they_are():
    settings = {"jingle_hz": (3000.0, 6000.0, 9000.0), "jingle_q": 100.0}
    without, with_them = (
        torch.fft.rfft(played(made(jingle_db=(-60.0, level_db, -60.0), **settings))).abs().square().mean(0)
        for level_db in (-60.0, 0.0)
    )
    gained = with_them / without
    hz = torch.fft.rfftfreq(RATE // 2, 1.0 / RATE)
    assert gained[(hz - 6000.0).abs() < 30.0].mean() > 20.0
    assert gained[(hz - 3000.0).abs() < 300.0].mean() < 1.5


def test_a_hit_is_in_the_first_moments():
    patch = preset("shaker/tambourine")
    plain, turned = (played(each).square().mean(0) for each in (patch, turn(patch, "snap", 6.0)))
    assert turned[:441].sum() / plain[:441].sum() > 1.2
    assert turned[4410:].sum() / plain[4410:].sum() < 1.1


def test_length_moves_all_strokes():
    patch = preset("shaker/shaker")
    plain, longer = (played(each).square().mean(0) for each in (patch, turn(patch, "length", 50.0)))
    places = [float(each.unfold(0, 441, 441).mean(-1).argmax()) for each in (plain, longer)]
    assert places[1] / places[0] == pytest.approx(1.5, rel=0.1)
