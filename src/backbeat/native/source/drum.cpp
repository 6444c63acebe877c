// The drum of plugins/drum.py.

#include <memory>
#include <mutex>

#include "bands.h"
#include "envelope.h"
#include "resonator.h"
#include "tones.h"

namespace {

using namespace backbeat;

constexpr double kTransientEndsS = 0.45, kResonatorOffDb = -60.0, kResonatorFadeDb = 6.0;
constexpr int kBursts = 3;
constexpr int64_t kBlocksAtATime = 16;  // of the noise's bands, so that they stay in cache for all items

// Parameters and their sizes, in the order of the columns.
constexpr char kLayout[] =
    "transient_db 1 transient_noise 1 transient_hz 1 transient_attack_s 1 transient_s 1 transient_drive_db 1 tone_hz * "
    "tone_s * tone_db * tone_cycles * tone_shape * sweep_st 1 sweep_s 1 resonator_hz 1 resonator_feedback 1 "
    "resonator_low_hz 1 resonator_high_hz 1 resonator_db 1 noise_db 1 noise_attack_s 1 noise_s 1 noise_highpass_hz 1 "
    "noise_lowpass_hz 1 noise_shape * noise_band_db * noise_band_ratio * snap_db * snap_s 1 burst_db 3 burst_s 3 "
    "gate_s 1 release_s 1 drive_db 1 gain_db 1";

// Where an item's controls are.
struct Controls {
    const float *transient_db, *transient_noise, *transient_hz, *transient_attack_s, *transient_s, *transient_drive_db;
    const float *tone_hz, *tone_s, *tone_db, *tone_cycles, *tone_shape, *sweep_st, *sweep_s;
    const float *resonator_hz, *resonator_feedback, *resonator_low_hz, *resonator_high_hz, *resonator_db;
    const float *noise_db, *noise_attack_s, *noise_s, *noise_highpass_hz, *noise_lowpass_hz;
    const float *noise_shape, *noise_band_db, *noise_band_ratio, *snap_db, *snap_s, *burst_db, *burst_s;
    const float *gate_s, *release_s, *drive_db, *gain_db;

    static Controls of(const Batch& batch, int64_t item) {
        Controls found;
        const float** each = (const float**)&found;
        const float* from = batch.controls + item * batch.columns;
        for (size_t k = 0; k < sizeof found / sizeof *each; ++k) each[k] = from, from += batch.sizes[k];
        return found;
    }
};

int tones_of(const Batch& batch) { return (int)batch.sizes[6]; }

int bands_of(const Batch& batch) { return (int)batch.sizes[23]; }

// The level of every band of an item's noise where blocks begin, and where the last one ends: (bands, points).
class Levels {
   public:
    static int64_t points(const Batch& batch) { return rounded_up((batch.samples + kBlock - 1) / kBlock + 1, kLanes); }

    void lay_down(const Batch& batch, int64_t item, float* levels) {
        const Controls c = Controls::of(batch, item);
        const int bands = bands_of(batch);
        const int64_t count = points(batch);
        prepare(batch.sample_rate, count);
        lay_snaps(c, batch.sample_rate);
        const float tick = (float)(1.0 / batch.sample_rate), unattacked = 1.0f / (*c.noise_attack_s + tick);
        for (int band = 0; band < bands; ++band) {
            const double center = NoiseBands::center_hz(band, bands);
            const double below = std::pow(*c.noise_highpass_hz / center, 4.0), above = std::pow(center / *c.noise_lowpass_hz, 4.0);
            const double passed = 1.0 / std::sqrt((1.0 + below) * (1.0 + above));
            const float gain = (float)(db_to_gain(*c.noise_db + c.noise_band_db[band]) * passed);
            const float snap = (float)db_to_gain(c.snap_db[band]), shape = c.noise_shape[band];
            const double t60 = std::max((double)*c.noise_s * c.noise_band_ratio[band], kShortestT60);
            const float at_once = (float)(std::log(kLn1000) - shape * std::log(t60));
            float* to = levels + band * count;
            for (int64_t n = 0; n < count; n += kLanes) {
                Vector fallen = lesser(exponential(load(&log_times_[n]) * shape + at_once), all((float)kDeepest));
                Vector rise = lesser((load(&times_[n]) + tick) * unattacked, all(1.0f));
                store(to + n, exponential(-fallen) * rise * gain + load(&snaps_[n]) * snap);
            }
        }
    }

   private:
    void prepare(double sample_rate, int64_t count) {
        if ((int64_t)times_.size() == count && rate_ == sample_rate) return;
        rate_ = sample_rate;
        times_.resize(count), log_times_.resize(count), snaps_.resize(count);
        for (int64_t n = 0; n < count; ++n) {
            times_[n] = (float)(n * (kBlock / sample_rate));
            log_times_[n] = (float)std::log(std::max((double)times_[n], 0.5 / sample_rate));
        }
    }

