"""Kits: patches on the pads of a drum machine, played by songs and taken to samplers."""

from backbeat.kits.document import Kit, Pad, from_json, load_kit, save_kit

__all__ = ["Kit", "Pad", "from_json", "load_kit", "save_kit"]
