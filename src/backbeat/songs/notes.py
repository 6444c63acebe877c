"""Names of General MIDI's drums, for patterns that know no kit."""

from __future__ import annotations

_TABLE = """
36 kick bd bassdrum bass kick1 bd1
38 snare sd sn snare1 sd1
39 clap cp handclap cl
37 rim rs rimshot sidestick stick xstick
42 closed ch hat hh closedhat hihat closedhihat chh
46 open oh openhat openhihat ohh
44 pedal ph pedalhat foot pedalhihat
45 low lt lowtom
47 mid mt tom midtom lowmidtom
50 high ht hightom
49 crash cr crash1 cy cymbal
51 ride rd ride1
56 cowbell cb
70 shaker maracas ma
54 tambourine tamb tb
75 claves clave
76 block highwoodblock woodblock highblock
63 conga hc highconga openhighconga
60 bongo highbongo
67 agogo highagogo
41 floor lowfloortom floortom ft
35 kick2 bd2 acousticbassdrum
40 snare2 sd2 electricsnare
43 highfloor highfloortom
48 highmid highmidtom
52 china chinesecymbal
53 bell ridebell
55 splash
57 crash2
58 vibraslap
59 ride2
61 lowbongo
62 muteconga mutehighconga
64 lowconga lc
65 timbale hightimbale
66 lowtimbale
68 lowagogo
69 cabasa
71 shortwhistle
72 longwhistle
73 shortguiro
74 guiro longguiro
77 lowblock lowwoodblock
78 mutecuica
79 cuica opencuica
80 mutetriangle
81 triangle opentriangle
"""
_ROWS = [(int(note), names) for note, *names in (row.split() for row in _TABLE.strip().splitlines())]

GENERAL_MIDI = {name: note for note, names in _ROWS for name in names}
"""The note of each name and alias, as `plain` writes them."""

MAIN_NAMES = tuple(names[0] for _, names in _ROWS)
"""One name for each note, the most usual first."""


def plain(name: str) -> str:
    """A name as it is compared: case, spaces, hyphens and underscores do not count."""
    return "".join(name.casefold().replace("-", " ").replace("_", " ").split())


def note_of(name: str) -> int | None:
    """The note of a General MIDI drum by any of its names; none where it has none such."""
    return GENERAL_MIDI.get(plain(name))
