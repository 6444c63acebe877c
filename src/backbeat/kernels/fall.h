// Exponential falls, block by block the product of a number and a short table.
#pragma once

#include "operation.h"
#include "wave.h"

namespace backbeat {

// `exp(-rate (t - onset))`, 1 before the onset. The rate is at most what a block's table can hold.
class Fall {
   public:
    // A block, and what the fall is where it begins.
    struct Place {
        int64_t block;
        double level;
    };

    Fall(double sample_rate, double t60_s, double onset_s)
        : t60_s_(t60_s), onset_s_(onset_s), block_s_(kBlock / sample_rate), steps_(sample_rate) {
        const double steepest = kDeepest * sample_rate / kBlock;
        capped_ = t60_to_rate(t60_s) > steepest;
        rate_ = minimum(t60_to_rate(t60_s), steepest);
        const double step = exponential(-rate_ / sample_rate);
        double now = 1.0;
        for (int n = 0; n < kBlock; ++n) {
            table_[n] = (float)now;
            now *= step;
        }
        block_fall_ = exponential(-rate_ * block_s_);
    }

    Place begin() const { return at(0); }

    void advance(Place& place) const {
        // A block before the onset only has to stay above 1.
        const bool is_far = rate_ * (place.block * block_s_ - onset_s_) <= -kDeepest;
        if (is_far) {
            place = at(place.block + 1);
        } else {
            ++place.block;
            place.level = maximum(place.level * block_fall_, kLeast);
        }
    }

    // Of the block's v-th vector, without the bound of 1.
    Vector past(const Place& place, int v) const { return load(table_ + v * kLanes) * (float)place.level; }

    Vector operator()(const Place& place, int v) const { return lesser(past(place, v), all(1.0f)); }

    // Take in the gradient of a level where it falls, times the level.
    void accumulate_grad(const Place& place, int v, Vector along) {
        by_rate_ += along * (steps_(v) + (float)(place.block * block_s_ - onset_s_));
        by_onset_ += along;
    }

    // Sum up what was taken in: float32 sums stay short.
    void gather() {
        grad_rate_ -= taken(by_rate_);
        grad_onset_ += rate_ * taken(by_onset_);
    }

    double grad_t60_s() const { return capped_ ? 0.0 : t60_gradient(t60_s_, rate_, grad_rate_); }
    double grad_onset_s() const { return grad_onset_; }

    // After how many samples, of so many, it is below silence.
    int64_t silent_after(int64_t most) const {
        const double lasts_s = onset_s_ - logarithm(kSilence) / rate_;
        return lasting(lasts_s / block_s_ * kBlock + 1.0, most);
    }

    // Whether it falls within so many samples, or the tile that they end in.
    bool begins_within(int64_t samples) const { return onset_s_ < rounded_up(samples, kTile) * (block_s_ / kBlock); }

   private:
    static constexpr double kLeast = 1e-30;  // what has fallen so far stays a number of full precision

    Place at(int64_t block) const {
        return {block, exponential(minimum(-rate_ * (block * block_s_ - onset_s_), kDeepest))};
    }

    double t60_s_, onset_s_, block_s_;
    Steps steps_;
    bool capped_;
    double rate_, block_fall_;
    Vector by_rate_ = all(0.0f), by_onset_ = all(0.0f);
    double grad_rate_ = 0.0, grad_onset_ = 0.0;
    float table_[kBlock];
};

// The times where blocks begin, and where the last one ends, with their logarithms.
class Times : public Kept {
   public:
    // Of whole tiles, since these are what is computed.
    static int64_t count(int64_t samples) { return rounded_up(rounded_up(samples, kTile) / kBlock + 1, kLanes); }

    // `first_s` stands for 0, where a power has no finite gradient.
    void prepare(double sample_rate, int64_t samples, double first_s) {
        const int64_t wanted = count(samples);
        if ((int64_t)seconds_.size() >= wanted && rate_ == sample_rate && first_s_ == first_s) return;
        rate_ = sample_rate;
        first_s_ = first_s;
        seconds_.resize(wanted);
        logs_.resize(wanted);
        for (int64_t n = 0; n < wanted; ++n) {
            seconds_[n] = (float)(n * (kBlock / sample_rate));
            logs_[n] = (float)logarithm(maximum(n * (kBlock / sample_rate), first_s));
        }
    }

    Vector seconds(int64_t n) const { return load(&seconds_[n]); }
    Vector logs(int64_t n) const { return load(&logs_[n]); }
    float log(int64_t n) const { return logs_[n]; }

   private:
    double rate_ = 0.0, first_s_ = 0.0;
    std::vector<float> seconds_, logs_;
};

// `exp(-ln 1000 (t / T60)^p)` at times where blocks begin.
class ShapedFall {
   public:
    ShapedFall(double t60_s, double shape)
        : log_t60_(logarithm(maximum(t60_s, kShortestT60))),
          t60_s_(t60_s),
          shape_((float)shape),
          at_one_second_((float)(logarithm(kLn1000) - shape * log_t60_)) {}

    // Nepers fallen at some times.
    Vector fallen(const Times& times, int64_t n) const {
        return lesser(exponential(times.logs(n) * shape_ + at_one_second_), all((float)kDeepest));
    }

    // Take in the gradient of the level at some times, times the level there.
    void accumulate_grad(const Times& times, int64_t n, Vector fallen, Vector along) {
        const Vector by_log = where(fallen < all((float)kDeepest), -along * fallen, all(0.0f));
        grad_at_one_second_ += by_log;
        grad_shape_ += by_log * times.logs(n);
    }

    double grad_shape() const { return sum(grad_shape_) - sum(grad_at_one_second_) * log_t60_; }

    double grad_t60_s() const {
        return t60_s_ < kShortestT60 ? 0.0 : -sum(grad_at_one_second_) * (double)shape_ / t60_s_;
    }

   private:
    double log_t60_, t60_s_;
    float shape_, at_one_second_;
    Vector grad_at_one_second_ = all(0.0f), grad_shape_ = all(0.0f);
};

// From 0 where a block begins to 1 where the next one does.
struct Rise {
    float table[kBlock];

    Rise() {
        for (int n = 0; n < kBlock; ++n) table[n] = (float)n / kBlock;
    }
    Vector operator()(int v) const { return load(table + v * kLanes); }
};

inline const Rise kRise;

constexpr int kBlocks = kTile / kBlock;

}  // namespace backbeat
