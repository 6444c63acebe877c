// The noise of dsp/noise.py, bit for bit: sample n of a stream is a hash of (seed, stream, n).
#pragma once

#include "vector.h"

namespace backbeat {

class Noise {
   public:
    Noise(int64_t seed, uint32_t stream)
        : key_(mix((uint32_t)seed ^ mix(stream * kGolden))), second_key_(mix(key_ + kGolden)) {}

    // As many samples as there are lanes, from `first` on, uniform in [-1, 1).
    Vector operator()(uint32_t first) const {
        Words counters;
        for (int lane = 0; lane < kLanes; ++lane) counters[lane] = first + lane;
        Words bits = mix(fold(counters + key_, 16) * kFirst + second_key_);
        return __builtin_convertvector((SignedWords)bits, Vector) * 0x1p-31f;
    }

   private:
    static constexpr uint32_t kGolden = 0x9E3779B9, kFirst = 0x21F0AAAD, kSecond = 0xD35A2D97;

    template <typename Bits>
    static Bits fold(Bits bits, int places) {
        return bits ^ (bits >> places);
    }

    template <typename Bits>
    static Bits mix(Bits bits) {
        return fold(fold(fold(bits, 16) * kFirst, 15) * kSecond, 15);
    }

    uint32_t key_, second_key_;
};

}  // namespace backbeat
