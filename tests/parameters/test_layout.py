"""The flat vector: exact at its ends, back from where it came, and with a gradient."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backbeat import plugins
from backbeat.errors import ParameterError
from backbeat.parameters import Layout, choice, decibels, hz, seconds

TABLE = Layout(
    pitch_hz=hz(20.0, 2000.0, default=100.0, help="Pitch."),
    attack_s=seconds(0.0, 0.1, default=0.0, help="Attack."),
    mode_s=seconds(0.003, 7.0, default=(0.1, 0.2, 0.3), help="T60s."),
    colour=choice("red", "green", "blue", default="green", help="Colour."),
    level_db=decibels(-80.0, 12.0, default=-6.0, help="Level."),
)
VALUES = {"pitch_hz": 55.5, "attack_s": 0.03, "mode_s": (0.003, 7.0, 0.77), "colour": "blue", "level_db": -13.7}
TABLES = [TABLE, *(plugins.get(name).table for name in plugins.names())]
DTYPES = [torch.float32, torch.float64]
ends = st.floats(1e-3, 1e5)


def test_order_and_places():
    assert list(TABLE) == ["pitch_hz", "attack_s", "mode_s", "colour", "level_db"]
    assert (len(TABLE), TABLE.size) == (5, 9)
    assert TABLE.entries() == [
        "pitch_hz", "attack_s", "mode_s[0]", "mode_s[1]", "mode_s[2]", "colour[red]", "colour[green]", "colour[blue]",
        "level_db",
    ]  # fmt: skip
    for table in TABLES:
        assert len(table.entries()) == len(set(table.entries())) == table.size
        for name, parameter in table.items():
            entries = table.entries()[table.slice(name)]
            assert len(entries) == parameter.size
            assert all(entry.partition("[")[0] == name for entry in entries)


class TestScales:
    def test_equations(self):
        x = torch.rand(4, TABLE.size, dtype=torch.float64)
        controls = TABLE.controls(x)
        assert list(controls) == list(TABLE)
        np.testing.assert_allclose(controls["pitch_hz"], 20.0 * 100.0 ** x[:, :1])
        np.testing.assert_allclose(controls["attack_s"], 0.1 * x[:, 1:2])
        np.testing.assert_allclose(controls["mode_s"], 0.003 * (7.0 / 0.003) ** x[:, 2:5])
        np.testing.assert_allclose(controls["colour"], x[:, 5:8] / x[:, 5:8].sum(-1, keepdim=True))
        np.testing.assert_allclose(controls["level_db"], -80.0 + 92.0 * x[:, 8:])

    @given(low=ends, factor=st.floats(1.001, 1e4))
    def test_ends_are_exact(self, low, factor):
        high = low * factor
        table = Layout(
            log=hz(low, high, default=low, help=""),
            linear=decibels(-low, high, default=0.0, help=""),
        )
        for dtype in DTYPES:
            for share, log, linear in ((0.0, low, -low), (1.0, high, high)):
                found = table.controls(torch.full((1, 2), share, dtype=dtype))
                assert found["log"].dtype == dtype
                assert found["log"].item() == torch.tensor(log, dtype=dtype).item()
                assert found["linear"].item() == torch.tensor(linear, dtype=dtype).item()

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_ends_of_the_instruments_are_exact(self, dtype):
        for table in TABLES:
            for share in (0.0, 1.0):
                controls = table.controls(torch.full((1, table.size), share, dtype=dtype))
                for name, parameter in table.items():
                    if not parameter.options:
                        end = torch.tensor((parameter.low, parameter.high)[int(share)], dtype=dtype)
                        assert (controls[name] == end).all(), name

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_one_option_is_exactly_one(self, dtype):
        for k, option in enumerate(("red", "green", "blue")):
            params = TABLE.normalise(VALUES | {"colour": option}).to(dtype).unsqueeze(0)
            assert TABLE.controls(params)["colour"].tolist() == [[float(j == k) for j in range(3)]]

    def test_no_weight_at_all_is_equal_shares_and_finite(self):
        params = torch.zeros(1, TABLE.size, requires_grad=True)
        colour = TABLE.controls(params)["colour"]
        colour.sum().backward()
        assert colour.tolist() == [[pytest.approx(1 / 3)] * 3]
        assert torch.isfinite(params.grad).all()

    def test_gradient(self):
        params = torch.rand(2, TABLE.size, dtype=torch.float64).clamp(0.1, 0.9).requires_grad_()
        assert torch.autograd.gradcheck(lambda p: tuple(TABLE.controls(p).values()), (params,))

    def test_gradient_at_the_ends_is_that_beside_them(self):
        for share in (0.0, 1.0):
            at = torch.full((1, TABLE.size), share, dtype=torch.float64, requires_grad=True)
            beside = torch.full((1, TABLE.size), abs(share - 1e-9), dtype=torch.float64, requires_grad=True)
            for params in (at, beside):
                controls = TABLE.controls(params)
                sum(c.sum() for name, c in controls.items() if name != "colour").backward()
            np.testing.assert_allclose(at.grad, beside.grad, rtol=1e-6)


class TestInverse:
    def test_values_come_back(self):
        found = TABLE.denormalise(TABLE.normalise(VALUES))
        assert list(found) == list(VALUES)
        assert found["colour"] == "blue"
        for name in ("pitch_hz", "attack_s", "mode_s", "level_db"):
            assert found[name] == pytest.approx(VALUES[name], rel=1e-14)
        assert found["mode_s"][:2] == (0.003, 7.0)

    @pytest.mark.parametrize("table", TABLES)
    def test_defaults_and_ends_come_back(self, table):
        defaults = table.defaults()
        back = table.denormalise(table.normalise(defaults))
        for name, value in defaults.items():
            assert back[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-13, abs=1e-13))
        for end in ("low", "high"):
            values = {
                name: p.options[0] if p.options else getattr(p, end) if p.size == 1 else (getattr(p, end),) * p.size
                for name, p in table.items()
            }
            assert table.denormalise(table.normalise(values)) == values

    @given(st.lists(st.floats(0.0, 1.0), min_size=9, max_size=9))
    def test_params_come_back(self, entries):
        params = torch.tensor(entries, dtype=torch.float64)
        params[5:8] = torch.tensor([0.0, 1.0, 0.0])
        found = TABLE.normalise(TABLE.denormalise(params))
        np.testing.assert_allclose(found, params, atol=1e-14)

    @given(value=st.floats(20.0, 2000.0))
    def test_a_log_scale_comes_back(self, value):
        found = TABLE.denormalise(TABLE.normalise(VALUES | {"pitch_hz": value}))["pitch_hz"]
        assert found == pytest.approx(value, rel=1e-14)
        assert 20.0 <= found <= 2000.0

    def test_mixed_options_come_back_as_the_same_mix(self):
        params = TABLE.normalise(VALUES | {"colour": (0.5, 0.0, 1.0)})
        found = TABLE.denormalise(params)["colour"]
        assert found == pytest.approx((1.0 / 3.0, 0.0, 2.0 / 3.0))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_logits_come_back(self, dtype):
        logits = torch.linspace(-8.0, 8.0, TABLE.size, dtype=dtype).unsqueeze(0)
        params = TABLE.from_logits(logits)
        np.testing.assert_allclose(params, 1.0 / (1.0 + np.exp(-logits.double().numpy())), atol=1e-7)
        tolerance = 1e-3 if dtype == torch.float32 else 1e-10
        np.testing.assert_allclose(TABLE.to_logits(params), logits, atol=tolerance)
        inside = torch.full((1, TABLE.size), 0.3, dtype=dtype)
        np.testing.assert_allclose(TABLE.from_logits(TABLE.to_logits(inside)), inside, rtol=1e-6)

    def test_logits_of_the_ends_are_finite_and_a_margin_inside(self):
        for share, expected in ((0.0, 1e-3), (1.0, 1.0 - 1e-3)):
            logits = TABLE.to_logits(torch.full((1, TABLE.size), share), margin=1e-3)
            np.testing.assert_allclose(TABLE.from_logits(logits), expected, rtol=1e-4)

    @pytest.mark.parametrize("size", [2, 3, 7, 9, 33])
    def test_every_bit_of_an_item_is_its_own(self, size):
        logits = torch.randn(size, TABLE.size, generator=torch.Generator().manual_seed(size))
        batch = TABLE.controls(TABLE.from_logits(logits))
        for k in range(size):
            alone = TABLE.controls(TABLE.from_logits(logits[k : k + 1]))
            for name in TABLE:
                assert torch.equal(alone[name][0], batch[name][k]), name


class TestErrors:
    @pytest.mark.parametrize("use", [TABLE.normalise, TABLE.check])
    def test_unknown_missing_and_wrong_values(self, use):
        for values, message in (
            (VALUES | {"pitch": 3.0}, f"pitch: no such parameter; there are {', '.join(TABLE)}"),
            ({"pitch_hz": 50.0}, "attack_s: no value; every parameter needs one (4 missing)"),
            (VALUES | {"level_db": 20.0}, "level_db: found 20.0; must be a number from -80 to 12 dB"),
            (VALUES | {"level_db": math.nan}, "level_db: found nan; must be a number from -80 to 12 dB"),
            (VALUES | {"colour": "pink"}, None),
        ):
            with pytest.raises(ParameterError) as caught:
                use(values)
            assert message is None or str(caught.value) == message
            assert "\n" not in str(caught.value)

    def test_check_puts_values_in_order(self):
        backwards = dict(reversed(VALUES.items()))
        assert list(TABLE.check(backwards)) == list(TABLE)

    def test_require(self):
        assert TABLE.require("pitch_hz") is TABLE["pitch_hz"]
        with pytest.raises(ParameterError, match=r"^pitch: no such parameter; there are pitch_hz, attack_s"):
            TABLE.require("pitch")

    @pytest.mark.parametrize("shape", [(), (8,), (10,), (1, 9)])
    def test_params_of_another_shape(self, shape):
        with pytest.raises(ParameterError) as caught:
            TABLE.denormalise(torch.zeros(shape))
        assert str(caught.value) == f"params: found shape {shape}; must be (9,)"

    @pytest.mark.parametrize("entry", [-1e-3, 1.001, math.nan, math.inf])
    def test_params_out_of_range(self, entry):
        params = torch.full((9,), 0.5)
        params[3] = entry
        with pytest.raises(ParameterError) as caught:
            TABLE.denormalise(params)
        assert str(caught.value) == f"mode_s[1]: found {entry:g}; params must be numbers from 0 to 1"
