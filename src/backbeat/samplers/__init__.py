"""Kits of recordings, as samplers read them: one description, and a writer or reader for each format."""

from backbeat.samplers.description import Layer, SampledKit, SampledPad, Take

__all__ = ["Layer", "SampledKit", "SampledPad", "Take"]
