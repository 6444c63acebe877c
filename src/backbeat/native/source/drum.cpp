// The drum of plugins/drum.py, and its gradient: what all items share block by block, and the rest item by item, in
// what a core's cache holds.

#include <cstddef>

#include "bands.h"
#include "envelope.h"
#include "resonator.h"
#include "shaped_fall.h"
#include "soft_clip.h"
#include "tones.h"

namespace {

using namespace backbeat;

constexpr double kTransientEndsS = 0.45, kResonatorOffDb = -60.0, kResonatorFadeDb = 6.0;
constexpr int kBursts = 3;
constexpr int64_t kBlocksAtATime = 16;  // of the noise's bands, so that they stay in cache for all items
constexpr int64_t kItemsAtATime = 64;
constexpr float kLeastOpen = 1e-30f;  // a gate that is shut is no divisor

// Parameters and their sizes, in the order of the columns.
constexpr char kLayout[] =
    "transient_db 1 transient_noise 1 transient_hz 1 transient_attack_s 1 transient_s 1 transient_drive_db 1 tone_hz * "
    "tone_s * tone_db * tone_cycles * tone_shape * sweep_st 1 sweep_s 1 resonator_hz 1 resonator_feedback 1 "
    "resonator_low_hz 1 resonator_high_hz 1 resonator_db 1 noise_db 1 noise_attack_s 1 noise_s 1 noise_highpass_hz 1 "
    "noise_lowpass_hz 1 noise_shape * noise_band_db * noise_band_ratio * snap_db * snap_s 1 burst_db 3 burst_s 3 "
    "gate_s 1 release_s 1 drive_db 1 gain_db 1";

// Where an item's controls are, or their slopes.
template <typename Number>
struct Controls {
    Number *transient_db, *transient_noise, *transient_hz, *transient_attack_s, *transient_s, *transient_drive_db;
    Number *tone_hz, *tone_s, *tone_db, *tone_cycles, *tone_shape, *sweep_st, *sweep_s;
    Number *resonator_hz, *resonator_feedback, *resonator_low_hz, *resonator_high_hz, *resonator_db;
    Number *noise_db, *noise_attack_s, *noise_s, *noise_highpass_hz, *noise_lowpass_hz;
    Number *noise_shape, *noise_band_db, *noise_band_ratio, *snap_db, *snap_s, *burst_db, *burst_s;
    Number *gate_s, *release_s, *drive_db, *gain_db;

    Controls(const Batch& batch, Number* row) {
        Number** each = (Number**)this;
        for (size_t k = 0; k < sizeof *this / sizeof *each; ++k) each[k] = row, row += batch.sizes[k];
    }

    Tones::Bank<Number> tones() const { return {tone_hz, tone_s, tone_db, tone_cycles, tone_shape, sweep_st, sweep_s}; }
};
using Given = Controls<const float>;
using Slopes = Controls<float>;

const float* row(const Batch& batch, int64_t item) { return batch.controls + item * batch.columns; }

int tones_of(const Batch& batch) { return (int)batch.sizes[offsetof(Given, tone_hz) / sizeof(float*)]; }

int bands_of(const Batch& batch) { return (int)batch.sizes[offsetof(Given, noise_shape) / sizeof(float*)]; }

// A slope of a control in dB, by that of its gain.
float decibel_slope(double of_gain, double gain) { return (float)(of_gain * gain * kDecibel); }

// The level of every band of an item's noise where blocks begin, and where the last one ends: (bands, points).
class Levels {
   public:
    static int64_t points(const Batch& batch) { return Times::count(batch.samples); }

    void lay_down(const Batch& batch, const Given& c, float* levels) {
        prepare(batch, c);
        for (int band = 0; band < bands_of(batch); ++band) {
            const Band now = of_band(c, band, bands_of(batch));
            for (int64_t n = 0; n < times_.count(); n += kLanes) {
                Vector body = exponential(-now.fall.fallen(times_, n)) * lesser(rise(n), all(1.0f));
                store(levels + band * times_.count() + n, body * (float)now.gain + load(&snaps_[n]) * (float)now.snap);
            }
        }
    }

