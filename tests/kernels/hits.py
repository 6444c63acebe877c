"""Prints hashes of every preset's hits, and of a mix: run by `test_variants.py` in a process for each variant."""

import hashlib

from backbeat.kernels.mixer import Mixer
from backbeat.patch import Placement, preset, presets

for name in presets():
    hashed = hashlib.sha256()
    for number, velocity in enumerate((0.0, 0.2, 0.61, 1.0)):
        hit = preset(name).hit(velocity, number)
        hashed.update(hit.instrument.table.flat(hit.values).tobytes() + str(hit.seed).encode())
    print(name, hashed.hexdigest())

mixer = Mixer(44100.0, 2, 4)
for number, name in enumerate(presets()[:16]):
    sound = preset(name).sound(Placement(44100, 4000))[None]
    mixer.start(300 * number, sound, gain=0.3, pan=number / 8.0 - 0.9, output=number % 2, choke_group=number % 5)
print("mixer", hashlib.sha256(mixer.process(9000).tobytes()).hexdigest())
