// A mixer of hits: voices that play buffers into stereo outputs, and are choked.
//
//   y_c[n] = Σ_v g_c x_v[n - s_v] f(n - k_v),  g_left = G √2 cos(π (p + 1) / 4),  g_right = G √2 sin(π (p + 1) / 4)
//
// of a voice's start s, gain G and pan p, and the frame k at which it is choked: f is 1 before, and then falls to 0 in
// a straight line. In the middle a sound is as loud as its buffer, at a side 3 dB louder on that side: the power stays.
//
// The sum is taken in the order in which voices were started, sample by sample, so that it does not depend on how the
// time is cut into blocks. Nothing is allocated after the mixer is made, and nothing waits.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "scalar.h"
#include "status.h"

namespace {

constexpr double kFadeSeconds = 0.005;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

struct Voice {
    int64_t start;
    int64_t end;
    int64_t choked;
    const float* channel[2];
    float gain[2];
    int32_t output;
    int32_t choke_group;
};

bool is_within(double x, double low, double high) { return x >= low && x <= high; }

}  // namespace

struct backbeat_mixer {
    int64_t now = 0;
    int64_t fade = 0;
    int64_t most_voices = 0;
    int32_t outputs = 0;
    std::vector<Voice> voices;

    int64_t end_of(const Voice& voice) const {
        return voice.choked == kNever ? voice.end : std::min(voice.end, voice.choked + fade);
    }

    bool is_there(const backbeat_voice& voice) const {
        return voice.at >= now && voice.frames >= 0 && voice.frames < kNever - voice.at - fade &&
               (voice.channels == 1 || voice.channels == 2) && (voice.audio || !voice.frames) && voice.output >= 0 &&
               voice.output < outputs && voice.choke_group >= 0 && is_within(voice.gain, 0.0, 1e6) &&
               is_within(voice.pan, -1.0, 1.0);
    }

    // What would start at that very frame is not heard at all.
    void choke(Voice& voice, int64_t at) {
        if (voice.start < at) {
            voice.choked = std::min(voice.choked, at);
        } else if (voice.start == at) {
            voice.end = at;
        }
    }

    // At most as many as allowed sound at a time, and as many again fade out.
    void make_room(int64_t at) {
        int64_t sounding = 0;
        Voice* oldest = nullptr;
        for (Voice& each : voices) {
            if (each.choked == kNever && each.end > at) {
                oldest = oldest ? oldest : &each;
                ++sounding;
            }
        }
        if (sounding >= most_voices && oldest) {
            choke(*oldest, at);
        }
        if ((int64_t)voices.size() == 2 * most_voices) {
            // Fewer than allowed sound on, so that another is there that fades out.
            const auto fades = [at](const Voice& each) { return each.choked != kNever || each.end <= at; };
            const auto found = std::find_if(voices.begin(), voices.end(), fades);
            voices.erase(found == voices.end() ? voices.begin() : found);
        }
    }

    void start(const backbeat_voice& voice) {
        if (voice.choke_group) {
            for (Voice& each : voices) {
                if (each.choke_group == voice.choke_group) {
                    choke(each, voice.at);
                }
            }
        }
        make_room(voice.at);
        const double eighths = (voice.pan + 1.0) * 0.125;  // of a turn
        Voice added;
        added.start = voice.at;
        added.end = voice.at + voice.frames;
        added.choked = kNever;
        added.channel[0] = voice.audio;
        added.channel[1] = voice.audio + (voice.channels == 2 ? voice.frames : 0);
        added.gain[0] = (float)(voice.gain * backbeat::square_root(2.0) * backbeat::cosine_of_cycles(eighths));
        added.gain[1] = (float)(voice.gain * backbeat::square_root(2.0) * backbeat::sine_of_cycles(eighths));
        added.output = voice.output;
        added.choke_group = voice.choke_group;
        voices.push_back(added);
    }

    void add(const Voice& voice, int64_t frames, float* audio) const {
        const int64_t first = std::max(voice.start, now);
        const int64_t last = std::min(end_of(voice), now + frames);
        const int64_t faded = std::max(first, std::min(last, voice.choked));
        for (int side = 0; side < 2; ++side) {
            const float gain = voice.gain[side];
            const float* from = voice.channel[side];
            float* to = audio + (2 * voice.output + side) * frames;
            for (int64_t n = first; n < faded; ++n) {
                to[n - now] += from[n - voice.start] * gain;
            }
            for (int64_t n = faded; n < last; ++n) {
                const float left = (float)(fade - (n - voice.choked)) / (float)fade;
                to[n - now] += from[n - voice.start] * gain * left;
            }
        }
    }

    void process(int64_t frames, float* audio) {
        std::fill(audio, audio + 2 * outputs * frames, 0.0f);
        for (const Voice& each : voices) {
            add(each, frames, audio);
        }
        now += frames;
        const auto over = [this](const Voice& each) { return end_of(each) <= now; };
        voices.erase(std::remove_if(voices.begin(), voices.end(), over), voices.end());
    }
};

extern "C" {

int backbeat_mixer_create(double sample_rate, int32_t outputs, int64_t most_voices, backbeat_mixer** mixer) {
    if (!is_within(sample_rate, 1.0, 1e7) || outputs < 1 || outputs > 1024 || most_voices < 1 ||
        most_voices > (int64_t)1 << 24) {
        return BACKBEAT_INVALID;
    }
    return backbeat::status_of([&] {
        backbeat_mixer* made = new backbeat_mixer;
        *mixer = made;
        made->fade = std::max<int64_t>(1, (int64_t)backbeat::rounded(kFadeSeconds * sample_rate));
        made->most_voices = most_voices;
        made->outputs = outputs;
        made->voices.reserve((size_t)(2 * most_voices));
    });
}

void backbeat_mixer_free(backbeat_mixer* mixer) { delete mixer; }

int64_t backbeat_mixer_voices(const backbeat_mixer* mixer) { return (int64_t)mixer->voices.size(); }

int backbeat_mixer_start(backbeat_mixer* mixer, const backbeat_voice* voice) {
    if (!mixer->is_there(*voice)) {
        return BACKBEAT_INVALID;
    }
    return backbeat::status_of([&] { mixer->start(*voice); });
}

int backbeat_mixer_choke(backbeat_mixer* mixer, int32_t choke_group, int64_t at) {
    if (at < mixer->now || choke_group < 0) {
        return BACKBEAT_INVALID;
    }
    for (Voice& each : mixer->voices) {
        if (!choke_group || each.choke_group == choke_group) {
            mixer->choke(each, at);
        }
    }
    return BACKBEAT_OK;
}

int backbeat_mixer_process(backbeat_mixer* mixer, int64_t frames, float* audio) {
    if (frames < 0 || frames >= kNever - mixer->now) {
        return BACKBEAT_INVALID;
    }
    return backbeat::status_of([&] { mixer->process(frames, audio); });
}

}  // extern "C"