    // Slopes of the controls, by those of the levels.
    void slopes(const Batch& batch, const Given& c, const float* of_levels, const Slopes& of) {
        prepare(batch, c);
        of_snaps_.assign(times_.count(), 0.0f);
        const double t60_s = *c.noise_s;
        double of_db = 0.0, of_s = 0.0, of_attack = 0.0, of_highpass = 0.0, of_lowpass = 0.0;
        for (int band = 0; band < bands_of(batch); ++band) {
            Band now = of_band(c, band, bands_of(batch));
            Vector of_gain{}, of_snap{}, of_rise{}, nothing{};
            for (int64_t n = 0; n < times_.count(); n += kLanes) {
                Vector slope = load(of_levels + band * times_.count() + n), fallen = now.fall.fallen(times_, n);
                Vector risen = rise(n), along = slope * exponential(-fallen) * lesser(risen, all(1.0f));
                of_gain += along, of_snap += slope * load(&snaps_[n]);
                store(&of_snaps_[n], load(&of_snaps_[n]) + slope * (float)now.snap);
                along *= (float)now.gain;
                now.fall.take(times_, n, fallen, along);
                of_rise += risen <= 1.0f ? along : nothing;
            }
            const double of_log = sum(of_gain) * now.gain;
            of.noise_band_db[band] = (float)(of_log * kDecibel), of_db += of_log * kDecibel;
            of.snap_db[band] = decibel_slope(sum(of_snap), now.snap);
            of.noise_shape[band] = (float)now.fall.of_shape();
            of.noise_band_ratio[band] = (float)(now.fall.of_t60_s() * t60_s);
            of_s += now.fall.of_t60_s() * c.noise_band_ratio[band];
            of_attack -= sum(of_rise) / attacked_;
            of_highpass -= of_log * 2.0 * now.below / (1.0 + now.below) / *c.noise_highpass_hz;
            of_lowpass += of_log * 2.0 * now.above / (1.0 + now.above) / *c.noise_lowpass_hz;
        }
        *of.noise_db = (float)of_db, *of.noise_s = (float)of_s, *of.noise_attack_s = (float)of_attack;
        *of.noise_highpass_hz = (float)of_highpass, *of.noise_lowpass_hz = (float)of_lowpass;
        snap_slopes(c, of);
    }

   private:
    struct Band {
        double below, above, gain, snap;  // the first two of the filters' responses
        ShapedFall fall;
    };

    static Band of_band(const Given& c, int band, int bands) {
        const double center = NoiseBands::center_hz(band, bands);
        const double below = std::pow(*c.noise_highpass_hz / center, 4.0),
                     above = std::pow(center / *c.noise_lowpass_hz, 4.0);
        const double gain = db_to_gain(*c.noise_db + c.noise_band_db[band]) / std::sqrt((1.0 + below) * (1.0 + above));
        return {below, above, gain, db_to_gain(c.snap_db[band]),
                ShapedFall((double)*c.noise_s * c.noise_band_ratio[band], c.noise_shape[band])};
    }

    void prepare(const Batch& batch, const Given& c) {
        times_.prepare(batch.sample_rate, batch.samples, 0.5 / batch.sample_rate);
        tick_ = (float)(1.0 / batch.sample_rate), per_point_ = (float)(batch.sample_rate / kBlock);
        attacked_ = *c.noise_attack_s + tick_;
        snaps_.resize(times_.count());
        for (int64_t n = 0; n < times_.count(); n += kLanes) {
            Vector total{};
            for (int burst = 0; burst <= kBursts; ++burst) {
                const Snap now = snap(c, burst, n);
                total += now.begun * now.fallen * burst_gain(c, burst);
            }
            store(&snaps_[n], total);
        }
    }

