// The swept modes of dsp/modal.py, any number of them, with their slopes.
#pragma once

#include "shaped_fall.h"

namespace backbeat {

// `Σ g exp(-ln 1000 (t / T60)^p) sin 2π(f θ(t) + φ)`, of a time θ that runs ahead while the pitch falls: block by block
// the phase at the start and what the shared time adds, and a level that is a straight line times a plain decay.
class Tones {
   public:
    // Of each tone so many; numbers are those of the controls, or their slopes.
    template <typename Number>
    struct Bank {
        Number *frequency_hz, *t60_s, *level_db, *start_cycles, *shape, *sweep_st, *sweep_s;
    };

    void prepare(double sample_rate, int64_t samples, int count, const Bank<const float>& bank) {
        bank_ = bank, count_ = count, samples_ = samples;
        tick_ = 1.0 / sample_rate, nyquist_ = (float)(0.5 * sample_rate);
        rate_ = t60_to_rate(*bank.sweep_s), excess_ = std::exp(*bank.sweep_st * kSemitone) - 1.0;
        times_.prepare(sample_rate, samples, kFirstS);
        const double step_fall = std::exp(-rate_ * tick_);
        double left = 1.0;
        for (int n = 0; n < kBlock; ++n, left *= step_fall) {
            step_[n] = (float)(n * tick_);
            caught_up_[n] = (float)(1.0 - left), remains_[n] = (float)left;
        }
        frequency_.assign(bank.frequency_hz, bank.frequency_hz + count);
        offset_.assign(bank.start_cycles, bank.start_cycles + count);
        for (auto* each : {&start_, &after_plain_, &plain_rate_}) each->resize(count);
        ends_.resize(count), fades_.resize(count);
        decay_.resize(count * kBlock), levels_.resize(count * times_.count());
        const int64_t blocks = blocks_of(samples);
        for (int k = 0; k < count; ++k) {
            const double rate = t60_to_rate(bank.t60_s[k]), step = std::exp(-rate * tick_);
            double now = 1.0;
            for (int n = 0; n < kBlock; ++n, now *= step) decay_[k * kBlock + n] = (float)now;
            plain_rate_[k] = (float)rate;
            after_plain_[k] = (float)std::exp(std::min(rate * kBlock * tick_, kMostFallen));
            fades_[k] = frequency_[k] * (1.0 + std::max(excess_, 0.0)) > (1.0 - kFade) * nyquist_;
            const ShapedFall fall(bank.t60_s[k], bank.shape[k]);
            const float gain = (float)db_to_gain(bank.level_db[k]);
            float* levels = &levels_[k * times_.count()];
            for (int64_t n = 0; n < times_.count(); n += kLanes)
                store(levels + n, exponential(-fall.fallen(times_, n)) * gain);
            // Within a block, too, whose line is that of its ends before the plain decay.
            ends_[k] = blocks;
            while (ends_[k] && std::max(levels[ends_[k] - 1], levels[ends_[k]] * after_plain_[k]) < (float)kSilence)
                --ends_[k];
        }
    }

    // Lay down the sound of whole blocks.
    void render(float* to) {
        for_each_block([&](const Block& block) {
            Vector sound[kVectors] = {};
            for (int k = 0; k < count_; ++k) {
                if (block.number >= ends_[k]) continue;
                const Line line = level(k, block);
                const float frequency = (float)frequency_[k], start = start_[k], *decay = &decay_[k * kBlock];
                for (int v = 0; v < kVectors; ++v) {
                    Vector now = (kRise(v) * line.gained + line.first) * load(decay + v * kLanes);
                    sound[v] += now * sine_of_cycles(block.since[v] * frequency + start);
                }
            }
            for (int v = 0; v < kVectors; ++v) store(to + block.number * kBlock + v * kLanes, sound[v]);
        });
    }

