"""Items that are functions of their index."""

import math

import pytest
import torch

from backbeat import plugins
from backbeat.datasets import SPLITS, Augmentation, Synthetic
from backbeat.datasets.draws import normal, uniform
from backbeat.datasets.origins import played, preset_patches
from backbeat.errors import DatasetError
from backbeat.synth import render

KICK = plugins.get("kick")
EVERYTHING = Augmentation(drive_share=0.5, fade_share=0.5, room_share=0.5)


def short(plugin="kick", **settings) -> Synthetic:
    return Synthetic(plugins.get(plugin), seconds=0.1, **settings)


@pytest.mark.parametrize(
    ("plugin", "distribution", "augmentation"),
    [
        pytest.param(plugin, distribution, augmentation, marks=() if (i + j + k) % 3 == 0 else pytest.mark.slow)
        for i, plugin in enumerate(plugins.names())
        for j, distribution in enumerate(("uniform", "musical", "played"))
        for k, augmentation in enumerate((None, Augmentation(), EVERYTHING))
    ],
)
def test_an_item_is_the_same_alone_and_in_any_batch(plugin, distribution, augmentation):
    dataset = short(plugin, distribution=distribution, augmentation=augmentation)
    batch = dataset.at(torch.tensor([70, 3, 1000]))
    for row, position in enumerate((70, 3, 1000)):
        params, audio = dataset[position]
        assert torch.equal(params, batch.params[row])
        assert torch.equal(audio, batch.audio[row])


def test_the_sound_is_what_the_params_and_the_seed_render():
    batch = short().at(torch.tensor([5, 900]))
    assert torch.equal(batch.audio, render(KICK, batch.params, samples=4410, seed=batch.seeds))


def test_batches_follow_each_other():
    dataset = short()
    whole = dataset.at(torch.arange(10, 26))
    parts = [batch for batch, _ in zip(dataset.batches(8, first=10), range(2), strict=False)]
    assert torch.equal(torch.cat([part.params for part in parts]), whole.params)
    assert torch.equal(torch.cat([part.audio for part in parts]), whole.audio)


def test_splits_share_no_item_and_leave_none_out():
    found = [index for split in SPLITS for index in short(split=split).indices(torch.arange(64 * 8 * 3)).tolist()]
    assert len(found) == len(set(found))
    share = {split: short(split=split).indices(torch.arange(64 * 8)).max().item() + 1 for split in SPLITS}
    assert share["train"] == 64 * 8
    assert set(range(640)) <= set(found)


def test_another_seed_is_another_dataset_and_each_item_is_its_own():
    params = torch.cat([short(seed=seed).at(torch.arange(64)).params for seed in (0, 1)])
    assert len(torch.unique(params, dim=0)) == 128


def test_musical_params_are_musical_or_near_a_preset():
    params = Synthetic(KICK, "musical").at(torch.arange(400)).params
    low, high = (torch.from_numpy(end).float() for end in KICK.table.musical())
    at = [KICK.table.slice(name) for name, p in KICK.table.items() if not p.options]
    inside = torch.stack([((params[:, s] >= low[s] - 1e-6) & (params[:, s] <= high[s] + 1e-6)).all(-1) for s in at])
    assert 0.4 < inside.all(0).float().mean() < 0.6
    assert ((params >= 0.0) & (params <= 1.0)).all()


@pytest.mark.parametrize("distribution", ["uniform", "musical", "played"])
def test_choices_have_one_option_and_all_are_chosen(distribution, small):
    params = Synthetic(small, distribution, seconds=0.01).at(torch.arange(300)).params
    weights = params[:, small.table.slice("colour")]
    assert ((weights == 0.0) | (weights == 1.0)).all()
    assert (weights.sum(-1) == 1.0).all()
    assert (weights.sum(0) > 20).all()


def test_played_params_are_musical_or_near_a_preset_a_morph_or_a_turned_one():
    origins = torch.stack([each.params().float() for each in played(KICK)])
    assert len(origins) > 5 * len(preset_patches(KICK))
    params = Synthetic(KICK, "played", seconds=0.01).at(torch.arange(400)).params
    nearest = torch.cdist(params, origins).amin(-1) / KICK.table.size**0.5
    assert 0.55 < (nearest < 0.18).float().mean() < 0.85
    assert ((params >= 0.0) & (params <= 1.0)).all()


def test_patches_to_play_from_are_of_the_size_that_is_asked_for():
    drum = plugins.get("drum", tones=12, noise_bands=8)
    assert {len(each.params()) for each in played(drum)} == {drum.table.size}


def test_uniform_params_fill_their_range():
    params = Synthetic(KICK, "uniform", seconds=0.01).at(torch.arange(2000)).params
    number = KICK.table.slice("pitch_hz").start
    counts = torch.histc(params[:, number], 10, 0.0, 1.0)
    assert counts.min() > 150
    assert counts.max() < 250


