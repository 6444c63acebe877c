"""What lies between the banks of two patches, whose entries may stand in any order."""

import math
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64

from backbeat.parameters import Layout, Parameter
from backbeat.patch.assignment import assignment
from backbeat.patch.levels import Levels, faded_db

Rows: TypeAlias = Float64[np.ndarray, "parameters entries"]
Pairs: TypeAlias = Float64[np.ndarray, "entries entries"]

_OCTAVES = 2.0
_LESS = 0.01
"""What decay or phase count for beside frequency: they tell apart what is else the same."""
_QUIET = 1e-3
"""Power, against the loudest entry, of one that counts for half: -30 dB."""


def between(table: Layout, bank: tuple[str, ...], first: Rows, second: Rows, amount: float) -> Rows:
    """One bank of a patch that lies `amount` of the way between two.

    Entries are paired so that the sum of `(l - m)² + l m d²` over the pairs is the least there is. Here l and m are the
    loudness of the two, which doubles every 10 dB of their energies, level and decay together, and d is how far apart
    they lie in the bank's first parameter, in units of two octaves where it is on a log scale; the bank's other
    parameters add a little. So a quiet entry costs little wherever it goes, and two loud ones rather pair with quiet
    ones than move by three octaves.

    From one end of a pair to the other, power changes evenly (`faded_db`): where one entry fades out and another fades
    in, neither is lost half-way, and together they have as much. So does the energy of an entry that decays, its power
    times its T60. Everything else moves evenly in normalised params, phases the shorter way round, where both ends are
    audible. The quieter one end is, the less it has to say, so that an entry without an audible partner fades and stays
    where it is. One at the least level of its range is off, and has no say at all.

    Args:
        table: the plugin's.
        bank: names of its parameters; the first says where an entry lies, one in dB is its level.
        first: where an amount of 0 is, normalised.
        second: where an amount of 1 is, normalised.
        amount: in [0, 1].
    """
    phases = [row for row, name in enumerate(bank) if table[name].unit == "cycles"]
    level = next((row for row, name in enumerate(bank) if table[name].unit == "dB"), None)
    span_db = 0.0 if level is None else table[bank[level]].high - table[bank[level]].low
    first_db, second_db = (span_db * each[level or 0] for each in (first, second))  # above the least there can be
    energies_db = (db + _lasting_db(table, bank, rows) for db, rows in ((first_db, first), (second_db, second)))
    partners = assignment(_costs(_distances(table, bank, first, second), *energies_db))
    second, second_db = second[:, partners], second_db[partners]
    second[phases] += np.round(first[phases] - second[phases])
    shares = _shares(first_db, second_db, amount)
    mixed = (1.0 - shares) * first + shares * second
    mixed[phases] %= 1.0
    if level is not None:
        mixed[level] = faded_db(first_db, second_db, amount) / span_db
        for row in (row for row, name in enumerate(bank) if row and table[name].unit == "s"):
            mixed[row] = _decays(table[bank[row]], (first[row], second[row]), (first_db, second_db), amount)
    return mixed.clip(0.0, 1.0)


def _lasting_db(table: Layout, bank: tuple[str, ...], rows: Rows) -> Levels:
    """What the decay of each entry makes of its energy, beside the longest that there can be; nought without one."""
    row = next((row for row, name in enumerate(bank) if row and table[name].unit == "s"), None)
    if row is None or table[bank[row]].scale != "log":
        return np.zeros(rows.shape[1])
    lasting: Levels = 10.0 * math.log10(table[bank[row]].high / table[bank[row]].low) * (rows[row] - 1.0)
    return lasting


def _decays(
    parameter: Parameter, ends: tuple[Levels, Levels], levels_db: tuple[Levels, Levels], amount: float
) -> Levels:
    """Decay times T of entries, normalised, so that their energies, P T, change evenly where their powers P do."""
    powers = (1.0 - amount) * 10.0 ** (0.1 * levels_db[0]), amount * 10.0 ** (0.1 * levels_db[1])
    octaves = math.log2(parameter.high / parameter.low) if parameter.scale == "log" else 0.0
    times = [np.exp2(octaves * each) if octaves else each for each in ends]
    mean = (powers[0] * times[0] + powers[1] * times[1]) / (powers[0] + powers[1])
    found: Levels = np.log2(mean) / octaves if octaves else mean
    return found


def _loudness(level_db: Levels) -> Levels:
    return np.exp2(0.1 * level_db)


def _distances(table: Layout, bank: tuple[str, ...], first: Rows, second: Rows) -> Pairs:
    """Squares of how far apart any two entries lie, levels aside."""
    squares = np.zeros((first.shape[1], second.shape[1]))
    for row, name in enumerate(bank):
        parameter, apart = table[name], first[row][:, np.newaxis] - second[row]
        if parameter.unit == "cycles":
            apart -= np.round(apart)
        if parameter.unit != "dB":
            octaves = math.log2(parameter.high / parameter.low) if parameter.scale == "log" else _OCTAVES
            squares += (1.0 if row == 0 else _LESS) * (apart * octaves / _OCTAVES) ** 2
    return squares


def _costs(squares: Pairs, first_db: Levels, second_db: Levels) -> Pairs:
    one, other = _loudness(first_db)[:, np.newaxis], _loudness(second_db)
    return (one - other) ** 2 + one * other * squares


def _shares(first_db: Levels, second_db: Levels, amount: float) -> Levels:
    """How far each pair is on its way: as far as its audible ends say, or `amount` where there are none."""
    loudest = 10.0 ** (0.1 * max(first_db.max(), second_db.max()))
    powers = ((10.0 ** (0.1 * level_db) - 1.0) / loudest for level_db in (first_db, second_db))
    one, other = (power / (power + _QUIET) for power in powers)
    whole = (1.0 - amount) * one + amount * other
    return np.divide(amount * other, whole, out=np.full_like(whole, amount), where=whole > 0.0)
