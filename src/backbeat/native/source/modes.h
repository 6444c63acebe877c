// The damped sinusoids of dsp/modal.py, with their slopes.
#pragma once

#include <numeric>
#include <type_traits>

#include "plugin.h"

namespace backbeat {

// `Σ g exp(-d t) sin 2πft`: block by block a product of what each mode is at the block's start and of a table.
template <int kModes>
class Modes {
   public:
    struct Slopes {
        double frequency_hz[kModes], t60_s[kModes], gain[kModes];
    };

    void prepare(double sample_rate, const float* frequency_hz, const float* t60_s, const double* gain) {
        nyquist_hz_ = 0.5 * sample_rate, tick_ = 1.0 / sample_rate;
        Turn step, now;
        std::iota(order_, order_ + kModes, 0);
        std::sort(order_, order_ + kModes, [&](int a, int b) { return t60_s[a] > t60_s[b]; });
        for (int k = 0; k < kModes; ++k) {
            int from = order_[k];
            frequency_[k] = frequency_hz[from], t60_[k] = t60_s[from], gain_[k] = gain[from];
            rate_[k] = t60_to_rate(t60_[k]);
            fade_[k] = std::clamp((nyquist_hz_ - frequency_[k]) / (kFade * nyquist_hz_), 0.0, 1.0);
            level_[k] = gain_[k] * fade_[k];
            step.set(k, rate_[k], frequency_[k], tick_), block_turn_.set(k, rate_[k], frequency_[k], kBlock * tick_);
        }
        for (int k = 0; k < kModes; ++k) ends_[k] = lasting(-std::log(kSilence) / rate_[k] / tick_ + 1.0, kEndless);
        for (int n = 0; n < kBlock; ++n, now.by(step)) {
            step_s_[n] = (float)(n * tick_);
            for (int k = 0; k < kModes; ++k) sine_[k][n] = (float)now.im[k], cosine_[k][n] = (float)now.re[k];
        }
    }

    void rewind() { block_ = 0, now_ = Turn(); }

    void advance() { ++block_, now_.by(block_turn_); }

    // After how many samples, of so many, all are below silence.
    int64_t silent_after(int64_t most) const { return std::min(ends_[0], most); }

    // Add the block's sound.
    void add(Vector (&sound)[kVectors]) const {
        float of_sine[kModes], of_cosine[kModes];
        for (int k = 0; k < kModes; ++k)
            of_sine[k] = (float)(level_[k] * now_.re[k]), of_cosine[k] = (float)(level_[k] * now_.im[k]);
        with_those_that_sound([&](auto count) {
            for (int k = 0; k < count; ++k)
                for (int v = 0; v < kVectors; ++v)
                    sound[v] += load(sine_[k] + v * kLanes) * of_sine[k] + load(cosine_[k] + v * kLanes) * of_cosine[k];
        });
    }

    // Take in the slopes of a block's samples.
    void take(const Vector (&slope)[kVectors]) {
        float real[kModes], imaginary[kModes];
        for (int k = 0; k < kModes; ++k) real[k] = (float)now_.re[k], imaginary[k] = (float)now_.im[k];
        const float t = (float)(block_ * kBlock * tick_);
        Vector timed[kVectors];
        for (int v = 0; v < kVectors; ++v) timed[v] = slope[v] * (load(step_s_ + v * kLanes) + t);
        with_those_that_sound([&](auto count) {
            for (int k = 0; k < count; ++k) {
                Vector with_sine{}, with_cosine{}, timed_sine{}, timed_cosine{};
                for (int v = 0; v < kVectors; ++v) {
                    Vector sine = load(sine_[k] + v * kLanes), cosine = load(cosine_[k] + v * kLanes);
                    with_sine += slope[v] * sine, with_cosine += slope[v] * cosine;
                    timed_sine += timed[v] * sine, timed_cosine += timed[v] * cosine;
                }
                of_sound_[k] += with_sine * real[k] + with_cosine * imaginary[k];
                of_time_sine_[k] += timed_sine * real[k] + timed_cosine * imaginary[k];
                of_time_cosine_[k] += timed_cosine * real[k] - timed_sine * imaginary[k];
            }
        });
    }

    void forget() {
        for (int k = 0; k < kModes; ++k) of_sound_[k] = of_time_sine_[k] = of_time_cosine_[k] = Vector{};
    }

    Slopes slopes() const {
        Slopes found;
        for (int k = 0; k < kModes; ++k) {
            int to = order_[k];
            bool fading = fade_[k] > 0.0 && fade_[k] < 1.0;
            double of_sound = sum(of_sound_[k]);
            found.gain[to] = of_sound * fade_[k];
            found.t60_s[to] = t60_slope(t60_[k], rate_[k], -level_[k] * sum(of_time_sine_[k]));
            found.frequency_hz[to] = 2.0 * kPi * level_[k] * sum(of_time_cosine_[k]);
            if (fading) found.frequency_hz[to] -= gain_[k] * of_sound / (kFade * nyquist_hz_);
        }
        return found;
    }

   private:
    static constexpr int64_t kEndless = INT64_C(1) << 62;

    // Do something with the number of modes that are not below silence yet, known to the compiler.
    template <int kCount = kModes, typename Work>
    void with_those_that_sound(Work work) const {
        if constexpr (kCount > 1)
            if (block_ * kBlock >= ends_[kCount - 1]) return with_those_that_sound<kCount - 1>(work);
        work(std::integral_constant<int, kCount>());
    }

    // exp((jω - d) t) of each mode.
    struct Turn {
        double re[kModes], im[kModes];

        Turn() {
            for (int k = 0; k < kModes; ++k) re[k] = 1.0, im[k] = 0.0;
        }

        void set(int mode, double rate, double frequency_hz, double t) {
            double angle = 2.0 * kPi * frequency_hz * t, level = std::exp(-rate * t);
            re[mode] = level * std::cos(angle), im[mode] = level * std::sin(angle);
        }

        void by(const Turn& other) {
            for (int k = 0; k < kModes; ++k) {
                double next = re[k] * other.re[k] - im[k] * other.im[k];
                im[k] = re[k] * other.im[k] + im[k] * other.re[k], re[k] = next;
            }
        }
    };

    double nyquist_hz_, tick_;
    int order_[kModes];  // from the one that rings longest
    int64_t ends_[kModes];
    double frequency_[kModes], t60_[kModes], gain_[kModes], fade_[kModes], rate_[kModes], level_[kModes];
    Turn block_turn_, now_;
    Vector of_sound_[kModes], of_time_sine_[kModes], of_time_cosine_[kModes];
    int64_t block_ = 0;
    float sine_[kModes][kBlock], cosine_[kModes][kBlock], step_s_[kBlock];
};

}  // namespace backbeat
