// A hit: the values and the noise seed of one sounding of a patch.
//
// With velocity v and number n, an entry at x in [0, 1] is moved to
//
//   x'  = x + a (c(v) - 1),  c(v) = v, √v or v²
//   x'' = x' + h u_k(n),     u in [-1, 1) by a hash of seed, n and the entry's number k, and 0 at n = 0
//
// each kept within [0, 1], phases by whole turns. What is not moved keeps its bits: that of a hit at velocity 1 with
// number 0 is all. A choice and what has no range stay.
#include "document.h"
#include "noise.h"
#include "status.h"

namespace backbeat {
namespace {

constexpr int64_t kLastSeed = 2147483647;
// Streams of noise that no instrument has.
constexpr uint32_t kSeedStream = 0xFFFFFFFF, kHumanizeStream = 0xFFFFFFFE;

double curved(double velocity, int64_t curve) {
    switch (curve) {
        case BACKBEAT_SOFT:
            return square_root(velocity);
        case BACKBEAT_HARD:
            return velocity * velocity;
        default:
            return velocity;
    }
}

double moved(const Parameter& parameter, double value, double by_velocity, double by_chance) {
    const bool is_log = parameter.scale == Parameter::Scale::log;
    const double low = parameter.low, high = parameter.high;
    const double span = is_log ? logarithm(high / low) : high - low;
    double x = is_log ? logarithm(value / low) / span : (value - low) / span;
    for (const double step : {by_velocity, by_chance}) {
        x += step;
        x = parameter.is_phase ? fraction(x) : clamped(x, 0.0, 1.0);
    }
    if (is_log) return x == 1.0 ? high : clamped(low * exponential(x * span), low, high);
    return clamped(low * (1.0 - x) + high * x, low, high);
}

bool is_valid(const Document& document, const backbeat_strike& strike) {
    if (!(strike.velocity >= 0.0 && strike.velocity <= 1.0)) return false;
    for (const int64_t each : {strike.number, strike.seed})
        if (each < 0 || each > kLastSeed) return false;
    for (int k = 0; k < document.entries; ++k)
        if (strike.curves[k] < BACKBEAT_LINEAR || strike.curves[k] > BACKBEAT_HARD) return false;
    return true;
}

}  // namespace
}  // namespace backbeat

extern "C" int backbeat_hit(const backbeat_program* program, const backbeat_strike* strike, const double* values,
                            double* struck, int64_t* seed) {
    using namespace backbeat;
    const Document& document = document_of(*program);
    if (!is_valid(document, *strike)) return BACKBEAT_INVALID;
    return status_of([&] {
        const uint32_t bits = Hash((uint32_t)strike->seed, kSeedStream).bits((uint32_t)strike->number);
        *seed = strike->number ? bits >> 1 : strike->seed;
        const Hash chances((uint32_t)*seed, kHumanizeStream);
        for (const Parameter& each : document.parameters) {
            const bool has_range = each.scale == Parameter::Scale::linear || each.scale == Parameter::Scale::log;
            for (int k = each.first; k < each.first + each.size; ++k) {
                const double by_velocity = strike->amounts[k] * (curved(strike->velocity, strike->curves[k]) - 1.0);
                const double chance = (double)(int32_t)chances.bits((uint32_t)k) * 0x1p-31;
                const double by_chance = strike->number ? strike->humanize[k] * chance : 0.0;
                const bool is_moved = has_range && (by_velocity != 0.0 || by_chance != 0.0);
                struck[k] = is_moved ? moved(each, values[k], by_velocity, by_chance) : values[k];
            }
        }
    });
}
