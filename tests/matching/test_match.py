"""A match as a whole: what goes in, what comes out, and that the search earns its name."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
import torch
from torch import Tensor
from torch.nn.functional import pad

from backbeat import dsp, plugins
from backbeat.audio import read, write
from backbeat.dsp import Grid, Signal
from backbeat.errors import AudioError, BackbeatError, MatchError, PluginError
from backbeat.kernels import library
from backbeat.losses import distances
from backbeat.matching import QUALITIES, MatchResult, Quality, match, starts
from backbeat.matching.candidate import Candidate, choose
from backbeat.parameters import Table, decibels, hz, seconds
from backbeat.patch import Placement, load, preset, randomise, save
from backbeat.plugins import Plugin
from matching.sounds import RATE, noise, thump
from tables import table

STEPS, STARTS = 30, 3


def find(sample: Tensor | Path, plugin: str | Plugin = "kick", **options) -> MatchResult:
    arguments = {"steps": STEPS, "starts": STARTS, "detail": "off"}
    if isinstance(sample, Tensor):
        arguments["sample_rate"] = RATE
    return match(sample, plugin, **arguments | options)


@pytest.fixture
def analysed(monkeypatch) -> list[str]:
    """Names of the plugins that analysis has proposed starts for, as they come."""
    names: list[str] = []
    propose = starts.propose
    monkeypatch.setattr(
        "backbeat.matching.candidate.propose",
        lambda plugin, *rest: names.append(plugin.name) or propose(plugin, *rest),
    )
    return names


def toy_render(grid: Grid, c: Table) -> Signal:
    return dsp.db_to_gain(c.gain_db) * dsp.sine(grid, c.pitch_hz) * dsp.decay(grid, c.decay_s)


TOY = Plugin(
    "toy",
    table(
        pitch_hz=hz(50.0, 200.0, default=100.0, help="Pitch."),
        decay_s=seconds(0.02, 1.0, default=0.1, help="T60."),
        gain_db=decibels(-60.0, 6.0, default=-12.0, help="Level."),
    ),
    toy_render,
    summary="A steady sine that decays.",
)


@pytest.fixture
def toy(monkeypatch) -> Plugin:
    """A third party's plugin, for which no analysis is written."""
    registered = {name: plugins.get(name) for name in plugins.names()} | {"toy": TOY}
    monkeypatch.setattr("backbeat.plugins._registered", lambda: registered)
    return TOY


@pytest.fixture(scope="module")
def found() -> MatchResult:
    return find(thump())


@pytest.fixture(scope="module")
def found_with_drum() -> MatchResult:
    return find(thump(), "drum")


@pytest.mark.parametrize("fixture", ["found", "found_with_drum"])
def test_match_is_much_nearer_than_its_start(fixture, request):
    result = request.getfixturevalue(fixture)
    assert result.history[-1] < 0.6 * result.history[0]
    first = find(thump(), result.patch.plugin, steps=1)
    assert result.distances.mel_db < 0.7 * first.distances.mel_db
    assert result.distances.mel_db < 3.0


@pytest.mark.parametrize("fixture", ["found", "found_with_drum"])
def test_result_keeps_its_promises(fixture, request):
    result = request.getfixturevalue(fixture)
    assert result.name == "sample"
    assert torch.equal(result.target, thump())
    assert result.audio.shape == result.target.shape
    assert result.audio.dtype == result.target.dtype == torch.float32
    assert result.sample_rate == RATE
    assert result.distances == distances(result.audio, result.target, RATE)
    assert result.steps == len(result.history) == STEPS
    assert list(result.history) == sorted(result.history, reverse=True)
    assert result.notes == ()
    assert not result.interrupted
    assert set(result.timings) >= {"analysis", "search"}
    assert 0.0 < sum(result.timings.values()) <= result.seconds
    assert result.patch.placement == Placement(RATE, result.target.shape[-1], 0)
    assert dict(result.patch.values) != result.patch.instrument.table.defaults()