    // The snap and its repeats.
    void lay_snaps(const Controls& c, double sample_rate) {
        const float rate = (float)t60_to_rate(*c.snap_s), per_point = (float)(sample_rate / kBlock);
        for (size_t n = 0; n < times_.size(); n += kLanes) {
            Vector total{};
            for (int burst = 0; burst <= kBursts; ++burst) {
                const float onset = burst ? c.burst_s[burst - 1] : 0.0f;
                const float gain = burst ? (float)db_to_gain(c.burst_db[burst - 1]) : 1.0f;
                Vector since = load(&times_[n]) - onset, zero{};
                Vector begun = lesser(greater(since * per_point + 1.0f, zero), all(1.0f));
                total += begun * exponential(-lesser(greater(since * rate, zero), all((float)kDeepest))) * gain;
            }
            store(&snaps_[n], total);
        }
    }

    double rate_ = 0.0;
    std::vector<float> times_, log_times_, snaps_;
};

// The noise of a block, in bands of these levels.
void wires(const NoiseBands& noise, const float* levels, int64_t points, int bands, int64_t block, Vector (&sound)[kVectors]) {
    Vector rise[kVectors];
    for (int v = 0; v < kVectors; ++v)
        for (int lane = 0; lane < kLanes; ++lane) rise[v][lane] = (float)(v * kLanes + lane) / kBlock;
    for (int band = 0; band < bands; ++band) {
        const float first = levels[band * points + block], step = levels[band * points + block + 1] - first;
        if (std::abs(first) + std::abs(step) < (float)kSilence) continue;
        const float* from = noise.band(band) + block * kBlock;
        for (int v = 0; v < kVectors; ++v) sound[v] += (rise[v] * step + first) * load(from + v * kLanes);
    }
}

class Drum {
   public:
    // Turn an item's noise, where its audio is to be, into all of it.
    void render(const Batch& batch, int64_t item, float* audio) {
        const Controls c = Controls::of(batch, item);
        const int64_t samples = batch.samples, whole = rounded_up(samples, kBlock);
        struck_.resize(whole), resonance_.resize(whole);
        tones_.prepare(batch.sample_rate, samples,
                       {tones_of(batch), c.tone_hz, c.tone_s, c.tone_db, c.tone_cycles, c.tone_shape, *c.sweep_st, *c.sweep_s});
        tones_.render(samples, struck_.data());
        strike(batch, item, c);
        const double level_db = *c.resonator_db;
        const bool resonant = level_db > kResonatorOffDb;
        const double fade = std::clamp((level_db - kResonatorOffDb) / kResonatorFadeDb, 0.0, 1.0);
        const float resonator_gain = (float)(db_to_gain(level_db) * fade);
        if (resonant) {
            resonator_.prepare(batch.sample_rate, samples, *c.resonator_hz, *c.resonator_feedback, *c.resonator_low_hz,
                               *c.resonator_high_hz);
            resonator_.filter(struck_.data(), resonance_.data());
        }
        const double power = std::exp(2.0 * *c.drive_db * kDecibel);
        const float scale = (float)(std::exp(-2.0 * *c.gain_db * kDecibel) / (1.0 + power)), square = (float)(power * scale);
        const double release = t60_to_rate(*c.release_s);
        alignas(64) float last[kBlock] = {};
        for (int64_t first = 0; first < samples; first += kBlock) {
            const bool fits = first + kBlock <= samples;
            float* to = audio + first;
            if (!fits) std::memcpy(last, to, (samples - first) * sizeof(float)), to = last;
            const float begin = gate(first / (double)batch.sample_rate - *c.gate_s, release);
            const float step = gate((first + kBlock) / (double)batch.sample_rate - *c.gate_s, release) - begin;
            for (int v = 0; v < kVectors; ++v) {
                const int64_t n = first + v * kLanes;
                Vector sound = load(&struck_[n]) + load(to + v * kLanes), level = all(begin);
                if (resonant) sound += load(&resonance_[n]) * resonator_gain;
                for (int lane = 0; lane < kLanes; ++lane) level[lane] += step * (v * kLanes + lane) / kBlock;
                sound *= level;
                store(to + v * kLanes, sound * inverse_root(sound * sound * square + scale));
            }
            if (!fits) std::memcpy(audio + first, last, (samples - first) * sizeof(float));
        }
    }

   private:
    static float gate(double since_s, double rate) { return (float)std::exp(-std::clamp(rate * since_s, 0.0, kDeepest)); }

