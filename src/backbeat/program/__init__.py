"""Programs: an instrument's signal chain as data, run by the engine or by formulas, and written as JSON."""

from backbeat.program.document import Program, record

__all__ = ["Program", "record"]
