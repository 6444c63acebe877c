"""Between two patches: banks are paired by what their entries sound like, and what has no partner fades."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from backbeat import plugins
from backbeat.patch import Placement, mix, perturb, preset, presets, randomise, resize
from oracles import error_db

AMOUNTS = (0.0, 0.2, 0.5, 0.7)
LARGE = plugins.get("drum", tones=128, noise_bands=32)
PLACE = Placement(44100, 4410)
SAME_DB = -90.0
"""Sums of a hundred tones in float32, in another order."""

SOUNDS = [preset(name) for name in presets()] + [
    replace(resize(preset("drum/tom"), LARGE), name="128 tones, most of them off"),
    randomise(LARGE, 7),
    randomise(plugins.get("drum", tones=1, noise_bands=1), 7),
]
every_sound = pytest.mark.parametrize("patch", SOUNDS, ids=lambda patch: f"{patch.plugin}/{patch.name}")


def shuffled(patch, seed=1):
    """The patch with the entries of each bank in another order."""
    values = dict(patch.values)
    for bank in patch.instrument.banks:
        order = list(range(patch.instrument.table[bank[0]].size))
        Random(seed).shuffle(order)
        for name in bank:
            values[name] = tuple(np.atleast_1d(values[name])[order]) if len(order) > 1 else values[name]
    return replace(patch, values=values)


def entries(patch, bank):
    """Of a bank, sorted, (entries, parameters)."""
    rows = np.array([np.atleast_1d(patch.values[name]) for name in bank])
    return rows[:, np.lexsort(rows)].T


def drum(hz, db, *, cycles=(), s=(), off_hz=1000.0):
    """A drum of tones alone; those that are not named are off."""
    plugin = plugins.get("drum", tones=8, noise_bands=4)
    values = plugin.table.defaults()
    for name, named, other in (
        ("tone_hz", hz, off_hz),
        ("tone_db", db, -80.0),
        ("tone_cycles", cycles, 0.0),
        ("tone_s", s, 0.5),
    ):
        values[name] = (*named, *[other] * (8 - len(named)))
    return replace(preset("drum/tom"), options=plugin.options, values=values)


def tones(patch, least_db=-60.0):
    """Frequencies and levels of what is louder than that, by frequency."""
    found = sorted(zip(patch.values["tone_hz"], patch.values["tone_db"], strict=True))
    return np.array([tone for tone in found if tone[1] > least_db]).T


def cycles_apart(one, other):
    return abs((one - other + 0.5) % 1.0 - 0.5)


@every_sound
class TestAnyPatch:
    def test_mixed_with_itself_in_another_order_is_itself(self, patch):
        other = shuffled(patch)
        sound = patch.render(PLACE)
        for amount in AMOUNTS:
            mixed = mix(patch, other, amount)
            for bank in patch.instrument.banks:
                np.testing.assert_allclose(entries(mixed, bank), entries(patch, bank), rtol=1e-9, atol=1e-9)
            assert error_db(mixed.render(PLACE), sound) < SAME_DB

    def test_ends_sound_like_the_patches_themselves(self, patch):
        other = shuffled(replace(perturb(patch, 0.3, 2), seed=5))
        for amount, end in ((0.0, patch), (1.0, other)):
            assert mix(patch, other, amount).seed == end.seed
            assert error_db(mix(patch, other, amount).render(PLACE), end.render(PLACE)) < SAME_DB

    def test_orders_do_not_matter(self, patch):
        other = perturb(patch, 0.2, 3)
        for amount in (0.3, 0.5):
            plain = mix(patch, other, amount).render(PLACE)
            assert error_db(mix(shuffled(patch, 5), shuffled(other, 6), amount).render(PLACE), plain) < SAME_DB

    def test_there_and_back_is_the_same_way(self, patch):
        other = perturb(patch, 0.2, 3)
        there, back = mix(patch, other, 0.25), mix(other, patch, 0.75)
        assert error_db(there.render(PLACE), replace(back, seed=there.seed).render(PLACE)) < SAME_DB
        assert mix(patch, other, 0.25) == there


def test_what_is_alike_goes_together_and_glides():
    one = drum([100.0, 200.0, 300.0], [-6.0, -12.0, -9.0], s=[1.0, 0.5, 0.4])
    other = drum([450.0, 150.0, 300.0], [-9.0, -6.0, -12.0], s=[0.1, 0.25, 0.5])
    hz, db = tones(mix(one, other, 0.5))
    np.testing.assert_allclose(hz, [100.0 * 1.5**0.5, 200.0 * 1.5**0.5, 300.0 * 1.5**0.5], rtol=1e-6)
    np.testing.assert_allclose(db, [-6.0, -12.0, -9.0], atol=1e-6)
    found = dict(zip(mix(one, other, 0.5).values["tone_hz"], mix(one, other, 0.5).values["tone_s"], strict=True))
    assert [found[each] for each in hz] == pytest.approx([0.625, 0.5, 0.25], rel=1e-6)  # energies move evenly


def test_a_tone_that_is_audible_all_along_glides_evenly_however_its_level_changes():
    hz, db = tones(mix(drum([100.0], [-3.0]), drum([400.0], [-20.0]), 0.5))
    assert 12.0 * np.log2(hz[0] / 200.0) == pytest.approx(0.0, abs=1.0)
    assert db[0] == pytest.approx(10.0 * np.log10(0.5 * 10.0**-0.3 + 0.5 * 10.0**-2.0), abs=0.1)


def test_what_is_off_moves_too():
    mixed = mix(drum([], [], off_hz=100.0), drum([], [], off_hz=400.0), 0.5)
    assert mixed.values["tone_hz"] == pytest.approx([200.0] * 8)
    assert mixed.values["tone_db"] == pytest.approx([-80.0] * 8)


def test_levels_decide_where_frequencies_do_not():
    one, other = drum([200.0, 206.0], [-3.0, -40.0]), drum([206.0, 200.0], [-3.0, -40.0])
    hz, db = tones(mix(one, other, 0.5))
    np.testing.assert_allclose(hz, [(200.0 * 206.0) ** 0.5] * 2, rtol=2e-3)
    np.testing.assert_allclose(sorted(db), [-40.0, -3.0], atol=0.1)


@pytest.mark.parametrize("off_hz", [30.0, 1000.0, 16000.0])
def test_without_an_audible_partner_a_tone_fades_where_it_is(off_hz):
    low, high = drum([60.0], [-3.0], off_hz=off_hz), drum([5000.0], [-3.0])
    for amount in np.linspace(0.0, 1.0, 21):
        hz, db = tones(mix(low, high, float(amount)), -50.0)
        for found, level in zip(hz, db, strict=True):
            nearest_st = min(abs(12.0 * np.log2(found / each)) for each in (60.0, 5000.0))
            assert nearest_st < 0.5, f"{found:.0f} Hz at {level:.0f} dB"


def test_half_way_of_a_fade_nothing_is_lost():
    hz, db = tones(mix(drum([60.0], [-3.0]), drum([5000.0], [-3.0]), 0.5))
    np.testing.assert_allclose(hz, [60.0, 5000.0], rtol=1e-3)
    np.testing.assert_allclose(db, [-6.0, -6.0], atol=0.1)  # half the power each, and together that of one


@pytest.mark.parametrize("amount", [0.25, 0.5, 0.75])
def test_where_tones_only_fade_the_energy_that_is_left_lies_between(amount):
    ends = [drum([100.0], [-6.0], s=[0.8]), drum([5000.0], [-12.0], s=[0.2])]
    off = {"noise_db": -60.0, "transient_db": -60.0, "drive_db": -20.0, "sweep_st": 0.0}
    ends = [replace(each, values={**each.values, **off}) for each in ends]
    place = Placement(44100, 44100)
    one, other, mixed = (
        np.cumsum(each.render(place)[0, 0].double().numpy()[::-1] ** 2)[::-1] for each in (*ends, mix(*ends, amount))
    )
    expected = (1.0 - amount) * one + amount * other
    assert np.abs(10.0 * np.log10(mixed[:20000] / expected[:20000])).max() < 1.0


@pytest.mark.parametrize("amount", [0.5, 0.9])
def test_a_detail_layer_fades_where_one_side_has_none(amount):
    voice = preset("kick/909")
    bare = resize(voice, plugins.get("kick", detail_partials=2, detail_bands=3))
    levels = {"detail_hz": (300.0, 900.0), "detail_db": (-20.0, -26.0), "detail_band_db": (-20.0, -30.0, -40.0)}
    detailed = replace(bare, values={**bare.values, **levels})
    mixed = mix(voice, detailed, amount)
    assert mixed.options == detailed.options
    faded_db = 10.0 * np.log10(amount)
    assert mixed.values["detail_db"] == pytest.approx([-20.0 + faded_db, -26.0 + faded_db], abs=0.01)
    assert mixed.values["detail_band_db"][:2] == pytest.approx([-20.0 + faded_db, -30.0 + faded_db], abs=0.01)
    assert mixed.values["detail_hz"] == pytest.approx([300.0, 900.0], rel=1e-3)
    assert error_db(mix(voice, detailed, 0.0).render(PLACE), bare.render(PLACE)) < SAME_DB


def detailed(gain_db, onset_db, detail_db):
    """A snare with one partial of some level beside it."""
    plugin = plugins.get("snare", detail_partials=1, detail_bands=1)
    values = {"gain_db": gain_db, "onset_db": onset_db, "detail_db": detail_db, "detail_band_db": detail_db}
    return replace(preset("snare/909"), options=plugin.options, values=plugin.table.defaults() | values)


def test_a_detail_is_no_louder_half_way_than_at_the_louder_end():
    quiet, loud = detailed(-40.0, 20.0, 6.0), detailed(0.0, -12.0, -40.0)
    beside = [each.values["gain_db"] + each.values["detail_db"] for each in (quiet, loud)]
    half = mix(quiet, loud, 0.5)
    for name in ("detail_db", "detail_band_db"):
        assert min(beside) - 3.1 < half.values["gain_db"] + half.values[name] < max(beside) + 0.1


@pytest.mark.parametrize("level_db", np.linspace(-80.0, 6.0, 40))
def test_a_level_at_the_end_of_its_range_stays_in_it(level_db):
    patch = detailed(0.0, 0.0, float(level_db))
    for amount in (0.0, 0.3, 1.0):
        table = patch.instrument.table
        found = mix(patch, patch, amount)
        assert 0.0 <= found.positions().min() <= found.positions().max() <= 1.0
        assert table.within(found.values) == found.values


def test_what_the_whole_goes_through_moves_evenly():
    quiet, loud = detailed(-40.0, 20.0, 6.0), detailed(0.0, -12.0, -40.0)
    half = mix(quiet, loud, 0.5)
    assert half.values["onset_db"] == pytest.approx(4.0)
    assert half.values["gain_db"] == pytest.approx(-20.0)


def test_a_level_of_no_bank_moves_by_its_power():
    kick = preset("kick/909")
    one, other = (replace(kick, values={**kick.values, "noise_db": each}) for each in (-60.0, -6.0))
    assert mix(one, other, 0.5).values["noise_db"] == pytest.approx(-9.01, abs=0.01)
    one, other = (replace(kick, values={**kick.values, "drive_db": each}) for each in (-20.0, 10.0))
    assert mix(one, other, 0.5).values["drive_db"] == pytest.approx(-5.0)


def test_a_partner_that_is_quiet_but_not_off_hardly_pulls():
    one, other = drum([100.0], [0.0]), drum([1600.0], [-60.0], off_hz=1600.0)
    for amount in (0.25, 0.5, 0.75):
        hz, _ = tones(mix(one, other, amount), -40.0)
        assert 12.0 * np.log2(hz[0] / 100.0) < 1.5  # of 48


def test_a_mode_of_a_kick_at_its_least_level_is_off():
    values = {**preset("kick/acoustic").values, "mode_db": (-10.0, *[-60.0] * 3), "mode_hz": (200.0, *[9000.0] * 3)}
    one = replace(preset("kick/acoustic"), values=values)
    other = replace(one, values={**values, "mode_db": (-60.0,) * 4, "mode_hz": (9000.0,) * 4})
    mixed = mix(one, other, 0.5)
    assert max(mixed.values["mode_db"]) == pytest.approx(-13.0, abs=0.1)
    assert mixed.values["mode_hz"][int(np.argmax(mixed.values["mode_db"]))] == pytest.approx(200.0)


def test_phases_go_the_shorter_way_round():
    one, other = drum([100.0], [-6.0], cycles=[0.9]), drum([100.0], [-6.0], cycles=[0.1])
    for amount, expected in ((0.25, 0.95), (0.5, 0.0), (0.75, 0.05)):
        assert cycles_apart(mix(one, other, amount).values["tone_cycles"][0], expected) < 1e-9
    kick = preset("kick/909")
    one, other = (replace(kick, values={**kick.values, "phase_cycles": each}) for each in (0.8, 0.2))
    for amount, expected in ((0.25, 0.9), (0.5, 0.0), (0.75, 0.1)):
        assert cycles_apart(mix(one, other, amount).values["phase_cycles"], expected) < 1e-9


def test_a_phase_that_is_perturbed_wraps():
    kick = preset("kick/909")
    start = replace(kick, values={**kick.values, "phase_cycles": 0.0})
    found = [perturb(start, 0.02, seed).values["phase_cycles"] for seed in range(40)]
    assert min(found) >= 0.0
    assert sum(each > 0.9 for each in found) > 5
    assert sum(each < 0.1 for each in found) > 5
    assert max(cycles_apart(each, 0.0) for each in found) < 0.1


def test_bursts_of_a_clap_go_with_those_of_their_time():
    snare = preset("drum/snare")
    one = replace(snare, values={**snare.values, "burst_s": (0.01, 0.02, 0.04), "burst_db": (-3.0, -9.0, -6.0)})
    other = replace(snare, values={**snare.values, "burst_s": (0.05, 0.012, 0.024), "burst_db": (-6.0, -3.0, -9.0)})
    mixed = mix(one, other, 0.5).values
    assert mixed["burst_s"] == pytest.approx([0.01 * 1.2**0.5, 0.02 * 1.2**0.5, 0.04 * 1.25**0.5])
    assert mixed["burst_db"] == pytest.approx([-3.0, -9.0, -6.0])


def test_bands_of_noise_keep_their_places():
    snare = preset("drum/snare")
    one = replace(snare, values={**snare.values, "noise_band_db": tuple(range(16))})
    other = replace(snare, values={**snare.values, "noise_band_db": tuple(range(16))[::-1]})
    expected = [10.0 * np.log10(0.75 * 10.0 ** (0.1 * k) + 0.25 * 10.0 ** (0.1 * (15 - k))) for k in range(16)]
    assert mix(one, other, 0.25).values["noise_band_db"] == pytest.approx(expected)
