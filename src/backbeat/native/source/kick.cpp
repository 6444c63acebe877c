// The kick of plugins/kick.py, item by item, in what a core's cache holds; and its gradient.
//
// All that leads to a sample is computed again on the way back, from the controls: to keep it takes as long.

#include "envelope.h"
#include "glide.h"
#include "linear_phase.h"
#include "modes.h"
#include "noise.h"
#include "soft_clip.h"
#include "windowed_sinc.h"

namespace {

using namespace backbeat;

constexpr double kShellFilterS = 0.023, kClickFilterS = 0.0023, kClickEndsS = 0.4;
constexpr double kHeard = 2.0;  // T60s until what the filters make is 120 dB down
constexpr int kModes = 6;

// Parameters and their sizes, in the order of the columns.
constexpr char kLayout[] =
    "pitch_hz 1 phase_cycles 1 sweep_st 1 sweep_s 1 click_sweep_st 1 click_sweep_s 1 detune_cents 1 detune_mix 1 "
    "sub_mix 1 lfo_hz 1 lfo_st 1 attack_s 1 hold_s 1 decay_s 1 sustain 1 gate_s 1 release_s 1 shell_filter 3 "
    "shell_hz 1 shell_width_oct 1 shell_decay_s 1 shell_mix 1 click_db 1 click_s 1 click_hz 1 click_drive_db 1 "
    "modes 2 mode_hz 6 mode_s 6 mode_db 6 drive_db 1 gain_db 1";

template <typename Number>
struct Controls {
    Number pitch_hz, phase_cycles, sweep_st, sweep_s, click_sweep_st, click_sweep_s, detune_cents, detune_mix, sub_mix;
    Number lfo_hz, lfo_st, attack_s, hold_s, decay_s, sustain, gate_s, release_s;
    Number shell_filter[3], shell_hz, shell_width_oct, shell_decay_s, shell_mix;
    Number click_db, click_s, click_hz, click_drive_db;
    Number modes[2], mode_hz[kModes], mode_s[kModes], mode_db[kModes];
    Number drive_db, gain_db;
};
constexpr int kControls = sizeof(Controls<float>) / sizeof(float);

class Kick {
   public:
    void render(const Batch& batch, int64_t item, float* audio) {
        prepare(batch, item);
        oscillate();
        if (c_.shell_mix > 0.0f) shell_.filter(oscillators_.data(), shell_sound_.data());
        strike();
        rewind();
        for (int64_t first = 0; first < samples_; first += kBlock, advance()) {
            Vector sound[kVectors] = {};
            mix(first, sound);
            for (int v = 0; v < kVectors; ++v) sound[v] = clip_(sound[v]);
            std::memcpy(audio + first, sound, std::min<int64_t>(kBlock, samples_ - first) * sizeof(float));
        }
    }

    void differentiate(const Batch& batch, int64_t item, const float* audio, const float* slope, float* of_controls) {
        prepare(batch, item);
        d_ = {};
        oscillate();
        shell_.filter(oscillators_.data(), shell_sound_.data());
        filter_noise();
        double of_voices = -level_ * level_ * unmix(audio, slope);
        unfilter();
        d_.detune_mix += of_voices, d_.sub_mix += of_voices;
        unoscillate();
        unstrike();
        const double* found = &d_.pitch_hz;
        for (int k = 0; k < kControls; ++k) of_controls[k] = (float)found[k];
    }

