"""What DrumSynth makes of a file, at 44.1 kHz.

DrumSynth works in blocks of 1,200 samples, and a part sounds to the end of the block in which its envelope ends. What
one sample hands on to the next (a glide's phase, the state of a filter) is a sum, or a linear recursion, here over
whole signals at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.drumsynth.document import RATE_HZ, DrumSynthSound, Envelope, Noise, NoiseBand, Overtones, Tone
from backbeat.drumsynth.recursion import recursion

Wave = NDArray[np.float64]

_BLOCK = 1200
_LONGEST_S = 30.0
FULL_SCALE, _LOUDEST = 32768.0, 32700.0
_LEAST_RADIANS = 0.001
"""Of a tone's pitch at its start, by which overtones that track it are divided."""
_HELD = (1, 2, 3, 4, 8, 10, 20, 8)
_CLICKS = 6


@dataclass(frozen=True)
class Parts:
    """What a sound is the sum of, before its distortion, each filtered as the sound is, full scale ±1.

    Attributes:
        tone: the gliding sine.
        overtones: both waves.
        noise: the noise and its bands.
        pitch_hz: of the tone over time.
    """

    tone: Wave
    overtones: Wave
    noise: Wave
    pitch_hz: Wave


def render(sound: DrumSynthSound, seed: int = 0) -> Wave:
    """What a file sounds like, (samples,), full scale ±1, in steps of 16 bits; at most half a minute.

    Args:
        sound: the file.
        seed: of its noise.
    """
    each = parts(sound, seed)
    mix = (each.tone + each.overtones + each.noise) * FULL_SCALE
    clipped = np.clip(_distorted(sound, mix), -ceiling(sound), ceiling(sound))
    return np.trunc(clipped) / FULL_SCALE


def parts(sound: DrumSynthSound, seed: int = 0) -> Parts:
    """The parts of a sound by themselves.

    Args:
        sound: the file.
        seed: of its noise.
    """
    samples = _samples(sound)
    random = np.random.default_rng(seed)
    stretch = sound.general.stretch
    radians = _glide(sound, samples)
    phase = math.radians(sound.tone.phase_degrees) + np.cumsum(radians)
    tone = np.zeros(samples)
    if sound.tone.on:
        tone = sound.tone.level**2 * _sounding(sound.tone.envelope, stretch, samples) * np.sin(phase)
    noise = np.zeros(samples)
    if sound.noise.on:
        tilted = _tilted(random.uniform(-1.0, 1.0, samples), sound.noise.tilt)
        noise += sound.noise.level**2 * _sounding(sound.noise.envelope, stretch, samples) * tilted
    for band in sound.bands:
        if band.on:
            heard = _sounding(band.envelope, stretch, samples)
            noise += band.level**2 * heard * _band(band, _tuned(sound, band.hz), random, samples)
    over = _overtones(sound, phase, samples) if sound.overtones.on else np.zeros(samples)
    if sound.general.filtered:
        tone, over, noise = (_filtered(sound, each) for each in (tone, over, noise))
    elif sound.overtones.filtered:
        over = _filtered(sound, over)
    return Parts(tone / FULL_SCALE, over / FULL_SCALE, noise / FULL_SCALE, radians * RATE_HZ / (2.0 * math.pi))


def _samples(sound: DrumSynthSound) -> int:
    """Two blocks more than the last envelope has whole blocks."""
    over = sound.overtones
    envelopes = [
        (sound.tone.on, sound.tone.envelope),
        (sound.noise.on, sound.noise.envelope),
        *((over.on, each) for each in over.envelopes),
        *((band.on, band.envelope) for band in sound.bands),
    ]
    last = max((each.end for on, each in envelopes if on), default=0.0) * sound.general.stretch
    return _BLOCK * (2 + int(min(last, _LONGEST_S * RATE_HZ) / _BLOCK))


def _tuned(sound: DrumSynthSound, hz: float) -> float:
    """A frequency in radians per sample."""
    return 2.0 * math.pi / RATE_HZ * hz * 2.0 ** (sound.general.tuning_st / 12.0)


