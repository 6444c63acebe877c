// Hits that are rendered, where the audio thread finds them.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "hits.h"

namespace backbeat {

// The hits of a pad, with its knobs as they were at one time. The audio thread reads; what is below is for the others,
// under the lock of `Renderer`.
class Table {
   public:
    Table(const Pad& pad, const Turns& turns, uint32_t number);

    // The hit itself, or null.
    const Sound* exact(Hit hit) const { return heard_[slot(hit)].load(); }
    // The hit itself, or else the nearest by note, layer and take; null where there is none at all.
    const Sound* nearest(Hit hit) const;

    enum class State : uint8_t {
        missing,
        in_work,
        early,  // rendered with a quick measure
        there
    };

    size_t slot(Hit hit) const {
        return ((size_t)(hit.note - pad.first_note) * pad.layers + hit.layer) * pad.round_robins + hit.take;
    }
    // Have a hit heard, or null, and give what was heard before.
    std::shared_ptr<const Sound> publish(size_t slot, std::shared_ptr<const Sound> sound);

    const Pad& pad;
    const Turns turns;
    const uint32_t number;  // `Settings::turned` of then
    const std::chrono::steady_clock::time_point made_at = std::chrono::steady_clock::now();

    struct Note {
        std::shared_ptr<const Measured> quick, exact;
        bool is_in_work = false;
    };
    Note& of_note(int note) { return notes_[(size_t)(note - pad.first_note)]; }
    // About how long hits of a note last, in samples; 0 where it is not known.
    int64_t about(int note) const;
    std::vector<State> states;
    std::vector<std::shared_ptr<const Sound>> sounds;

   private:
    const Sound* nearest_of_note(Hit hit) const;

    std::vector<Note> notes_;
    std::unique_ptr<std::atomic<const Sound*>[]> heard_;
    std::unique_ptr<std::atomic<int>[]> counts_;  // of each note's hits
};

// Of the hit of each pad that is rendered first.
constexpr int kMediumVelocity = 100;

// A kit at a sample rate.
struct Bank {
    Bank(std::shared_ptr<const Kit> kit, double sample_rate, uint64_t number);

    const std::shared_ptr<const Kit> kit;
    const double sample_rate;
    const uint64_t number;  // no other bank's

    struct Place {
        std::atomic<const Table*> heard{nullptr};  // what the audio thread reads
        std::atomic<uint32_t> next{0};             // the hit that it expects to play next, see `packed`
        std::shared_ptr<Table> table;
        bool is_turning = false;
    };
    std::unique_ptr<Place[]> places;

    // All hits of pads at their own notes and one of each other note, in the order in which they are worth having.
    std::vector<Hit> ahead;
    size_t done = 0;       // all before have been there
    bool is_full = false;  // there is no memory for more
};

inline uint32_t packed(Hit hit) {
    return 1u << 31 | (uint32_t)hit.note << 16 | (uint32_t)hit.layer << 8 | (uint32_t)hit.take;
}
inline Hit unpacked(int pad, uint32_t bits) {
    return {pad, (int)(bits >> 16 & 0x7f), (int)(bits >> 8 & 0xff), (int)(bits & 0xff)};
}

}  // namespace backbeat
