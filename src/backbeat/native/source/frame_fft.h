// Fourier transforms of as many signals at a time as a vector has lanes, one in each.
#pragma once

#include "fft.h"

namespace backbeat {

// Decimation in frequency, four parts at a time. A sample of all signals is one vector, and so the order in which the
// bins are left costs nothing: `place` says where each lies. Real and imaginary parts are apart.
class FrameFft {
   public:
    // Of a power of two, 4 at least.
    explicit FrameFft(int length) : length_(length), places_(length) {
        for (int size = length; size > 4; size /= parts(size))
            for (int j = 0; j < size / 4; ++j)
                for (int power = 1; power < 4; ++power) {
                    const double turn = 6.283185307179586 * power * j / size;
                    turns_.push_back({(float)std::cos(turn), (float)-std::sin(turn)});
                }
        for (int place = 0; place < length; ++place) {
            int bin = 0, apart = 1;
            for (int size = length; size > 1; size /= parts(size)) {
                bin += place / (size / parts(size)) % parts(size) * apart, apart *= parts(size);
            }
            places_[bin] = place;
        }
    }

    int length() const { return length_; }

    // Where a bin lies, in vectors.
    int place(int bin) const { return places_[bin]; }

    void forward(float* re, float* im) const {
        const Turn* turns = turns_.data();
        for (int size = length_; size > 1; turns += turns_of(size), size /= parts(size))
            step<true>(re, im, size, turns);
    }

    // Times the length.
    void inverse(float* re, float* im) const {
        int size = parts(length_) == 4 && is_square(length_) ? 4 : 2;
        const Turn* turns = turns_.data() + turns_.size();
        for (;; size *= 4) {
            turns -= turns_of(size);
            step<false>(re, im, size, turns);
            if (size == length_) return;
        }
    }

   private:
    struct Turn {
        float re, im;
    };

    static int parts(int size) { return size == 2 ? 2 : 4; }

    static bool is_square(int power_of_two) { return (power_of_two & 0x55555555) != 0; }

    static int turns_of(int size) { return size > 4 ? size / 4 * 3 : 0; }

    // One step of all parts of some size.
    template <bool kForward>
    void step(float* re, float* im, int size, const Turn* turns) const {
        const int part = size / parts(size) * kLanes, whole = length_ * kLanes;
        if (size == 2) {
            for (int first = 0; first < whole; first += 2 * kLanes) {
                Complex a = load(re + first, im + first), b = load(re + first + part, im + first + part);
                store(re + first, im + first, a + b), store(re + first + part, im + first + part, a - b);
            }
            return;
        }
        for (int j = 0; j < part; j += kLanes, turns += size > 4 ? 3 : 0)
            for (int first = j; first < whole; first += size * kLanes) {
                Complex v[4];
                for (int k = 0; k < 4; ++k) v[k] = load(re + first + k * part, im + first + k * part);
                if (!kForward && j)
                    for (int k = 1; k < 4; ++k) v[k] = times(v[k], turns[k - 1].re, -turns[k - 1].im);
                quarters<kForward>(v);
                if (kForward && j)
                    for (int k = 1; k < 4; ++k) v[k] = times(v[k], turns[k - 1].re, turns[k - 1].im);
                for (int k = 0; k < 4; ++k) store(re + first + k * part, im + first + k * part, v[k]);
            }
    }

    int length_;
    std::vector<int> places_;
    std::vector<Turn> turns_;
};

}  // namespace backbeat
