// What the audio thread may still look at or play, kept until it has passed on.
//
// The audio thread says when it is within a block and how many frames it has played. What was taken out of its reach is
// freed by another thread once a block that may have seen it is over, and no voice plays it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "hits.h"

namespace backbeat {

class Attic {
   public:
    // The audio thread's. The number of blocks begun and ended is odd within one.
    void enter() { ++blocks_; }
    void leave(int64_t frames) {
        frames_.store(frames);
        ++blocks_;
    }

    // The others', one at a time: what is given is out of the audio thread's reach already.
    void keep(std::shared_ptr<const void> given) { kept_.push_back({std::move(given), nullptr, blocks_.load()}); }
    void keep_sound(std::shared_ptr<const Sound> given) {
        const Sound* sound = given.get();
        kept_.push_back({std::move(given), sound, blocks_.load()});
    }

    void sweep() {
        const uint64_t blocks = blocks_.load();
        const int64_t frames = frames_.load();
        const auto is_over = [=](const Kept& each) {
            const bool is_passed = each.blocks % 2 == 0 || blocks > each.blocks;
            return is_passed && (!each.sound || each.sound->until.load() <= frames);
        };
        kept_.erase(std::remove_if(kept_.begin(), kept_.end(), is_over), kept_.end());
    }

    // While no audio thread runs and no voice is left.
    void clear() { kept_.clear(); }

    size_t size() const { return kept_.size(); }

   private:
    struct Kept {
        std::shared_ptr<const void> what;
        const Sound* sound;
        uint64_t blocks;
    };

    std::atomic<uint64_t> blocks_{0};
    std::atomic<int64_t> frames_{0};
    std::vector<Kept> kept_;
};

}  // namespace backbeat
