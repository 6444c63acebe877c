// Noise without state, in continuous time.
//
//   x_k = hash(seed, stream, k), uniform in [-1, 1), on a lattice of 44,100 a second
//   x(t) = Σ_k x_k h(44100 t - k), with h a sinc in a Kaiser window, cut off at half the lower of the two rates
//
// So the density of its power, and up to 18 kHz its very shape, is the same at every sample rate; at 44.1 kHz the
// samples are the x_k.
#pragma once

#include "operation.h"

namespace backbeat {

class Hash {
   public:
    Hash(uint32_t seed, uint32_t stream) : key_(mix(seed ^ mix(stream * kGolden))), second_key_(mix(key_ + kGolden)) {}

    // The bits of one number.
    uint32_t bits(uint32_t counter) const {
        counter += key_;
        return mix((counter ^ (counter >> 16)) * kFirst + second_key_);
    }

    // Eight numbers, from the first on.
    Vector operator()(uint32_t first) const {
        const Words counters = lane_numbers() + (first + key_);
        const Words bits = mix((counters ^ (counters >> 16)) * kFirst + second_key_);
        return to_floats(bits) * 0x1p-31f;
    }

   private:
    static constexpr uint32_t kGolden = 0x9E3779B9, kFirst = 0x21F0AAAD, kSecond = 0xD35A2D97;

    template <typename Bits>
    static Bits mix(Bits bits) {
        bits = (bits ^ (bits >> 16)) * kFirst;
        bits = (bits ^ (bits >> 15)) * kSecond;
        return bits ^ (bits >> 15);
    }

    uint32_t key_, second_key_;
};

// The filter h, for each place of a sample between two points of the lattice.
class Lattice : public Kept {
   public:
    static constexpr double kRate = 44100.0;

    void prepare(double sample_rate) {
        if (rate_ == sample_rate) return;
        rate_ = sample_rate;
        const double cutoff = minimum(1.0, sample_rate / kRate);
        half_ = (int)(kLanes * ceiled(kHalf / cutoff / kLanes));
        phases_ = phases_of(sample_rate);
        steps_ = kRate * phases_ / sample_rate;
        table_.assign((size_t)(phases_ * 2 * half_), 0.0f);
        for (int64_t phase = 0; phase < phases_; ++phase) {
            double total = 0.0;
            std::vector<double> row(2 * half_);
            for (int tap = 0; tap < 2 * half_; ++tap) {
                const double at = (double)phase / phases_ + (half_ - 1 - tap);
                row[tap] = sinc(cutoff * at) * kaiser(at / half_);
                total += row[tap];
            }
            for (int tap = 0; tap < 2 * half_; ++tap) table_[phase * 2 * half_ + tap] = (float)(row[tap] / total);
        }
    }

    bool is_needed() const { return rate_ != kRate; }
    int taps() const { return 2 * half_; }

    // Where the filter of a sample begins on the lattice, and the sample's phase between two points; in steps of a
    // phase from time 0, these are `steps`.
    struct Place {
        int64_t sample, steps, point, phase;
    };

    Place place(int64_t sample) const {
        const int64_t steps = (int64_t)rounded(sample * steps_);
        const int64_t whole = (steps >= 0 ? steps : steps - phases_ + 1) / phases_;
        return {sample, steps, whole - half_ + 1, steps - whole * phases_};
    }

    // Go on to the next sample, without a division.
    void advance(Place& place) const {
        const int64_t steps = (int64_t)rounded(++place.sample * steps_);
        place.phase += steps - place.steps;
        place.steps = steps;
        for (; place.phase >= phases_; place.phase -= phases_) ++place.point;
    }

    const float* row(const Place& place) const { return &table_[place.phase * 2 * half_]; }

    // Points of the lattice that a tile needs.
    int64_t points_of_tile() const {
        return rounded_up((int64_t)ceiled(kTile * kRate / rate_) + 2 * half_ + 2, kLanes);
    }

   private:
    static constexpr double kHalf = 16.0, kBeta = 7.857;
    static constexpr int64_t kMostPhases = 1024;

    static int64_t phases_of(double sample_rate) {
        const int64_t whole = (int64_t)sample_rate;
        if ((double)whole != sample_rate) return kMostPhases;
        int64_t a = whole, b = (int64_t)kRate;
        while (b) {
            const int64_t rest = a % b;
            a = b;
            b = rest;
        }
        return whole / a <= kMostPhases ? whole / a : kMostPhases;
    }

    static double sinc(double x) { return x == 0.0 ? 1.0 : sine_of_cycles(0.5 * x) / (kPi * x); }

    static double kaiser(double x) {
        return x * x >= 1.0 ? 0.0 : bessel_i0(kBeta * square_root(1.0 - x * x)) / bessel_i0(kBeta);
    }

    double rate_ = 0.0, steps_ = 0.0;  // of a phase, from sample to sample
    int half_ = 0;
    int64_t phases_ = 1;
    Floats table_;
};

class WhiteNoise {
   public:
    // The noise at time 0 is that of a point of the lattice; `room` is of `Lattice::points_of_tile`.
    WhiteNoise(const Lattice& lattice, uint32_t seed, uint32_t stream, int64_t first_point, float* room)
        : lattice_(lattice), hash_(seed, stream), first_point_(first_point), room_(room) {}

    // Write a tile whose first sample has this number, which may be below 0.
    void operator()(int64_t first, float* tile) const {
        if (!lattice_.is_needed()) {
            for (int n = 0; n < kTile; n += kLanes) store(tile + n, hash_((uint32_t)(first_point_ + first + n)));
            return;
        }
        Lattice::Place place = lattice_.place(first);
        const int64_t begin = place.point;
        for (int64_t n = 0; n < lattice_.points_of_tile(); n += kLanes)
            store(room_ + n, hash_((uint32_t)(first_point_ + begin + n)));
        for (int n = 0; n < kTile; n += kLanes) {
            Vector totals[kLanes];
            for (Vector& total : totals) {
                const float* row = lattice_.row(place);
                const float* from = room_ + (place.point - begin);
                total = load(from) * load(row);
                for (int tap = kLanes; tap < lattice_.taps(); tap += kLanes)
                    total += load(from + tap) * load(row + tap);
                lattice_.advance(place);
            }
            store(tile + n, sums(totals));
        }
    }

   private:
    const Lattice& lattice_;
    Hash hash_;
    int64_t first_point_;
    float* room_;
};

}  // namespace backbeat
