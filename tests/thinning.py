"""Grids of which the default suite runs a part, and `make test-all` the whole."""

from collections.abc import Sequence
from typing import Any

import pytest


def a_third(names: Sequence[str]) -> list[Any]:
    """Every third of many alike, which are sorted, so that each instrument's are among them; the others are slow."""
    return [pytest.param(name, marks=() if k % 3 == 0 else pytest.mark.slow) for k, name in enumerate(names)]
