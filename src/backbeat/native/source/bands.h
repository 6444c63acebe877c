// The noise of dsp/bands.py, in bands that each have a level of their own, which changes in straight lines.
#pragma once

#include <tuple>

#include "linear_phase.h"
#include "noise.h"

namespace backbeat {

// White noise of a seed split into bands that overlap as triangles on the mel scale: (bands, apart).
class NoiseBands {
   public:
    static double center_hz(int band, int bands) { return 700.0 * std::expm1(highest() * (band + 0.5) / bands); }

    // Does nothing where it has been made of the same: of one call after another, mostly.
    void make(double sample_rate, int64_t samples, int bands, int64_t seed, uint32_t stream) {
        const std::tuple wanted(sample_rate, samples, bands, seed, stream);
        if (made_of_ == wanted) return;
        made_of_ = wanted;
        samples_ = rounded_up(samples, kBlock);
        const Noise noise(seed, stream);
        int half = design(sample_rate, bands);
        // The kernels look ahead and behind, and so the noise begins before the sound.
        const int64_t made = rounded_up(samples_ + 2 * half, kBlock);
        noise_.resize(made + kBlock);
        for (int64_t n = 0; n < made; n += kLanes) store(&noise_[n], noise((uint32_t)n));
        sound_.resize(bands * samples_);
        filtered_.resize(made);
        for (int band = 0; band < bands; ++band) {
            filter_.prepare(&kernels_[band * (half + 1)], half, samples_ + half);
            if (!band) filter_.take(noise_.data());
            filter_.give(filtered_.data());
            std::copy_n(filtered_.begin() + half, samples_, sound_.begin() + band * samples_);
        }
    }

    const float* band(int number) const { return &sound_[number * samples_]; }

   private:
    static constexpr double kKernelS = 0.023, kHighestHz = 18000.0;

    static double highest() { return std::log1p(kHighestHz / 700.0); }

    // Linear-phase kernels, taps 0 to `half` of one side, that add up to a single tap; returns `half`.
    int design(double sample_rate, int bands) {
        const int whole = (int)std::lrint(0.5 * kKernelS * sample_rate), half = whole - 1;
        if (bands_ == bands && rate_ == sample_rate) return half;
        bands_ = bands, rate_ = sample_rate;
        std::vector<double> response(whole + 1), cosine(2 * whole);
        for (int k = 0; k < 2 * whole; ++k) cosine[k] = std::cos(kPi * k / whole);
        kernels_.resize(bands * (half + 1));
        for (int band = 0; band < bands; ++band) {
            for (int k = 0; k <= whole; ++k) {
                double mel = std::log1p(0.5 * sample_rate * k / whole / 700.0);
                double position = std::clamp(mel * bands / highest() - 0.5, 0.0, bands - 1.0);
                response[k] = std::max(0.0, 1.0 - std::abs(position - band));
            }
            for (int m = 0; m <= half; ++m) {
                double total = 0.5 * (response[0] + (m % 2 ? -1.0 : 1.0) * response[whole]);
                for (int k = 1; k < whole; ++k) total += response[k] * cosine[k * m % (2 * whole)];
                double window = 0.5 + 0.5 * std::cos(kPi * m / whole);
                kernels_[band * (half + 1) + m] = (float)(total / whole * window);
            }
        }
        return half;
    }

    std::tuple<double, int64_t, int, int64_t, uint32_t> made_of_;
    int bands_ = 0;
    double rate_ = 0.0;
    int64_t samples_ = 0;
    LinearPhase filter_;
    std::vector<float> kernels_, noise_, filtered_, sound_;
};

}  // namespace backbeat