    Vector rise(int64_t n) const { return (times_.seconds(n) + tick_) / attacked_; }

    // The snap, or one of its repeats: time since, how far it has begun, and what its decay has left.
    struct Snap {
        Vector since, begun, fallen;
    };

    Snap snap(const Given& c, int burst, int64_t n) const {
        const float rate = (float)t60_to_rate(*c.snap_s);
        Vector since = times_.seconds(n) - (burst ? c.burst_s[burst - 1] : 0.0f), nothing{};
        Vector begun = lesser(greater(since * per_point_ + 1.0f, nothing), all(1.0f));
        return {since, begun, exponential(-lesser(greater(since * rate, nothing), all((float)kDeepest)))};
    }

    static float burst_gain(const Given& c, int burst) {
        return burst ? (float)db_to_gain(c.burst_db[burst - 1]) : 1.0f;
    }

    void snap_slopes(const Given& c, const Slopes& of) {
        const float rate = (float)t60_to_rate(*c.snap_s);
        double of_rate = 0.0;
        for (int burst = 0; burst <= kBursts; ++burst) {
            const float gain = burst_gain(c, burst);
            Vector of_gain{}, by_rate{}, of_onset{}, nothing{};
            for (int64_t n = 0; n < times_.count(); n += kLanes) {
                const Snap now = snap(c, burst, n);
                Vector slope = load(&of_snaps_[n]), along = slope * now.begun * now.fallen;
                of_gain += along, along *= gain;
                Vector falling = now.since > 0.0f && now.since * rate < (float)kDeepest ? along : nothing;
                by_rate -= falling * now.since, of_onset += falling * rate;
                of_onset -= now.begun > 0.0f && now.begun < 1.0f ? slope * now.fallen * gain * per_point_ : nothing;
            }
            of_rate += sum(by_rate);
            if (!burst) continue;
            of.burst_db[burst - 1] = decibel_slope(sum(of_gain), gain), of.burst_s[burst - 1] = sum(of_onset);
        }
        *of.snap_s = (float)t60_slope(*c.snap_s, rate, of_rate);
    }

    Times times_;
    float tick_, per_point_, attacked_;
    std::vector<float> snaps_, of_snaps_;
};

// The noise of a block, in bands of these levels.
void wires(const NoiseBands& noise, const float* levels, int64_t points, int bands, int64_t block,
           Vector (&sound)[kVectors]) {
    for (int band = 0; band < bands; ++band) {
        const float first = levels[band * points + block], step = levels[band * points + block + 1] - first;
        if (std::abs(first) + std::abs(step) < (float)kSilence) continue;
        const float* from = noise.band(band) + block * kBlock;
        for (int v = 0; v < kVectors; ++v) sound[v] += (kRise(v) * step + first) * load(from + v * kLanes);
    }
}

// Slopes of the levels where a block begins, and where it ends, (bands, 2), by those of its sound.
void unwire(const NoiseBands& noise, int bands, int64_t block, const float* of_sound, float* of_ends) {
    for (int first = 0; first < 2 * bands; first += kLanes) {
        Vector ends[kLanes] = {};
        for (int i = 0; i < kLanes && first + i < 2 * bands; i += 2) {
            const float* from = noise.band((first + i) / 2) + block * kBlock;
            for (int v = 0; v < kVectors; ++v) {
                Vector along = load(of_sound + v * kLanes) * load(from + v * kLanes), later = along * kRise(v);
                ends[i] += along - later, ends[i + 1] += later;
            }
        }
        const Vector found = sums(ends);
        for (int i = 0; i < kLanes && first + i < 2 * bands; ++i) of_ends[first + i] = found[i];
    }
}

// The gate, a straight line within a block.
class Gate {
   public:
    Gate(const Batch& batch, const Given& c)
        : gate_s_(*c.gate_s),
          release_s_(*c.release_s),
          block_s_(kBlock / batch.sample_rate),
          rate_(t60_to_rate(*c.release_s)) {}