   private:
    void prepare(const Batch& batch, int64_t item) {
        std::memcpy(&c_, batch.controls + item * batch.columns, sizeof c_);
        samples_ = batch.samples, rate_ = batch.sample_rate;
        for (int n = 0; n < kBlock; ++n) step_s_[n] = (float)(n / rate_);
        noise_ = Noise(batch.seeds[item * batch.seeds_apart], 0);

        Glide::Sweep sweeps[2] = {{c_.sweep_st, c_.sweep_s}, {c_.click_sweep_st, c_.click_sweep_s}};
        glide_ = Glide(rate_, c_.pitch_hz, sweeps, c_.lfo_st, c_.lfo_hz);
        detune_ = std::exp(c_.detune_cents * (kSemitone / 100.0));
        level_ = 1.0 / (1.0 + c_.detune_mix + c_.sub_mix);

        const double hold_end_s = (double)c_.attack_s + c_.hold_s;
        rise_ = 1.0 / (c_.attack_s + 1.0 / rate_);
        decay_ = Fall(rate_, envelope_rate(c_.decay_s), hold_end_s);
        release_ = Fall(rate_, envelope_rate(c_.release_s), hold_end_s + c_.gate_s);
        low_ = level_ * c_.sustain, span_ = level_ * (1.0 - c_.sustain);
        body_ends_ = release_.silent_after(1.0, samples_);

        int half = (int)std::lrint(0.5 * kShellFilterS * rate_);
        double nyquist_hz = 0.5 * rate_, width = std::exp(6.0 * c_.shell_width_oct * kSemitone);
        high_hz_ = std::min(c_.shell_hz * width, 0.99 * nyquist_hz);
        const double low_hz = std::min(c_.shell_hz / width, 0.9 * high_hz_);
        shell_filter_.weight_low = c_.shell_filter[0], shell_filter_.weight_band = c_.shell_filter[1];
        shell_filter_.weight_high = c_.shell_filter[2];
        shell_filter_.cutoff = c_.shell_hz / rate_, shell_filter_.low = low_hz / rate_,
        shell_filter_.high = high_hz_ / rate_;
        shell_kernel_.resize(half + 1);
        shell_filter_.design(half, shell_kernel_.data());
        shell_ends_ = lasting(kHeard * c_.shell_decay_s * rate_ + 1.0, samples_);
        shell_.prepare(shell_kernel_.data(), half, shell_ends_);
        shell_level_ = level_ * c_.shell_mix;
        shell_decay_ = Fall(rate_, t60_to_rate(c_.shell_decay_s), 0.0);

        for (int k = 0; k < kModes; ++k) mode_gain_[k] = db_to_gain(c_.mode_db[k]);
        double gains[kModes];
        for (int k = 0; k < kModes; ++k) gains[k] = c_.modes[1] * mode_gain_[k];
        modes_.prepare(rate_, c_.mode_hz, c_.mode_s, gains);
        modes_end_ = modes_.silent_after(samples_);

        int click_half = (int)std::lrint(0.5 * kClickFilterS * rate_);
        click_filter_.weight_high = 1.0, click_filter_.cutoff = c_.click_hz / rate_;
        click_kernel_.resize(click_half + 1);
        click_filter_.design(click_half, click_kernel_.data());
        int64_t head = std::min<int64_t>(samples_, (int64_t)std::ceil(kClickEndsS * rate_));
        click_ends_ = lasting(kHeard * c_.click_s * rate_ + 1.0, head);
        click_filtering_.prepare(click_kernel_.data(), click_half, click_ends_);
        click_decay_ = Fall(rate_, t60_to_rate(c_.click_s), 0.0);
        double click_gain = db_to_gain(c_.click_drive_db);
        click_gain_ = (float)click_gain, click_level_ = db_to_gain(c_.click_db) / std::tanh(click_gain);

        clip_ = SoftClip(c_.drive_db, c_.gain_db);

        // What reads a block reads all of it: there is silence after what ends within one.
        oscillating_ = rounded_up(std::max(body_ends_, shell_.reach()), kBlock);
        make_room(oscillators_, oscillating_), make_room(of_oscillators_, oscillating_);
        make_room(shell_sound_, shell_ends_), make_room(click_, click_ends_), make_room(burst_, click_ends_);
        make_room(of_click_, click_ends_), make_room(noise_made_, click_filtering_.reach());
    }

