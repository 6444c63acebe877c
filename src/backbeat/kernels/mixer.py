"""The kernels' mixer: hits into stereo outputs, block by block."""

from __future__ import annotations

import ctypes
import weakref

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import KernelError
from backbeat.kernels.library import Voice, check, library


class Mixer:
    """Voices that play buffers into stereo outputs, and are choked; see mixer.cpp for the equation.

    Args:
        sample_rate: in Hz.
        outputs: stereo pairs.
        most_voices: where more sound, the oldest fades out.

    Raises:
        KernelError: where there are no kernels, or one of these is out of range.
    """

    def __init__(self, sample_rate: float, outputs: int, most_voices: int) -> None:
        found = library()
        if found is None:
            raise KernelError("kernels: none in this installation; install a wheel of backbeat, or build it with CMake")
        handle = ctypes.c_void_p()
        check(found.backbeat_mixer_create(sample_rate, outputs, most_voices, ctypes.byref(handle)))
        self._library, self._handle, self._outputs = found, handle, outputs
        self._finalizer = weakref.finalize(self, found.backbeat_mixer_free, handle)
        self._held: list[tuple[int, NDArray[np.float32]]] = []
        self._now = 0

    @property
    def voices(self) -> int:
        """How many sound, or are to."""
        return int(self._library.backbeat_mixer_voices(self._handle))

    def start(
        self,
        at: int,
        audio: NDArray[np.float32],
        *,
        gain: float = 1.0,
        pan: float = 0.0,
        output: int = 0,
        choke_group: int = 0,
    ) -> None:
        """Have a hit sound; hits are told in the order of time.

        Args:
            at: the frame it starts at, counted from the mixer's start; none that is past.
            audio: (channels, frames), of one channel or two.
            gain: of the amplitude, from 0.
            pan: from -1, left, to 1, right.
            output: from 0.
            choke_group: silences what sounds in the same group; 0 is none.

        Raises:
            KernelError: where one of these is out of range.
        """
        audio = np.ascontiguousarray(audio, np.float32)
        channels, frames = audio.shape
        voice = Voice(at, frames, audio.ctypes.data, channels, output, choke_group, gain, pan)
        check(self._library.backbeat_mixer_start(self._handle, ctypes.byref(voice)))
        self._held.append((at + frames, audio))

    def choke(self, choke_group: int, at: int) -> None:
        """Fade out, within 5 ms, what sounds in a group at a frame; of group 0, all that sounds."""
        check(self._library.backbeat_mixer_choke(self._handle, choke_group, at))

    def process(self, frames: int) -> NDArray[np.float32]:
        """The next frames, (outputs, 2, frames)."""
        audio = np.empty((self._outputs, 2, frames), np.float32)
        check(self._library.backbeat_mixer_process(self._handle, frames, audio.ctypes.data))
        self._now += frames
        self._held = [each for each in self._held if each[0] > self._now]
        return audio