    float operator()(int64_t block) const {
        return (float)std::exp(-std::clamp(rate_ * since_s(block), 0.0, kDeepest));
    }

    // Take in the slope of the level where a block begins.
    void take(int64_t block, double slope) {
        const double since = since_s(block), along = slope * (*this)(block);
        if (since >= 0.0 && rate_ * since <= kDeepest) of_rate_ -= along * since, of_gate_s_ += along * rate_;
    }

    void slopes(const Slopes& of) const {
        *of.gate_s = (float)of_gate_s_, *of.release_s = (float)t60_slope(release_s_, rate_, of_rate_);
    }

   private:
    double since_s(int64_t block) const { return block * block_s_ - gate_s_; }

    double gate_s_, release_s_, block_s_, rate_, of_gate_s_ = 0.0, of_rate_ = 0.0;
};

// The transient: a sine and noise, saturated.
class Strike {
   public:
    Strike(const Batch& batch, int64_t item, const Given& c)
        : rate_(batch.sample_rate),
          frequency_(*c.transient_hz),
          gain_(db_to_gain(*c.transient_drive_db)),
          level_(db_to_gain(*c.transient_db) / std::tanh(gain_)),
          rise_(1.0 / (*c.transient_attack_s + 1.0 / rate_)),
          noise_share_(*c.transient_noise),
          noise_(batch.seeds[item * batch.seeds_apart], 0),
          decay_(rate_, t60_to_rate(*c.transient_s), 0.0) {
        const int64_t head = std::min(batch.samples, (int64_t)std::ceil(kTransientEndsS * rate_));
        ends_ = decay_.silent_after(level_, head);
        for (int n = 0; n < kBlock; ++n) steps_[n] = (float)(n / rate_);
    }

    void add(float* sound) {
        for_each_vector([&](int64_t n, const Now& now) {
            Vector level = now.clipped * lesser(now.rise, all(1.0f)) * now.fall;
            store(sound + n, load(sound + n) + level * (float)level_);
        });
    }

    void slopes(const Given& c, const float* of_sound, const Slopes& of) {
        Vector of_level{}, of_gain{}, of_noise{}, of_cycles{}, of_rise{}, of_decay{}, nothing{};
        const Vector one = all(1.0f);
        for_each_vector([&](int64_t n, const Now& now) {
            Vector along = load(of_sound + n) * now.fall * lesser(now.rise, one), whole = along * now.clipped;
            of_level += whole, of_decay += whole * now.time;
            of_rise += now.rise <= one ? whole : nothing;
            Vector of_clipped = along * (1.0f - now.clipped * now.clipped);
            of_gain += of_clipped * now.mixed;
            of_noise += of_clipped * (now.noise - now.sine);
            of_cycles += of_clipped * cosine_of_rest(now.rest) * now.time;
        });
        const double level = sum(of_level) * level_, ratio = std::tanh(gain_);
        *of.transient_db = (float)(level * kDecibel);
        *of.transient_drive_db = decibel_slope(level_ * sum(of_gain) - level * (1.0 - ratio * ratio) / ratio, gain_);
        *of.transient_noise = (float)(level_ * gain_ * sum(of_noise));
        *of.transient_hz = (float)(level_ * gain_ * (1.0 - noise_share_) * 2.0 * kPi * sum(of_cycles));
        *of.transient_attack_s = (float)(-level_ * rise_ * sum(of_rise));
        *of.transient_s = (float)t60_slope(*c.transient_s, decay_.rate(), -level_ * sum(of_decay));
    }

   private:
    struct Now {
        Vector time, rest, sine, noise, mixed, clipped, rise, fall;
    };