    // For whole blocks, of which the last is silent after so many samples.
    static void make_room(std::vector<float>& values, int64_t count) {
        int64_t all = rounded_up(count, kBlock);
        if ((int64_t)values.size() < all) values.resize(all);
        std::fill(values.begin() + count, values.begin() + all, 0.0f);
    }

    double steepest() const { return kDeepest * rate_ / kBlock; }

    // Of a fall that a block's table can hold.
    double envelope_rate(double t60_s) const { return std::min(t60_to_rate(t60_s), steepest()); }

    double envelope_slope(double t60_s, const Fall& fall, double of_rate) const {
        return t60_to_rate(t60_s) > steepest() ? 0.0 : t60_slope(t60_s, fall.rate(), of_rate);
    }

    // Where in their cycle the voices are when a block begins.
    struct Starts {
        double cycles;
        float first, second, sub;
    };

    Starts starts() const {
        double cycles = glide_.start();
        return {cycles, (float)fraction(cycles + c_.phase_cycles), (float)fraction(detune_ * cycles + c_.phase_cycles),
                (float)fraction(0.5 * (cycles + c_.phase_cycles))};
    }

    void oscillate() {
        glide_.rewind();
        const float detune = (float)detune_, second_level = c_.detune_mix, sub_level = c_.sub_mix;
        for (int64_t first = 0; first < oscillating_; first += kBlock, glide_.advance()) {
            const Starts at = starts();
            const Glide::Since since = glide_.since();
            float* to = &oscillators_[first];
            for (int v = 0; v < kVectors; ++v) {
                Vector now = since(v), total = sine_of_cycles(now + at.first);
                if (second_level > 0.0f) total += second_level * sine_of_cycles(now * detune + at.second);
                if (sub_level > 0.0f) total += sub_level * sine_of_cycles(now * 0.5f + at.sub);
                store(to + v * kLanes, total);
            }
        }
    }

    void unoscillate() {
        glide_.rewind();
        const float detune = (float)detune_, turn = (float)(2.0 * kPi);
        const float second_turn = turn * c_.detune_mix, sub_turn = 0.5f * turn * c_.sub_mix;
        Vector of_second_level{}, of_sub_level{}, offset{}, of_detune{};
        for (int64_t first = 0; first < oscillating_; first += kBlock, glide_.advance()) {
            const Starts at = starts();
            const Glide::Since since = glide_.since();
            const float* from = &of_oscillators_[first];
            Glide::Moments moments;
            for (int v = 0; v < kVectors; ++v) {
                Vector slope = load(from + v * kLanes), now = since(v);
                Vector second = less_turns(now * detune + at.second), sub = less_turns(now * 0.5f + at.sub);
                Vector sub_sine = sine_of_rest(sub);
                of_second_level += slope * sine_of_rest(second), of_sub_level += slope * sub_sine;
                Vector of_first = slope * turn * (1.0f - 2.0f * sub_sine * sub_sine);  // at twice the sub's angle
                Vector of_second = slope * second_turn * cosine_of_rest(second);
                Vector of_sub = slope * sub_turn * cosine_of_rest(sub), in_step = of_first + of_sub;
                offset += in_step + of_second;
                of_detune += of_second * (now + (float)at.cycles);
                glide_.add(moments, v, in_step + of_second * detune);
            }
            glide_.take(moments);
        }
        Glide::Slopes found = glide_.slopes();
        d_.pitch_hz += found.pitch_hz;
        d_.sweep_st += found.depth_st[0], d_.sweep_s += found.t60_s[0];
        d_.click_sweep_st += found.depth_st[1], d_.click_sweep_s += found.t60_s[1];
        d_.lfo_st += found.vibrato_st, d_.lfo_hz += found.vibrato_hz;
        d_.phase_cycles += sum(offset);
        d_.detune_mix += sum(of_second_level), d_.sub_mix += sum(of_sub_level);
        d_.detune_cents += sum(of_detune) * detune_ * (kSemitone / 100.0);
    }

