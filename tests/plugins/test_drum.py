"""What is particular to the drum."""

import pytest
import torch

from backbeat import plugins
from backbeat.synth import render

DRUM = plugins.get("drum", tones=4, noise_bands=4)


def sounds(*changes: dict[str, float]) -> torch.Tensor:
    rows = [DRUM.table.normalise({**DRUM.table.defaults(), **change}) for change in changes]
    return render(DRUM, torch.stack(rows).float(), samples=4000, sample_rate=44_100, seed=0)


@pytest.mark.parametrize("level_db", [-60.0, -57.0, -30.0])
def test_resonator_fades_to_nothing_at_the_bottom_of_its_range(level_db):
    off, on, beside = (
        sounds({"resonator_db": -60.0})[0],
        sounds({"resonator_db": level_db})[0],
        sounds({"resonator_db": -60.0}, {"resonator_db": -10.0})[0],
    )
    assert torch.equal(off, beside)  # left out where no item has one, and nought where another does
    difference_db = 20.0 * torch.log10((on - off).abs().max() + 1e-12)
    assert difference_db == -240.0 if level_db == -60.0 else difference_db > -90.0
