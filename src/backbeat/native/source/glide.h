// The phase of dsp/phase.py: a pitch that two sweeps and a vibrato move, in closed form, with its slopes.
#pragma once

#include "plugin.h"

namespace backbeat {

// `f t + Σ c (1 - exp(-r t)) + s (1 - cos w t)` cycles, block by block: what a block starts with in float64, and what
// has been added since as a product of short tables.
class Glide {
   public:
    struct Sweep {
        double depth_st, t60_s;
    };
    struct Slopes {
        double pitch_hz, depth_st[2], t60_s[2], vibrato_st, vibrato_hz;
    };

    Glide() = default;

    Glide(double sample_rate, double pitch_hz, const Sweep (&sweeps)[2], double vibrato_st, double vibrato_hz)
        : pitch_(pitch_hz), tick_(1.0 / sample_rate), sweeps_{sweeps[0], sweeps[1]} {
        for (int k = 0; k < 2; ++k) {
            rate_[k] = t60_to_rate(sweeps[k].t60_s);
            ratio_[k] = std::exp(sweeps[k].depth_st * kSemitone);
            cycles_[k] = pitch_hz * (ratio_[k] - 1.0) / rate_[k];
            fall_[k] = std::exp(-rate_[k] * kBlock * tick_);
        }
        radians_ = 2.0 * kPi * (vibrato_hz + 1e-12);
        vibrato_ratio_ = std::exp(vibrato_st * kSemitone);
        swing_ = pitch_hz * (vibrato_ratio_ - 1.0) / radians_;
        turn_cosine_ = std::cos(radians_ * kBlock * tick_), turn_sine_ = std::sin(radians_ * kBlock * tick_);
        double step_fall[2] = {std::exp(-rate_[0] * tick_), std::exp(-rate_[1] * tick_)}, fallen[2] = {1.0, 1.0};
        double step_cosine = std::cos(radians_ * tick_), step_sine = std::sin(radians_ * tick_);
        double half_turn = std::sin(0.5 * radians_ * tick_), versine = 0.0, cosine = 1.0, sine = 0.0;
        for (int n = 0; n < kBlock; ++n) {
            step_[n] = (float)(n * tick_);
            for (int k = 0; k < 2; ++k) {
                caught_[k][n] = (float)(1.0 - fallen[k]), remains_[k][n] = (float)fallen[k];
                fallen[k] *= step_fall[k];
            }
            swing_versine_[n] = (float)versine, swing_sine_[n] = (float)sine, swing_cosine_[n] = (float)cosine;
            // 1 - cos by what it gains from step to step, so that it does not cancel.
            versine += 2.0 * half_turn * (sine * std::sqrt(1.0 - half_turn * half_turn) + cosine * half_turn);
            double next = cosine * step_cosine - sine * step_sine;
            sine = sine * step_cosine + cosine * step_sine, cosine = next;
        }
    }

    // Go to the first block.
    void rewind() {
        block_ = 0;
        left_[0] = left_[1] = cosine_ = 1.0, sine_ = 0.0;
    }

    // Go to the next block.
    void advance() {
        ++block_;
        for (int k = 0; k < 2; ++k) left_[k] *= fall_[k];
        double next = cosine_ * turn_cosine_ - sine_ * turn_sine_;
        sine_ = sine_ * turn_cosine_ + cosine_ * turn_sine_, cosine_ = next;
    }

    // Cycles at the block's start.
    double start() const {
        double total = pitch_ * time() + swing_ * (1.0 - cosine_);
        for (int k = 0; k < 2; ++k) total += cycles_[k] * (1.0 - left_[k]);
        return total;
    }

    // The cycles since then.
    struct Since {
        const Glide* glide;
        float pitch, rows[4];

        Vector operator()(int v) const {
            int n = v * kLanes;
            Vector total = load(glide->step_ + n) * pitch + load(glide->caught_[0] + n) * rows[0];
            total += load(glide->caught_[1] + n) * rows[1] + load(glide->swing_versine_ + n) * rows[2];
            return total + load(glide->swing_sine_ + n) * rows[3];
        }
    };

