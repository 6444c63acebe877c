"""Filters: finite impulse responses by fast convolution, recursive ones block by block."""