    void filter_noise() {
        for (int64_t n = 0; n < click_filtering_.reach(); n += kLanes) store(&noise_made_[n], noise_((uint32_t)n));
        click_filtering_.filter(noise_made_.data(), burst_.data());
    }

    void strike() {
        filter_noise();
        click_decay_.rewind();
        for (int64_t first = 0; first < click_ends_; first += kBlock, click_decay_.advance()) {
            const Fall::Block decay = click_decay_.block();
            for (int v = 0; v < kVectors; ++v) {
                Vector clipped = tanh_of(load(&burst_[first + v * kLanes]) * click_gain_);
                store(&click_[first + v * kLanes], clipped * decay.past(v) * (float)click_level_);
            }
        }
        make_room(click_, click_ends_);
    }

    void unstrike() {
        Vector level{}, gain{}, timed{};
        click_decay_.rewind();
        for (int64_t first = 0; first < click_ends_; first += kBlock, click_decay_.advance()) {
            const Fall::Block decay = click_decay_.block();
            for (int v = 0; v < kVectors; ++v) {
                int64_t n = first + v * kLanes;
                Vector burst = load(&burst_[n]), clipped = tanh_of(burst * click_gain_);
                Vector slope = load(&of_click_[n]) * decay.past(v), along = slope * clipped;
                level += along, timed += along * decay.since_s(load(step_s_ + v * kLanes));
                Vector of_clipped = slope * (1.0f - clipped * clipped) * (float)click_level_;
                gain += of_clipped * burst;
                store(&burst_[n], of_clipped * click_gain_);
            }
        }
        double of_level = sum(level), ratio = std::tanh((double)click_gain_);
        d_.click_db += of_level * click_level_ * kDecibel;
        double of_gain = sum(gain) - of_level * click_level_ * (1.0 - ratio * ratio) / ratio;
        d_.click_drive_db += of_gain * click_gain_ * kDecibel;
        d_.click_s += t60_slope(c_.click_s, click_decay_.rate(), -sum(timed) * click_level_);
        int half = (int)click_kernel_.size() - 1;
        make_room(of_kernel_, half + 1);
        click_filtering_.kernel_slopes(burst_.data(), of_kernel_.data());
        d_.click_hz += click_filter_.slopes(half, of_kernel_.data()).cutoff / rate_;
    }

    void rewind() {
        decay_.rewind(), release_.rewind(), shell_decay_.rewind(), modes_.rewind();
        block_ = 0;
    }

    void advance() {
        decay_.advance(), release_.advance(), shell_decay_.advance();
        if (++block_ * kBlock < modes_end_) modes_.advance();
    }

    // The body's level in a block.
    struct Envelope {
        float start, rise, low, span;
        Fall::Block decay, release;
        const float* step_s;

        Vector risen(int v) const { return load(step_s + v * kLanes) * rise + start; }
        Vector falling(Vector fallen) const { return fallen * span + low; }
        Vector operator()(int v) const { return lesser(risen(v), all(1.0f)) * falling(decay(v)) * release(v); }
    };

    Envelope envelope() const {
        double start = (block_ * kBlock + 1.0) / rate_ * rise_;
        return {(float)start, (float)rise_, (float)low_, (float)span_, decay_.block(), release_.block(), step_s_};
    }

    // All that goes into the clipper, of the block that begins at a sample.
    void mix(int64_t first, Vector (&sound)[kVectors]) const {
        if (first < body_ends_) {
            const Envelope level = envelope();
            const float* body = &oscillators_[first];
            for (int v = 0; v < kVectors; ++v) sound[v] = load(body + v * kLanes) * level(v);
        }
        if (first < shell_ends_ && c_.shell_mix > 0.0f) {
            Fall::Block decay = shell_decay_.block();
            decay.row *= (float)shell_level_;
            const float* shell = &shell_sound_[first];
            for (int v = 0; v < kVectors; ++v) sound[v] += load(shell + v * kLanes) * decay.past(v);
        }
        if (first < modes_end_ && c_.modes[1] > 0.0f) modes_.add(sound);
        if (first < click_ends_)
            for (int v = 0; v < kVectors; ++v) sound[v] += load(&click_[first + v * kLanes]);
    }

