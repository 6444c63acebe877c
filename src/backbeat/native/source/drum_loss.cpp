// `DrumLoss` of losses/combine.py: how far sounds are from one target, and the slope of that by every sample.
//
// A chunk is two frames for each lane: one is the real part of a transform, one the imaginary. All that is summed is
// summed chunk by chunk, and then in their order, so that no bit depends on the number of threads. On the way back the
// spectra are made anew: to keep them takes as long.

#include "frame_fft.h"
#include "plugin.h"

namespace {

using namespace backbeat;

constexpr int kFrames = 2 * kLanes;       // in a chunk
constexpr float kQuietestPower = 1e-24f;  // below which a magnitude has no slope
constexpr float kFaintest = 1e-30f;       // of what is lifted

// What a resolution of the loss knows of the target, as losses/native.py lays it out. Of each chunk and bin, or band,
// there is a vector for the first frame of each lane, and one for the second.
struct Resolution {
    int64_t length, hop, frames, bands;
    double convergence, log_magnitude, log_mel;  // weights, over whatever the terms are means of but for cells
    double offset, norm, mel_reference, mel_floor;
    const float *window, *magnitude, *level, *mel_level, *mel_audible;
    const int64_t *first_share, *band_of_share;  // of each bin, the last of which ends before the first of the next
    const float* share;

    int64_t bins() const { return length / 2 + 1; }
    int64_t chunks() const { return (frames + kFrames - 1) / kFrames; }
    int64_t mel_cells() const { return chunks() * bands * kFrames; }
    int64_t span() const { return (kFrames - 1) * hop + length; }  // samples of a chunk
    int64_t kept() const { return 2 + mel_cells(); }               // numbers that the way back needs of an item
};

struct Envelope {
    int64_t block, blocks;
    double weight, reference, floor;
    const float *level, *audible;
};

struct Target {
    int64_t samples, resolutions;
    const Resolution* resolution;
    Envelope envelope;
};

// What is found of a chunk on the way there.
struct Sums {
    double convergence = 0.0, log_magnitude = 0.0, log_mel = 0.0, audible = 0.0;

    void operator+=(const Sums& other) {
        convergence += other.convergence, log_magnitude += other.log_magnitude;
        log_mel += other.log_mel, audible += other.audible;
    }
};

// What the slopes of a resolution's terms are multiplied by.
struct Slopes {
    float convergence, log_magnitude, log_mel;
};

// Which chunk of which resolution of which item, and where its samples lie among those of all.
struct Place {
    int64_t item, resolution, chunk, first_sample, span;
};

class Chunk {
   public:
    Sums compare(const Resolution& of, int64_t chunk, const float* padded, float* mel_slopes) {
        begin(of, chunk, padded);
        Vector apart{}, levels_apart{};
        for (int bin = 0; bin < of.bins(); ++bin) {
            Complex both[2];
            spectra(bin, both);
            for (int half = 0; half < 2; ++half) {
                const Cell cell(of, chunk, bin, half, both[half].power());
                const Vector level_apart = logarithm(cell.above) - load(of.level + cell.at);
                apart += cell.apart * cell.apart * live_[half];
                levels_apart += magnitude_of(level_apart) * live_[half];
                hear(of, bin, half, cell.power);
            }
        }
        Sums sums;
        sums.convergence = sum(apart), sums.log_magnitude = sum(levels_apart);
        Vector mel_apart{}, audible{};
        for (int64_t cell = 0; cell < 2 * of.bands; ++cell) {
            const int64_t at = chunk * of.bands * kFrames + cell * kLanes;
            Vector ratio = mel_[cell] * (float)(1.0 / of.mel_reference) + (float)of.mel_floor;
            Vector difference = logarithm(ratio) * 0.5f - load(of.mel_level + at), one = live_[cell % 2];
            one = ratio > (float)(2.0 * of.mel_floor) ? one : one * load(of.mel_audible + at);
            mel_apart += magnitude_of(difference) * one, audible += one;
            Vector slope = one * (float)(0.5 / of.mel_reference) / ratio;
            store(mel_slopes + at, with_sign(slope, difference));
        }
        sums.log_mel = sum(mel_apart), sums.audible = sum(audible);
        return sums;
    }

