"""What a person reads after a match: one picture, and one page that also plays both sounds.

- `write_picture(result, path)`: waveforms, spectrograms, envelopes, loss and patch in one PNG.
- `write_page(result, path)`: the same in one HTML file that needs nothing outside itself, with an A/B switch.
- `paint(result)`: the pixels that both show, for whoever writes both.
"""

from backbeat.report.figure import paint, write_picture
from backbeat.report.page import write_page

__all__ = ["paint", "write_page", "write_picture"]