    // Lay down the slopes of the controls, by those of the sound.
    void slopes(const float* of_sound, const Bank<float>& of_bank) {
        of_levels_.assign(levels_.size(), 0.0f);
        for (auto* each : {&of_frequency_, &of_offset_, &of_decay_}) each->assign(count_, Vector{});
        of_plain_.assign(count_, 0.0);
        of_edges_.resize((2 * count_ + kLanes - 1) / kLanes * kLanes);
        double of_excess = 0.0, of_rate = 0.0;
        Vector of_caught_up{};
        for_each_block([&](const Block& block) {
            Vector of_since[kVectors] = {}, of_theta{};
            for (int k = 0; k < count_; ++k) {
                Vector of_first{}, of_gained{};
                if (block.number < ends_[k]) {
                    const Line line = level(k, block);
                    const float frequency = (float)frequency_[k], start = start_[k], *decay = &decay_[k * kBlock];
                    Vector by_phase{}, by_time{};
                    for (int v = 0; v < kVectors; ++v) {
                        Vector rest = less_turns(block.since[v] * frequency + start), rise = kRise(v);
                        Vector along = load(of_sound + block.number * kBlock + v * kLanes) * load(decay + v * kLanes);
                        Vector now = rise * line.gained + line.first, of_level = along * sine_of_rest(rest);
                        of_first += of_level, of_gained += of_level * rise;
                        of_decay_[k] += of_level * now * load(step_ + v * kLanes);
                        Vector of_cycles = along * now * (cosine_of_rest(rest) * (float)(2.0 * kPi));
                        by_phase += of_cycles, by_time += of_cycles * block.since[v];
                        of_since[v] += of_cycles * frequency;
                    }
                    of_offset_[k] += by_phase, of_theta += by_phase * frequency;
                    of_frequency_[k] += by_phase * (float)block.theta + by_time;
                }
                of_edges_[2 * k] = of_first, of_edges_[2 * k + 1] = of_gained;
            }
            take_levels(block, of_excess, of_rate);
            Vector of_ahead{};
            for (int v = 0; v < kVectors; ++v) {
                of_ahead += of_since[v] * load(caught_up_ + v * kLanes);
                of_caught_up +=
                    of_since[v] * (float)block.ahead_s * load(step_ + v * kLanes) * load(remains_ + v * kLanes);
            }
            // θ is t + (D - a) / r where a block begins, and a = D exp(-r t) / r is how far it will run ahead.
            const double theta = sum(of_theta), ahead = sum(of_ahead), t = block.number * kBlock * tick_;
            of_excess += theta * (1.0 - block.left) / rate_ + ahead * block.left / rate_;
            of_rate += theta * excess_ * (block.left * t - (1.0 - block.left) / rate_) / rate_;
            of_rate -= ahead * block.ahead_s * (1.0 / rate_ + t);
        });
        of_rate += sum(of_caught_up);
        *of_bank.sweep_st = (float)(of_excess * (1.0 + excess_) * kSemitone);
        *of_bank.sweep_s = (float)t60_slope(*bank_.sweep_s, rate_, of_rate);
        for (int k = 0; k < count_; ++k) {
            ShapedFall fall(bank_.t60_s[k], bank_.shape[k]);
            Vector of_gain{};
            for (int64_t n = 0; n < times_.count(); n += kLanes) {
                Vector along = load(&levels_[k * times_.count() + n]) * load(&of_levels_[k * times_.count() + n]);
                of_gain += along;
                fall.take(times_, n, fall.fallen(times_, n), along);
            }
            of_bank.level_db[k] = (float)(sum(of_gain) * kDecibel);
            of_bank.shape[k] = (float)fall.of_shape();
            of_bank.t60_s[k] =
                (float)(fall.of_t60_s() + t60_slope(bank_.t60_s[k], plain_rate_[k], of_plain_[k] - sum(of_decay_[k])));
            of_bank.start_cycles[k] = sum(of_offset_[k]);
            of_bank.frequency_hz[k] = sum(of_frequency_[k]) + of_faded_[k];
        }
    }

