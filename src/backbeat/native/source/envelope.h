// The envelopes of dsp/envelopes.py, with their slopes.
#pragma once

#include "plugin.h"

namespace backbeat {

// `exp(-rate (t - onset))`, 1 at most: block by block the product of two short tables.
class Fall {
   public:
    Fall() = default;

    Fall(double sample_rate, double rate, double onset_s)
        : rate_(rate), onset_(onset_s), block_s_(kBlock / sample_rate) {
        double step = std::exp(-rate / sample_rate), now = 1.0;
        for (int n = 0; n < kBlock; ++n) table_[n] = (float)now, now *= step;
        block_fall_ = std::exp(-rate * block_s_);
    }

    void rewind() { seek(0); }

    void seek(int64_t block) {
        block_ = block;
        double fallen = rate_ * (block * block_s_ - onset_);
        // A block before the onset only has to stay above 1.
        row_ = std::exp(-std::max(fallen, -kDeepest));
        precise_ = fallen > -kDeepest;
    }

    void advance() {
        if (!precise_) return seek(block_ + 1);
        ++block_, row_ *= block_fall_;
    }

    // What it is in a block.
    struct Block {
        const float* table;
        float row, since;

        // Of the v-th vector, 1 at most.
        Vector operator()(int v) const { return lesser(past(v), all(1.0f)); }

        // The same, where the onset has been passed; before it, above 1.
        Vector past(int v) const { return load(table + v * kLanes) * row; }

        // Time since the onset, in seconds, given that since the block's start.
        Vector since_s(Vector step_s) const { return step_s + since; }
    };

    Block block() const { return {table_, (float)row_, (float)(block_ * block_s_ - onset_)}; }

    // After how many samples, of so many, it is below silence when it begins at a level.
    int64_t silent_after(double level, int64_t most) const {
        const double left = std::log(std::max(level, kSilence) / kSilence);
        return lasting((onset_ + left / rate_) / block_s_ * kBlock + 1.0, most);
    }

    double rate() const { return rate_; }

   private:
    double rate_ = 0.0, onset_ = 0.0, block_s_ = 0.0, row_ = 1.0, block_fall_ = 1.0;
    bool precise_ = true;
    int64_t block_ = 0;
    float table_[kBlock];
};

}  // namespace backbeat
