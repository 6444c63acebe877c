"""Patterns: what each sign plays, and lines that say nothing known."""

import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.errors import SongError
from backbeat.songs import Song, read_song
from backbeat.songs.notes import GENERAL_MIDI, MAIN_NAMES, note_of, plain
from backbeat.songs.pattern import read_pattern_file
from backbeat.songs.performance import perform

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "patterns").glob("*.pattern"))


def played(text: str, notes: dict[str, int] | None = None, seed: int = 0) -> Song:
    return perform(read_pattern_file(text, notes), seed)


def beats(song: Song) -> list[float]:
    """Where notes are, at 120 beats per minute."""
    return [each.at_s * 2 for each in song.notes]


def test_steps_are_sixteenths_of_a_bar_of_four():
    song = played("kick x...x..x........")
    assert [(each.at_s, each.note, each.velocity) for each in song.notes] == [
        (0.0, 36, 100),
        (0.5, 36, 100),
        (0.875, 36, 100),
    ]
    assert song.length_s == 2.0


def test_velocity_of_each_sign():
    song = played("snare xXo123456789(xv)...".replace("(xv)", "(x v33)"))
    assert [each.velocity for each in song.notes] == [100, 127, 60, 14, 28, 42, 56, 71, 85, 99, 113, 127, 33]


def test_flam_is_a_softer_hit_before():
    song = played("snare ....f...F.......")
    assert [(round(each.at_s, 9), each.velocity) for each in song.notes] == [
        (0.475, 50),
        (0.5, 100),
        (0.975, 64),
        (1.0, 127),
    ]
    assert [each.at_s for each in played("snare f...............").notes] == [0.0]


def test_ratchet_divides_its_step():
    assert beats(played("ch r4o..r2X............")) == [0.0, 0.0625, 0.125, 0.1875, 0.75, 0.875]
    assert beats(played("ch (x r3)...............")) == pytest.approx([0.0, 1 / 12, 1 / 6])


def test_nudge_moves_a_hit():
    song = played("kick (x +10ms)...(x -12.5ms)...(x -2ms)...x...")
    assert [each.at_s for each in song.notes] == pytest.approx([0.01, 0.4875, 0.998, 1.5], abs=1e-12)
    assert played("kick (x -50ms)...............").notes[0].at_s == 0.0


def test_words_of_a_group_in_any_order():
    (first, second) = played("kick (X v90 r2 100% +3ms)...............").notes
    assert (first.velocity, second.velocity) == (90, 90)
    assert (first.at_s, second.at_s) == pytest.approx((0.003, 0.0655))


def test_chance_is_a_share_of_hits_by_the_seed():
    text = "steps 24\nmeter 32/4\nkick " + "(x 30%)" * 768 + "\nsnare " + "?" * 768
    song = played(text)
    share = {note: sum(each.note == note for each in song.notes) / 768 for note in (36, 38)}
    assert share[36] == pytest.approx(0.3, abs=0.06)
    assert share[38] == pytest.approx(0.5, abs=0.06)
    assert played(text) == song
    assert played(text, seed=1) != song
    assert played("seed 1\n" + text) != song
    assert played("kick (x 0%)...............").notes == ()


def test_a_line_is_played_the_same_whatever_stands_beside_it():
    line = "closed " + "?" * 16
    alone, beside = played(f"humanize 9ms 20\n{line}"), played(f"humanize 9ms 20\nkick ?x?x?x?x?x?x?x?x\n{line}")
    assert alone.notes == tuple(each for each in beside.notes if each.note == 42)


@given(percent=st.integers(50, 75), steps=st.sampled_from([2, 4, 8]))
def test_swing_sets_the_second_of_each_pair(percent, steps):
    song = played(f"swing {percent}\nsteps {steps}\nkick {'x' * 4 * steps}")
    pair = Fraction(2, steps)
    wanted = [float(pair * k + share * pair) for k in range(2 * steps) for share in (0, Fraction(percent, 100))]
    assert beats(song) == pytest.approx(wanted, abs=1e-12)


def test_swing_on_a_grid_of_its_own():
    song = played("swing 60 16th\nsteps 8\nkick xxxx............................")
    assert beats(song) == pytest.approx([0.0, 0.15, 0.3, 0.4])
    assert beats(played("swing 66 8th\nsteps 3\nkick xxx.........")) == pytest.approx([0, 0.44, 0.66 + 0.34 / 3])


def test_ratchets_swing_with_their_step():
    assert beats(played("swing 75\nkick r2xr2x..............")) == pytest.approx([0, 0.1875, 0.375, 0.4375])