    template <typename Work>
    void for_each_vector(Work work) {
        const float frequency = (float)frequency_, gain = (float)gain_, noise_share = (float)noise_share_;
        decay_.rewind();
        for (int64_t first = 0; first < ends_; first += kBlock, decay_.advance()) {
            const Fall::Block decay = decay_.block();
            const double time = first / rate_;
            const float start = (float)fraction(frequency_ * time), risen = (float)((time + 1.0 / rate_) * rise_);
            for (int v = 0; v < kVectors; ++v) {
                Vector step = load(steps_ + v * kLanes);
                Now now;
                now.time = step + (float)time, now.rest = less_turns(step * frequency + start);
                now.sine = sine_of_rest(now.rest), now.noise = noise_((uint32_t)(first + v * kLanes));
                now.mixed = now.sine + (now.noise - now.sine) * noise_share;
                now.clipped = tanh_of(now.mixed * gain);
                now.rise = step * (float)rise_ + risen, now.fall = decay.past(v);
                const int64_t n = first + v * kLanes;
                for (int64_t lane = std::max<int64_t>(0, ends_ - n); lane < kLanes; ++lane) now.fall[lane] = 0.0f;
                work(n, now);
            }
        }
    }

    double rate_, frequency_, gain_, level_, rise_, noise_share_;
    Noise noise_;
    Fall decay_;
    int64_t ends_;
    float steps_[kBlock];
};

// Tones and transient, through the resonator, and what follows once the noise is there.
class Drum {
   public:
    // Turn an item's noise, where its audio is to be, into all of it.
    void render(const Batch& batch, int64_t item, float* audio) {
        const Given c(batch, row(batch, item));
        prepare(batch, item, c);
        if (resonant(c)) resonator_.filter(struck_.data(), resonance_.data());
        const SoftClip clip(*c.drive_db, *c.gain_db);
        const Gate gate(batch, c);
        const float ringing = (float)resonator_gain(c);
        float room[kBlock];
        for (int64_t block = 0, first = 0; first < batch.samples; ++block, first += kBlock) {
            const float* noise = block_of(audio, first, batch.samples, room);
            const float open = gate(block), step = gate(block + 1) - open;
            Vector sound[kVectors];
            for (int v = 0; v < kVectors; ++v) {
                const int64_t n = first + v * kLanes;
                sound[v] = load(&struck_[n]) + load(noise + v * kLanes);
                if (ringing > 0.0f) sound[v] += load(&resonance_[n]) * ringing;
                sound[v] = clip(sound[v] * (kRise(v) * step + open));
            }
            std::memcpy(audio + first, sound, std::min<int64_t>(kBlock, batch.samples - first) * sizeof(float));
        }
    }

    // From the slopes of the audio to those of what the gate lets through, and of what shapes it.
    static void unclip(const Batch& batch, int64_t item, const float* audio, const float* slope, float* of_sound,
                       const Slopes& of) {
        const Given c(batch, row(batch, item));
        SoftClip clip(*c.drive_db, *c.gain_db);
        Gate gate(batch, c);
        double of_end = 0.0;
        float room[2][kBlock];
        for (int64_t block = 0, first = 0; first < batch.samples; ++block, first += kBlock) {
            const float* clipped = block_of(audio, first, batch.samples, room[0]);
            const float* from = block_of(slope, first, batch.samples, room[1]);
            const float open = gate(block), step = gate(block + 1) - open;
            Vector of_open{}, later{};
            for (int v = 0; v < kVectors; ++v) {
                Vector y = load(clipped + v * kLanes), level = kRise(v) * step + open;
                Vector of_mix = clip.back(y, load(from + v * kLanes));
                store(of_sound + first + v * kLanes, of_mix * level);
                Vector of_level = of_mix * clip.input(y) / greater(level, all(kLeastOpen));
                of_open += of_level, later += of_level * kRise(v);
            }
            gate.take(block, of_end + sum(of_open) - sum(later));
            of_end = sum(later);
        }
        gate.take(blocks_of(batch.samples), of_end);
        gate.slopes(of);
        *of.drive_db = (float)clip.of_drive_db(), *of.gain_db = (float)clip.of_gain_db();
    }