    // From the slope of the sound to those of the mix, the oscillators and the shell, and of what shapes them; returns
    // that of the voices' level.
    double unmix(const float* audio, const float* slope) {
        rewind();
        modes_.forget();
        Vector by_low{}, by_span{}, fallen{}, fallen_timed{}, let_go{}, let_go_timed{}, risen{};
        Vector by_shell{}, by_shell_timed{};
        float room[2][kBlock];
        for (int64_t first = 0; first < samples_; first += kBlock, advance()) {
            const float *clipped = block_of(audio, first, samples_, room[0]),
                        *from = block_of(slope, first, samples_, room[1]);
            Vector of_mix[kVectors];
            for (int v = 0; v < kVectors; ++v)
                of_mix[v] = clip_.back(load(clipped + v * kLanes), load(from + v * kLanes));
            if (first < body_ends_) {
                const Envelope level = envelope();
                const float* body = &oscillators_[first];
                float* of_body = &of_oscillators_[first];
                for (int v = 0; v < kVectors; ++v) {
                    Vector one = all(1.0f), nothing{}, step_s = load(step_s_ + v * kLanes);
                    Vector rise = level.risen(v), decay = level.decay.past(v), release = level.release.past(v);
                    Vector but_falling = lesser(rise, one) * lesser(release, one), fall = lesser(decay, one);
                    Vector along = of_mix[v] * load(body + v * kLanes) * but_falling, falling = level.falling(fall);
                    store(of_body + v * kLanes, of_mix[v] * but_falling * falling);
                    Vector whole = along * falling, by_fall = along * fall;
                    by_low += along, by_span += by_fall;
                    by_fall = decay <= one ? by_fall : nothing;
                    fallen += by_fall, fallen_timed += by_fall * level.decay.since_s(step_s);
                    risen += rise <= one ? whole : nothing;
                    whole = release <= one ? whole : nothing;
                    let_go += whole, let_go_timed += whole * level.release.since_s(step_s);
                }
            }
            if (first < shell_ends_) {
                const Fall::Block decay = shell_decay_.block();
                float* shell = &shell_sound_[first];
                for (int v = 0; v < kVectors; ++v) {
                    Vector faded = of_mix[v] * decay.past(v), along = faded * load(shell + v * kLanes);
                    by_shell += along, by_shell_timed += along * decay.since_s(load(step_s_ + v * kLanes));
                    store(shell + v * kLanes, faded * (float)shell_level_);
                }
            }
            if (first < modes_end_) modes_.take(of_mix);
            if (first < click_ends_)
                for (int v = 0; v < kVectors; ++v) store(&of_click_[first + v * kLanes], of_mix[v]);
        }

        d_.drive_db += clip_.of_drive_db(), d_.gain_db += clip_.of_gain_db();

        double of_hold_end = decay_.rate() * span_ * sum(fallen), of_gate_end = release_.rate() * sum(let_go);
        d_.attack_s += of_hold_end + of_gate_end - rise_ * sum(risen);
        d_.hold_s += of_hold_end + of_gate_end;
        d_.gate_s += of_gate_end;
        d_.decay_s += envelope_slope(c_.decay_s, decay_, -span_ * sum(fallen_timed));
        d_.release_s += envelope_slope(c_.release_s, release_, -sum(let_go_timed));
        double of_low = sum(by_low), of_span = sum(by_span);
        d_.sustain += level_ * (of_low - of_span);
        d_.shell_mix += level_ * sum(by_shell);
        d_.shell_decay_s += t60_slope(c_.shell_decay_s, shell_decay_.rate(), -shell_level_ * sum(by_shell_timed));

        Modes<kModes>::Slopes modes = modes_.slopes();
        for (int k = 0; k < kModes; ++k) {
            d_.modes[1] += modes.gain[k] * mode_gain_[k];
            d_.mode_db[k] += modes.gain[k] * c_.modes[1] * mode_gain_[k] * kDecibel;
            d_.mode_s[k] += modes.t60_s[k], d_.mode_hz[k] += modes.frequency_hz[k];
        }
        return of_low * c_.sustain + of_span * (1.0 - c_.sustain) + c_.shell_mix * sum(by_shell);
    }

