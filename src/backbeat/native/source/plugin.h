// What an instrument is given and gives, and what all of them compute with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <new>
#include <vector>

#include "threads.h"
#include "vector.h"

namespace backbeat {

constexpr double kPi = 3.141592653589793;
constexpr double kLn1000 = 6.907755278982137;  // a T60 is the time to fall by a factor of 1000
constexpr double kShortestT60 = 1e-5;
constexpr double kDecibel = 0.11512925464970228;   // ln 10 / 20
constexpr double kSemitone = 0.05776226504666211;  // ln 2 / 12
constexpr double kDeepest = 80.0;                  // nepers: below lie numbers that a processor is slow with
constexpr double kSilence = 1e-8;                  // of full scale: what is below is left out

constexpr double kFade = 0.1;  // of Nyquist: over that, what nears it fades out

// A batch: controls (items, columns) in physical units, one row after the other, and one seed or (items,).
struct Batch {
    double sample_rate;
    int64_t samples;
    int64_t items;
    int64_t columns;
    int64_t seeds_apart;  // 0 where one seed serves all
    int64_t most_threads;
    const float* controls;
    const int64_t* seeds;
    const int64_t* sizes;  // of the parameters, which are the columns

    // No more than there are items.
    int64_t threads() const { return std::min(items, threads_for(items * samples, most_threads)); }
};

inline double db_to_gain(double level_db) { return std::exp(level_db * kDecibel); }

inline double t60_to_rate(double t60_s) { return kLn1000 / std::max(t60_s, kShortestT60); }

// Slope of a T60, by that of its rate.
inline double t60_slope(double t60_s, double rate, double of_rate) {
    return t60_s < kShortestT60 ? 0.0 : -of_rate * rate / t60_s;
}

// How many samples something lasts, from 1 to `most`, whatever the number is.
inline int64_t lasting(double samples, int64_t most) {
    return samples < (double)most ? (samples > 1.0 ? (int64_t)samples : 1) : std::isnan(samples) ? 1 : most;
}

// From 0 where a block begins to 1 where the next one does.
struct Rise {
    float table[kBlock];
    Rise() {
        for (int n = 0; n < kBlock; ++n) table[n] = (float)n / kBlock;
    }
    Vector operator()(int v) const { return load(table + v * kLanes); }
};
inline const Rise kRise;

// A block of a row of samples: where it lies or, if the row ends within it, a copy with silence after it.
inline const float* block_of(const float* row, int64_t first, int64_t samples, float* room) {
    if (first + kBlock <= samples) return row + first;
    std::fill_n(room, kBlock, 0.0f);
    std::copy(row + first, row + samples, room);
    return room;
}

inline int64_t rounded_up(int64_t samples, int64_t unit) { return (samples + unit - 1) / unit * unit; }

// How many blocks hold so many samples.
inline int64_t blocks_of(int64_t samples) { return (samples + kBlock - 1) / kBlock; }

// Cycles without their whole turns.
inline double fraction(double cycles) { return cycles - std::floor(cycles); }

// What Python is told: that it is done, that memory does not suffice, or that something else went wrong.
template <typename Work>
int status_of(Work work) {
    try {
        WithoutDenormals while_here;
        work();
        return 0;
    } catch (const std::bad_alloc&) {
        return 1;
    } catch (...) {
        return 2;
    }
}

}  // namespace backbeat

// What Python may call.
#define BACKBEAT_EXPORT extern "C" __attribute__((visibility("default")))