    Since since() const {
        return {this,
                (float)pitch_,
                {(float)(cycles_[0] * left_[0]), (float)(cycles_[1] * left_[1]), (float)(swing_ * cosine_),
                 (float)(swing_ * sine_)}};
    }

    // Sums over a block of slopes, and of their products with the step, with what remains of both sweeps, with this and
    // the step, with cosine and sine, and with these and the step; each still in its lanes.
    struct Moments {
        Vector slope{}, step{}, left[2]{}, left_step[2]{}, cosine{}, sine{}, cosine_step{}, sine_step{};
    };

    // Add a vector of slopes to the moments.
    void add(Moments& moments, int v, Vector slope) const {
        int n = v * kLanes;
        Vector step = slope * load(step_ + n);
        moments.slope += slope, moments.step += step;
        for (int k = 0; k < 2; ++k) {
            Vector left = load(remains_[k] + n);
            moments.left[k] += slope * left, moments.left_step[k] += step * left;
        }
        Vector cosine = load(swing_cosine_ + n), sine = load(swing_sine_ + n);
        moments.cosine += slope * cosine, moments.sine += slope * sine;
        moments.cosine_step += step * cosine, moments.sine_step += step * sine;
    }

    // Take in the moments of this block.
    void take(const Moments& m) {
        const float t = (float)time(), cosine = (float)cosine_, sine = (float)sine_;
        of_pitch_ += t * m.slope + m.step;
        for (int k = 0; k < 2; ++k) {
            const float left = (float)left_[k];
            of_cycles_[k] += m.slope - left * m.left[k];
            of_rate_[k] += left * (t * m.left[k] + m.left_step[k]);
        }
        of_swing_ += m.slope - (cosine * m.cosine - sine * m.sine);
        of_radians_ += sine * (t * m.cosine + m.cosine_step) + cosine * (t * m.sine + m.sine_step);
    }

    // Of the controls, after all blocks.
    Slopes slopes() const {
        Slopes found = {};
        double of_swing = sum(of_swing_), of_radians = swing_ * sum(of_radians_);
        found.pitch_hz = sum(of_pitch_) + of_swing * (vibrato_ratio_ - 1.0) / radians_;
        for (int k = 0; k < 2; ++k) {
            double of_cycles = sum(of_cycles_[k]), of_rate = cycles_[k] * sum(of_rate_[k]);
            found.pitch_hz += of_cycles * (ratio_[k] - 1.0) / rate_[k];
            found.depth_st[k] = of_cycles * pitch_ * ratio_[k] * kSemitone / rate_[k];
            found.t60_s[k] = t60_slope(sweeps_[k].t60_s, rate_[k], of_rate - of_cycles * cycles_[k] / rate_[k]);
        }
        found.vibrato_st = of_swing * pitch_ * vibrato_ratio_ * kSemitone / radians_;
        found.vibrato_hz = 2.0 * kPi * (of_radians - of_swing * swing_ / radians_);
        return found;
    }

   private:
    double time() const { return block_ * kBlock * tick_; }

    double pitch_, tick_;
    Sweep sweeps_[2];
    double rate_[2], ratio_[2], cycles_[2], fall_[2];
    double radians_, vibrato_ratio_, swing_, turn_cosine_, turn_sine_;
    int64_t block_ = 0;
    double left_[2] = {1.0, 1.0}, cosine_ = 1.0, sine_ = 0.0;
    Vector of_pitch_{}, of_cycles_[2]{}, of_rate_[2]{}, of_swing_{}, of_radians_{};
    float step_[kBlock], caught_[2][kBlock], remains_[2][kBlock];
    float swing_versine_[kBlock], swing_sine_[kBlock], swing_cosine_[kBlock];
};

}  // namespace backbeat
