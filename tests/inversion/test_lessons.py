"""Lessons: the same whenever they are made, of all instruments, and each learned as often as is asked."""

import torch

from backbeat import plugins
from backbeat.encoder.features import features
from backbeat.inversion import sorted_banks
from backbeat.inversion.lessons import Lessons, in_turn

KICK, HAT = plugins.get("kick"), plugins.get("hat")
LESSONS = Lessons((KICK, HAT), 2)


def test_a_lesson_is_a_function_of_its_number():
    first, again, other = (LESSONS.at(number) for number in (3, 3, 4))
    assert torch.equal(first.features.whole, again.features.whole)
    assert not torch.equal(first.features.whole, other.features.whole)


def test_a_lesson_has_sounds_of_every_instrument_in_a_row():
    lesson = LESSONS.at(0)
    assert {name: rows.tolist() for name, rows in lesson.rows.items()} == {"kick": [0, 1], "hat": [2, 3]}
    batch = lesson.batches["hat"]
    torch.testing.assert_close(features(batch.audio).facts, lesson.features.facts[2:])
    assert torch.equal(batch.params, sorted_banks(HAT, batch.params))


def test_every_lesson_is_learned_so_many_times_and_a_training_that_goes_on_takes_the_same():
    def numbers(steps):
        found = in_turn(LESSONS, steps, 2, 0, 1)
        return [float(lesson.features.facts.sum()) for lesson in found]

    whole = numbers(range(40))
    assert whole[0::2] == [float(LESSONS.at(number).features.facts.sum()) for number in range(20)]
    assert whole[17::2] == whole[0:24:2]
    assert numbers(range(33, 40)) == whole[33:]


def test_processes_that_share_a_step_have_lessons_of_their_own():
    alone = [next(in_turn(LESSONS, range(1), 1, 0, 1)), LESSONS.at(1)]
    shared = [next(in_turn(LESSONS, range(1), 1, rank, 2)) for rank in (0, 1)]
    for one, other in zip(alone, shared, strict=True):
        assert torch.equal(one.features.whole, other.features.whole)