    // Add to the slopes of the chunk's samples.
    void differentiate(const Resolution& of, int64_t chunk, const float* padded, const float* mel_slopes,
                       const Slopes& by, float* of_samples) {
        begin(of, chunk, padded);
        mel_slopes += chunk * of.bands * kFrames;
        for (int bin = 0; bin < of.bins(); ++bin) {
            Complex both[2];
            spectra(bin, both);
            const bool alone = bin == 0 || 2 * bin == of.length;  // all other bins stand for two
            for (int half = 0; half < 2; ++half) {
                const Cell cell(of, chunk, bin, half, both[half].power());
                Vector nothing{}, slope = all(by.log_magnitude) / cell.above;
                slope = with_sign(slope, cell.apart) + cell.apart * by.convergence;
                slope *= 0.5f * cell.over_magnitude;
                slope = cell.power > kQuietestPower ? slope * live_[half] : nothing;
                for (int64_t k = of.first_share[bin]; k < of.first_share[bin + 1]; ++k)
                    slope += load(mel_slopes + (2 * of.band_of_share[k] + half) * kLanes) * (of.share[k] * by.log_mel);
                slope = sounds_[half] > nothing ? slope : nothing;
                both[half] = both[half] * (alone ? slope * 2.0f : slope);
            }
            put(bin, both[0] + both[1].quarter());
            put(bin ? fft_->length() - bin : 0, both[0].conjugate() + both[1].conjugate().quarter());
        }
        fft_->inverse(re_.data(), im_.data());
        for (int half = 0; half < 2; ++half)
            for (int n = 0; n < of.length; n += kLanes) {
                const Vector window = load(of.window + n);
                Vector v[kLanes];
                for (int i = 0; i < kLanes; ++i) v[i] = load((half ? im_ : re_).data() + (n + i) * kLanes);
                transpose(v);
                for (int lane = 0; lane < kLanes; ++lane) {
                    float* to = of_samples + (half * kLanes + lane) * of.hop + n;
                    store(to, load(to) + v[lane] * window);
                }
            }
    }

   private:
    // A bin of the estimate beside the target's.
    struct Cell {
        int64_t at;
        Vector power, over_magnitude, above, apart;  // whose sign is also that of the difference in level

        Cell(const Resolution& of, int64_t chunk, int bin, int half, Vector power)
            : at(((chunk * of.bins() + bin) * 2 + half) * kLanes), power(power) {
            Vector heard = greater(all(kQuietestPower), power);  // and not the other way round: NaN stays
            over_magnitude = inverse_root(heard);
            Vector magnitude = heard * over_magnitude;
            above = magnitude + (float)of.offset;
            apart = magnitude - load(of.magnitude + at);
        }
    };

    // The spectra of a chunk's frames.
    void begin(const Resolution& of, int64_t chunk, const float* padded) {
        fft_ = &made_once<FrameFft>((int)of.length);
        re_.resize(of.length * kLanes), im_.resize(of.length * kLanes);
        mel_.assign(2 * of.bands, Vector{});
        for (int half = 0; half < 2; ++half) {
            const int64_t first = chunk * kFrames + half * kLanes;
            for (int lane = 0; lane < kLanes; ++lane) live_[half][lane] = first + lane < of.frames ? 1.0f : 0.0f;
            const Vector lowered = lower(half, of, first, padded);
            for (int n = 0; n < of.length; n += kLanes) {
                const Vector window = load(of.window + n);
                Vector v[kLanes];
                for (int lane = 0; lane < kLanes; ++lane)
                    if (first + lane < of.frames)
                        v[lane] = load(padded + (first + lane) * of.hop + n) * window * lowered[lane];
                    else
                        v[lane] = Vector{};
                transpose(v);
                for (int i = 0; i < kLanes; ++i) store((half ? im_ : re_).data() + (n + i) * kLanes, v[i]);
            }
        }
        fft_->forward(re_.data(), im_.data());
    }

