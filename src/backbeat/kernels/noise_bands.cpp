// Noise whose colour changes: `Σ_b level_b(t) (h_b * noise)(t)`.
//
//   level_b(t) = g_b exp(-ln 1000 (t / T60_b)^p_b) min((t + 1/R) / (attack + 1/R), 1) + s_b snap(t)
//   snap(t)    = Σ_j a_j c(t - t_j) exp(-r max(t - t_j, 0)), t_0 = 0, a_0 = 1, r = ln 1000 / snap's T60;
//                c rises from 0 to 1 within one block before t_j
//
// at the times where blocks of 64 samples begin, and straight lines between. The bands h_b overlap as triangles on the
// mel scale below 18 kHz, linear-phase kernels of 23 ms in a Hann window, and add up to a single tap: where every level
// is 1, the noise is white.
//
// Pieces of bands are made when they are read, and so not where they are silent. Where all bands fall alike, their sum
// is all that is made.
//
// The gradient of a band's levels at both ends of a block is the sum over its samples of the gradient times the band's
// noise, times 1 - rise and times rise.
#include <algorithm>
#include <vector>

#include "fall.h"
#include "fft.h"
#include "noise.h"

namespace backbeat {
namespace {

constexpr double kKernelS = 0.023;
constexpr double kHighestHz = 18000.0;
constexpr int kFewestMixed = 16;  // bands: to add up fewer takes less than a transform of their sum

// White noise of a seed, split into bands: piece by piece, when one is asked for, by overlap-save. The kernels are
// symmetric about 0, and so have real spectra: two blocks go through one transform, as its real and imaginary parts.
class Bands {
   public:
    // Pieces are kept from the second request for the same noise on. Until then, each piece takes the memory of the
    // last, which the cache holds.
    void prepare(double sample_rate, int bands, uint32_t seed, uint32_t stream) {
        design(sample_rate, bands);
        is_kept_ = seed == seed_ && stream == stream_;
        if (is_kept_) return;
        seed_ = seed;
        stream_ = stream;
        forget();
    }

    // Let band number `bands` be the sum of all, each times its gain.
    void mix(const double* gains, double loudest) {
        const int length = fft_->length();
        float* mixed = response(bands_);
        std::fill_n(mixed, length, 0.0f);
        for (int band = 0; band < bands_; ++band) {
            const float gain = (float)(gains[band] / loudest);
            const float* own = response(band);
            for (int k = 0; k < length; k += kLanes) store(mixed + k, load(mixed + k) + load(own + k) * gain);
        }
        mixed_.number = -1;
    }

    // A tile of a band, from a sample on.
    const float* tile(int band, int64_t first) {
        const int64_t piece = first / (2 * hop_);
        const size_t place = (is_kept_ ? piece * bands_ : 0) + band;
        if (band < bands_ && place >= pieces_.size()) pieces_.resize(place + bands_ - band);
        Piece& own = band < bands_ ? pieces_[place] : mixed_;
        if (own.number != piece) make(piece, band, own);
        return &own.samples[first - piece * 2 * hop_];
    }

   private:
    struct Piece {
        Floats samples;
        int64_t number = -1;  // -1 where there is none
    };

    static double highest() { return logarithm(1.0 + kHighestHz / 700.0); }

    void forget() {
        for (Piece& each : pieces_) each.number = -1;
        noise_made_ = 0;
        loaded_ = -1;
    }

    void make(int64_t piece, int band, Piece& made) {
        if (loaded_ != piece) load_noise(piece);
        if (made.samples.empty()) made.samples.resize(2 * hop_);
        const float* gains = response(band);
        const auto at = [&](int k) { return load(&spectrum_[k], &spectrum_[apart() + k]) * load(gains + k); };
        float* samples = made.samples.data();
        const auto put = [&](int k, Complex value) {
            const int64_t to = k - lead_;
            if (to >= 0 && to < hop_) store(samples + to, samples + hop_ + to, value);
        };
        fft_->inverse(work_.data(), &work_[apart()], at, put);
        made.number = piece;
    }