    // From the slopes of what the gate lets through to those of all but the noise; they become those of the resonator's
    // signal on the way.
    void unmix(const Batch& batch, int64_t item, float* of_sound, const Slopes& of) {
        const Given c(batch, row(batch, item));
        prepare(batch, item, c);
        Resonator::Slopes found = {};
        if (resonant(c)) {
            const int64_t whole = rounded_up(batch.samples, kBlock);
            std::copy_n(of_sound, whole, resonance_.begin());
            found = resonator_.slopes(struck_.data(), resonance_.data());
            const float gain = (float)resonator_gain(c);
            for (int64_t n = 0; n < batch.samples; ++n) of_sound[n] += resonance_[n] * gain;
        }
        const double gain = resonator_gain(c), fade = resonator_fade(c);
        *of.resonator_db = decibel_slope(found.along, gain);
        if (fade > 0.0 && fade < 1.0) *of.resonator_db += (float)(found.along * gain / fade / kResonatorFadeDb);
        *of.resonator_hz = (float)(found.frequency_hz * gain), *of.resonator_feedback = (float)(found.feedback * gain);
        *of.resonator_low_hz = (float)(found.low_hz * gain), *of.resonator_high_hz = (float)(found.high_hz * gain);
        tones_.slopes(of_sound, of.tones());
        Strike(batch, item, c).slopes(c, of_sound, of);
    }

   private:
    // What strikes the resonator.
    void prepare(const Batch& batch, int64_t item, const Given& c) {
        const int64_t whole = rounded_up(batch.samples, kBlock);
        struck_.resize(whole), resonance_.resize(whole);
        tones_.prepare(batch.sample_rate, batch.samples, tones_of(batch), c.tones());
        tones_.render(struck_.data());
        Strike(batch, item, c).add(struck_.data());
        if (resonant(c))
            resonator_.prepare(batch.sample_rate, batch.samples, *c.resonator_hz, *c.resonator_feedback,
                               *c.resonator_low_hz, *c.resonator_high_hz);
    }

    static bool resonant(const Given& c) { return *c.resonator_db > kResonatorOffDb; }

    static double resonator_fade(const Given& c) {
        return std::clamp((*c.resonator_db - kResonatorOffDb) / kResonatorFadeDb, 0.0, 1.0);
    }

    static double resonator_gain(const Given& c) { return db_to_gain(*c.resonator_db) * resonator_fade(c); }

    Tones tones_;
    Resonator resonator_;
    std::vector<float> struck_, resonance_;
};

// Do something for each item and range of blocks with the bands of noise: of blocks that stay in cache for all items
// where these share it, and else item by item.
template <typename Work>
void with_noise(const Batch& batch, Work work) {
    const int64_t blocks = blocks_of(batch.samples);
    if (batch.seeds_apart) {
        for_each_with<NoiseBands>(batch.threads(), batch.items, [&](NoiseBands& noise, int64_t item) {
            noise.make(batch.sample_rate, batch.samples, bands_of(batch), batch.seeds[item], 1);
            work(noise, item, 0, blocks);
        });
        return;
    }
    auto noise = Spaces<NoiseBands>::take();
    noise->make(batch.sample_rate, batch.samples, bands_of(batch), *batch.seeds, 1);
    for_each(batch.threads(), (blocks + kBlocksAtATime - 1) / kBlocksAtATime, [&](int64_t some) {
        const int64_t begin = some * kBlocksAtATime, end = std::min(begin + kBlocksAtATime, blocks);
        for (int64_t item = 0; item < batch.items; ++item) work(*noise, item, begin, end);
    });
    Spaces<NoiseBands>::leave(std::move(noise));
}

// Some items at a time, so that what is laid down for them all stays small; the status of it all.
template <typename Work>
int in_parts(const Batch& batch, Work work) {
    return status_of([&] {
        for (int64_t first = 0; first < batch.items; first += kItemsAtATime) {
            Batch some = batch;
            some.items = std::min(kItemsAtATime, batch.items - first);
            some.controls = row(batch, first), some.seeds += first * batch.seeds_apart;
            work(some, first);
        }
    });
}

}  // namespace