@pytest.mark.parametrize("fixture", ["found", "found_with_drum"])
def test_patch_file_gives_back_every_sample(fixture, request, tmp_path):
    result = request.getfixturevalue(fixture)
    save(result.patch, tmp_path / "kick.patch.json")
    write(tmp_path / "kick.wav", result.audio, result.sample_rate)
    loaded = load(tmp_path / "kick.patch.json")
    assert loaded == result.patch
    assert torch.equal(loaded.render(), result.audio)
    assert torch.equal(read(tmp_path / "kick.wav").audio, result.audio)


def test_same_seed_same_patch(found):
    again = find(thump())
    assert again.patch == found.patch
    assert again.history == found.history
    assert torch.equal(again.audio, found.audio)


def test_other_seed_other_patch():
    first, other = (find(thump(), steps=2, seed=seed) for seed in (0, 1))
    assert other.patch.seed == 1
    assert other.patch.values != first.patch.values


def test_seed_draws_the_starts_too(toy):
    """The toy has no noise, so that nothing else can differ."""
    first, other = (find(thump(), toy, steps=2, seed=seed) for seed in (0, 1))
    assert first.patch.values != other.patch.values


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_kick_that_was_rendered_is_found_again(seed):
    patch = randomise(plugins.get("kick"), seed)
    result = find(patch.render(Placement(RATE, 11025)), steps=80)
    assert result.distances.mel_db < 1.5
    assert result.patch.values["pitch_hz"] == pytest.approx(patch.values["pitch_hz"], rel=0.03)


def test_silence_before_the_sound_is_kept():
    silence = 4000
    result = find(pad(thump(), (silence, 0)))
    onset = result.patch.placement.onset_samples
    assert silence - 50 < onset <= silence
    assert result.audio.shape == result.target.shape
    assert not result.audio[..., :onset].any()
    assert result.audio[..., onset : onset + 100].any()
    assert torch.equal(result.patch.render(), result.audio)
    assert result.distances.mel_db < 3.0


def test_silence_of_less_than_a_millisecond_is_part_of_the_sound():
    result = find(pad(thump(), (30, 0)), steps=2)
    assert result.patch.placement.onset_samples == 0


def test_quiet_target_is_matched_at_its_level(found):
    result = find(thump(peak=0.01))
    assert result.distances.mel_db < 1.2 * found.distances.mel_db + 0.2
    assert float(result.audio.abs().max()) == pytest.approx(0.01, rel=0.2)


def test_very_short_target():
    result = find(thump(0.02))
    assert result.audio.shape == (1, 1, 882)
    assert result.distances.mel_db < 4.0