def test_draws_have_the_mean_and_the_variance_that_they_say():
    indices = torch.arange(20_000)
    drawn = uniform(indices, 3, 1, 2)
    assert drawn.mean().item() == pytest.approx(0.5, abs=0.01)
    assert drawn.var().item() == pytest.approx(1.0 / 12.0, rel=0.03)
    stepped = normal(indices, 3, 2, 2)
    assert stepped.mean().item() == pytest.approx(0.0, abs=0.03)
    assert stepped.var().item() == pytest.approx(1.0, rel=0.03)
    assert abs(float((stepped[:, 0] * stepped[:, 1]).mean())) < 0.03


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"distribution": "odd"}, "distribution: found 'odd'; must be one of uniform, musical, played"),
        ({"split": "dev"}, "split: found 'dev'; must be one of train, validation, test"),
        ({"seed": -1}, "seed: found -1; must be from 0 to 16777215"),
        ({"seconds": 0.0}, "found 0 s at 44100 Hz"),
        ({"sample_rate": 10}, "found 1 s at 10 Hz"),
    ],
)
def test_what_is_not_allowed_is_said(settings, words):
    with pytest.raises(DatasetError, match=words):
        Synthetic(KICK, **settings)


class TestAugmentation:
    """One change at a time."""

    nothing = Augmentation(gain_db=0.0, onset_s=0.0, noise_db=None, equaliser_db=0.0, room_db=None)
    sound = Synthetic(KICK, seconds=0.5).at(torch.arange(8)).audio

    def changed(self, **extent) -> torch.Tensor:
        settings = {**vars(self.nothing), **extent}
        return Augmentation(**settings)(self.sound, torch.arange(8), 44100)

    def test_none_changes_nothing(self):
        torch.testing.assert_close(self.changed(), self.sound, rtol=0.0, atol=0.0)

    def test_gain_is_a_gain_within_its_extent(self):
        ratio = (self.changed(gain_db=12.0) / self.sound).nan_to_num()
        gains_db = 20.0 * torch.log10(ratio.amax((1, 2)))
        assert gains_db.abs().max() <= 12.001
        assert gains_db.std() > 2.0

    def test_onset_moves_later(self):
        late = self.changed(onset_s=0.005)
        for before, after in zip(self.sound[:, 0], late[:, 0], strict=True):
            shift = int((after != 0).float().argmax() - (before != 0).float().argmax())
            assert 0 <= shift <= math.ceil(0.005 * 44100)
            torch.testing.assert_close(after[shift:], before[: len(before) - shift], rtol=0.0, atol=0.0)

    def test_noise_lies_where_it_is_said_to(self):
        noise = self.changed(noise_db=-40.0) - self.sound
        below_db = 20.0 * torch.log10(noise.abs().amax((1, 2)) / self.sound.abs().amax((1, 2)))
        assert ((below_db < -39.9) & (below_db > -80.1)).all()

    def test_equaliser_stays_within_its_gains(self):
        spectra = [torch.fft.rfft(each[:, 0]).abs() for each in (self.sound, self.changed(equaliser_db=3.0))]
        loud = spectra[0] > 1e-3 * spectra[0].amax(-1, keepdim=True)
        ratio_db = 20.0 * torch.log10(spectra[1] / spectra[0])
        assert ratio_db[loud].abs().max() < 9.5
        assert ratio_db[loud].abs().max() > 0.5

    def test_room_rings_after_the_sound(self):
        click = torch.zeros(4, 1, 22050)
        click[..., 100] = 1.0
        heard = Augmentation(**{**vars(self.nothing), "room_db": -20.0})(click, torch.arange(4), 44100)
        tail = heard[..., 101:].square().sum((1, 2))
        assert (tail > 1e-5 * 0.9).all()
        assert (tail < 1e-2 * 1.1).all()
        assert heard[..., :100].abs().max() < 1e-6

    def test_drive_keeps_the_peak_and_fills_up_what_lies_below(self):
        driven = self.changed(drive_db=20.0, drive_share=1.0)
        torch.testing.assert_close(driven.abs().amax((1, 2)), self.sound.abs().amax((1, 2)), rtol=1e-4, atol=0.0)
        assert (driven.square().sum((1, 2)) > self.sound.square().sum((1, 2))).all()

    def test_faded_sounds_are_as_they_were_and_then_end(self):
        faded = self.changed(fade_share=1.0)
        for before, after in zip(self.sound[:, 0], faded[:, 0], strict=True):
            end = int((after != 0).nonzero().max()) + 1
            assert end >= 0.045 * 44100
            first = round(0.74 * end)
            torch.testing.assert_close(after[:first], before[:first], rtol=0.0, atol=0.0)
            assert (
                after[round(0.9 * end) : end].abs().sum() < before[round(0.9 * end) : end].abs().sum() or end == 22050
            )

    @pytest.mark.parametrize(
        "change", [{"drive_share": 0.5}, {"fade_share": 0.5}, {"room_db": -10.0, "room_share": 0.5}]
    )
    def test_a_share_of_the_sounds_is_changed(self, change):
        indices = torch.arange(200)
        sounds = torch.ones(200, 1, 4410) * torch.linspace(1.0, 0.5, 4410)
        after = Augmentation(**{**vars(self.nothing), **change})(sounds, indices, 44100)
        changed = (after != sounds).any(-1)[:, 0].float().mean()
        assert 0.35 < changed < 0.65
