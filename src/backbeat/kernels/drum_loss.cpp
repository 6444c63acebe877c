// `DrumLoss` of losses/combine.py: how far sounds are from one target, and the gradient of that.
//
// With T and E the magnitudes of the target's and the estimate's bins, and B the power of the estimate's mel bands or
// blocks of samples, the loss is a weighted sum of
//
//     convergence    c = ‖E - T‖ / ‖T‖
//     log magnitude  mean |ln(E + a) - ln(T + a)|
//     log mel        mean |½ ln(B / reference + floor) - level|, over the bands that are audible in either sound
//     envelope       the same of the blocks' powers
//
// at each resolution but for the last. Of one bin they have the gradients
//
//     d c / dE         = (E - T) / (‖T‖ ‖E - T‖)
//     d |…| / dE       = sign(E - T) / (E + a)
//     d |…| / dB       = sign(½ ln(B / reference + floor) - level) / (2 reference (B / reference + floor))
//
// of which a bin's power P = |X|² has d/dP = d/dE / 2E and the shares of d/dB. A frame's samples then have 2 d/dP X,
// transformed back and windowed.
//
// A chunk is two frames for each lane: one is the real part of a transform, one the imaginary. All that is summed is
// summed chunk by chunk, and then in their order, so that no bit depends on the number of threads. On the way back the
// spectra are computed again: to keep them takes as long.
#include <algorithm>
#include <vector>

#include "backbeat.h"
#include "fft.h"
#include "frame_fft.h"
#include "status.h"
#include "threads.h"
#include "wave.h"

namespace backbeat {
namespace {

using Resolution = backbeat_loss_resolution;
using Target = backbeat_loss_target;

constexpr int kFrames = 2 * kLanes;       // in a chunk
constexpr float kQuietestPower = 1e-24f;  // below which a magnitude has no gradient
constexpr float kFaintest = 1e-30f;       // a frame whose peak is no greater is silent
constexpr int64_t kLongest = 1 << 24;     // of a transform
constexpr int kSums = 2;                  // what is kept of a resolution before its bands

static_assert(kFrames == BACKBEAT_LOSS_FRAMES, "a chunk has two frames for each lane");

int64_t bins_of(const Resolution& of) { return of.length / 2 + 1; }

int64_t chunks_of(const Resolution& of) { return (of.frames + kFrames - 1) / kFrames; }

// Samples that a chunk's frames lie in.
int64_t span_of(const Resolution& of) { return (kFrames - 1) * of.hop + of.length; }

// Numbers that the gradient needs of an item.
int64_t kept_of(const Resolution& of) { return kSums + chunks_of(of) * of.bands * kFrames; }

// What is found of a chunk.
struct Sums {
    double convergence = 0.0;
    double log_magnitude = 0.0;
    double log_mel = 0.0;
    double audible = 0.0;

    void operator+=(const Sums& other) {
        convergence += other.convergence;
        log_magnitude += other.log_magnitude;
        log_mel += other.log_mel;
        audible += other.audible;
    }
};

// What the gradients of a resolution's terms are multiplied by.
struct Factors {
    float convergence, log_magnitude, log_mel;
};

// Which chunk of which resolution of which item, and where its samples lie among those of all.
struct Place {
    int64_t item, resolution, chunk, first_sample;
};

class Chunk {
   public:
    // Compare a chunk with the target's, and write the gradients of its bands, by the mean that they are part of.
    Sums compare(const Resolution& of, int64_t chunk, const float* padded, float* grad_mel) {
        begin(of, chunk, padded);
        std::fill(mel_.begin(), mel_.end(), 0.0f);
        Vector squares = all(0.0f);
        Vector level_differences = all(0.0f);
        for (int bin = 0; bin < bins_of(of); ++bin) {
            Complex both[2];
            spectra(bin, both);
            for (int half = 0; half < 2; ++half) {
                const Cell cell(of, chunk, bin, half, both[half].power());
                const Vector level_difference = logarithm(cell.above) - load(of.level + cell.at);
                squares += cell.difference * cell.difference * live_[half];
                level_differences += magnitude_of(level_difference) * live_[half];
                share(of, bin, half, cell.power);
            }
        }
        Sums sums;
        sums.convergence = sum(squares);
        sums.log_magnitude = sum(level_differences);
        compare_bands(of, chunk * of.bands * kFrames, grad_mel, sums);
        return sums;
    }

