// The host's parameters: numbers that any thread may set and read.
#pragma once

#include <array>
#include <atomic>

#include "hits.h"
#include "machine.h"

namespace backbeat {

constexpr int pad_parameter(int pad, PadParameter which) { return KIT_PARAMETERS + pad * PAD_PARAMETERS + which; }

class Settings {
   public:
    Settings();

    // Out of range is clipped; what is no number is ignored.
    void set(int index, float value);
    float get(int index) const { return values_[(size_t)index].load(std::memory_order_relaxed); }

    // What a pad is turned by, and a number that grows when that changes. Pads past the last with parameters are as the
    // kit has them.
    Turns turns(const Pad& pad, int place) const;
    uint32_t turned(int place) const;

    double level_db(int place) const { return place < PADS ? (double)get(pad_parameter(place, PAD_LEVEL_DB)) : 0.0; }
    double pan(int place) const { return place < PADS ? (double)get(pad_parameter(place, PAD_PAN)) : 0.0; }
    double kit_level_db() const { return (double)get(KIT_LEVEL_DB); }

   private:
    std::array<std::atomic<float>, PARAMETERS> values_;
    std::array<std::atomic<uint32_t>, PADS> turned_{};
    std::atomic<uint32_t> all_turned_{0};
};

}  // namespace backbeat