def _levels(envelope: Envelope, stretch: float, samples: int) -> Wave:
    """An envelope at every sample; past its end, its last level."""
    times = np.array([0.0, *envelope.times[1:]]) * stretch
    apart = np.maximum.accumulate(times + 1e-9 * np.arange(len(times)))
    return np.interp(np.arange(samples), apart, np.array(envelope.levels))


def _sounding(envelope: Envelope, stretch: float, samples: int) -> Wave:
    """An envelope that is silent from the end of its last block on."""
    blocks = max(1, math.ceil(envelope.end * stretch / _BLOCK))
    levels = _levels(envelope, stretch, samples)
    levels[blocks * _BLOCK :] = 0.0
    return levels


def _glide(sound: DrumSynthSound, samples: int) -> Wave:
    """The tone's pitch in radians per sample: in a straight line, or drooping to its end; then, where it ends."""
    tone, t = sound.tone, np.arange(samples)
    first, last = max(_tuned(sound, tone.start_hz), _LEAST_RADIANS), _tuned(sound, tone.end_hz)
    end = max(tone.envelope.end, 1.0)
    if tone.droop > 0.0:
        fall = droop_nepers(tone.droop)
        last = first + (last - first) / -math.expm1(-fall)
        pitch = last + (first - last) * np.exp(-fall / end * t)
    else:
        pitch = first + (last - first) * t / (end * sound.general.stretch)
    sounding = _BLOCK * max(1, math.ceil(tone.envelope.end * sound.general.stretch / _BLOCK)) if tone.on else 0
    pitch[sounding:] = last
    return pitch


def _tilted(white: Wave, tilt: int) -> Wave:
    """Noise through a low-pass of one pole, or through two zeros."""
    if tilt < 0:
        kept = -tilt / 105.0
        taps = kept ** np.arange(math.ceil(math.log(1e-6) / math.log(kept)))
        length = 1 << (len(white) + len(taps)).bit_length()
        passed = np.fft.irfft(np.fft.rfft(white, length) * np.fft.rfft(taps, length), length)[: len(white)]
        return (1.0 - kept) * (1.0 + 0.0005 * tilt**2) * passed
    share = tilt / 100.0
    before = np.concatenate([np.zeros(2), white])
    return white - 2.0 * share * before[1:-1] + share * before[:-2]