    // The kernels look behind, and so the noise begins before the sound; at 44.1 kHz, by as many samples as they have.
    void load_noise(int64_t piece) {
        const int length = fft_->length();
        const int64_t first = piece * 2 * hop_;
        const int64_t wanted = rounded_up(first + hop_ + length, kTile);
        const int64_t before = (int64_t)rounded(0.5 * kKernelS * Lattice::kRate) - 1;
        const WhiteNoise noise(lattice_, seed_, stream_, before, points_.data());
        if ((int64_t)noise_.size() < wanted) noise_.resize(wanted);
        for (; noise_made_ < wanted; noise_made_ += kTile) noise(noise_made_ - lead_, &noise_[noise_made_]);
        std::copy_n(&noise_[first], length, &spectrum_[0]);
        std::copy_n(&noise_[first + hop_], length, &spectrum_[apart()]);
        fft_->forward(&spectrum_[0], &spectrum_[apart()]);
        loaded_ = piece;
    }

    float* response(int band) { return &responses_[(size_t)band * fft_->length()]; }

    // From the real parts to the imaginary ones.
    int apart() const { return fft_->length() + Fft::kGap; }

    // Spectra of linear-phase kernels, taps 0 to `half` of one side, that add up to a single tap.
    void design(double sample_rate, int bands) {
        if (bands_ == bands && rate_ == sample_rate) return;
        bands_ = bands;
        rate_ = sample_rate;
        const int whole = std::max((int)rounded(0.5 * kKernelS * sample_rate), 1);
        const int half = whole - 1;
        // The output of a block is about twice its overlap, and that of two blocks is a whole number of tiles.
        fft_ = &made_once<Fft>(Fft::enough(std::max(6 * half, kTile)));
        const int length = fft_->length();
        lead_ = rounded_up(half, kLanes);
        hop_ = (length - half - lead_) / (kTile / 2) * (kTile / 2);
        lattice_.prepare(sample_rate);
        points_.resize(lattice_.points_of_tile());
        spectrum_.resize(2 * apart());
        work_.resize(2 * apart());
        pieces_.clear();
        mixed_ = {};
        forget();
        std::vector<double> triangle(whole + 1), cosine(2 * whole);
        for (int k = 0; k < 2 * whole; ++k) cosine[k] = cosine_of_cycles(0.5 * k / whole);
        responses_.assign((size_t)(bands + 1) * length, 0.0f);
        Floats nothing(length);
        for (int band = 0; band < bands; ++band) {
            for (int k = 0; k <= whole; ++k) {
                const double mel = logarithm(1.0 + 0.5 * sample_rate * k / whole / 700.0);
                const double position = clamped(mel * bands / highest() - 0.5, 0.0, bands - 1.0);
                triangle[k] = maximum(0.0, 1.0 - magnitude(position - band));
            }
            int first = 1;
            int end = whole;
            while (first < end && triangle[first] == 0.0) ++first;
            while (first < end && triangle[end - 1] == 0.0) --end;
            float* taps = response(band);
            for (int m = 0; m <= half; ++m) {
                double total = 0.5 * (triangle[0] + (m % 2 ? -1.0 : 1.0) * triangle[whole]);
                int at = (int)((int64_t)first * m % (2 * whole));
                for (int k = first; k < end; ++k) {
                    total += triangle[k] * cosine[at];
                    at += m;
                    if (at >= 2 * whole) at -= 2 * whole;
                }
                const double window = 0.5 + 0.5 * cosine_of_cycles(0.5 * m / whole);
                taps[m] = (float)(total / whole * window) / length;
                taps[(length - m) % length] = taps[m];
            }
            std::fill(nothing.begin(), nothing.end(), 0.0f);
            fft_->forward(taps, nothing.data());
        }
    }

