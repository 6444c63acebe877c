"""Filters: finite and infinite impulse responses, applied by fast convolution."""