    // Add to the gradient of the chunk's samples.
    void differentiate(const Resolution& of, int64_t chunk, const float* padded, const float* grad_mel,
                       const Factors& by, float* grad_padded) {
        begin(of, chunk, padded);
        grad_mel += chunk * of.bands * kFrames;
        for (int bin = 0; bin < bins_of(of); ++bin) {
            Complex both[2];
            spectra(bin, both);
            const bool is_alone = bin == 0 || 2 * bin == of.length;  // all other bins stand for two
            for (int half = 0; half < 2; ++half) {
                const Cell cell(of, chunk, bin, half, both[half].power());
                Vector gradient = with_sign(all(by.log_magnitude) / cell.above, cell.difference);
                gradient += cell.difference * by.convergence;
                gradient *= 0.5f / cell.magnitude;
                gradient = where(cell.power > kQuietestPower, gradient * live_[half], all(0.0f));
                for (int64_t k = of.first_share[bin]; k < of.first_share[bin + 1]; ++k) {
                    const Vector of_band = load(grad_mel + (2 * of.band_of_share[k] + half) * kLanes);
                    gradient += of_band * (of.share[k] * by.log_mel);
                }
                gradient *= is_alone ? 2.0f : 1.0f;
                both[half] = both[half] * where(sounds_[half] > 0.0f, gradient, all(0.0f));
            }
            put(bin, both[0] + both[1].quarter());
            put(mirror(bin), both[0].conjugate() + both[1].conjugate().quarter());
        }
        fft_->inverse(re_.data(), im_.data());
        for (int half = 0; half < 2; ++half) add_frames(of, half, grad_padded + half * kLanes * of.hop);
    }

   private:
    // A bin of the estimate beside the target's.
    struct Cell {
        int64_t at;
        Vector power, magnitude, above;
        Vector difference;  // whose sign is also that of the difference in level

        Cell(const Resolution& of, int64_t chunk, int bin, int half, Vector power)
            : at(((chunk * bins_of(of) + bin) * 2 + half) * kLanes), power(power) {
            // The power is the second, and stays where it is NaN.
            magnitude = square_root(greater(all(kQuietestPower), power));
            above = magnitude + (float)of.offset;
            difference = magnitude - load(of.magnitude + at);
        }
    };

    // Compute the spectra of a chunk's frames.
    void begin(const Resolution& of, int64_t chunk, const float* padded) {
        fft_ = &made_once<FrameFft>((int)of.length);
        re_.resize(of.length * kLanes);
        im_.resize(of.length * kLanes);
        mel_.resize(2 * of.bands * kLanes);
        for (int half = 0; half < 2; ++half) {
            const int64_t first = chunk * kFrames + half * kLanes;
            const int count = (int)std::clamp<int64_t>(of.frames - first, 0, kLanes);
            float live[kLanes] = {};
            std::fill_n(live, count, 1.0f);
            live_[half] = load(live);
            take_frames(of, half, count, padded + first * of.hop);
        }
        fft_->forward(re_.data(), im_.data());
    }

    void take_frames(const Resolution& of, int half, int count, const float* frames) {
        float lowered[kLanes];
        store(lowered, lower(of, half, count, frames));
        float* to = half ? im_.data() : re_.data();
        for (int n = 0; n < of.length; n += kLanes) {
            const Vector window = load(of.window + n);
            Vector v[kLanes];
            for (int lane = 0; lane < kLanes; ++lane) {
                v[lane] = lane < count ? load(frames + lane * of.hop + n) * window * lowered[lane] : all(0.0f);
            }
            transpose(v);
            for (int i = 0; i < kLanes; ++i) store(to + (n + i) * kLanes, v[i]);
        }
    }

