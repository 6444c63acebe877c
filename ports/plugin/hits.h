// Sounds of a kit's hits, to the bit as `backbeat kit render` has them (src/backbeat/kits/hits.py).
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "kit.h"

namespace backbeat {

// Which hit of a kit: a pad's place, one of its notes, a step of velocity and a turn of its round robin, from 0.
struct Hit {
    int pad, note, layer, take;
};

// The layer, from 0, that a MIDI velocity from 1 to 127 is of.
inline int layer_of(int velocity, int layers) { return (velocity * layers + kLastVelocity - 1) / kLastVelocity - 1; }

// How a pad is turned from where the kit has it.
constexpr int kKnobs = 4;
constexpr const char* kKnobNames[kKnobs] = {"tune", "length", "brightness", "snap"};

struct Turns {
    std::array<double, kKnobs> amounts{};  // in the units of the pad's macros
    double humanize = 1.0;                 // times what the kit has
};

struct Sound {
    int channels;
    std::vector<float> audio;  // one channel after the other
    // The frame, as the audio thread counts them, after which no voice plays it any more: written by that thread.
    mutable std::atomic<int64_t> until{0};

    int64_t frames() const { return (int64_t)audio.size() / channels; }
    size_t bytes() const { return audio.size() * sizeof(float) + sizeof *this; }
};

// What all hits of a pad at a note have in common.
struct Measured {
    std::vector<double> values, humanize;
    int64_t samples;  // that hits may last
    float faded;      // the level below which they have
};

// Throws std::bad_alloc.
Measured measure(const Pad& pad, int note, const Turns& turns, double sample_rate);
// The same, sooner, where it is known about how long hits may last: but for sounds that rise again after they have long
// been silent, and for softer hits that last longer than harder ones.
Measured measure_quickly(const Pad& pad, int note, const Turns& turns, double sample_rate, int64_t about);
std::shared_ptr<const Sound> render(const Pad& pad, const Measured& measured, Hit hit, double sample_rate);

}  // namespace backbeat
