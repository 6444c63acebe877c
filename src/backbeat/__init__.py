"""Differentiable drum synthesizers, and the search for the patch that makes a sound."""

__version__ = "0.1.0"