    // By which power of two each lane's frame comes near full scale, so that neither of two that share a transform is
    // lost in the other's rounding.
    Vector lower(const Resolution& of, int half, int count, const float* frames) {
        Vector peaks[kLanes];
        for (int lane = 0; lane < kLanes; ++lane) {
            peaks[lane] = all(0.0f);
            if (lane >= count) continue;
            for (int n = 0; n < of.length; n += kLanes) {
                peaks[lane] = greater(magnitude_of(load(frames + lane * of.hop + n)), peaks[lane]);
            }
        }
        transpose(peaks);
        Vector peak = peaks[0];
        for (int i = 1; i < kLanes; ++i) peak = greater(peaks[i], peak);
        const Vector power_of_two = as_floats((as_words(peak) >> 23) << 23);
        sounds_[half] = where(peak > kFaintest, all(1.0f), all(0.0f));
        lifted_[half] = where((peak > kFaintest) & (peak < 1.0f / kFaintest), power_of_two, all(1.0f));
        return 1.0f / lifted_[half];
    }

    void add_frames(const Resolution& of, int half, float* grad_frames) const {
        const float* from = half ? im_.data() : re_.data();
        for (int n = 0; n < of.length; n += kLanes) {
            const Vector window = load(of.window + n);
            Vector v[kLanes];
            for (int i = 0; i < kLanes; ++i) v[i] = load(from + (n + i) * kLanes);
            transpose(v);
            for (int lane = 0; lane < kLanes; ++lane) {
                float* to = grad_frames + lane * of.hop + n;
                store(to, load(to) + v[lane] * window);
            }
        }
    }

    void compare_bands(const Resolution& of, int64_t first, float* grad_mel, Sums& sums) const {
        const float by_reference = (float)(1.0 / of.mel_reference);
        const float floor = (float)of.mel_floor;
        Vector differences = all(0.0f);
        Vector audible = all(0.0f);
        for (int64_t cell = 0; cell < 2 * of.bands; ++cell) {
            const int64_t at = first + cell * kLanes;
            const Vector ratio = load(&mel_[cell * kLanes]) * by_reference + floor;
            const Vector difference = logarithm(ratio) * 0.5f - load(of.mel_level + at);
            const Vector live = live_[cell % 2];
            const Vector one = where(ratio > 2.0f * floor, live, live * load(of.mel_audible + at));
            differences += magnitude_of(difference) * one;
            audible += one;
            store(grad_mel + at, with_sign(one * (0.5f * by_reference) / ratio, difference));
        }
        sums.log_mel = sum(differences);
        sums.audible = sum(audible);
    }

    int mirror(int bin) const { return bin ? fft_->length() - bin : 0; }

    Complex at(int bin) const {
        const int place = fft_->place(bin) * kLanes;
        return load(&re_[place], &im_[place]);
    }

    void put(int bin, Complex value) {
        const int place = fft_->place(bin) * kLanes;
        store(&re_[place], &im_[place], value);
    }

    // Of both frames of each lane.
    void spectra(int bin, Complex (&both)[2]) const {
        const Complex a = at(bin);
        const Complex b = at(mirror(bin)).conjugate();
        both[0] = (a + b) * (lifted_[0] * 0.5f);
        both[1] = (b - a).quarter() * (lifted_[1] * 0.5f);
    }

    // Add a bin's power to the bands that it has a share in.
    void share(const Resolution& of, int bin, int half, Vector power) {
        for (int64_t k = of.first_share[bin]; k < of.first_share[bin + 1]; ++k) {
            float* band = &mel_[(2 * of.band_of_share[k] + half) * kLanes];
            store(band, load(band) + power * of.share[k]);
        }
    }

    const FrameFft* fft_;
    std::vector<float> re_, im_;
    std::vector<float> mel_;                  // power of each band, of both frames of each lane
    Vector live_[2], sounds_[2], lifted_[2];  // 1 for frames that there are, or that are not silent; see `lower`
};

// What threads leave for the next call. It is not destroyed: one may still compare when the process ends.
union Left {
    Spaces<Chunk> spaces;
    constexpr Left() : spaces() {}
    ~Left() {}
};
Left left;

// Sounds beside a target.
class Comparison {
   public:
    Comparison(const Target& target, int64_t items, int64_t most_threads, const float* audio)
        : target_(target), items_(items), audio_(audio) {
        int64_t after = 0;
        int64_t transformed = 0;
        for (int64_t r = 0; r < target.resolutions; ++r) {
            const Resolution& own = of(r);
            side_ = std::max(side_, own.length / 2);
            after = std::max(after, kFrames * own.hop + own.length);
            transformed += chunks_of(own) * kFrames * own.length;
            kept_at_.push_back(kept_);
            kept_ += kept_of(own);
            for (int64_t chunk = 0; chunk < chunks_of(own); ++chunk) {
                places_.push_back({0, r, chunk, spans_});
                spans_ += span_of(own);
            }
        }
        threads_ = threads_for(items * transformed, most_threads);
        padded_samples_ = side_ + target.samples + after;
        padded_.assign(items * padded_samples_, 0.0f);
        for (int64_t item = 0; item < items; ++item) {
            std::copy_n(audio + item * target.samples, target.samples, &padded_[item * padded_samples_ + side_]);
        }
    }