    uint32_t seed_ = 0, stream_ = 0;
    int bands_ = 0;
    bool is_kept_ = false;
    double rate_ = 0.0;
    const Fft* fft_ = nullptr;
    int64_t lead_ = 0, hop_ = 0, noise_made_ = 0, loaded_ = -1;
    Lattice lattice_;
    std::vector<Piece> pieces_;
    Piece mixed_;
    std::vector<float> points_;
    Floats responses_, noise_, spectrum_, work_;
};

struct Space : Kept {
    Bands bands;
    Times times;
};

// Controls: gain, t60_s, shape, attack_s, snap_gain, snap_s, burst_s, burst_gain; attribute: stream.
class NoiseBands final : public Source {
   public:
    explicit NoiseBands(const Call& call)
        : space_(kept<Space>(call)),
          samples_(call.grid.samples),
          rate_(call.grid.sample_rate),
          first_(is_mixed(call) ? call.sizes[0] : 0),
          count_(first_ ? 1 : call.sizes[0]),
          points_(Times::count(samples_)),
          attacked_s_(call.control(3) + 1.0 / rate_),
          snap_s_(call.controls[5] ? call.control(5) : 1.0),
          snap_rate_(t60_to_rate(snap_s_)),
          bursts_(call.controls[6] ? call.sizes[6] : 0),
          burst_s_(call.controls[6]),
          burst_gain_(call.controls[7]),
          bands_(call.arena->allocate<Band>(count_)),
          snaps_(call.arena->allocate<float>(points_)),
          has_snap_(call.controls[4]) {
        space_.times.prepare(rate_, samples_, 0.5 / rate_);
        space_.bands.prepare(rate_, call.sizes[0], call.grid.seed, (uint32_t)(uint64_t)call.attributes[0]);
        if (has_snap_) prepare_snaps();
        rising_ = last_rise();
        ends_ = 0;
        for (int k = 0; k < count_; ++k) {
            Band& band = bands_[k];
            band.gain = first_ ? loudest(call) : call.controls[0][k];
            band.t60_s = call.controls[1][k];
            band.shape = call.controls[2] ? call.controls[2][k] : 1.0;
            band.snap = has_snap_ ? call.controls[4][k] : 0.0;
            band.levels = call.arena->allocate<float>(points_);
            band.grad_levels = call.differentiated ? call.arena->zeros<float>(points_) : nullptr;
            prepare(band);
            if (band.ends > ends_) ends_ = band.ends;
        }
        if (first_) space_.bands.mix(call.controls[0], bands_[0].gain);
    }

    int64_t silent_after() const override { return lasting((double)(ends_ * kBlock), samples_); }
    void rewind() override { block_ = 0; }
    void advance() override { block_ += kBlocks; }

    void forward(float* tile) const override {
        find_tiles();
        for (int number = 0; number < kBlocks; ++number) {
            const int64_t block = block_ + number;
            Vector sound[kVectors];
            for (int v = 0; v < kVectors; ++v) sound[v] = all(0.0f);
            for (int k = 0; k < count_; ++k) {
                if (block >= bands_[k].ends) continue;
                const float first = bands_[k].levels[block];
                const float gained = bands_[k].levels[block + 1] - first;
                const float* from = bands_[k].tile + number * kBlock;
                for (int v = 0; v < kVectors; ++v) sound[v] += (kRise(v) * gained + first) * load(from + v * kLanes);
            }
            for (int v = 0; v < kVectors; ++v) store(tile + number * kBlock + v * kLanes, sound[v]);
        }
    }

    void backward(const float* grad_tile) override {
        find_tiles();
        for (int number = 0; number < kBlocks; ++number) {
            const int64_t block = block_ + number;
            if (block >= ends_) return;
            for (int k = 0; k < count_; ++k) {
                if (block >= bands_[k].ends) continue;
                const float* from = bands_[k].tile + number * kBlock;
                Vector whole = all(0.0f);
                Vector late = all(0.0f);
                for (int v = 0; v < kVectors; ++v) {
                    const Vector along = load(grad_tile + number * kBlock + v * kLanes) * load(from + v * kLanes);
                    whole += along;
                    late += along * kRise(v);
                }
                const double later = sum(late);
                bands_[k].grad_levels[block] += (float)(sum(whole) - later);
                bands_[k].grad_levels[block + 1] += (float)later;
            }
        }
    }