    // From the slope of the shell's sound to that of the oscillators, and of the filter.
    void unfilter() {
        int half = (int)shell_kernel_.size() - 1;
        make_room(of_kernel_, half + 1);
        // What is left of the slopes, where the body has ended and the shell's filter looks back.
        std::fill(of_oscillators_.begin() + rounded_up(body_ends_, kBlock), of_oscillators_.begin() + oscillating_,
                  0.0f);
        shell_.slopes(shell_sound_.data(), of_oscillators_.data(), of_kernel_.data());
        WindowedSinc::Slopes found = shell_filter_.slopes(half, of_kernel_.data());
        d_.shell_filter[0] += found.weight_low, d_.shell_filter[1] += found.weight_band;
        d_.shell_filter[2] += found.weight_high;
        double of_high = found.high / rate_, of_low = found.low / rate_;
        double width = std::exp(6.0 * c_.shell_width_oct * kSemitone), of_width = 0.0;
        d_.shell_hz += found.cutoff / rate_;
        if (c_.shell_hz / width > 0.9 * high_hz_) {
            of_high += 0.9 * of_low;
        } else {
            d_.shell_hz += of_low / width, of_width -= of_low * c_.shell_hz / (width * width);
        }
        if (c_.shell_hz * width <= 0.495 * rate_) d_.shell_hz += of_high * width, of_width += of_high * c_.shell_hz;
        d_.shell_width_oct += of_width * width * 6.0 * kSemitone;
    }

    Controls<float> c_;
    Controls<double> d_;
    double rate_;
    int64_t samples_, block_;
    Noise noise_{0, 0};
    Glide glide_;
    Fall decay_, release_, shell_decay_, click_decay_;
    WindowedSinc shell_filter_, click_filter_;
    LinearPhase shell_, click_filtering_;
    Modes<kModes> modes_;
    SoftClip clip_;
    double detune_, level_, rise_, low_, span_, high_hz_, shell_level_;
    double mode_gain_[kModes], click_level_;
    float click_gain_;
    int64_t body_ends_, shell_ends_, modes_end_, click_ends_, oscillating_;
    std::vector<float> oscillators_, of_oscillators_, shell_sound_, shell_kernel_, click_, burst_, click_kernel_;
    std::vector<float> noise_made_, of_click_, of_kernel_;
    float step_s_[kBlock];  // since a block's start
};

}  // namespace

BACKBEAT_EXPORT const char* layout() { return kLayout; }

// Render (items, samples).
BACKBEAT_EXPORT int render(const Batch* batch, float* audio) {
    return status_of([&] {
        for_each_with<Kick>(batch->threads(), batch->items, [&](Kick& kick, int64_t item) {
            kick.render(*batch, item, audio + item * batch->samples);
        });
    });
}

// Slopes of the controls, (items, columns), by the audio and its slopes, each (items, samples).
BACKBEAT_EXPORT int differentiate(const Batch* batch, const float* audio, const float* slope, float* of_controls) {
    return status_of([&] {
        for_each_with<Kick>(batch->threads(), batch->items, [&](Kick& kick, int64_t item) {
            const int64_t first = item * batch->samples;
            kick.differentiate(*batch, item, audio + first, slope + first, of_controls + item * batch->columns);
        });
    });
}
