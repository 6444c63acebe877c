// Fourier transforms of as many signals at a time as a vector has lanes, one in each.
#pragma once

#include <vector>

#include "complex.h"
#include "scalar.h"

namespace backbeat {

// Decimation in frequency, four parts at a time. A sample of all signals is one vector, and so the order in which the
// bins are left costs nothing: `place` says where each lies. Real and imaginary parts are apart.
class FrameFft {
   public:
    static constexpr int kShortest = 4;

    // Of a power of two, `kShortest` at least.
    explicit FrameFft(int length) : length_(length), places_(length) {
        for (int size = length; size > 1; size /= parts(size)) {
            steps_.push_back({size, turns_.size()});
            if (size > 4) add_turns(size);
        }
        for (int place = 0; place < length; ++place) places_[bin_at(place)] = place;
    }

    int length() const { return length_; }

    // Where a bin lies, in vectors.
    int place(int bin) const { return places_[bin]; }

    void forward(float* re, float* im) const {
        for (const Step& each : steps_) step<true>(re, im, each);
    }

    // Times the length.
    void inverse(float* re, float* im) const {
        for (auto each = steps_.rbegin(); each != steps_.rend(); ++each) step<false>(re, im, *each);
    }

   private:
    struct Turn {
        float re, im;
    };

    struct Step {
        int size;
        size_t turns;  // where those of its parts are, if it has any
    };

    // Into how many parts a step splits so many samples.
    static int parts(int size) { return size == 2 ? 2 : 4; }

    // How far back the samples of a step's second to fourth part turn.
    void add_turns(int size) {
        for (int j = 0; j < size / 4; ++j) {
            for (int power = 1; power < 4; ++power) {
                const double cycles = (double)power * j / size;
                turns_.push_back({(float)cosine_of_cycles(cycles), (float)-sine_of_cycles(cycles)});
            }
        }
    }

    // Which bin is left at a place.
    int bin_at(int place) const {
        int bin = 0;
        int apart = 1;
        for (const Step& each : steps_) {
            const int count = parts(each.size);
            bin += place / (each.size / count) % count * apart;
            apart *= count;
        }
        return bin;
    }

    template <bool kForward>
    void step(float* re, float* im, const Step& step) const {
        if (step.size == 2) return pairs(re, im);
        const int part = step.size / 4 * kLanes;
        const int whole = length_ * kLanes;
        const Turn* turns = turns_.data() + step.turns;
        for (int j = 0; j < part; j += kLanes) {
            for (int first = j; first < whole; first += step.size * kLanes) {
                Complex v[4];
                for (int k = 0; k < 4; ++k) v[k] = load(re + first + k * part, im + first + k * part);
                if (!kForward && j) {
                    for (int k = 1; k < 4; ++k) v[k] = times(v[k], turns[k - 1].re, -turns[k - 1].im);
                }
                quarters<kForward>(v);
                if (kForward && j) {
                    for (int k = 1; k < 4; ++k) v[k] = times(v[k], turns[k - 1].re, turns[k - 1].im);
                }
                for (int k = 0; k < 4; ++k) store(re + first + k * part, im + first + k * part, v[k]);
            }
            if (step.size > 4) turns += 3;
        }
    }

    // The step of two parts, which is the same forward and back.
    void pairs(float* re, float* im) const {
        for (int first = 0; first < length_ * kLanes; first += 2 * kLanes) {
            const Complex a = load(re + first, im + first);
            const Complex b = load(re + first + kLanes, im + first + kLanes);
            store(re + first, im + first, a + b);
            store(re + first + kLanes, im + first + kLanes, a - b);
        }
    }

    int length_;
    std::vector<int> places_;
    std::vector<Step> steps_;
    std::vector<Turn> turns_;
};

}  // namespace backbeat
