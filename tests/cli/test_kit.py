"""`backbeat kit`: kits made, shown, checked, played, exported and matched."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backbeat.kits import Kit, Pad, load_kit, save_kit
from backbeat.kits.hits import Hit, Hits
from backbeat.kits.matching import KitMatch, PadMatch, TakeMatch
from backbeat.patch import preset
from backbeat.samplers.readers import read_kit
from backbeat.samplers.writers import WRITERS

PATTERN = "tempo 120\nkick x...x...x...x...\nclosed ..x...x...x...x.\nopen ......x.......x.\n"


@pytest.fixture
def kit(tmp_path) -> Path:
    pads = (
        Pad("kick", 36, preset("kick/click")),
        Pad("closed", 42, preset("hat/tight"), choke_group=1, level_db=-6.0),
        Pad("open", 46, preset("hat/909-open"), choke_group=1, level_db=-6.0),
    )
    save_kit(Kit("mine", pads, "me", "CC0-1.0", layers=2, round_robins=2), tmp_path / "kit.json")
    return tmp_path / "kit.json"


@pytest.fixture
def pattern(tmp_path) -> Path:
    (tmp_path / "beat.pattern").write_text(PATTERN)
    return tmp_path / "beat.pattern"


class TestNew:
    def test_pads_get_their_notes(self, backbeat, tmp_path):
        out = tmp_path / "mine.json"
        done = backbeat(
            "kit", "new", out, "--pad", "kick=kick/909", "--pad", "40:fat=snare/fat", "--pad", "zap=kick/click",
            "--pad", "Open Hat=hat/909-open", "--author", "me", "--licence", "MIT",
        )  # fmt: skip
        assert (done.status, done.out.splitlines()[0], done.err) == (0, f"{out}: 4 pads", "")
        kit = load_kit(out)
        assert (kit.name, kit.author, kit.licence) == ("mine", "me", "MIT")
        assert kit.notes_by_name == {"kick": 36, "fat": 40, "zap": 60, "Open Hat": 46}

    def test_after_the_last_note_the_first_is_next(self, backbeat, tmp_path):
        out = tmp_path / "mine.json"
        bass = Pad("bass", 60, preset("kick/808-long"), notes=(1, 127))
        save_kit(Kit("bass", (bass,)), tmp_path / "bass.json")
        assert backbeat("kit", "new", out, "--like", tmp_path / "bass.json", "--pad", "kick=kick/909").status == 0
        assert load_kit(out).notes_by_name == {"bass": 60, "kick": 0}

    def test_like_another_with_a_pad_replaced(self, backbeat, tmp_path):
        out = tmp_path / "mine.json"
        assert backbeat("kit", "new", out, "--like", "909", "--pad", "kick=kick/hard", "--name", "Hard").status == 0
        kit = load_kit(out)
        assert (kit.name, len(kit.pads), kit.pads[0].patch) == ("Hard", 16, preset("kick/hard"))
        assert kit.pads[0].note == 36

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ([], "found neither --like nor --pad"),
            (["--pad", "kick"], "--pad: found 'kick'; must be NAME=PATCH"),
            (["--pad", "x:kick=kick/909"], "--pad: found 'x:kick=kick/909'"),
            (["--pad", "kick=nothing"], "preset: found 'nothing'"),
            (["--like", "nothing"], "kit: found 'nothing'; must be a kit file, or one of 606"),
            (["--pad", "200:kick=kick/909"], "note: found 200"),
            (["--pad", f"{'9' * 5000}:kick=kick/909"], "--pad: found '999"),
        ],
    )
    def test_wrong_use(self, backbeat, tmp_path, arguments, said):
        refused = backbeat("kit", "new", tmp_path / "mine.json", *arguments)
        assert refused.status in (1, 2)
        assert said in refused.error()
        assert not list(tmp_path.iterdir())

    def test_only_json_in_a_folder_that_is_there(self, backbeat, tmp_path):
        assert "must be .json" in backbeat("kit", "new", tmp_path / "kit.txt", "--like", "909").error()
        assert "there is no folder" in backbeat("kit", "new", tmp_path / "no" / "kit.json", "--like", "909").error()


class TestShow:
    def test_factory_kits(self, backbeat):
        assert backbeat("kit", "show").out.count("16 pads") == 8
        assert {each["kit"] for each in backbeat("kit", "show", "--json").document()} >= {"808", "909"}

    def test_pads(self, backbeat, kit):
        shown = backbeat("kit", "show", kit)
        assert shown.status == 0
        assert "mine, by me, CC0-1.0" in shown.out
        assert "2 steps of velocity" in shown.out
        pads = backbeat("kit", "show", kit, "--json").document()["pads"]
        assert [(pad["name"], pad["note"], pad["layers"]) for pad in pads] == [
            ("kick", 36, 2), ("closed", 42, 2), ("open", 46, 2),
        ]  # fmt: skip

    def test_a_sampler_s(self, backbeat, kit, tmp_path):
        assert backbeat("kit", "export", kit, "-f", "sfz", "-o", tmp_path / "out").status == 0
        shown = backbeat("kit", "show", tmp_path / "out" / "mine-sfz")
        assert (shown.status, shown.err) == (0, "")
        found = backbeat("kit", "show", tmp_path / "out" / "mine-sfz", "--json").document()
        assert [len(pad["layers"]) for pad in found["pads"]] == [2, 2, 2]

    @pytest.mark.parametrize("command", ["show", "check"])
    def test_what_is_none(self, backbeat, tmp_path, command):
        (tmp_path / "kit.json").write_text('{"schema": 1}')
        assert "kit.json: name" in backbeat("kit", command, tmp_path / "kit.json").error()
        assert "must be a kit file" in backbeat("kit", command, "nothing").error()
        assert "cannot be read" in backbeat("kit", command, tmp_path / "gone.json").error()


class TestCheck:
    def test_nothing_to_mend(self, backbeat, kit, tmp_path):
        assert backbeat("kit", "check", kit).out.endswith("mine: 3 pads, nothing to mend\n")
        backbeat("kit", "export", kit, "-f", "hydrogen", "-o", tmp_path / "out")
        checked = backbeat("kit", "check", tmp_path / "out" / "mine.h2drumkit")
        assert (checked.status, checked.out.endswith("nothing to mend\n")) == (0, True)

    def test_what_is_wrong_is_said(self, backbeat, kit, tmp_path):
        backbeat("kit", "export", kit, "-f", "sfz", "-o", tmp_path / "out")
        next((tmp_path / "out" / "mine-sfz").rglob("*.wav")).unlink()
        checked = backbeat("kit", "check", tmp_path / "out" / "mine-sfz", "--json")
        assert checked.status == 1
        assert len(checked.document()["problems"]) == 1
        document = json.loads(kit.read_text())
        document["pads"][0]["level_db"] = 24
        kit.write_text(json.dumps(document))
        checked = backbeat("kit", "check", kit)
        assert checked.status == 1
        assert "clips" in checked.out


class TestRender:
    def test_a_song_with_stems(self, backbeat, kit, pattern, tmp_path):
        out = tmp_path / "mix.wav"
        done = backbeat("kit", "render", kit, pattern, "-o", out, "--stems", "--bit-depth", "32f")
        paths = [out, *(tmp_path / f"mix-{name}.wav" for name in ("kick", "closed", "open"))]
        assert (done.status, done.out.splitlines(), done.err) == (0, [str(path) for path in paths], "")
        mix, *stems = (soundfile.read(path, dtype="float32")[0] for path in paths)
        np.testing.assert_array_equal(mix, stems[0] + stems[1] + stems[2])
        kick = Hits(load_kit(kit), 44100)[Hit("kick", 36, 1, 0)][0]
        np.testing.assert_array_equal(stems[0][: len(kick), 0] != 0.0, kick != 0.0)

    def test_the_same_bytes_every_time(self, backbeat, kit, pattern, tmp_path):
        for name in ("a", "b"):
            assert backbeat("kit", "render", kit, pattern, "-o", tmp_path / f"{name}.wav").status == 0
        assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()

    @pytest.mark.parametrize(("depth", "subtype"), [("16", "PCM_16"), ("24", "PCM_24"), ("32f", "FLOAT")])
    def test_a_loop_at_any_rate_and_depth(self, backbeat, kit, pattern, tmp_path, depth, subtype):
        out = tmp_path / "loop.wav"
        options = ("--loop", "--sample-rate", "22050", "--bit-depth", depth, "--json")
        found = backbeat("kit", "render", kit, pattern, "-o", out, *options).document()
        info = soundfile.info(out)
        assert (info.samplerate, info.frames, info.channels, info.subtype) == (22050, 44100, 2, subtype)
        assert (found["samples"], found["missing"]) == (44100, {})

    def test_notes_without_a_pad_are_told(self, backbeat, kit, tmp_path):
        (tmp_path / "beat.pattern").write_text("kick x...............\n38   xx..............\n")
        done = backbeat("kit", "render", kit, tmp_path / "beat.pattern", "-o", tmp_path / "out.wav")
        assert done.status == 0
        (note,) = done.notes()
        assert "note 38 is struck 2 times" in note

    def test_wrong_use(self, backbeat, kit, pattern, tmp_path):
        before = pattern.read_bytes()
        refused = [
            backbeat("kit", "render", kit, pattern, "-o", tmp_path / "no" / "mix.wav"),
            backbeat("kit", "render", kit, pattern, "-o", pattern),
            backbeat("kit", "render", kit, pattern, "-o", tmp_path / "mix.mp3"),
            backbeat("kit", "render", kit, tmp_path / "gone.mid", "-o", tmp_path / "mix.wav"),
            backbeat("kit", "render", "nothing", pattern, "-o", tmp_path / "mix.wav"),
        ]
        assert all(each.status in (1, 2) and each.error() for each in refused)
        assert pattern.read_bytes() == before
        assert sorted(path.name for path in tmp_path.iterdir()) == ["beat.pattern", "kit.json"]


class TestExport:
    def test_all_formats(self, backbeat, kit, tmp_path):
        out = tmp_path / "out"
        done = backbeat("kit", "export", kit, "-f", "all", "-o", out, "--json")
        assert done.status == 0
        assert set(done.document()["written"]) == set(WRITERS)
        assert sorted(path.name for path in out.iterdir()) == sorted(
            Path(path).name for path in done.document()["written"].values()
        )

    def test_a_patch_becomes_a_pad(self, backbeat, tmp_path):
        options = ("-f", "sfz", "-o", tmp_path, "--layers", "3", "--round-robins", "2")
        assert backbeat("kit", "export", "snare/909", *options).status == 0
        (path,) = tmp_path.iterdir()
        (pad,) = read_kit(path).pads
        assert (pad.low_note, len(pad.layers), len(pad.layers[0].takes)) == (38, 3, 2)

    def test_another_sampler_s_kit_is_carried_over(self, backbeat, kit, tmp_path):
        backbeat("kit", "export", kit, "-f", "sfz", "-o", tmp_path / "a")
        done = backbeat("kit", "export", tmp_path / "a" / "mine-sfz", "-f", "hydrogen", "-o", tmp_path / "b")
        assert (done.status, done.err) == (0, "")
        first, second = read_kit(tmp_path / "a" / "mine-sfz"), read_kit(tmp_path / "b" / "mine.h2drumkit")
        assert [pad.name for pad in first.pads] == [pad.name for pad in second.pads]
        assert [len(pad.layers) for pad in second.pads] == [2, 2, 2]

    def test_nothing_is_written_where_one_of_the_folders_is_there(self, backbeat, kit, tmp_path):
        out = tmp_path / "out"
        (out / "mine-drumgizmo").mkdir(parents=True)
        (out / "mine-drumgizmo" / "kit.xml").write_text("")
        assert "mine-drumgizmo: is there already" in backbeat("kit", "export", kit, "-f", "all", "-o", out).error()
        assert [path.name for path in out.iterdir()] == ["mine-drumgizmo"]

    def test_samples_have_the_layers_that_they_have(self, backbeat, kit, tmp_path):
        backbeat("kit", "export", kit, "-f", "sfz", "-o", tmp_path / "a")
        options = ("-f", "wav", "-o", tmp_path / "b", "--layers", "1")
        refused = backbeat("kit", "export", tmp_path / "a" / "mine-sfz", *options)
        assert "must be with a kit of patches" in refused.error()
        assert not (tmp_path / "b").exists()

    def test_wrong_use(self, backbeat, kit, tmp_path):
        (tmp_path / "file").write_text("")
        assert "--format: found 'mp3'" in backbeat("kit", "export", kit, "-f", "mp3", "-o", tmp_path / "x").error()
        assert "not a folder" in backbeat("kit", "export", kit, "-f", "sfz", "-o", tmp_path / "file").error()
        assert "must be a kit file" in backbeat("kit", "export", "nothing", "-f", "sfz", "-o", tmp_path / "x").error()
        assert backbeat("kit", "export", kit, "-o", tmp_path / "x").status == 2


class TestMatch:
    def test_a_folder_of_samples(self, backbeat, tmp_path):
        folder = tmp_path / "samples"
        folder.mkdir()
        for name, patch, velocity in (
            ("kick_v1", "kick/click", 0.5),
            ("kick_v2", "kick/click", 1.0),
            ("clap", "clap/tight", 1.0),
        ):
            sound = preset(patch).hit(velocity).sound()
            soundfile.write(folder / f"{name}.wav", sound, 44100)
        (folder / "hat.wav").write_bytes(b"RIFF")
        out = tmp_path / "kit.json"
        done = backbeat("kit", "match", folder, "-o", out, "--quality", "draft", "--steps", "8", "--workers", "1")
        kit = load_kit(out)
        assert kit.notes_by_name == {"kick": 36, "clap": 39}
        assert [pad.patch.plugin for pad in kit.pads] == ["kick", "clap"]
        assert kit.pads[0].patch.velocity
        assert kit.pads[1].patch.velocity is None
        assert "36  kick  kick, mel" in done.out

    def test_what_the_match_of_a_pad_that_stays_far_remarks_is_told(self, backbeat, tmp_path, monkeypatch):
        kit = Kit("k", (Pad("clap", 39, preset("clap/tight")),))
        soundfile.write(tmp_path / "clap.wav", preset("clap/tight").sound(), 44100)
        for mel_db, told in ((6.0, ["clap: Only the left was read."]), (1.0, [])):
            takes = (TakeMatch(tmp_path, 127, mel_db),)
            pads = {"clap": PadMatch(kit.pads[0].patch, takes, ("Only the left was read.",))}
            found = KitMatch(kit, pads, ())
            monkeypatch.setattr("backbeat.kits.matching.match_kit", lambda *_, found=found, **__: found)
            done = backbeat("kit", "match", tmp_path, "-o", tmp_path / "kit.json")
            assert (done.status, done.notes()) == (0, told)
            (tmp_path / "kit.json").unlink()

    @pytest.mark.parametrize("command", ["match", "import"])
    def test_a_kit_that_is_there_stays(self, backbeat, tmp_path, command):
        out = tmp_path / "kit.json"
        out.write_text("changed by hand")
        done = backbeat("kit", command, tmp_path, "-o", out)
        assert done.status == 2
        assert "kit.json: is already there; remove it, or choose another name" in done.err
        assert out.read_text() == "changed by hand"

    def test_stopped_it_writes_nothing_and_says_so(self, backbeat, tmp_path, monkeypatch):
        def stopped(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr("backbeat.kits.matching.match_kit", stopped)
        soundfile.write(tmp_path / "clap.wav", preset("clap/tight").sound(), 44100)
        done = backbeat("kit", "match", tmp_path, "-o", tmp_path / "kit.json")
        assert (done.status, done.error()) == (130, "stopped; nothing was written")
        assert not (tmp_path / "kit.json").exists()

    def test_wrong_use(self, backbeat, tmp_path):
        assert "must be .json" in backbeat("kit", "match", tmp_path, "-o", tmp_path / "kit.txt").error()
        refused = backbeat("kit", "match", tmp_path / "gone", "-o", tmp_path / "kit.json")
        assert refused.status == 1
        assert "gone" in refused.error()


class TestImport:
    SOUND = (
        "[General]\nVersion=DrumSynth v2.0\nLength=100\n"
        "[Tone]\nOn=1\nLevel=128\nF1=200\nF2=60\nDroop=50\nEnvelope=0,100 4000,0\n"
    )

    def test_drumsynth_files(self, backbeat, tmp_path):
        folder = tmp_path / "sounds"
        folder.mkdir()
        for name in ("kick", "BD2"):
            (folder / f"{name}.ds").write_text(self.SOUND)
        (folder / "none.ds").write_text("[General]\n")
        (folder / "readme.txt").write_text("")
        out = tmp_path / "kit.json"
        done = backbeat("kit", "import", folder, "-o", out, "--quality", "draft", "--workers", "1")
        kit = load_kit(out)
        assert kit.notes_by_name == {"BD2": 35, "kick": 36}
        assert {pad.patch.plugin for pad in kit.pads} == {"kick"}
        assert done.status == 1
        assert done.notes() == [f"{folder}: 1 file beside 3 DrumSynth files left alone"]
        assert "none.ds" in done.lines()[1]
        assert "to what DrumSynth plays" in done.out

    def test_a_kit_of_samples_is_matched(self, backbeat, kit, tmp_path):
        options = ("--layers", "1", "--round-robins", "1")
        assert backbeat("kit", "export", kit, "-f", "hydrogen", "-o", tmp_path / "out", *options).status == 0
        out = tmp_path / "again.json"
        done = backbeat(
            "kit", "import", tmp_path / "out" / "mine.h2drumkit", "-o", out, "--quality", "draft", "--workers", "1"
        )
        assert done.status == 0
        assert load_kit(out).notes_by_name == {"kick": 36, "closed": 42, "open": 46}
        assert [pad.choke_group for pad in load_kit(out).pads] == [0, 1, 1]
        assert (load_kit(out).author, load_kit(out).licence) == ("me", "CC0-1.0")

    def test_wrong_use(self, backbeat, tmp_path):
        (tmp_path / "a.ds").write_bytes(b"\x00")
        assert "must be .json" in backbeat("kit", "import", tmp_path / "a.ds", "-o", tmp_path / "kit.txt").error()
        refused = backbeat("kit", "import", tmp_path / "a.ds", "-o", tmp_path / "kit.json")
        assert refused.status == 1
        assert "a.ds" in refused.error()
        assert not (tmp_path / "kit.json").exists()


def test_slips_get_a_hint(backbeat, kit, tmp_path):
    assert "(did you mean acoustic?)" in backbeat("kit", "show", "acustic").error()
    assert "did you mean kick/909" in backbeat("render", "kick/919", "-o", tmp_path / "a.wav").error()
    assert "found a kit" in backbeat("render", kit, "-o", tmp_path / "a.wav").error()
    (tmp_path / "samples").mkdir()
    assert (
        "`backbeat kit match`" in backbeat("kit", "render", tmp_path / "samples", "-", "-o", tmp_path / "a.wav").error()
    )


def test_new_kits_leave_room_and_their_hats_choke(backbeat, tmp_path):
    out = tmp_path / "mine.json"
    pads = ("--pad", "kick=kick/909", "--pad", "closed=hat/tight", "--pad", "open hat=hat/909-open")
    assert backbeat("kit", "new", out, *pads).status == 0
    kit = load_kit(out)
    assert [pad.choke_group for pad in kit.pads] == [0, 1, 1]
    assert max(np.abs(pad.turned.sound()).max() * 10.0 ** (pad.level_db / 20.0) for pad in kit.pads) <= 0.51
    refused = backbeat("kit", "new", out, *pads)
    assert refused.status == 2
    assert "is already there" in refused.error()
    assert backbeat("kit", "new", out, "--like", out, "--pad", "clap=clap/909").status == 0
    assert len(load_kit(out).pads) == 4