    void finish(double* const* grad_controls) const override {
        double grad_attack = 0.0;
        for (int k = 0; k < count_; ++k) {
            const Band& band = bands_[k];
            ShapedFall fall(band.t60_s, band.shape);
            Vector by_gain = all(0.0f);
            Vector by_rise = all(0.0f);
            Vector by_snap = all(0.0f);
            for (int64_t n = 0; n < points_; n += kLanes) {
                const Vector gradient = load(band.grad_levels + n);
                const Vector fallen = fall.fallen(space_.times, n);
                const Vector risen = rise(n);
                const Vector along = gradient * exponential(-fallen) * lesser(risen, all(1.0f));
                const Vector whole = along * (float)band.gain;
                by_gain += along;
                by_rise += where(risen <= all(1.0f), whole, all(0.0f));
                fall.accumulate_grad(space_.times, n, fallen, whole);
                if (has_snap_) by_snap += gradient * load(snaps_ + n);
            }
            grad_attack -= sum(by_rise) / attacked_s_;
            add(grad_controls, 0, sum(by_gain), k);
            add(grad_controls, 1, fall.grad_t60_s(), k);
            add(grad_controls, 2, fall.grad_shape(), k);
            add(grad_controls, 4, sum(by_snap), k);
        }
        add(grad_controls, 3, grad_attack);
        if (has_snap_) finish_snaps(grad_controls);
    }

   private:
    struct Band {
        double gain, t60_s, shape, snap;
        int64_t ends;  // in blocks
        float *levels, *grad_levels;
        const float* tile;
    };

    void find_tiles() const {
        for (int k = 0; k < count_; ++k)
            if (block_ < bands_[k].ends) bands_[k].tile = space_.bands.tile(first_ + k, block_ * kBlock);
    }

    // Whether all bands fall alike: then their sum does for them, unless their gradients are asked for.
    static bool is_mixed(const Call& call) {
        if (call.differentiated || call.controls[4] || call.sizes[0] < kFewestMixed) return false;
        for (int k = 1; k < call.sizes[0]; ++k) {
            if (call.controls[1][k] != call.controls[1][0]) return false;
            if (call.controls[2] && call.controls[2][k] != call.controls[2][0]) return false;
        }
        return true;
    }

    static double loudest(const Call& call) {
        double found = 1e-30;
        for (int k = 0; k < call.sizes[0]; ++k) found = maximum(found, magnitude(call.controls[0][k]));
        return found;
    }

    // The last point at which a level may still rise.
    int64_t last_rise() const {
        double last_s = attacked_s_;
        for (int k = 0; k < bursts_; ++k) last_s = maximum(last_s, burst_s_[k]);
        return lasting(last_s * rate_ / kBlock + 2.0, points_);
    }

    void prepare(Band& band) const {
        if (band.grad_levels) {  // which also what is not heard has
            fill(band, maximum(magnitude(band.gain), kLeastGain), maximum(magnitude(band.snap), kLeastGain));
        } else {
            fill(band, band.gain, band.snap);
        }
        band.ends = (samples_ + kBlock - 1) / kBlock;
        while (band.ends && is_silent(band, band.ends - 1)) --band.ends;
        if (band.grad_levels) fill(band, band.gain, band.snap);
    }

