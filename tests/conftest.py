"""Before any test: the shapes that annotations promise are checked wherever they are promised."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import jaxtyping
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from backbeat.plugins import Plugin

# Not the faces, whose signatures typer reads, nor `audio` and `matching`, whose tests hand in what annotations forbid;
# nor what an instrument calls, whose annotations say handles where a caller may have tensors.
_TENSORS = ("dsp.convolution", "dsp.fourier", "dsp.gpu", "dsp.iir", "dsp.loudness")
jaxtyping.install_import_hook(
    [f"backbeat.{layer}" for layer in (*_TENSORS, "synth", "losses", "report")],
    "annotations.checked",
)

# Every run draws the same examples: a change that goes red is the change's doing.
settings.register_profile("backbeat", deadline=None, derandomize=True)
settings.load_profile("backbeat")


_FIRST = (
    "tests/ports/",
    "tests/test_",
    "tests/dsp/gpu/",
    "tests/kernels/test_webassembly",
    "tests/program/test_engine",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What builds or runs whole programs comes first: at the end, no process is to work at it alone."""
    items.sort(key=lambda each: not each.nodeid.startswith(_FIRST))


@pytest.fixture
def small(monkeypatch) -> "Plugin":
    """An instrument with a choice, found by its name as a package's own plugin is."""
    from backbeat import plugins
    from program.small import INSTRUMENT

    registry = {**plugins._registered(), INSTRUMENT.name: INSTRUMENT}
    monkeypatch.setattr(plugins, "_registered", lambda: registry)
    return INSTRUMENT


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Let what the annotations forbid through, to see the error that a user gets, who has no such checks."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
