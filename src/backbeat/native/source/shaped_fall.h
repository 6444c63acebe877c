// The stretched exponential of dsp/envelopes.py, `exp(-ln 1000 (t / T60)^p)`, at times that all items share.
#pragma once

#include "plugin.h"

namespace backbeat {

// The times where blocks begin, and where the last one ends: a whole number of vectors of them.
class Times {
   public:
    static int64_t count(int64_t samples) { return rounded_up(blocks_of(samples) + 1, kLanes); }

    // `first_s` stands for 0, where a power has no finite slope.
    void prepare(double sample_rate, int64_t samples, double first_s) {
        const int64_t wanted = count(samples);
        if ((int64_t)seconds_.size() == wanted && rate_ == sample_rate && first_s_ == first_s) return;
        rate_ = sample_rate, first_s_ = first_s;
        seconds_.resize(wanted), logs_.resize(wanted);
        for (int64_t n = 0; n < wanted; ++n) {
            seconds_[n] = (float)(n * (kBlock / sample_rate));
            logs_[n] = (float)std::log(std::max(n * (kBlock / sample_rate), first_s));
        }
    }

    int64_t count() const { return (int64_t)seconds_.size(); }
    Vector seconds(int64_t n) const { return load(&seconds_[n]); }
    Vector logs(int64_t n) const { return load(&logs_[n]); }

   private:
    double rate_ = 0.0, first_s_ = 0.0;
    std::vector<float> seconds_, logs_;
};

class ShapedFall {
   public:
    ShapedFall(double t60_s, float shape)
        : log_t60_(std::log(std::max(t60_s, kShortestT60))),
          t60_s_(t60_s),
          shape_(shape),
          at_once_((float)(std::log(kLn1000) - shape * log_t60_)) {}

    // Nepers fallen at some times.
    Vector fallen(const Times& times, int64_t n) const {
        return lesser(exponential(times.logs(n) * shape_ + at_once_), all((float)kDeepest));
    }

    // Take in slopes of the level at some times, multiplied by the level there.
    void take(const Times& times, int64_t n, Vector fallen, Vector along) {
        Vector nothing{}, by_exponent = fallen < (float)kDeepest ? -along * fallen : nothing;
        of_at_once_ += by_exponent, of_shape_ += by_exponent * times.logs(n);
    }

    double of_shape() const { return sum(of_shape_) - sum(of_at_once_) * log_t60_; }

    double of_t60_s() const { return t60_s_ < kShortestT60 ? 0.0 : -sum(of_at_once_) * shape_ / t60_s_; }

   private:
    double log_t60_, t60_s_;
    float shape_, at_once_;
    Vector of_at_once_{}, of_shape_{};
};

}  // namespace backbeat