    // Add the transient.
    void strike(const Batch& batch, int64_t item, const Controls& c) {
        const double rate = batch.sample_rate, tick = 1.0 / rate, frequency = *c.transient_hz;
        const double gain = db_to_gain(*c.transient_drive_db), rise = 1.0 / (*c.transient_attack_s + tick);
        const float level = (float)(db_to_gain(*c.transient_db) / std::tanh(gain)), drive = (float)gain;
        const float noise_share = *c.transient_noise, sine_share = 1.0f - noise_share;
        const Noise noise(batch.seeds[item * batch.seeds_apart], 0);
        Fall decay(rate, t60_to_rate(*c.transient_s), 0.0);
        const int64_t head = std::min(batch.samples, (int64_t)std::ceil(kTransientEndsS * rate));
        const int64_t ends = std::min(head, decay.silent_after(level));
        float steps[kBlock];
        for (int n = 0; n < kBlock; ++n) steps[n] = (float)(n * tick);
        decay.rewind();
        for (int64_t first = 0; first < ends; first += kBlock, decay.advance()) {
            const Fall::Block fall = decay.block();
            const double cycles = frequency * first * tick;
            const float start = (float)(cycles - std::floor(cycles)), risen = (float)((first * tick + tick) * rise);
            for (int v = 0; v < kVectors; ++v) {
                Vector step = load(steps + v * kLanes);
                Vector sine = sine_of_cycles(step * (float)frequency + start);
                Vector mixed = sine * sine_share + noise((uint32_t)(first + v * kLanes)) * noise_share;
                Vector shaped = tanh_of(mixed * drive) * lesser(step * (float)rise + risen, all(1.0f)) * fall.past(v);
                float* to = &struck_[first + v * kLanes];
                store(to, load(to) + shaped * level);
            }
        }
    }

    Tones tones_;
    Resonator resonator_;
    std::vector<float> struck_, resonance_;
};

// The bands of noise that all items share, kept for the next call, which mostly has the same.
std::shared_ptr<const NoiseBands> shared_bands(const Batch& batch) {
    static std::mutex mutex;
    static std::shared_ptr<const NoiseBands> kept;
    static std::tuple<double, int64_t, int, int64_t> kept_of;
    const std::tuple<double, int64_t, int, int64_t> wanted(batch.sample_rate, batch.samples, bands_of(batch), *batch.seeds);
    std::lock_guard<std::mutex> lock(mutex);
    if (!kept || kept_of != wanted) {
        auto made = std::make_shared<NoiseBands>();
        made->make(batch.sample_rate, batch.samples, bands_of(batch), *batch.seeds, 1);
        kept = made, kept_of = wanted;
    }
    return kept;
}

// The noise of some blocks, where the audio is to be.
void lay_wires(const Batch& batch, const NoiseBands& noise, const float* levels, int64_t begin, int64_t end, float* audio) {
    const int bands = bands_of(batch);
    const int64_t points = Levels::points(batch);
    for (int64_t block = begin; block < end; ++block) {
        Vector sound[kVectors] = {};
        wires(noise, levels, points, bands, block, sound);
        const int64_t count = std::min<int64_t>(kBlock, batch.samples - block * kBlock);
        std::memcpy(audio + block * kBlock, sound, count * sizeof(float));
    }
}

}  // namespace

BACKBEAT_EXPORT const char* layout() { return kLayout; }

// Render (items, samples).
BACKBEAT_EXPORT void render(const Batch* batch, float* audio) {
    const int64_t apart = bands_of(*batch) * Levels::points(*batch), samples = batch->samples;
    const int64_t blocks = (samples + kBlock - 1) / kBlock;
    std::vector<float> levels(batch->items * apart);
    for_each<Levels>(batch->items, [&](Levels& space, int64_t item) { space.lay_down(*batch, item, &levels[item * apart]); });
    if (!batch->seeds_apart) {
        const auto noise = shared_bands(*batch);
        struct None {};
        for_each<None>((blocks + kBlocksAtATime - 1) / kBlocksAtATime, [&](None&, int64_t some) {
            const int64_t begin = some * kBlocksAtATime, end = std::min(begin + kBlocksAtATime, blocks);
            for (int64_t item = 0; item < batch->items; ++item)
                lay_wires(*batch, *noise, &levels[item * apart], begin, end, audio + item * samples);
        });
    } else {
        for_each<NoiseBands>(batch->items, [&](NoiseBands& noise, int64_t item) {
            noise.make(batch->sample_rate, samples, bands_of(*batch), batch->seeds[item], 1);
            lay_wires(*batch, noise, &levels[item * apart], 0, blocks, audio + item * samples);
        });
    }
    for_each<Drum>(batch->items, [&](Drum& drum, int64_t item) { drum.render(*batch, item, audio + item * samples); });
}
