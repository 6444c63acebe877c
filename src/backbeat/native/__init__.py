"""Instruments in C++, for a CPU: compiled on this machine when they are first used, and kept for the next time.

`source/` has a file for each instrument that has one, and headers for what they share. Each renders a batch item by
item, so that all that leads to a sample stays in a core's cache, and differentiates it with its gradient written out.
The plugin in PyTorch is the reference that both are tested against. So is `DrumLoss` for the loss of a search.
"""

from backbeat.native.rendering import NativeRender

__all__ = ["NativeRender"]
