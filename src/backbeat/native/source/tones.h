// The swept modes of dsp/modal.py, any number of them.
#pragma once

#include "plugin.h"

namespace backbeat {

// `Σ g exp(-ln 1000 (t / T60)^p) sin 2π(f θ(t) + φ)`, of a time θ that runs ahead while the pitch falls: block by block
// the phase at the start and what the shared time adds, and a level that is a straight line times a plain decay.
class Tones {
   public:
    // Each with `count` values.
    struct Controls {
        int count;
        const float *frequency_hz, *t60_s, *level_db, *start_cycles, *shape;
        double sweep_st, sweep_s;
    };

    void prepare(double sample_rate, int64_t samples, const Controls& c) {
        tick_ = 1.0 / sample_rate, nyquist_ = (float)(0.5 * sample_rate), count_ = c.count;
        rate_ = t60_to_rate(c.sweep_s), excess_ = std::exp(c.sweep_st * kSemitone) - 1.0;
        int64_t blocks = (samples + kBlock - 1) / kBlock;
        keep_times(sample_rate, blocks + 1);
        double step_fall = std::exp(-rate_ * tick_), fallen = 1.0;
        for (int n = 0; n < kBlock; ++n, fallen *= step_fall)
            step_[n] = (float)(n * tick_), caught_up_[n] = (float)(1.0 - fallen), rise_[n] = (float)n / kBlock;
        frequency_.assign(c.frequency_hz, c.frequency_hz + count_);
        offset_.assign(c.start_cycles, c.start_cycles + count_);
        start_.resize(count_), ends_.resize(count_), fades_.resize(count_), after_plain_.resize(count_);
        decay_.resize(count_ * kBlock), levels_.resize(count_ * apart_);
        for (int k = 0; k < count_; ++k) {
            double rate = t60_to_rate(c.t60_s[k]), step = std::exp(-rate * tick_), now = 1.0;
            for (int n = 0; n < kBlock; ++n, now *= step) decay_[k * kBlock + n] = (float)now;
            lay_levels(k, (float)db_to_gain(c.level_db[k]), c.t60_s[k], c.shape[k]);
            after_plain_[k] = (float)std::exp(std::min(rate * kBlock * tick_, kMostFallen));
            fades_[k] = frequency_[k] * (1.0 + std::max(excess_, 0.0)) > (1.0 - kFade) * nyquist_;
            const float* levels = &levels_[k * apart_];
            ends_[k] = std::lower_bound(levels, levels + blocks, (float)kSilence, std::greater<float>()) - levels;
        }
    }

    // Lay down the sound of whole blocks.
    void render(int64_t samples, float* to) {
        double left = 1.0, block_fall = std::exp(-rate_ * kBlock * tick_);
        for (int64_t block = 0; block * kBlock < samples; ++block, left *= block_fall) {
            const double ahead = excess_ * left, theta = block * kBlock * tick_ + (excess_ - ahead) / rate_;
            for (int k = 0; k < count_; ++k) {
                double cycles = frequency_[k] * theta + offset_[k];
                start_[k] = (float)(cycles - std::floor(cycles));
            }
            const float ahead_s = (float)(ahead / rate_);
            Vector since[kVectors], sound[kVectors] = {};
            for (int v = 0; v < kVectors; ++v)
                since[v] = load(step_ + v * kLanes) + load(caught_up_ + v * kLanes) * ahead_s;
            for (int k = 0; k < count_; ++k) {
                if (block >= ends_[k]) continue;
                const float frequency = (float)frequency_[k], start = start_[k], *decay = &decay_[k * kBlock];
                const float fade = fades_[k] ? below_nyquist(frequency * (float)(1.0 + ahead)) : 1.0f;
                const float first = levels_[k * apart_ + block] * fade;
                const float gained = levels_[k * apart_ + block + 1] * after_plain_[k] * fade - first;
                for (int v = 0; v < kVectors; ++v) {
                    Vector level = (load(rise_ + v * kLanes) * gained + first) * load(decay + v * kLanes);
                    sound[v] += level * sine_of_cycles(since[v] * frequency + start);
                }
            }
            for (int v = 0; v < kVectors; ++v) store(to + block * kBlock + v * kLanes, sound[v]);
        }
    }

   private:
    static constexpr double kFade = 0.1;  // of Nyquist
    static constexpr double kMostFallen = 20.0;
    static constexpr double kFirstS = 1e-12;  // stands for t = 0

    float below_nyquist(float frequency_hz) const {
        return std::clamp((nyquist_ - frequency_hz) / ((float)kFade * nyquist_), 0.0f, 1.0f);
    }

    // The logarithms of the times where blocks start, which are the same for all items.
    void keep_times(double sample_rate, int64_t times) {
        int64_t apart = rounded_up(times, kLanes);
        if (apart == apart_ && sample_rate == times_rate_) return;
        apart_ = apart, times_rate_ = sample_rate;
        log_times_.resize(apart);
        for (int64_t k = 0; k < apart; ++k) log_times_[k] = (float)std::log(std::max(k * kBlock / sample_rate, kFirstS));
    }

    void lay_levels(int k, float gain, double t60_s, float shape) {
        const float at_once = (float)(std::log(kLn1000) - shape * std::log(std::max(t60_s, kShortestT60)));
        for (int64_t n = 0; n < apart_; n += kLanes) {
            Vector fallen = exponential(load(&log_times_[n]) * shape + at_once);
            store(&levels_[k * apart_ + n], exponential(-lesser(fallen, all((float)kDeepest))) * gain);
        }
    }

    double tick_, rate_, excess_, times_rate_ = 0.0;
    float nyquist_;
    int count_;
    int64_t apart_ = 0;
    float step_[kBlock], caught_up_[kBlock], rise_[kBlock];
    std::vector<double> frequency_, offset_;
    std::vector<float> start_, decay_, levels_, log_times_, after_plain_;
    std::vector<int64_t> ends_;
    std::vector<char> fades_;
};

}  // namespace backbeat
