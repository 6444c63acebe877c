"""Descent on objectives whose minimum is known."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from backbeat.matching.search import SearchState, begin, descend
from backbeat.parameters import Layout, amount, cycles

TABLE = Layout(
    first=amount(default=0.5, help="A."),
    second=amount(default=0.5, help="B."),
    phase=cycles(default=0.0, help="Wraps around."),
)


def quadratic(*minimum: float):
    """Squared distance to a point, nought in it."""
    target = torch.tensor(minimum, dtype=torch.float64)

    def objective(params: Tensor) -> Tensor:
        return ((params - target) ** 2).sum(-1)

    return objective


def rows(*starts: tuple[float, ...]) -> Tensor:
    return torch.tensor(starts, dtype=torch.float64)


def run(starts: Tensor, objective, steps: int = 300) -> list[SearchState]:
    return list(descend(begin(starts), objective, TABLE, steps))


@given(point=st.tuples(*[st.floats(0.1, 0.9)] * 3), start=st.tuples(*[st.floats(0.0, 1.0)] * 2))
@settings(max_examples=15)
def test_minimum_inside_the_box_is_reached(point, start):
    last = run(rows((*start, point[2])), quadratic(*point))[-1]
    assert last.best_params.tolist() == pytest.approx(point, abs=0.01)
    assert last.best_loss < 1e-4


def test_minimum_outside_the_box_is_approached_to_its_face():
    states = run(rows((0.5, 0.5, 0.5)), quadratic(1.4, -0.3, 0.5))
    assert states[-1].best_params.tolist() == pytest.approx([1.0, 0.0, 0.5], abs=1e-6)
    for state in states:
        assert bool(((state.params >= 0.0) & (state.params <= 1.0)).all())


def test_phase_takes_the_short_way_round():
    def objective(params: Tensor) -> Tensor:
        return 1.0 - torch.cos(2.0 * math.pi * (params[:, 2] - 0.9))

    states = run(rows((0.5, 0.5, 0.1)), objective)
    assert float(states[-1].best_params[2]) == pytest.approx(0.9, abs=0.005)
    visited = [float(state.params[0, 2]) for state in states]
    assert all(0.0 <= phase < 1.0 for phase in visited)
    assert not any(0.2 < phase < 0.8 for phase in visited)


def test_one_state_a_step_up_to_the_limit():
    states = run(rows((0.2, 0.2, 0.2)), quadratic(0.9, 0.9, 0.9), steps=7)
    assert [state.step for state in states] == list(range(1, 8))
    assert list(descend(states[-1], quadratic(0.9, 0.9, 0.9), TABLE, 7)) == []


def test_best_ever_is_kept_and_history_never_rises():
    calls = 0

    def ever_worse(params: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return (params**2).sum(-1) + calls

    start = rows((0.3, 0.6, 0.2))
    states = run(start, ever_worse, steps=20)
    assert torch.equal(states[-1].best_params, start[0])
    assert states[-1].best_loss == pytest.approx(0.49 + 1.0)
    assert states[-1].history == (states[0].best_loss,) * 20
    better = run(start, quadratic(0.9, 0.1, 0.5), steps=50)[-1].history
    assert list(better) == sorted(better, reverse=True)


def test_best_loss_is_that_of_best_params():
    objective = quadratic(0.8, 0.1, 0.5)
    for state in run(rows((0.2, 0.9, 0.2), (0.5, 0.5, 0.5)), objective, steps=40):
        assert float(objective(state.best_params[None])) == state.best_loss == min(state.history)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_loss_that_is_not_finite_moves_nothing_and_never_wins(bad):
    def objective(params: Tensor) -> Tensor:
        return quadratic(0.7, 0.7, 0.5)(params) + torch.where(params[:, 0] < 0.2, bad, 0.0)

    states = run(rows((0.1, 0.4, 0.5), (0.4, 0.4, 0.5)), objective, steps=100)
    assert states[0].params[0].tolist() == [0.1, 0.4, 0.5]
    assert states[-1].best_params.tolist() == pytest.approx([0.7, 0.7, 0.5], abs=0.02)
    assert all(math.isfinite(loss) for loss in states[-1].history)


def test_gradient_that_is_not_finite_moves_nothing():
    def objective(params: Tensor) -> Tensor:
        # The root's slope at 0 is infinite, its value is not.
        return torch.sqrt((params[:, 0] - 0.5).abs()) + (params[:, 1] - 0.9) ** 2

    states = run(rows((0.5, 0.1, 0.0), (0.3, 0.2, 0.0)), objective, steps=30)
    assert states[0].params[0].tolist() == [0.5, 0.1, 0.0]
    for state in states:
        for values in (state.params, state.gradient, state.power):
            assert bool(values.isfinite().all())


def test_search_where_everything_fails_ends_where_it_started():
    def objective(params: Tensor) -> Tensor:
        return params.sum(-1) * math.nan

    states = run(rows((0.1, 0.2, 0.3)), objective, steps=5)
    assert len(states) == 5
    assert states[-1].best_params.tolist() == [0.1, 0.2, 0.3]
    assert states[-1].best_loss == math.inf


def test_worse_half_is_given_up_again_and_again():
    starts = rows(*((0.1 * k, 0.5, 0.5) for k in range(8)))
    states = run(starts, quadratic(0.7, 0.5, 0.5), steps=100)
    counts = [len(state.params) for state in states]
    assert counts[:5] == [8] * 5
    assert counts[5:14] == [4] * 9
    assert counts[14:34] == [2] * 20
    assert set(counts[34:]) == {1}
    for state in states:
        assert len({len(each) for each in (state.params, state.gradient, state.power, state.lowest)}) == 1


def test_halving_keeps_the_better_starts():
    def flat(params: Tensor) -> Tensor:
        """Losses that say which start is which, and no slope."""
        return params[:, 0].detach() + 0.0 * params.sum(-1)

    starts = rows(*((value, 0.5, 0.5) for value in (0.9, 0.2, 0.8, 0.1, 0.7, 0.3)))
    states = run(starts, flat, steps=100)
    assert sorted(states[11].params[:, 0].tolist()) == [0.1, 0.2, 0.3]
    assert sorted(states[29].params[:, 0].tolist()) == [0.1, 0.2]
    assert states[54].params[:, 0].tolist() == [0.1]


def test_halving_goes_by_the_lowest_loss_of_each_start_not_its_last():
    calls = 0

    def objective(params: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        once_good = torch.tensor([0.0 if calls == 1 else 9.0, 5.0], dtype=params.dtype)[: len(params)]
        return once_good + 0.0 * params.sum(-1)

    states = run(rows((0.1, 0.5, 0.5), (0.9, 0.5, 0.5)), objective, steps=100)
    assert states[11].params.tolist() == [[0.1, 0.5, 0.5]]


def test_single_start_is_never_given_up():
    assert len(run(rows((0.1, 0.1, 0.1)), quadratic(0.5, 0.5, 0.5), steps=50)[-1].params) == 1


def test_new_starts_join_twice_with_nothing_remembered():
    seen = []

    def renew(best: Tensor) -> Tensor:
        seen.append(best)
        return torch.stack([best + 0.25, best - 0.25])

    through = list(descend(begin(rows((0.2, 0.2, 0.2), (0.9, 0.9, 0.9))), quadratic(0.6, 0.4, 0.5), TABLE, 100, renew))
    counts = [len(state.params) for state in through]
    assert [counts[step - 1] for step in (29, 30, 35, 45, 59, 60, 65, 75, 100)] == [1, 3, 2, 1, 1, 3, 2, 1, 1]
    assert len(seen) == 2
    for best, joined in zip(seen, (through[29], through[59]), strict=True):
        assert torch.equal(joined.params[1:], torch.stack([best + 0.25, best - 0.25]))
        assert torch.equal(best, joined.best_params)
        assert float(joined.gradient[1:].abs().sum() + joined.power[1:].abs().sum()) == 0.0
        assert torch.equal(joined.lowest[1:], quadratic(0.6, 0.4, 0.5)(joined.params[1:]))


def test_new_start_that_is_best_is_kept_at_once():
    states = descend(
        begin(rows((0.9, 0.9, 0.9))), quadratic(0.6, 0.4, 0.5), TABLE, 100, lambda best: rows((0.6, 0.4, 0.5))
    )
    joined = next(state for state in states if state.step == 40)
    assert joined.best_params.tolist() == [0.6, 0.4, 0.5]
    assert joined.best_loss == joined.history[-1] == 0.0


def test_search_goes_on_after_new_starts_as_if_it_had_not_stopped():
    starts, objective = rows((0.2, 0.9, 0.2), (0.5, 0.5, 0.5)), quadratic(0.8, 0.1, 0.5)

    def renew(best: Tensor) -> Tensor:
        return torch.stack([best + 0.1, best - 0.1])

    through = list(descend(begin(starts), objective, TABLE, 60, renew))
    for stop in (17, 18, 19, 42, 43):
        resumed = list(descend(through[stop - 1], objective, TABLE, 60, renew))[-1]
        assert torch.equal(resumed.params, through[-1].params)
        assert resumed.history == through[-1].history


def test_short_search_has_no_time_for_new_starts():
    def never(best: Tensor) -> Tensor:
        raise AssertionError

    assert len(list(descend(begin(rows((0.2, 0.2, 0.2))), quadratic(0.6, 0.4, 0.5), TABLE, 29, never))) == 29


def test_new_start_in_a_better_valley_wins():
    def two_valleys(params: Tensor) -> Tensor:
        first = params[:, 0]
        return torch.minimum((first - 0.1).square() + 0.5, (first - 0.9).square())

    found = list(descend(begin(rows((0.2, 0.5, 0.5))), two_valleys, TABLE, 100, lambda best: best.unsqueeze(0) + 0.6))
    assert float(found[-1].best_params[0]) == pytest.approx(0.9, abs=0.01)


def test_search_that_stands_still_goes_on():
    """It may well move again when its steps are smaller."""

    def flat(params: Tensor) -> Tensor:
        return 1.0 + 0.0 * params.sum(-1)

    assert len(run(rows((0.5, 0.5, 0.5)), flat, steps=400)) == 400


def test_state_given_is_not_changed():
    state = begin(rows((0.2, 0.4, 0.6)))
    before = [each.clone() for each in (state.params, state.gradient, state.power, state.lowest, state.best_params)]
    list(descend(state, quadratic(0.5, 0.5, 0.5), TABLE, 20))
    after = (state.params, state.gradient, state.power, state.lowest, state.best_params)
    assert all(torch.equal(a, b) for a, b in zip(after, before, strict=True))
    assert state.history == ()


def test_search_goes_on_from_any_state_as_if_it_had_not_stopped():
    starts = rows((0.2, 0.9, 0.2), (0.5, 0.5, 0.5), (0.9, 0.1, 0.7))
    objective = quadratic(0.8, 0.1, 0.5)
    through = run(starts, objective, steps=60)
    for stop in (1, 7, 18, 33):
        resumed = list(descend(through[stop - 1], objective, TABLE, 60))[-1]
        assert torch.equal(resumed.best_params, through[-1].best_params)
        assert torch.equal(resumed.params, through[-1].params)
        assert resumed.history == through[-1].history


def test_starts_do_not_influence_each_other():
    objective = quadratic(0.8, 0.1, 0.5)
    alone = run(rows((0.2, 0.9, 0.2)), objective, steps=100)
    together = run(rows((0.2, 0.9, 0.2), (0.5, 0.5, 0.5)), objective, steps=100)
    for k in range(5):
        assert torch.equal(alone[k].params[0], together[k].params[0])


def test_each_parameter_moves_by_its_own_step():
    coarse = amount(default=0.5, help="A.")
    pitchy = Layout(first=coarse, second=replace(coarse, search_step=0.1 * coarse.search_step))
    state = next(descend(begin(rows((0.5, 0.5))), quadratic(0.9, 0.9), pitchy, 100))
    moved = (state.params[0] - 0.5).tolist()
    assert moved[0] == pytest.approx(10.0 * moved[1], rel=1e-6)
    # Adam's first step is as long as its pace, whatever the slope; a fifth of it while warming up.
    assert moved[0] == pytest.approx(0.2 * 0.4 * coarse.search_step, rel=1e-3)


def test_size_of_the_loss_does_not_matter():
    def loud(params: Tensor) -> Tensor:
        return 2.0**20 * quadratic(0.8, 0.1, 0.5)(params)

    start = rows((0.2, 0.9, 0.2))
    quiet_run, loud_run = run(start, quadratic(0.8, 0.1, 0.5), steps=30), run(start, loud, steps=30)
    assert loud_run[-1].params[0].tolist() == pytest.approx(quiet_run[-1].params[0].tolist(), abs=1e-6)


def test_what_is_held_stays_and_the_rest_descends():
    held = torch.tensor([False, True, True])
    *_, last = descend(begin(rows((0.2, 0.9, 0.2))), quadratic(0.6, 0.4, 0.5), TABLE, 100, held=held)
    assert torch.equal(last.best_params[1:], torch.tensor([0.9, 0.2], dtype=torch.float64))
    assert float(last.best_params[0]) == pytest.approx(0.6, abs=1e-3)


def test_a_descent_stays_where_matches_look():
    low = Layout(first=replace(amount(default=0.5, help="A."), matched=(0.25, 0.6)))
    *_, last = descend(begin(rows((0.5,))), quadratic(0.9), low, 100)
    assert float(last.params[0, 0]) == pytest.approx(0.6)
    held = torch.tensor([True])
    *_, last = descend(begin(rows((0.9,))), quadratic(0.5), low, 10, held=held)
    assert float(last.params[0, 0]) == pytest.approx(0.9)