def test_triplets_and_other_meters():
    assert beats(played("steps 3\nkick xxx.........")) == pytest.approx([0, 1 / 3, 2 / 3])
    song = played("meter 6/8\nsteps 2\nkick x..x.. | x.x.x.")
    assert beats(song) == [0, 1.5, 3, 4, 5]
    assert song.length_s == 3.0
    assert (song.meters[0].count, song.meters[0].unit) == (6, 8)


def test_bars_and_lines_that_repeat():
    song = played("kick |x...............|........x.......|\nsnare ....x...........")
    assert [(each.at_s, each.note) for each in song.notes] == [(0, 36), (0.5, 38), (2.5, 38), (3, 36)]
    assert played("kick x...............x...............").length_s == 4.0


def test_patterns_in_order_with_tempos_and_meters_of_their_own():
    song = played(
        "tempo 60\npattern A\nkick x...............\npattern B\ntempo 120\nmeter 2/4\nsnare x.......\n"
        "order A B*2\norder A"
    )
    assert [(each.at_s, each.note) for each in song.notes] == [(0, 36), (4, 38), (5, 38), (6, 36)]
    assert song.length_s == 10.0
    assert [(each.at_beat, each.beat_s) for each in song.tempos] == [(0, 1), (4, Fraction(1, 2)), (8, 1)]
    assert [(each.at_beat, each.count) for each in song.meters] == [(0, 4), (4, 2), (8, 4)]


def test_patterns_without_an_order_follow_each_other():
    song = played("pattern A\nkick x...............\npattern B\nsnare x...............")
    assert [(each.at_s, each.note) for each in song.notes] == [(0, 36), (2, 38)]


@given(bpm=st.integers(20_000, 400_000), bars=st.integers(1, 8), count=st.integers(1, 9))
def test_length_is_whole_bars_exactly(bpm, bars, count):
    song = played(f"tempo {bpm / 1000}\nmeter {count}/4\nkick " + "|".join(["x" * 4 * count] * bars))
    assert song.length_s == float(bars * count * 60 / Fraction(bpm, 1000))


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_humanize_strays_no_further_than_told_and_uses_it(seed):
    text = "steps 24\nhumanize 6ms 10\nhumanize snare 0ms 3\nkick " + "x" * 96 + "\nsnare " + "x" * 96
    song = played(text, seed=seed)
    straight = played(text.replace("6ms 10", "0ms").replace("0ms 3", "0ms"))
    for note, most_s, most_velocity in ((36, 0.006, 10), (38, 0.0, 3)):
        moved = [each for each in song.notes if each.note == note]
        plain = [each for each in straight.notes if each.note == note]
        late = [a.at_s - b.at_s for a, b in zip(moved, plain, strict=True)][1:-1]
        louder = [a.velocity - b.velocity for a, b in zip(moved, plain, strict=True)]
        assert max(map(abs, late)) <= most_s + 1e-9
        assert max(map(abs, louder)) <= most_velocity
        assert min(louder) < 0 < max(louder)
        assert most_s == 0.0 or min(late) < -0.5 * most_s < 0.5 * most_s < max(late)


def test_humanize_of_all_ends_that_of_a_drum_before():
    text = "humanize kick 20ms 30\nhumanize 0ms\nkick x...x...x...x..."
    assert played(text).notes == played("kick x...x...x...x...").notes


def test_no_hit_is_later_than_a_tick_before_the_end():
    (note,) = played("tempo 400\nkick ...............(x +90ms)").notes
    assert note.at_s == pytest.approx(0.6 - 0.15 / 960, abs=1e-12)


def test_names_by_the_kit_by_general_midi_and_by_number():
    assert [each.note for each in played("BD x...............\n41 x...............").notes] == [36, 41]
    kit = {"Kick & #1 $x=50% – é": 60, "Closed Hat": 61, "tempo": 62, "BD 909": 36}
    text = (
        '"Kick & #1 $x=50% – é" x... .... .... ....  # a comment\nclosed-hat x...............\n"tempo" x...............'
    )
    assert [each.note for each in played(text, kit).notes] == [60, 61, 62]
    assert [each.note for each in played("kick x...............", kit).notes] == [36]
    # A drum that the kit has not is for whoever plays the song to tell of, as with a MIDI file.
    assert [each.note for each in played("snare x...............", kit).notes] == [38]
    with pytest.raises(SongError, match=re.escape("found 'zap'; must be a pad or drum (Kick & #1")):
        played("zap x...............", kit)


