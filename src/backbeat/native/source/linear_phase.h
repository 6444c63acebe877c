// Filtering by a linear-phase kernel whose delay is taken out, by overlap-save: dsp/filters/linear_phase.py.
#pragma once

#include "fft.h"
#include "plugin.h"

namespace backbeat {

// Two blocks of a signal go through one complex transform, as its real and its imaginary part: the kernel is real, and
// its spectrum too, since it is symmetric about 0.
class LinearPhase {
   public:
    // Prepare for `heard` samples of what a kernel makes of a signal; `kernel` has taps 0 to `half` of one side.
    void prepare(const float* kernel, int half, int64_t heard) {
        half_ = half, heard_ = heard;
        fft_ = &made_once<Fft>(length_for(half));
        int length = fft_->length();
        hop_ = length - 2 * half;
        pairs_ = (heard + 2 * hop_ - 1) / (2 * hop_);
        response_.assign(length, 0.0f);
        nothing_.assign(length, 0.0f);
        for (int m = 0; m <= half; ++m) response_[m] = response_[(length - m) % length] = kernel[m] / length;
        fft_->forward(response_.data(), nothing_.data());
    }

    // Samples the signal must have: silence is taken for what is before it, but not for what is after it.
    int64_t reach() const { return heard_ + half_; }

    // Filter a signal.
    void filter(const float* signal, float* filtered) {
        take(signal);
        give(filtered);
    }

    // Take the spectra of a signal, which stay until another's are taken.
    void take(const float* signal) {
        const int length = fft_->length();
        resize(spectra_, pairs_ * apart());
        for (int64_t pair = 0; pair < pairs_; ++pair) {
            float *re = &spectra_[pair * apart()], *im = re + length + kLanes;
            for (int64_t block = 0; block < 2; ++block)
                cut(signal, reach(), (2 * pair + block) * hop_ - half_, block ? im : re, 0, length);
            fft_->forward(re, im);
        }
    }

    // Filter the signal that was taken.
    void give(float* filtered) {
        const int length = fft_->length();
        resize(work_, apart());
        for (int64_t pair = 0; pair < pairs_; ++pair) {
            const float *from_re = &spectra_[pair * apart()], *from_im = from_re + length + kLanes;
            float *re = work_.data(), *im = re + length + kLanes;
            respond(from_re, from_im, re, im);
            fft_->inverse(re, im);
            for (int64_t block = 0; block < 2; ++block) {
                int64_t first = (2 * pair + block) * hop_, count = std::min<int64_t>(hop_, heard_ - first);
                if (count > 0) std::memcpy(filtered + first, (block ? im : re) + half_, count * sizeof(float));
            }
        }
    }

    // Lay down the slopes of the kernel's taps, both sides together.
    void kernel_slopes(const float* of_filtered, float* of_kernel) {
        begin_slopes();
        for (int64_t pair = 0; pair < pairs_; ++pair) correlate(pair, of_filtered);
        end_slopes(of_kernel);
    }

    // The same, and add those of the signal.
    void slopes(const float* of_filtered, float* of_signal, float* of_kernel) {
        begin_slopes();
        int length = fft_->length();
        for (int64_t pair = 0; pair < pairs_; ++pair) {
            correlate(pair, of_filtered);
            float *re = work_.data(), *im = re + length + kLanes;
            respond(re, im, re, im);
            fft_->inverse(re, im);
            for (int64_t block = 0; block < 2; ++block) {
                int64_t first = (2 * pair + block) * hop_ - half_;
                const float* part = block ? im : re;
                int64_t begin = std::max<int64_t>(0, -first), end = std::min<int64_t>(length, reach() - first);
                for (int64_t k = begin; k < end; ++k) of_signal[first + k] += part[k];
            }
        }
        end_slopes(of_kernel);
    }

   private:
    void begin_slopes() {
        resize(correlation_, apart());
        std::fill_n(correlation_.begin(), apart(), 0.0f);
    }

    // The spectrum of a pair of slopes, and what it adds to that of the kernel's.
    void correlate(int64_t pair, const float* of_filtered) {
        int length = fft_->length();
        float *sum_re = correlation_.data(), *sum_im = sum_re + length + kLanes;
        float *re = work_.data(), *im = re + length + kLanes;
        for (int64_t block = 0; block < 2; ++block) {
            float* part = block ? im : re;
            std::fill_n(part, half_, 0.0f), std::fill_n(part + half_ + hop_, half_, 0.0f);
            cut(of_filtered, heard_, (2 * pair + block) * hop_, part, half_, hop_);
        }
        fft_->forward(re, im);
        const float *x_re = &spectra_[pair * apart()], *x_im = x_re + length + kLanes;
        for (int k = 0; k < length; k += kLanes) {
            Vector a = load(x_re + k), b = load(x_im + k), c = load(re + k), d = load(im + k);
            store(sum_re + k, load(sum_re + k) + a * c + b * d);
            store(sum_im + k, load(sum_im + k) + a * d - b * c);
        }
    }

    void end_slopes(float* of_kernel) {
        int length = fft_->length();
        float *re = correlation_.data(), *im = re + length + kLanes;
        fft_->inverse(re, im);
        for (int m = 0; m <= half_; ++m) of_kernel[m] = (m ? re[m] + re[length - m] : re[0]) / length;
    }

    static void resize(std::vector<float>& values, size_t count) {
        if (values.size() < count) values.resize(count);
    }

    // Of the two parts and the space between them, without which both would lie in the same lines of the cache.
    int64_t apart() const { return 2 * (fft_->length() + kLanes); }

    // So that a block gives twice what it overlaps by, and its transform stays in the fastest cache.
    static int length_for(int half) { return Fft::enough(6 * half); }

    // `to[at : at + count]` from a signal of some samples, silent where it has none.
    static void cut(const float* signal, int64_t samples, int64_t first, float* to, int64_t at, int64_t count) {
        int64_t before = std::clamp<int64_t>(-first, 0, count),
                there = std::clamp<int64_t>(samples - first, before, count);
        std::fill_n(to + at, before, 0.0f);
        std::memcpy(to + at + before, signal + first + before, (there - before) * sizeof(float));
        std::fill_n(to + at + there, count - there, 0.0f);
    }

    void respond(const float* re, const float* im, float* out_re, float* out_im) const {
        for (int k = 0; k < fft_->length(); k += kLanes) {
            Vector response = load(&response_[k]);
            store(out_re + k, load(re + k) * response), store(out_im + k, load(im + k) * response);
        }
    }

    const Fft* fft_ = nullptr;
    int half_ = 0;
    int64_t hop_ = 0, heard_ = 0, pairs_ = 0;
    std::vector<float> response_, nothing_, spectra_, work_, correlation_;
};

}  // namespace backbeat