def _band(band: NoiseBand, radians: float, random: np.random.Generator, samples: int) -> Wave:
    """A cosine whose pitch is another at random every few samples."""
    spread = band.width**2 / (10000.0 - 6600.0 * (math.sqrt(radians) - 0.19) or 1.0)
    steady = (40.0 - band.width / 2.5) / (spread + 1.0 + radians or 1.0)
    every = 1 + int(min(max(steady, 0.0), samples))
    jumps = np.repeat(random.uniform(-0.5, 0.5, -(-samples // every)), every)[:samples]
    wave: Wave = np.cos(0.25 * math.pi + np.cumsum(radians + spread * jumps))
    return wave


def _overtones(sound: DrumSynthSound, phase: Wave, samples: int) -> Wave:
    """Both waves in their envelopes, which end at once."""
    over, stretch = sound.overtones, sound.general.stretch
    t: Wave = np.arange(samples, dtype=np.float64)
    first, second = (np.where(t < each.end * stretch, _levels(each, stretch, samples), 0.0) for each in over.envelopes)
    pitch = max(_tuned(sound, sound.tone.start_hz), _LEAST_RADIANS)
    start = math.radians(sound.tone.phase_degrees)
    tracks = [follows and sound.tone.on for follows in over.tracks]
    radians = [_tuned(sound, hz) / (pitch if follows else 1.0) for hz, follows in zip(over.hz, tracks, strict=True)]
    phases: list[Wave] = [
        phase * each if follows else start + each * (t + 1.0) for each, follows in zip(radians, tracks, strict=True)
    ]
    share, drive = over.balance / 100.0, over.balance**3 / 125000.0
    if over.method == 3:
        return over.level**2 * _cymbal(first, second, radians, 1.0 - share)
    other = _wave(phases[1], over.waves[1])
    if over.method == 0:
        mix = (1.0 - share) * first * _wave(phases[0], over.waves[0]) + share * second * other
    elif over.method == 1:
        mix = first * _wave(phases[0] + drive * second * other, over.waves[0])
    elif over.method == 2:
        mix = first * _wave(phases[0], over.waves[0]) * (1.0 - drive / 8.0 + drive / 8.0 * second * other)
    else:
        return np.zeros(samples)
    return over.level**2 * mix


def _wave(phase: Wave, form: int) -> Wave:
    """A wave of amplitude 1 at some phases, in radians."""
    if form == 0:
        return np.sin(phase)
    if form == 1:
        return np.abs(2.0 * np.sin(0.5 * phase)) - 1.0
    cycle = phase / (2.0 * math.pi)
    cycle = cycle - np.floor(cycle)
    if form == 2:
        return 1.0 - 4.0 * np.abs(cycle - 0.5)
    if form == 3:
        return 2.0 * cycle - 1.0
    return np.where(cycle < 0.5, 1.0, -1.0)


def _cymbal(level: Wave, cutoff: Wave, radians: list[float], narrow: float) -> Wave:
    """Six rows of clicks, their periods in even steps, through a band-pass that moves."""
    t, periods = np.arange(len(level)), [2.0 * math.pi / max(each, 1e-9) for each in radians]
    clicks = np.zeros(len(level), dtype=bool)
    for period in np.linspace(periods[0], periods[1], _CLICKS):
        clicks |= np.ceil((t + 1) / period) != np.ceil(t / period)
    driven = np.where(clicks, level, 0.0)
    driven = driven + np.concatenate([[0.0], driven[:-1]])
    damping = (0.28 + narrow**2) ** 2
    f = cutoff * (1.8 - 0.7 * damping) * 0.92
    rows = ((np.ones_like(f), f), (-f, 1.0 - f * damping - f * f))
    return recursion(rows, (np.zeros_like(f), f * driven))[1]


def _filtered(sound: DrumSynthSound, signal: Wave) -> Wave:
    """Two poles with resonance, whose cutoff an envelope moves; a high-pass takes them from the signal."""
    general = sound.general
    cutoff = _levels(general.filter, general.stretch, len(signal))
    kept = np.where(cutoff > 0.2, 1.001 - 10.0 ** (cutoff - 1.0), 0.999 - 0.7824 * cutoff)
    taken = 1.0 - kept
    fed_back = math.sqrt(0.0101 * general.resonance) * (1.0 + 1.0 / kept) * taken
    rows = ((kept + fed_back, -fed_back), (taken * (kept + fed_back), kept - taken * fed_back))
    low = recursion(rows, (taken * signal, taken**2 * signal))[1]
    return low - signal if general.highpass else low


def droop_nepers(droop: float) -> float:
    """How far a glide falls within the tone's envelope, nepers, unstretched."""
    return 4.0 * 10.0 ** ((droop - 20.0) / 30.0)


def gain(sound: DrumSynthSound) -> float:
    """What the level of the whole sound multiplies it by."""
    return 10.0 ** (sound.general.level_db / 20.0)


def ceiling(sound: DrumSynthSound) -> float:
    """Where the sound is clipped: with distortion, at the level of its loudest part."""
    every: list[Tone | Noise | Overtones | NoiseBand] = [sound.tone, sound.noise, sound.overtones, *sound.bands]
    loudest = max((each.level**2 for each in every if each.on), default=0.0)
    return min(math.trunc(gain(sound) * loudest), _LOUDEST) if sound.distortion.on else _LOUDEST


def _distorted(sound: DrumSynthSound, mix: Wave) -> Wave:
    """At the sound's level: in coarser steps, each held for some samples at their mean, louder."""
    bent = sound.distortion
    if not bent.on:
        return mix * gain(sound)
    step, held = 4.0**bent.bits, _HELD[bent.rate]
    coarse = np.trunc(mix / step) * step * gain(sound) * 10.0 ** (bent.clipping_db / 20.0)
    return np.repeat(coarse.reshape(-1, held).mean(1), held)
