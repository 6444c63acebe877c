// Filtering by a linear-phase kernel whose delay is taken out, by overlap-save.
#pragma once

#include <algorithm>

#include "fft.h"
#include "operation.h"

namespace backbeat {

// Two blocks of a signal go through one complex transform, as its real and its imaginary part: the kernel is real, and
// its spectrum too, since it is symmetric about 0.
class LinearPhase {
   public:
    // Prepare for so many samples of what a kernel makes of a signal; `kernel` has taps 0 to `half` of one side.
    void prepare(const float* kernel, int half, int64_t output_samples) {
        half_ = half;
        output_samples_ = output_samples;
        fft_ = &made_once<Fft>(Fft::enough(6 * half));  // a block gives twice what it overlaps by, in the fastest cache
        const int length = fft_->length();
        hop_ = length - 2 * half;
        pairs_ = (output_samples + 2 * hop_ - 1) / (2 * hop_);
        response_.assign(length, 0.0f);
        nothing_.assign(length, 0.0f);
        for (int m = 0; m <= half; ++m) {
            response_[m] = kernel[m] / length;
            response_[(length - m) % length] = kernel[m] / length;
        }
        fft_->forward(response_.data(), nothing_.data());
    }

    // Samples the signal must have: silence is taken for what is before it, but not for what is after it.
    int64_t reach() const { return output_samples_ + half_; }

    // Transform a signal; its spectra stay until another's are taken.
    void load_input(const float* signal) {
        const int length = fft_->length();
        resize(spectra_, pairs_ * apart());
        for (int64_t pair = 0; pair < pairs_; ++pair) {
            float* re = &spectra_[pair * apart()];
            float* im = re + length + Fft::kGap;
            trim(signal, reach(), 2 * pair * hop_ - half_, re, length);
            trim(signal, reach(), (2 * pair + 1) * hop_ - half_, im, length);
            fft_->forward(re, im);
        }
    }

    // Filter the signal that was taken.
    void apply(float* output) {
        const int length = fft_->length();
        resize(work_, apart());
        for (int64_t pair = 0; pair < pairs_; ++pair) {
            const float* from = &spectra_[pair * apart()];
            float* re = work_.data();
            float* im = re + length + Fft::kGap;
            respond(from, from + length + Fft::kGap, re, im);
            for (int64_t block = 0; block < 2; ++block) {
                const int64_t first = (2 * pair + block) * hop_;
                const int64_t count = std::min<int64_t>(hop_, output_samples_ - first);
                if (count > 0) std::memcpy(output + first, (block ? im : re) + half_, count * sizeof(float));
            }
        }
    }

    // Lay down the gradient of the kernel's taps, both sides together, and add that of the signal that was taken.
    void backward(const float* grad_output, float* grad_signal, float* grad_kernel) {
        const int length = fft_->length();
        resize(work_, apart());
        resize(correlation_, apart());
        std::fill_n(correlation_.begin(), apart(), 0.0f);
        for (int64_t pair = 0; pair < pairs_; ++pair) {
            correlate(pair, grad_output);
            if (!grad_signal) continue;
            float* re = work_.data();
            float* im = re + length + Fft::kGap;
            respond(re, im, re, im);
            add_to(grad_signal, 2 * pair * hop_ - half_, re);
            add_to(grad_signal, (2 * pair + 1) * hop_ - half_, im);
        }
        float* re = correlation_.data();
        float* im = re + length + Fft::kGap;
        fft_->inverse(re, im);
        grad_kernel[0] = re[0] / length;
        for (int m = 1; m <= half_; ++m) grad_kernel[m] = (re[m] + re[length - m]) / length;
    }

   private:
    // The spectrum of a pair of gradients, and what it adds to that of the kernel's.
    void correlate(int64_t pair, const float* grad_output) {
        const int length = fft_->length();
        float* sum_re = correlation_.data();
        float* sum_im = sum_re + length + Fft::kGap;
        float* re = work_.data();
        float* im = re + length + Fft::kGap;
        for (int64_t block = 0; block < 2; ++block) {
            float* part = block ? im : re;
            std::fill_n(part, half_, 0.0f);
            std::fill_n(part + half_ + hop_, half_, 0.0f);
            trim(grad_output, output_samples_, (2 * pair + block) * hop_, part + half_, hop_);
        }
        fft_->forward(re, im);
        const float* x_re = &spectra_[pair * apart()];
        const float* x_im = x_re + length + Fft::kGap;
        for (int k = 0; k < length; k += kLanes) {
            const Vector a = load(x_re + k);
            const Vector b = load(x_im + k);
            const Vector c = load(re + k);
            const Vector d = load(im + k);
            store(sum_re + k, load(sum_re + k) + (a * c + b * d));
            store(sum_im + k, load(sum_im + k) + (a * d - b * c));
        }
    }

    void add_to(float* signal, int64_t first, const float* part) const {
        const int64_t begin = std::max<int64_t>(0, -first);
        const int64_t end = std::min<int64_t>(fft_->length(), reach() - first);
        for (int64_t k = begin; k < end; ++k) signal[first + k] += part[k];
    }

    static void resize(Floats& values, size_t count) {
        if (values.size() < count) values.resize(count);
    }

    // Of the two parts and the space between them.
    int64_t apart() const { return 2 * (fft_->length() + Fft::kGap); }

    // So many samples of a signal, which is silent where it has none.
    static void trim(const float* signal, int64_t samples, int64_t first, float* to, int64_t count) {
        const int64_t before = std::clamp<int64_t>(-first, 0, count);
        const int64_t there = std::clamp<int64_t>(samples - first, before, count);
        std::fill_n(to, before, 0.0f);
        std::memcpy(to + before, signal + first + before, (there - before) * sizeof(float));
        std::fill_n(to + there, count - there, 0.0f);
    }

    // Filter a spectrum by the kernel, and transform it back.
    void respond(const float* from_re, const float* from_im, float* re, float* im) const {
        fft_->inverse(
            re, im, [&](int k) { return load(from_re + k, from_im + k) * load(&response_[k]); },
            [&](int k, Complex value) { store(re + k, im + k, value); });
    }

    const Fft* fft_ = nullptr;
    int half_ = 0;
    int64_t hop_ = 0, output_samples_ = 0, pairs_ = 0;
    Floats response_, nothing_, spectra_, work_, correlation_;
};

}  // namespace backbeat