    // By which power of two each lane's frame comes near full scale, so that neither of two that share a transform is
    // lost in the other's rounding.
    Vector lower(int half, const Resolution& of, int64_t first, const float* padded) {
        Vector peaks[kLanes] = {};
        for (int lane = 0; lane < kLanes && first + lane < of.frames; ++lane)
            for (int n = 0; n < of.length; n += kLanes)
                peaks[lane] = greater(magnitude_of(load(padded + (first + lane) * of.hop + n)), peaks[lane]);
        transpose(peaks);
        for (int i = 1; i < kLanes; ++i) peaks[0] = greater(peaks[i], peaks[0]);
        constexpr int32_t kExponent = 0x7f800000;
        const Vector one = all(1.0f), nothing{}, power = (Vector)((SignedWords)peaks[0] & kExponent);
        sounds_[half] = peaks[0] > nothing ? one : nothing;
        lifted_[half] = peaks[0] > kFaintest && peaks[0] < 1.0f / kFaintest ? power : one;
        return one / lifted_[half];
    }

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
        const Complex a = at(bin), b = at(bin ? fft_->length() - bin : 0).conjugate();
        both[0] = (a + b) * (lifted_[0] * 0.5f), both[1] = (b - a).quarter() * (lifted_[1] * 0.5f);
    }

    void hear(const Resolution& of, int bin, int half, Vector power) {
        for (int64_t k = of.first_share[bin]; k < of.first_share[bin + 1]; ++k)
            mel_[2 * of.band_of_share[k] + half] += power * of.share[k];
    }

    const FrameFft* fft_;
    std::vector<float> re_, im_;
    std::vector<Vector> mel_;                 // of each band, both frames
    Vector live_[2], sounds_[2], lifted_[2];  // 1 for frames that there are, or that are not silent; see `lower`
};

// Sounds beside a target.
class Comparison {
   public:
    Comparison(const Target& target, int64_t items, int64_t most_threads, const float* audio)
        : target_(target), items_(items), audio_(audio) {
        int64_t after = 0;
        for (int64_t r = 0; r < target.resolutions; ++r) {
            side_ = std::max(side_, of(r).length / 2), after = std::max(after, kFrames * of(r).hop + of(r).length);
        }
        padded_samples_ = side_ + target.samples + after;
        int64_t kept = 0, spans = 0, transformed = 0;
        for (int64_t r = 0; r < target.resolutions; ++r) {
            kept_at_.push_back(kept), kept += of(r).kept();
            transformed += of(r).chunks() * kFrames * of(r).length;
            for (int64_t chunk = 0; chunk < of(r).chunks(); ++chunk, spans += of(r).span())
                places_.push_back({0, r, chunk, spans, of(r).span()});
        }
        kept_ = kept, spans_ = spans;
        threads_ = threads_for(items * transformed, most_threads);
        padded_.assign(items * padded_samples_, 0.0f);
        for (int64_t item = 0; item < items; ++item)
            std::copy_n(audio + item * target.samples, target.samples, &padded_[item * padded_samples_ + side_]);
    }

    void compare(float* losses, float* kept) const {
        std::vector<Sums> sums(items_ * places_.size());
        for_each_with<Chunk>(threads_, (int64_t)sums.size(), [&](Chunk& chunk, int64_t task) {
            const Place at = place(task);
            float* mel_slopes = kept + at.item * kept_ + kept_at_[at.resolution] + 2;
            sums[task] = chunk.compare(of(at.resolution), at.chunk, samples(at), mel_slopes);
        });
        for (int64_t item = 0; item < items_; ++item) {
            std::vector<Sums> whole(target_.resolutions);
            for (size_t k = 0; k < places_.size(); ++k) whole[places_[k].resolution] += sums[item * places_.size() + k];
            double loss = compare_envelope(item, nullptr, 0.0);
            for (int64_t r = 0; r < target_.resolutions; ++r) {
                const Resolution& here = of(r);
                const double apart = std::sqrt(whole[r].convergence), audible = std::max(whole[r].audible, 1.0);
                loss += here.convergence * apart / here.norm + here.log_mel * whole[r].log_mel / audible;
                loss += here.log_magnitude * whole[r].log_magnitude / (double)(here.frames * here.bins());
                float* found = kept + item * kept_ + kept_at_[r];
                found[0] = (float)apart, found[1] = (float)audible;
            }
            losses[item] = (float)loss;
        }
    }