BACKBEAT_EXPORT const char* layout() { return kLayout; }

// Render (items, samples).
BACKBEAT_EXPORT int render(const Batch* whole, float* whole_audio) {
    return in_parts(*whole, [&](const Batch& batch, int64_t begun) {
        float* audio = whole_audio + begun * batch.samples;
        const int bands = bands_of(batch);
        const int64_t samples = batch.samples, points = Levels::points(batch), apart = bands * points;
        std::vector<float> levels(batch.items * apart);
        for_each_with<Levels>(batch.threads(), batch.items, [&](Levels& space, int64_t item) {
            space.lay_down(batch, Given(batch, row(batch, item)), &levels[item * apart]);
        });
        with_noise(batch, [&](const NoiseBands& noise, int64_t item, int64_t begin, int64_t end) {
            for (int64_t block = begin; block < end; ++block) {
                Vector sound[kVectors] = {};
                wires(noise, &levels[item * apart], points, bands, block, sound);
                const int64_t first = block * kBlock, count = std::min<int64_t>(kBlock, samples - first);
                std::memcpy(audio + item * samples + first, sound, count * sizeof(float));
            }
        });
        for_each_with<Drum>(batch.threads(), batch.items,
                            [&](Drum& drum, int64_t item) { drum.render(batch, item, audio + item * samples); });
    });
}

// Slopes of the controls, (items, columns), by the audio and its slopes, each (items, samples).
BACKBEAT_EXPORT int differentiate(const Batch* whole, const float* whole_audio, const float* whole_slope,
                                  float* of_whole) {
    return in_parts(*whole, [&](const Batch& batch, int64_t begun) {
        const int bands = bands_of(batch);
        const int64_t samples = batch.samples, blocks = blocks_of(samples), points = Levels::points(batch);
        const float *audio = whole_audio + begun * samples, *slope = whole_slope + begun * samples;
        float* of_controls = of_whole + begun * batch.columns;
        const auto of = [&](int64_t item) { return Slopes(batch, of_controls + item * batch.columns); };
        std::vector<float> of_sound(batch.items * blocks * kBlock), of_ends(batch.items * blocks * 2 * bands);
        for_each(batch.threads(), batch.items, [&](int64_t item) {
            Drum::unclip(batch, item, audio + item * samples, slope + item * samples, &of_sound[item * blocks * kBlock],
                         of(item));
        });
        with_noise(batch, [&](const NoiseBands& noise, int64_t item, int64_t begin, int64_t end) {
            for (int64_t block = begin; block < end; ++block)
                unwire(noise, bands, block, &of_sound[(item * blocks + block) * kBlock],
                       &of_ends[(item * blocks + block) * 2 * bands]);
        });
        for_each_with<Levels>(batch.threads(), batch.items, [&](Levels& space, int64_t item) {
            std::vector<float> of_levels(bands * points, 0.0f);
            for (int64_t block = 0; block < blocks; ++block)
                for (int band = 0; band < bands; ++band) {
                    const float* ends = &of_ends[(item * blocks + block) * 2 * bands + 2 * band];
                    of_levels[band * points + block] += ends[0], of_levels[band * points + block + 1] += ends[1];
                }
            space.slopes(batch, Given(batch, row(batch, item)), of_levels.data(), of(item));
        });
        for_each_with<Drum>(batch.threads(), batch.items, [&](Drum& drum, int64_t item) {
            drum.unmix(batch, item, &of_sound[item * blocks * kBlock], of(item));
        });
    });
}