    void compare(float* losses, float* kept) const {
        std::vector<Sums> sums(tasks());
        for_each_with(left.spaces, threads_, tasks(), [&](Chunk& chunk, int64_t task) {
            const Place at = place(task);
            float* grad_mel = kept + at.item * kept_ + kept_at_[at.resolution] + kSums;
            sums[task] = chunk.compare(of(at.resolution), at.chunk, samples(at), grad_mel);
        });
        for (int64_t item = 0; item < items_; ++item) {
            std::vector<Sums> whole(target_.resolutions);
            for (size_t k = 0; k < places_.size(); ++k) whole[places_[k].resolution] += sums[item * places_.size() + k];
            double loss = compare_envelope(item, nullptr, 0.0);
            for (int64_t r = 0; r < target_.resolutions; ++r) {
                const Resolution& own = of(r);
                const double distance = square_root(whole[r].convergence);
                const double audible = maximum(whole[r].audible, 1.0);
                loss += own.convergence * distance / own.norm;
                loss += own.log_mel * whole[r].log_mel / audible;
                loss += own.log_magnitude * whole[r].log_magnitude / cells(own);
                float* found = kept + item * kept_ + kept_at_[r];
                found[0] = (float)distance;
                found[1] = (float)audible;
            }
            losses[item] = (float)loss;
        }
    }

    void differentiate(const float* kept, const float* grad_losses, float* grad_audio) const {
        std::vector<float> grad_spans(items_ * spans_);
        for_each_with(left.spaces, threads_, tasks(), [&](Chunk& chunk, int64_t task) {
            const Place at = place(task);
            const Resolution& own = of(at.resolution);
            const float* found = kept + at.item * kept_ + kept_at_[at.resolution];
            const double by = grad_losses[at.item];
            const double distance = found[0];
            Factors factors;
            factors.convergence = (float)(distance > 0.0 ? by * own.convergence / (own.norm * distance) : 0.0);
            factors.log_magnitude = (float)(by * own.log_magnitude / cells(own));
            factors.log_mel = (float)(by * own.log_mel / found[1]);
            float* to = &grad_spans[at.item * spans_ + at.first_sample];
            chunk.differentiate(own, at.chunk, samples(at), found + kSums, factors, to);
        });
        for_each(threads_, items_, [&](int64_t item) {
            float* to = grad_audio + item * target_.samples;
            std::fill_n(to, target_.samples, 0.0f);
            compare_envelope(item, to, grad_losses[item]);
            for (const Place& each : places_) add_span(each, &grad_spans[item * spans_], to);
        });
    }

   private:
    const Resolution& of(int64_t resolution) const { return target_.resolution[resolution]; }

    static double cells(const Resolution& of) { return (double)(of.frames * bins_of(of)); }

    int64_t tasks() const { return items_ * (int64_t)places_.size(); }

    Place place(int64_t task) const {
        Place found = places_[task % places_.size()];
        found.item = task / (int64_t)places_.size();
        return found;
    }

    // From where a resolution's first frame begins.
    const float* samples(const Place& at) const {
        return &padded_[at.item * padded_samples_ + side_ - of(at.resolution).length / 2];
    }

    // Add the gradient of a chunk's samples to that of the item's, beyond which it may reach on both sides.
    void add_span(const Place& at, const float* grad_spans, float* grad_samples) const {
        const Resolution& own = of(at.resolution);
        const int64_t begin = at.chunk * kFrames * own.hop - own.length / 2;
        const int64_t first = std::max<int64_t>(begin, 0);
        const int64_t last = std::min(begin + span_of(own), target_.samples);
        const float* from = grad_spans + at.first_sample;
        for (int64_t n = first; n < last; ++n) grad_samples[n] += from[n - begin];
    }