   private:
    static constexpr double kMostFallen = 20.0;
    static constexpr double kFirstS = 1e-12;

    struct Block {
        int64_t number;
        double left, theta, ahead, ahead_s;  // of the sweep, the time, how much faster it runs, and how far it will yet
        Vector since[kVectors];              // time since the block's start
    };

    template <typename Work>
    void for_each_block(Work work) {
        const double block_fall = std::exp(-rate_ * kBlock * tick_);
        Block block;
        block.left = 1.0;
        for (block.number = 0; block.number * kBlock < samples_; ++block.number, block.left *= block_fall) {
            block.ahead = excess_ * block.left, block.ahead_s = block.ahead / rate_;
            block.theta = block.number * kBlock * tick_ + (excess_ - block.ahead) / rate_;
            for (int k = 0; k < count_; ++k) {
                start_[k] = (float)fraction(frequency_[k] * block.theta + offset_[k]);
            }
            for (int v = 0; v < kVectors; ++v)
                block.since[v] = load(step_ + v * kLanes) + load(caught_up_ + v * kLanes) * (float)block.ahead_s;
            work(block);
        }
    }

    // A level before its plain decay: where the block begins, and what it gains until the next one does.
    struct Line {
        float first, gained;
    };

    Line level(int k, const Block& block) const {
        const float* levels = &levels_[k * times_.count() + block.number];
        const float fade = fades_[k] ? below_nyquist(k, block) : 1.0f, first = levels[0] * fade;
        return {first, levels[1] * after_plain_[k] * fade - first};
    }

    float below_nyquist(int k, const Block& block) const {
        const float frequency_hz = (float)(frequency_[k] * (1.0 + block.ahead));
        return std::clamp((nyquist_ - frequency_hz) / ((float)kFade * nyquist_), 0.0f, 1.0f);
    }

    // From the slopes of a block's lines to those of the levels, and of what else they depend on.
    void take_levels(const Block& block, double& of_excess, double& of_rate) {
        if (!block.number) of_faded_.assign(count_, 0.0f);
        for (int first = 0; first < 2 * count_; first += kLanes) {
            Vector edges[kLanes] = {};
            for (int i = 0; i < kLanes && first + i < 2 * count_; ++i) edges[i] = of_edges_[first + i];
            const Vector found = sums(edges);
            for (int i = 0; i < kLanes && first + i < 2 * count_; i += 2) {
                const int k = (first + i) / 2;
                const int64_t n = k * times_.count() + block.number;
                const float fade = fades_[k] ? below_nyquist(k, block) : 1.0f;
                const float of_start = found[i] - found[i + 1], of_end = found[i + 1] * after_plain_[k];
                of_levels_[n] += of_start * fade, of_levels_[n + 1] += of_end * fade;
                if (plain_rate_[k] * kBlock * tick_ < kMostFallen)
                    of_plain_[k] += of_end * levels_[n + 1] * fade * (kBlock * tick_);
                if (fade > 0.0f && fade < 1.0f) {
                    const double of_hz = -(of_start * levels_[n] + of_end * levels_[n + 1]) / (kFade * nyquist_);
                    const double of_ahead = of_hz * frequency_[k];
                    of_faded_[k] += (float)(of_hz * (1.0 + block.ahead));
                    of_excess += of_ahead * block.left;
                    of_rate -= of_ahead * block.ahead * block.number * kBlock * tick_;
                }
            }
        }
    }

    Bank<const float> bank_;
    int64_t samples_;
    double tick_, rate_, excess_;
    float nyquist_;
    int count_;
    Times times_;
    float step_[kBlock], caught_up_[kBlock], remains_[kBlock];
    std::vector<double> frequency_, offset_, of_plain_;
    std::vector<float> start_, decay_, levels_, after_plain_, plain_rate_, of_levels_, of_faded_;
    std::vector<Vector> of_frequency_, of_offset_, of_decay_, of_edges_;
    std::vector<int64_t> ends_;
    std::vector<char> fades_;
};

}  // namespace backbeat