@pytest.mark.parametrize(
    ("name", "note"), [("kick", 36), ("Open Hat", 46), ("side-stick", 37), ("CH", 42), ("drone", None), ("", None)]
)
def test_notes_by_name(name, note):
    assert note_of(name) == note


def test_every_drum_of_general_midi_has_names_of_its_own():
    assert set(GENERAL_MIDI.values()) == set(range(35, 82))
    assert len(MAIN_NAMES) == len({GENERAL_MIDI[name] for name in MAIN_NAMES}) == 47
    assert all(plain(name) == name for name in GENERAL_MIDI)


def test_comments_case_tabs_and_line_ends():
    song = played("# one\r\nTEMPO 60\r\n\r\n\tkick\tx...\tx...x...x... # four\rsnare x...............")
    assert [each.at_s for each in song.notes] == [0, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found no lines of steps"),
        ("# nothing", "found no lines of steps"),
        ("pattern A\n", "pattern A: found no lines"),
        ("kik x...............", "line 1: found 'kik' (did you mean kick?); must be a drum (kick, snare,"),
        ("128 x...............", "line 1: found '128'; must be"),
        ("temop 124", "line 1: found 'temop' (did you mean tempo?)"),
        ("\n\nkick x...............y", "line 3: found 'y' at step 17 of bar 1; must be of x (hit)"),
        ("kick x... | x...", "line 1: bar 1 of kick: found 4 steps; must be 16 in each bar"),
        ("kick x...", "line 1: kick: found 4 steps; must be 16"),
        (
            "kick x.x.x.x.x.x.xr3x",
            "line 1: kick: found 14 steps (r3x is one, and so is all in parentheses); must be 16",
        ),
        ("kick", "line 1: kick: found 0 steps"),
        ("kick (x", "line 1: found '(x' at step 1"),
        ("kick (y)", "line 1: found (y); must begin with x"),
        ("kick ()", "line 1: found (); must begin with x"),
        ("kick (x loud)", "line 1: found 'loud' in (x loud); must be of 70%"),
        ("kick (x 101%)", "line 1: found 101% in (x 101%); must be 0% to 100%"),
        ("kick (x v0)", "line 1: found v0"),
        ("kick (x v128)", "line 1: found v128 in (x v128); must be v1 to v127"),
        ("kick (x +101ms)", "line 1: found +101ms in (x +101ms); must be -100ms to +100ms"),
        ("kick (x r9)", "line 1: found r9; must be r2 to r8"),
        ("kick r1x", "line 1: found r1; must be r2 to r8"),
        ("kick x...............\nkick x...............", "line 2: found kick a second time"),
        ("pattern A\nkick x...............\npattern A", "line 3: found pattern A a second time"),
        ("kick x...............\npattern A", "line 2: found pattern A after lines of steps"),
        ("kick x...............\ntempo 124", "line 2: found tempo after lines of steps; must stand before them"),
        ("tempo", "line 1: found tempo alone"),
        ("tempo fast", "line 1: tempo: found 'fast'; must be a number from 20 to 400"),
        ("tempo 19.9", "line 1: tempo: found '19.9'"),
        ("tempo 1e2", "line 1: tempo: found '1e2'"),
        ("tempo 120 bpm", "line 1: tempo: found '120 bpm'; must be at most 1 word"),
        ("meter 4", "line 1: meter: found '4'; must be such as 4/4"),
        ("meter 4/5", "line 1: meter: found '4/5'"),
        ("steps 0", "line 1: steps: found '0'; must be a whole number from 1 to 24"),
        ("steps 3\nmeter 7/8\nkick x", "line 3: found 3 steps per beat in a bar of 7/8; must fill the bar"),
        ("swing 49", "line 1: swing: found '49'; must be a number from 50 to 75"),
        ("swing 58 4th", "line 1: swing: found '4th'; must be 8th, 16th, 32nd"),
        ("swing 58\nsteps 3\nkick xxx.........", "line 3: found swing of 3 steps per beat; must be an even number"),
        ("swing 58 8th\nmeter 7/8\nkick x", "line 3: found swing in a bar of 7/8; must have whole pairs"),
        ("humanize 51ms", "line 1: humanize: found '51'; must be a number from 0 to 50"),
        ("humanize 3ms 65", "line 1: humanize: found '65'"),
        ("humanize kick", "line 1: humanize: found 'kick' alone"),
        ("humanize kik 3ms", "line 1: humanize: found 'kik'"),
        ("humanize 1 2 3 4", "line 1: humanize: found '1 2 3 4'; must be at most 3 words"),
        ("seed -1", "line 1: found '-1'; must be a whole number"),
        ("seed 1 2", "line 1: seed: found '1 2'; must be one word"),
        ('pattern ""', "line 1: pattern: found ''; must be one word"),
        ("kick x...............\norder A", "line 2: order: found 'A'; must be a pattern of the file: none has a name"),
        ("pattern B\nkick x...............\norder A", "line 3: order: found 'A'; must be a pattern of the file: B"),
        ("order A*0", "line 1: found '0'; must be a whole number"),
        ("order A*1000000", "line 1: found '1000000'"),
        ("pattern A\nkick x...............\norder A*60000 A*60000", "line 3: order: found more than 100000 patterns"),
        ("pattern A\nkick x...............\norder A*1801", "found a length of 3602 s; must be at most 3600"),
        ('kick x\n"', "line 1: kick"),
        ('"kick x', "line 1: found a quotation mark that is not closed"),
        ("kick\x0b x", "line 1: found the control character U+000B"),
        ("k" * 101 + " x", "line 1: found 'kkkkkkkkkkkkkkkkkkkk'… of 101 characters; must be at most 100"),
        ("kick " + "x" * 16 * 257, "line 1: kick: found 257 bars; must be at most 256"),
        (
            "kick x...............|x...............\nsnare x...............|x...............|x...............",
            "line 2: kick: found 2 bars where a line has 3",
        ),
        ("\n".join(f"pattern {each}" for each in range(257)), "line 257: found more than 256 patterns"),
        ("\n".join(f'"{" " * each}kick" {"x" * 16}' for each in range(90)), None),
    ],
)
def test_wrong_lines_are_refused_in_one_line(text, words):
    if words is None:  # the longest that there may be
        assert len(played(text).notes) == 90 * 16
        return
    with pytest.raises(SongError) as refused:
        played(text)
    assert str(refused.value).startswith(words)
    assert len(str(refused.value).splitlines()) == 1