    void differentiate(const float* kept, const float* slope, float* of_audio) const {
        std::vector<float> found(items_ * spans_);
        for_each_with<Chunk>(threads_, items_ * (int64_t)places_.size(), [&](Chunk& chunk, int64_t task) {
            const Place at = place(task);
            const Resolution& here = of(at.resolution);
            const float* of_item = kept + at.item * kept_ + kept_at_[at.resolution];
            const double by = slope[at.item], apart = of_item[0];
            const Slopes slopes = {(float)(apart > 0.0 ? by * here.convergence / (here.norm * apart) : 0.0),
                                   (float)(by * here.log_magnitude / (double)(here.frames * here.bins())),
                                   (float)(by * here.log_mel / of_item[1])};
            chunk.differentiate(here, at.chunk, samples(at), of_item + 2, slopes,
                                &found[at.item * spans_ + at.first_sample]);
        });
        for_each(threads_, items_, [&](int64_t item) {
            float* to = of_audio + item * target_.samples;
            std::fill_n(to, target_.samples, 0.0f);
            compare_envelope(item, to, slope[item]);
            for (const Place& each : places_) {
                const Resolution& here = of(each.resolution);
                const int64_t first = each.chunk * kFrames * here.hop - here.length / 2;
                const float* from = &found[item * spans_ + each.first_sample] - first;
                const int64_t last = std::min(first + each.span, target_.samples);
                for (int64_t n = std::max<int64_t>(first, 0); n < last; ++n) to[n] += from[n];
            }
        });
    }

   private:
    const Resolution& of(int64_t resolution) const { return target_.resolution[resolution]; }

    Place place(int64_t task) const {
        Place found = places_[task % places_.size()];
        found.item = task / (int64_t)places_.size();
        return found;
    }

    // From where a resolution's first frame begins.
    const float* samples(const Place& at) const {
        return &padded_[at.item * padded_samples_ + side_ - of(at.resolution).length / 2];
    }

    // The envelope's term; its slopes, times one, are added where they are asked for.
    double compare_envelope(int64_t item, float* of_audio, double slope) const {
        const Envelope& here = target_.envelope;
        if (!here.blocks) return 0.0;
        const float* sound = audio_ + item * target_.samples;
        std::vector<double> slopes(here.blocks);
        double apart = 0.0, audible = 0.0;
        for (int64_t block = 0; block < here.blocks; ++block) {
            double power = 0.0;
            const int64_t first = block * here.block, last = std::min(first + here.block, target_.samples);
            for (int64_t n = first; n < last; ++n) power += (double)sound[n] * sound[n];
            const double ratio = power / (double)here.block / here.reference;
            if (!(here.audible[block] > 0.0f || ratio > here.floor)) continue;
            const double difference = 0.5 * std::log(ratio + here.floor) - here.level[block];
            apart += std::abs(difference), audible += 1.0;
            const double sign = (difference > 0.0) - (difference < 0.0);
            slopes[block] = sign / ((ratio + here.floor) * here.reference * (double)here.block);
        }
        audible = std::max(audible, 1.0);
        for (int64_t n = 0; of_audio && n < target_.samples; ++n)
            of_audio[n] += (float)(slope * here.weight / audible * slopes[n / here.block] * sound[n]);
        return here.weight * apart / audible;
    }

    const Target& target_;
    int64_t items_, threads_, side_ = 0, padded_samples_, kept_, spans_;
    const float* audio_;
    std::vector<int64_t> kept_at_;
    std::vector<Place> places_;  // of one item
    std::vector<float> padded_;
};

}  // namespace

BACKBEAT_EXPORT int lanes() { return kLanes; }

// How many numbers the way back needs of an item.
BACKBEAT_EXPORT int64_t kept(const Target* target) {
    int64_t all = 0;
    for (int64_t r = 0; r < target->resolutions; ++r) all += target->resolution[r].kept();
    return all;
}

// Losses (items,) of sounds (items, samples), and what the way back needs of them (items, …).
BACKBEAT_EXPORT int compare(const Target* target, int64_t items, int64_t threads, const float* audio, float* losses,
                            float* kept) {
    return status_of([&] { Comparison(*target, items, threads, audio).compare(losses, kept); });
}

// Slopes of the sounds, (items, samples), by those of the losses, (items,).
BACKBEAT_EXPORT int differentiate(const Target* target, int64_t items, int64_t threads, const float* audio,
                                  const float* kept, const float* slope, float* of_audio) {
    return status_of([&] { Comparison(*target, items, threads, audio).differentiate(kept, slope, of_audio); });
}