    void fill(Band& band, double gain, double snap) const {
        const ShapedFall fall(band.t60_s, band.shape);
        for (int64_t n = 0; n < points_; n += kLanes) {
            if (n && n > rising_ && is_silent(band, n - 2)) {  // and does not rise again
                std::memset(band.levels + n, 0, (points_ - n) * sizeof(float));
                break;
            }
            const Vector body = exponential(-fall.fallen(space_.times, n)) * lesser(rise(n), all(1.0f));
            Vector level = body * (float)gain;
            if (has_snap_) level += load(snaps_ + n) * (float)snap;
            store(band.levels + n, level);
        }
    }

    static bool is_silent(const Band& band, int64_t block) {
        return maximum(magnitude(band.levels[block]), magnitude(band.levels[block + 1])) < kSilence;
    }

    Vector rise(int64_t n) const {
        return (space_.times.seconds(n) + (float)(1.0 / rate_)) * (float)(1.0 / attacked_s_);
    }

    // The snap, or one of its repeats: time since, how far it has begun, and what its decay has left.
    struct Snap {
        Vector since, rising, begun, fallen;
    };

    Snap snap(int burst, int64_t n) const {
        const Vector since = space_.times.seconds(n) - (float)(burst ? burst_s_[burst - 1] : 0.0);
        const Vector rising = since * (float)(rate_ / kBlock) + 1.0f;
        return {since, rising, clamped(rising, 0.0f, 1.0f),
                exponential(-clamped(since * (float)snap_rate_, 0.0f, (float)kDeepest))};
    }

    float gain_of(int burst) const { return burst ? (float)burst_gain_[burst - 1] : 1.0f; }

    void prepare_snaps() {
        for (int64_t n = 0; n < points_; n += kLanes) {
            Vector total = all(0.0f);
            for (int burst = 0; burst <= bursts_; ++burst) {
                const Snap now = snap(burst, n);
                total += now.begun * now.fallen * gain_of(burst);
            }
            store(snaps_ + n, total);
        }
    }

    void finish_snaps(double* const* grad_controls) const {
        double grad_rate = 0.0;
        for (int burst = 0; burst <= bursts_; ++burst) {
            const float gain = gain_of(burst);
            Vector by_gain = all(0.0f);
            Vector by_rate = all(0.0f);
            Vector by_onset = all(0.0f);
            for (int64_t n = 0; n < points_; n += kLanes) {
                Vector gradient = all(0.0f);
                for (int k = 0; k < count_; ++k) gradient += load(bands_[k].grad_levels + n) * (float)bands_[k].snap;
                const Snap now = snap(burst, n);
                const Vector along = gradient * now.begun * now.fallen;
                by_gain += along;
                const Vector fallen = now.since * (float)snap_rate_;
                const Mask is_falling = (now.since >= all(0.0f)) & (fallen <= all((float)kDeepest));
                const Vector falling = where(is_falling, along * gain, all(0.0f));
                by_rate -= falling * now.since;
                by_onset += falling * (float)snap_rate_;
                const Mask is_rising = (now.rising >= all(0.0f)) & (now.rising <= all(1.0f));
                by_onset -= where(is_rising, gradient * now.fallen * (gain * (float)(rate_ / kBlock)), all(0.0f));
            }
            grad_rate += sum(by_rate);
            if (!burst) continue;
            add(grad_controls, 6, sum(by_onset), burst - 1);
            add(grad_controls, 7, sum(by_gain), burst - 1);
        }
        add(grad_controls, 5, t60_gradient(snap_s_, snap_rate_, grad_rate));
    }

    Space& space_;
    int64_t samples_;
    double rate_;
    int first_, count_;
    int64_t points_;
    double attacked_s_, snap_s_, snap_rate_;
    int bursts_;
    const double *burst_s_, *burst_gain_;
    Band* bands_;
    float* snaps_;
    bool has_snap_;
    int64_t ends_, rising_;
    int64_t block_ = 0;
};

}  // namespace

extern const Operation kNoiseBandsOperation;
const Operation kNoiseBandsOperation = {
    "noise_bands", Kind::source, "n n n? 1 n? 1& b? b&", "stream", make_operation<Source, NoiseBands>, false, false};

}  // namespace backbeat
