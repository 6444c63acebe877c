#include "hits.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include "knobs.h"
#include "noise.h"
#include "threads.h"

namespace backbeat {
namespace {

constexpr float kFaded = 1e-4f;  // -80 dB
constexpr double kLongestS = 10.0;
constexpr double kNearEnd = 0.75;  // where a sound that ends here may go on after it
constexpr double kLonger = 1.1;
constexpr double kFadeS = 0.002;
constexpr uint32_t kSideStream = 0xFFFFFFFD;
// Far above what an instrument gives; what passes it, or is no number, is silenced.
constexpr float kLoudest = 1e6f;

int64_t rounded_to_even(double x) {
    const double below = std::floor(x);
    if (x - below != 0.5) return (int64_t)std::floor(x + 0.5);
    return std::fmod(below, 2.0) != 0.0 ? (int64_t)below + 1 : (int64_t)below;
}

struct Struck {
    std::vector<double> values;
    int64_t seed;
};

void check(int status) {
    if (status != BACKBEAT_OK) throw std::bad_alloc();
}

Struck struck(const Pad& pad, const Measured& measured, double velocity, int number) {
    Struck made{std::vector<double>(measured.values.size()), 0};
    const backbeat_strike strike = {
        velocity, number, pad.seed, pad.velocity.data(), pad.curves.data(), measured.humanize.data()};
    check(backbeat_hit(pad.program->side(0).get(), &strike, measured.values.data(), made.values.data(), &made.seed));
    return made;
}

// Bits of numbers without their signs are in the order of the numbers, and those of no number are above them all.
float peak_of(const std::vector<float>& sound) {
    uint32_t most = 0;
    for (const float each : sound) {
        uint32_t bits;
        std::memcpy(&bits, &each, sizeof bits);
        most = std::max(most, bits & 0x7fffffffu);
    }
    float peak;
    std::memcpy(&peak, &most, sizeof peak);
    return peak;
}

std::vector<float> sound_of(const Pad& pad, const Struck& hit, int side, int64_t samples, double sample_rate) {
    const int64_t seed = side ? Hash((uint32_t)hit.seed, kSideStream).bits((uint32_t)side) >> 1 : hit.seed;
    std::vector<float> audio((size_t)samples);
    backbeat_batch batch = {};
    batch.sample_rate = sample_rate;
    batch.samples = samples;
    batch.items = 1;
    batch.most_threads = 1;
    batch.seeds = &seed;
    batch.values = hit.values.data();
    check(backbeat_render(pad.program->side(side).get(), &batch, audio.data()));
    if (!(peak_of(audio) <= kLoudest))
        for (float& each : audio)
            if (!(std::fabs(each) <= kLoudest)) each = 0.0f;
    return audio;
}

int64_t last_above(const float* sound, int64_t samples, float level) {
    int64_t last = samples - 1;
    while (last >= 0 && !(std::fabs(sound[last]) > level)) --last;
    return last;
}

// How long a hit is above -80 dB of its peak, and that peak.
struct Extent {
    int64_t samples;
    float peak;
};

Extent extent(const Pad& pad, const Struck& hit, double sample_rate, int64_t tried) {
    const int64_t longest = rounded_to_even(kLongestS * sample_rate);
    for (tried = std::min(tried, longest);; tried = longest) {
        const std::vector<float> sound = sound_of(pad, hit, 0, tried, sample_rate);
        const float peak = peak_of(sound);
        const int64_t last = last_above(sound.data(), tried, kFaded * peak);
        if (tried < longest && (last < 0 || (double)last > kNearEnd * (double)tried)) continue;
        return {last < 0 ? (int64_t)sample_rate : last + 1, peak};
    }
}

// Of each side in the right channel, as src/backbeat/patch/stereo.py has them.
std::array<double, kSides> weights_of(double width) {
    const double root = std::sqrt(width * (4.0 - 3.0 * width));
    return {1.0 - width, 0.5 * (width + root), 0.5 * (width - root)};
}

void add_right(const Pad& pad, const Struck& hit, double sample_rate, std::vector<float>& audio) {
    const size_t samples = audio.size();
    const auto weights = weights_of(pad.width);
    std::vector<double> right(samples);
    for (int side = 0; side < kSides; ++side) {
        if (weights[side] == 0.0) continue;
        const std::vector<float> other = side ? sound_of(pad, hit, side, (int64_t)samples, sample_rate) : audio;
        for (size_t n = 0; n < samples; ++n) right[n] += weights[side] * (double)other[n];
    }
    audio.resize(2 * samples);
    for (size_t n = 0; n < samples; ++n) audio[samples + n] = (float)right[n];
}

// As far as it is above a level, and then faded out.
std::shared_ptr<const Sound> ended(const std::vector<float>& audio, int channels, float faded, int64_t fade) {
    const int64_t samples = (int64_t)audio.size() / channels;
    int64_t last = -1;
    for (int side = 0; side < channels; ++side)
        last = std::max(last, last_above(&audio[(size_t)(side * samples)], samples, faded));
    const int64_t frames = std::min(last + 1 + fade, samples);
    const int64_t fading = std::min(fade, frames);
    auto made = std::make_shared<Sound>();
    made->channels = channels;
    made->audio.resize((size_t)(channels * frames));
    for (int side = 0; side < channels; ++side) {
        float* to = &made->audio[(size_t)(side * frames)];
        std::copy_n(&audio[(size_t)(side * samples)], frames, to);
        for (int64_t k = 0; k < fading; ++k)
            to[frames - fading + k] *= (float)((double)k * (-1.0 / (double)fading) + 1.0);
    }
    return made;
}

}  // namespace

namespace {

Measured turned_pad(const Pad& pad, int note, const Turns& turns) {
    Measured made;
    made.values = pad.values;
    for (const Knob& each : pad.knobs)
        for (size_t k = 0; k < kKnobs; ++k)
            if (each.name == kKnobNames[k]) made.values = turned(made.values, each, turns.amounts[k]);
    if (note != pad.note) made.values = turned(made.values, *pad.find_knob("tune"), (double)(note - pad.note));
    made.humanize = pad.humanize;
    for (double& each : made.humanize) each *= turns.humanize;
    return made;
}

void finish(Measured& made, float peak, int64_t longest) {
    made.samples = std::max<int64_t>(1, rounded_to_even(kLonger * (double)longest));
    made.faded = (float)((double)peak * 1e-4);
}

}  // namespace

Measured measure(const Pad& pad, int note, const Turns& turns, double sample_rate) {
    StandardFloats while_here;
    Measured made = turned_pad(pad, note, turns);
    const int64_t tried = rounded_to_even(kLongestS * sample_rate);
    const Extent hardest = extent(pad, struck(pad, made, 1.0, 0), sample_rate, tried);
    const Extent softest = extent(pad, struck(pad, made, 0.0, 0), sample_rate, tried);
    finish(made, hardest.peak, std::max(hardest.samples, softest.samples));
    return made;
}

Measured measure_quickly(const Pad& pad, int note, const Turns& turns, double sample_rate, int64_t about) {
    StandardFloats while_here;
    Measured made = turned_pad(pad, note, turns);
    const Extent hardest = extent(pad, struck(pad, made, 1.0, 0), sample_rate, std::max<int64_t>(1, 2 * about));
    finish(made, hardest.peak, hardest.samples);
    return made;
}

std::shared_ptr<const Sound> render(const Pad& pad, const Measured& measured, Hit hit, double sample_rate) {
    StandardFloats while_here;
    const double velocity = (double)(hit.layer + 1) / pad.layers;
    const Struck found = struck(pad, measured, velocity, hit.take);
    std::vector<float> audio = sound_of(pad, found, 0, measured.samples, sample_rate);
    const int channels = pad.width == 0.0 ? 1 : 2;
    if (channels == 2) add_right(pad, found, sample_rate, audio);
    return ended(audio, channels, measured.faded, rounded_to_even(kFadeS * sample_rate));
}

}  // namespace backbeat