    // The envelope's term; its gradient, times that of the loss, is added where it is asked for.
    double compare_envelope(int64_t item, float* grad_samples, double grad_loss) const {
        const backbeat_loss_envelope& own = target_.envelope;
        if (!own.blocks) return 0.0;
        const float* sound = audio_ + item * target_.samples;
        std::vector<double> gradients(own.blocks);  // by the sum of the differences
        double differences = 0.0;
        double audible = 0.0;
        for (int64_t block = 0; block < own.blocks; ++block) {
            const int64_t first = block * own.block;
            const int64_t last = std::min(first + own.block, target_.samples);
            double power = 0.0;
            for (int64_t n = first; n < last; ++n) power += (double)sound[n] * sound[n];
            const double ratio = power / (double)own.block / own.reference;
            if (!(own.audible[block] > 0.0f || ratio > own.floor)) continue;
            const double difference = 0.5 * logarithm(ratio + own.floor) - own.level[block];
            differences += backbeat::magnitude(difference);
            audible += 1.0;
            const double sign = (difference > 0.0) - (difference < 0.0);
            gradients[block] = sign / ((ratio + own.floor) * own.reference * (double)own.block);
        }
        audible = maximum(audible, 1.0);
        if (grad_samples) {
            const double by = grad_loss * own.weight / audible;
            for (int64_t n = 0; n < target_.samples; ++n) {
                grad_samples[n] += (float)(by * gradients[n / own.block] * sound[n]);
            }
        }
        return own.weight * differences / audible;
    }

    const Target& target_;
    int64_t items_;
    const float* audio_;
    int64_t threads_ = 1;
    int64_t side_ = 0;  // silence before the samples
    int64_t padded_samples_ = 0;
    int64_t kept_ = 0;
    int64_t spans_ = 0;
    std::vector<int64_t> kept_at_;
    std::vector<Place> places_;  // of one item
    std::vector<float> padded_;
};

bool is_valid(const Resolution& of, int64_t samples) {
    const bool is_power = of.length >= kLanes && of.length <= kLongest && !(of.length & (of.length - 1));
    const bool has_frames = of.hop >= 1 && of.frames == 1 + samples / of.hop;
    const bool has_target = of.window && of.magnitude && of.level && of.first_share;
    const bool has_bands = of.bands == 0 || (of.mel_level && of.mel_audible && of.band_of_share && of.share);
    return is_power && has_frames && has_target && of.bands >= 0 && has_bands;
}

bool is_valid(const Target& target, int64_t items) {
    if (target.samples < 1 || target.resolutions < 1 || items < 0) return false;
    for (int64_t r = 0; r < target.resolutions; ++r) {
        if (!is_valid(target.resolution[r], target.samples)) return false;
    }
    const backbeat_loss_envelope& envelope = target.envelope;
    if (envelope.blocks == 0) return true;
    const bool has_all = envelope.block >= 1 && envelope.blocks == (target.samples - 1) / envelope.block + 1;
    return has_all && envelope.level && envelope.audible;
}

}  // namespace
}  // namespace backbeat

extern "C" {

int64_t backbeat_loss_kept(const backbeat_loss_target* target) {
    int64_t kept = 0;
    for (int64_t r = 0; r < target->resolutions; ++r) kept += backbeat::kept_of(target->resolution[r]);
    return kept;
}

int backbeat_loss_compare(const backbeat_loss_target* target, int64_t items, int64_t most_threads, const float* audio,
                          float* losses, float* kept) {
    using namespace backbeat;
    if (!is_valid(*target, items)) return BACKBEAT_INVALID;
    return status_of([&] { Comparison(*target, items, most_threads, audio).compare(losses, kept); });
}

int backbeat_loss_differentiate(const backbeat_loss_target* target, int64_t items, int64_t most_threads,
                                const float* audio, const float* kept, const float* grad_losses, float* grad_audio) {
    using namespace backbeat;
    if (!is_valid(*target, items)) return BACKBEAT_INVALID;
    return status_of(
        [&] { Comparison(*target, items, most_threads, audio).differentiate(kept, grad_losses, grad_audio); });
}

}  // extern "C"
