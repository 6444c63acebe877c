"""Tests of songs."""
