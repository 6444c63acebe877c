"""Work that is stopped by hand."""

import os
import signal
import subprocess
import sys
import time

import pytest

from backbeat.library import Library
from matching.sounds import save_thump

PROGRAM = (sys.executable, "-c", "from backbeat.cli import main; main()")


@pytest.mark.parametrize("executor", ["local", pytest.param("ray", marks=pytest.mark.slow)])
def test_ctrl_c_says_so_in_a_line_and_the_same_command_goes_on(backbeat, tmp_path, executor):
    samples, out = tmp_path / "samples", tmp_path / "library"
    samples.mkdir()
    for number in range(8):
        save_thump(samples / f"{number}.wav", 0.05 + 0.002 * number)
    command = ["library", "match", samples, "--out", out, "--plugin", "kick", "--quality", "draft", "--steps", "1"]
    process = subprocess.Popen(
        [*PROGRAM, *command, "--executor", executor, "--workers", "2"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which a suite in the background ignores
    )
    while not list(out.glob("matches/*.png")) and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [line for line in err.splitlines() if line] == ["error: stopped; the same command goes on from here"]
    begun = {each.path for each in Library(out).entries()}
    assert 0 < len(begun) < 8
    assert backbeat(*command, "--workers", "1").status == 0
    assert len(Library(out).entries()) == 8