def test_without_kernels_it_says_so_and_matches_all_the_same(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setenv(library.VARIANT, "none")
        library.library.cache_clear()
        result = find(thump(0.1), steps=6)
    library.library.cache_clear()
    assert any("kick was rendered by its formula, several times as slowly" in note for note in result.notes)
    assert not find(thump(0.1), steps=2).notes


def test_target_at_48_khz():
    result = find(thump(sample_rate=48_000), sample_rate=48_000)
    assert result.patch.placement == Placement(48_000, 7200, 0)
    assert torch.equal(result.patch.render(), result.audio)
    assert result.distances.mel_db < 2.0


def test_long_target_is_searched_in_part_and_rendered_whole(monkeypatch):
    monkeypatch.setattr("backbeat.matching.one_shot._LONGEST_SEARCH_S", 0.05)
    result = find(thump(), steps=3)
    assert result.audio.shape == result.target.shape == thump().shape
    assert len(result.notes) == 1
    assert "first 0.05 s" in result.notes[0]


def test_file_gives_the_name_and_its_notes(tmp_path):
    path = tmp_path / "fat kick.v2.wav"
    soundfile.write(path, torch.cat([thump()[0], 0.5 * thump()[0]]).T.numpy(), RATE, subtype="FLOAT")
    result = find(path, steps=2)
    assert result.name == result.patch.name == "fat kick.v2"
    assert result.notes == ("Mixed 2 channels to mono.",)
    assert torch.equal(result.target, read(path).audio)
    assert find(str(path), steps=2).patch == result.patch


def test_target_is_not_changed_and_needs_no_gradient():
    sample = thump().requires_grad_()
    result = find(sample, steps=2)
    assert torch.equal(sample.detach(), thump())
    assert sample.grad is None
    assert not result.audio.requires_grad
    assert not result.target.requires_grad


def test_progress_is_told_after_every_step():
    calls: list[tuple[int, int, float]] = []
    result = find(thump(), steps=5, progress=lambda *call: calls.append(call))
    assert calls == [(k + 1, 5, loss) for k, loss in enumerate(result.history)]


def test_plugin_without_an_analysis_of_its_own_is_matched(toy):
    target = replace(
        randomise(toy, 0),
        values={"pitch_hz": 107.0, "decay_s": 0.15, "gain_db": -20.0},
        placement=Placement(RATE, 6000),
    )
    result = find(target.render(), toy)
    assert result.patch.values == pytest.approx(dict(target.values), rel=0.05)
    assert result.distances.mel_db < 0.5


def test_plugin_that_no_patch_could_name_is_refused_before_the_search():
    steps: list[int] = []
    with pytest.raises(BackbeatError, match="toy"):
        find(thump(), TOY, steps=2, progress=lambda step, *_: steps.append(step))
    assert steps == []


def test_auto_takes_the_plugin_that_comes_nearest():
    for name in ("kick", "snare", "cowbell"):
        result = find(preset(f"{name}/808" if name != "kick" else "kick/909").render(), "auto", steps=2, starts=1)
        assert result.patch.plugin == name
        (note,) = (note for note in result.notes if note.startswith(f"auto chose {name}"))
        for other in (name, "drum"):
            assert f"{other} " in note


def test_a_plugin_by_name_has_the_size_that_matches_best():
    size = plugins.get("drum").match_options
    assert find(thump(), "drum", steps=1, starts=1).patch.options == size


def test_a_plugin_that_suits_better_is_named():
    far = find(preset("kick/909").render()[..., : RATE // 4], "hat", steps=30, starts=1)
    assert far.distances.mel_db > 4.0
    assert any(note.startswith("kick suits this sound better: nearer after") for note in far.notes)
    assert far.unmatched


def test_quality_sets_steps_and_starts(monkeypatch):
    monkeypatch.setitem(QUALITIES, "draft", Quality(3, 2, "off", 0))
    assert match(thump(), "kick", sample_rate=RATE, quality="draft").steps == 3
    assert match(thump(), "kick", sample_rate=RATE, quality="draft", steps=5).steps == 5


def test_budget_ends_the_search_with_the_best_so_far():
    result = find(thump(), steps=1000, seconds_budget=0.5)
    assert result.steps < 1000
    assert f"stopped after {result.steps} of 1000 steps, since 0.5 s were over" in result.notes
    assert not result.interrupted
    assert not result.complete
    assert torch.equal(result.patch.render(), result.audio)


def test_time_that_is_over_at_the_last_step_stopped_nothing():
    result = find(thump(), steps=1, seconds_budget=1e-6)
    assert result.complete
    assert not any("stopped" in note for note in result.notes)


def test_no_trial_begins_once_the_time_is_over(analysed):
    """One plugin is started, takes its one step, and that is all."""
    result = match(thump(), "auto", sample_rate=RATE, steps=1000, seconds_budget=1e-6)
    assert len(analysed) == 1
    assert result.steps == 1


@pytest.mark.parametrize(
    ("plugin", "samples"),
    [
        pytest.param(plugin, samples, marks=() if samples == 32 or plugin == "drum" else pytest.mark.slow)
        for plugin in plugins.names()
        for samples in (32, 33, 100, 900)
    ],
)
def test_shortest_sounds(plugin, samples):
    """At the size that suits matching: more tones than such a spectrum has room for."""
    sound = torch.from_numpy(0.3 * noise(samples)).float().reshape(1, 1, -1)
    assert math.isfinite(match(sound, plugin, sample_rate=RATE, steps=1, starts=1).distances.mel_db)


@pytest.mark.parametrize("last", [1, 3, 10])
def test_click_at_the_very_end_of_a_silence(last):
    sound = torch.zeros(1, 1, RATE // 4)
    sound[..., -last:] = 0.5
    assert math.isfinite(match(sound, sample_rate=RATE, steps=1, starts=1).distances.mel_db)


@pytest.mark.parametrize("tones", [1, 20])
def test_drum_with_other_numbers_of_tones(tones):
    result = find(thump(), plugins.get("drum", tones=tones), steps=3)
    assert result.patch.options == {"tones": tones, "noise_bands": 16}
    assert torch.equal(result.patch.render(), result.audio)


class Stop:
    """Presses Ctrl-C at a step."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self, step: int, steps: int, loss: float) -> None:
        if step == self.at:
            raise KeyboardInterrupt


def test_interrupt_gives_the_best_so_far(found):
    result = find(thump(), progress=Stop(at=12))
    assert result.interrupted
    assert result.steps == 12
    assert result.history == found.history[:12]
    assert len(result.notes) == 1
    assert "stopped after 12 of 30 steps" in result.notes[0]
    assert torch.equal(result.patch.render(), result.audio)


@pytest.mark.parametrize("at", [1, 26])
def test_interrupted_match_goes_on_where_it_stopped(found, tmp_path, at):
    checkpoint = tmp_path / "kick.search.npz"
    find(thump(), progress=Stop(at), checkpoint=checkpoint)
    calls: list[int] = []
    resumed = find(thump(), checkpoint=checkpoint, resume=True, progress=lambda step, *_: calls.append(step))
    assert calls == list(range(at + 1, STEPS + 1))
    assert resumed.patch == found.patch
    assert resumed.history == found.history
    assert not resumed.interrupted


def test_match_that_dies_goes_on_from_its_last_checkpoint(found, tmp_path):
    checkpoint = tmp_path / "kick.search.npz"

    def die(step: int, steps: int, loss: float) -> None:
        if step == 28:
            raise MemoryError

    with pytest.raises(MemoryError):
        find(thump(), progress=die, checkpoint=checkpoint)
    calls: list[int] = []
    resumed = find(thump(), checkpoint=checkpoint, resume=True, progress=lambda step, *_: calls.append(step))
    assert calls[0] == 26
    assert resumed.patch == found.patch


def test_checkpoint_of_another_sound_or_request_is_refused(tmp_path):
    checkpoint = tmp_path / "kick.search.npz"
    find(thump(), progress=Stop(at=1), checkpoint=checkpoint)
    for other in ({"steps": 31}, {"starts": 4}, {"seed": 1}):
        with pytest.raises(MatchError, match=next(iter(other))):
            find(thump(), checkpoint=checkpoint, resume=True, **other)
    with pytest.raises(MatchError, match="plugin"):
        find(thump(), "drum", checkpoint=checkpoint, resume=True)
    with pytest.raises(MatchError, match="sound"):
        find(thump(peak=0.7), checkpoint=checkpoint, resume=True)


def test_nothing_to_resume_from(tmp_path):
    with pytest.raises(MatchError, match="no checkpoint was named"):
        find(thump(), resume=True)
    with pytest.raises(MatchError, match="no checkpoint to resume from"):
        find(thump(), resume=True, checkpoint=tmp_path / "kick.search.npz")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps: found 0; must be from 1 to"),
        ({"steps": 100_001}, "steps: found 100001"),
        ({"starts": 0}, "starts: found 0; must be from 1 to"),
        ({"starts": 1025}, "starts: found 1025"),
        ({"quality": "fine"}, "quality: found 'fine'; must be one of draft, normal, best"),
        ({"seconds_budget": 0.0}, "seconds_budget: found 0.0; must be above 0"),
        ({"device": "toaster"}, "device: found 'toaster'"),
        ({"device": "meta"}, "device: found 'meta'"),
        ({"sample_rate": None}, "sample_rate"),
        ({"sample_rate": 0}, "sample_rate"),
        ({"sample_rate": -44_100}, "sample_rate"),
        ({"sample_rate": 100}, "sample_rate"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
    ],
)
def test_arguments_out_of_range(options, words):
    with pytest.raises(BackbeatError) as caught:
        find(thump(), **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sample",
    [
        torch.zeros(1, 1, 2000),
        torch.zeros(1, 1, 0),
        torch.ones(1, 1, 1),
        thump()[..., 100:110],
        thump()[0],
        thump()[0, 0],
        thump().expand(2, 1, -1),
        thump().expand(1, 2, -1),
        thump() * float("nan"),
        thump() * float("inf"),
    ],
    ids=["silent", "empty", "one sample", "ten samples", "2-D", "1-D", "batch", "stereo", "nan", "inf"],
)
@pytest.mark.parametrize("plugin", ["kick", "drum"])
def test_audio_that_is_no_one_shot(sample, plugin):
    with pytest.raises(MatchError, match="sample: found"):
        find(sample, plugin, steps=2)


def test_files_and_plugins_that_do_not_exist(tmp_path):
    with pytest.raises(AudioError, match="cannot be opened"):
        find(tmp_path / "kick.wav")
    with pytest.raises(PluginError, match="found 'theremin'; there are clap, cowbell, cymbal"):
        find(thump(), "theremin")


def test_a_suggested_patch_is_a_start():
    truth = replace(randomise(plugins.get("kick"), 11), seed=5)
    sound = truth.render()[..., :22050]
    found = [match(sound, "kick", sample_rate=44100, seed=5, steps=1, starts=1, suggested=s) for s in ([], [truth])]
    assert found[1].distances.mel_db < 0.5 < found[0].distances.mel_db


def test_a_suggestion_that_begins_farther_changes_nothing():
    sound = randomise(plugins.get("kick"), 11).render()[..., :8820]
    suggested = [randomise(plugins.get("kick"), 12)]
    alone, beside = (
        match(sound, "kick", sample_rate=44100, steps=5, starts=1, detail="off", suggested=s) for s in ([], suggested)
    )
    assert alone.history == beside.history


def test_auto_does_not_analyse_for_a_plugin_whose_suggestions_are_far_off(analysed, monkeypatch):
    monkeypatch.setattr("backbeat.matching.one_shot.router", lambda: None)  # all there are, by their names
    near = randomise(plugins.get("kick"), 2)
    result = find(preset("clap/808").render()[..., :8820], "auto", steps=2, starts=1, suggested=[near])
    assert "clap" in analysed
    assert "kick" not in analysed
    (note,) = (note for note in result.notes if note.startswith("auto chose clap"))
    assert "kick far off by what was suggested, and not analysed" in note
    assert find(near.render()[..., :8820], "auto", steps=2, starts=1, suggested=[near]).patch.plugin == "kick"
    assert "kick" in analysed


def test_auto_does_not_try_a_plugin_that_is_too_unlikely(analysed):
    likely, unlikely = (
        Candidate(plugins.get(name), thump(), RATE, 0, odds=odds) for name, odds in (("kick", 0.9), ("tom", 0.01))
    )
    chosen, _, (note,) = choose([likely, unlikely], 1, 10)
    assert chosen is likely
    assert analysed == ["kick"]
    assert "tom too unlikely, and not tried" in note


def test_a_draft_looks_for_no_detail_unless_it_is_asked_to(monkeypatch):
    asked = []
    monkeypatch.setattr("backbeat.matching.one_shot.add_detail", lambda voice, *rest: asked.append(rest[3]) or voice)
    for quality, detail in (("draft", None), ("normal", None), ("draft", "full")):
        find(thump(), quality=quality, steps=1, starts=1, detail=detail)
    assert asked == ["off", "normal", "full"]


def test_suggestions_for_other_plugins_are_passed_over():
    sound = randomise(plugins.get("kick"), 11).render()[..., :8820]
    suggested = [randomise(plugins.get("drum"), 1)]
    alone, beside = (find(sound, steps=1, starts=1, suggested=s) for s in ([], suggested))
    assert alone.patch == beside.patch
