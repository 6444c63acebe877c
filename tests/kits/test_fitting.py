"""A patch's answer to velocity, found from takes."""

import pytest

from backbeat.kits.fitting import Response, Strike, fit_response
from backbeat.patch import Placement, preset

RATE, SAMPLES = 22050, 11025


def takes(patch, response, velocities=(0.25, 0.5, 0.75)):
    answering = response.of(patch)
    return [Strike(each, answering.hit(each).render(Placement(RATE, SAMPLES)), RATE) for each in velocities]


def away_db(patch, response, strikes):
    answering = response.of(patch)
    return sum(each.distance_db(each.struck(answering)) for each in strikes) / len(strikes)


@pytest.mark.parametrize("name", ["snare/909", "kick/909"])
def test_what_made_the_takes_is_found(name):
    patch = preset(name)
    usual = Response(dict(patch.instrument.softest), -30.0, "linear")
    made = Response({**usual.softest, "brightness": -1.0, "length": -40.0}, -18.0, "linear")
    strikes = takes(patch, made)
    found = fit_response(patch, strikes)
    assert away_db(patch, found, strikes) < 0.5 * away_db(patch, usual, strikes)
    assert away_db(patch, found, strikes) < 1.0
    assert found.level_db == pytest.approx(made.level_db, abs=2.0)


def test_the_hardest_hit_stays_as_it_is():
    patch = preset("snare/909")
    found = fit_response(patch, takes(patch, Response({}, -40.0, "hard")))
    assert found.of(patch).hit(1.0).values == patch.values


def test_takes_at_the_top_alone_say_nothing():
    patch = preset("snare/909")
    strike = Strike(1.0, patch.render(Placement(RATE, SAMPLES)), RATE)
    assert fit_response(patch, [strike]).level_db == -30.0
    assert strike.distance_db(strike.struck(patch)) == 0.0
