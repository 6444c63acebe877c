"""What a person reads after a match: one picture, and one page that also plays both sounds; a sheet after many.

- `write_picture(result, path)`: waveforms, spectrograms, envelopes, loss and patch in one PNG.
- `write_page(result, path)`: the same in one HTML file that needs nothing outside itself, with an A/B switch.
- `thumbnail(result)`: both spectrograms at the size of a stamp, as PNG.
- `sound_thumbnail(sound, sample_rate)`: a sound's wave and spectrogram, likewise.
- `write_sheet(path, name, cards, failures)`: many matches on one page.
- `paint(result)`: the pixels that both show, for whoever writes both.
"""

from backbeat.report.figure import paint, write_picture
from backbeat.report.page import write_page
from backbeat.report.sheet import Card, write_sheet
from backbeat.report.thumbnail import sound_thumbnail, thumbnail

__all__ = ["Card", "paint", "sound_thumbnail", "thumbnail", "write_page", "write_picture", "write_sheet"]