def test_too_many_notes():
    lines = "\n".join(f"{note} " + "r8x" * 96 for note in range(64))
    with pytest.raises(SongError, match="more than 1000000 notes"):
        played(f"tempo 400\nsteps 24\npattern A\n{lines}\norder A*200")


SIGNS = (*'xXof?123.-|()"#\n \t', "r3x", "(x 70%)", "x...............\n", "é", "\x00", "\u2028")
LINES = ("kick ", "snare ", "\n36 ", "tempo 90\n", "steps 3\n", "swing 60\n", "humanize 3ms 4\n", "meter 6/8\n")
WORDS = st.sampled_from((*SIGNS, *LINES, "pattern A\n", "order A*2\n"))


@settings(max_examples=300)
@given(st.one_of(st.lists(WORDS, max_size=30).map("".join), st.text(max_size=60)))
def test_garbage_is_a_song_or_one_line(text):
    try:
        found = played(text)
    except SongError as error:
        (line,) = str(error).splitlines()
        assert "found" in line
        return
    assert all(0 <= each.at_s < found.length_s for each in found.notes)
    assert all(before.at_s <= after.at_s for before, after in pairwise(found.notes))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_play(path):
    song = read_song(path)
    assert song.name == path.stem
    assert len(song.notes) > 10


def test_patterns_on_the_page_play():
    blocks = re.findall(r"```pattern\n(.*?)```", (ROOT / "docs" / "patterns.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        assert played(block).notes


@pytest.mark.parametrize("line", ["kick: x...x...x...x...", "kick:x...x...x...x...", '"kick" : x... x... x... x...'])
def test_a_colon_may_stand_behind_a_name(line):
    plainly = "tempo 90\nkick x...x...x...x..."
    assert played(f"Tempo: 90\n{line}") == played(plainly)


def test_a_pad_whose_name_has_a_colon_keeps_it():
    assert [each.note for each in played("A:b x...............", {"a:b": 3, "a": 4}).notes] == [3]


@pytest.mark.parametrize(
    ("line", "meant"), [("bpm 120", "tempo 120"), ("BPM: 120", "tempo 120"), ("time 4/4", "meter 4/4")]
)
def test_what_others_call_a_setting_hints_at_ours(line, meant):
    with pytest.raises(SongError, match=rf"^line 1: found '\w+' \(did you mean `{meant}`\?\)"):
        played(f"{line}\nkick x...............")


def test_the_words_of_a_step_need_no_space_before_the_first():
    glued = played("kick ....(X+12ms)...(x70% v90)...(8-3ms)...")
    assert glued == played("kick ....(X +12ms)...(x 70% v90)...(8 -3ms)...")
    with pytest.raises(SongError, match="must begin with"):
        played("kick (170%)...............")
