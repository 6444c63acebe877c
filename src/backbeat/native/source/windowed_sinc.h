// The FIR filters of dsp/filters/fir.py, of which only the middle tap and one side are kept, with their slopes.
#pragma once

#include <array>
#include <vector>

#include "plugin.h"

namespace backbeat {

// `weight_low · low-pass + weight_band · band-pass + weight_high · high-pass` of one length.
class WindowedSinc {
   public:
    double weight_low = 0.0, weight_band = 0.0, weight_high = 0.0;
    double cutoff = 0.0;           // of low- and high-pass, over the sample rate
    double low = 0.0, high = 0.0;  // edges of the band, over the sample rate

    struct Slopes {
        double weight_low, weight_band, weight_high, cutoff, low, high;
    };

    // Taps 0 to `half`, counted from the middle.
    void design(int half, float* kernel) {
        prepare(half);
        for (int m = 0; m <= half; ++m) {
            double at_low = parts_[m][0] / sums_[0], at_band = parts_[m][1] / sums_[1],
                   at_high = parts_[m][2] / sums_[2];
            kernel[m] = (float)(weight_low * at_low + weight_band * at_band + weight_high * at_high);
        }
    }

    // Slopes of a design, by those of its taps: of a pair on both sides of the middle, their sum.
    Slopes slopes(int half, const float* of_kernel) const {
        double along[3] = {};  // each filter's sum of slope · tap
        for (int m = 0; m <= half; ++m)
            for (int filter = 0; filter < 3; ++filter) along[filter] += of_kernel[m] * parts_[m][filter];
        for (int filter = 0; filter < 3; ++filter) along[filter] /= sums_[filter];
        Slopes found = {along[0], along[1], along[2], 0.0, 0.0, 0.0};
        const double weights[3] = {weight_low, weight_band, weight_high};
        double of_middle = 0.0;
        for (int m = 0; m <= half; ++m) {
            double window = windows_[m], share[3];
            for (int filter = 0; filter < 3; ++filter) {
                double through_sum = fixed_[filter] ? 0.0 : along[filter] * weigh(m, filter) * (m ? 2.0 : 1.0);
                share[filter] = weights[filter] * window * (of_kernel[m] - through_sum) / sums_[filter];
            }
            // The slope of a sinc by its width, 2 f, is cos(π 2f m), times 2 of both sides in what the sums take.
            found.cutoff += (share[0] - share[2]) * cosines_[m][0];
            found.high += share[1] * cosines_[m][1];
            found.low -= share[1] * cosines_[m][2];
            if (!fixed_[1] && m)
                of_middle += weights[1] * along[1] / sums_[1] * parts_[m][1] * 4.0 * kPi * m * sine_middle_[m];
        }
        found.cutoff *= widened_[0] ? 0.0 : 2.0;
        found.high = found.high * (widened_[1] ? 0.0 : 2.0) + 0.5 * of_middle;
        found.low = found.low * (widened_[2] ? 0.0 : 2.0) + 0.5 * of_middle;
        return found;
    }

   private:
    static constexpr double kSmallestGain = 1e-3;

    double weigh(int m, int filter) const {
        return filter == 0 ? 1.0 : filter == 1 ? cosine_middle_[m] : m % 2 ? -1.0 : 1.0;
    }

    void prepare(int half) {
        const double widths[3] = {std::min(2.0 * cutoff, 1.0), std::min(2.0 * high, 1.0), std::min(2.0 * low, 1.0)};
        widened_ = {2.0 * cutoff > 1.0, 2.0 * high > 1.0, 2.0 * low > 1.0};
        const double angles[4] = {kPi * widths[0], kPi * widths[1], kPi * widths[2], kPi * (low + high)};
        if ((int)windows_.size() != half + 1) {
            windows_.resize(half + 1);
            for (int m = 0; m <= half; ++m) windows_[m] = half ? 0.54 + 0.46 * std::cos(kPi * m / half) : 1.0;
        }
        parts_.resize(half + 1), cosines_.resize(half + 1);
        cosine_middle_.resize(half + 1), sine_middle_.resize(half + 1);
        double cosine[4], sine[4], now_cosine[4] = {1.0, 1.0, 1.0, 1.0}, now_sine[4] = {};
        for (int k = 0; k < 4; ++k) cosine[k] = std::cos(angles[k]), sine[k] = std::sin(angles[k]);
        sums_ = {};
        for (int m = 0; m <= half; ++m) {
            double sinc[3];
            for (int k = 0; k < 3; ++k)
                sinc[k] = m ? now_sine[k] / (kPi * m) : widths[k], cosines_[m][k] = now_cosine[k];
            cosine_middle_[m] = now_cosine[3], sine_middle_[m] = now_sine[3];
            parts_[m] = {windows_[m] * sinc[0], windows_[m] * (sinc[1] - sinc[2]), windows_[m] * ((m == 0) - sinc[0])};
            for (int filter = 0; filter < 3; ++filter)
                sums_[filter] += (m ? 2.0 : 1.0) * weigh(m, filter) * parts_[m][filter];
            for (int k = 0; k < 4; ++k) {
                double next = now_cosine[k] * cosine[k] - now_sine[k] * sine[k];
                now_sine[k] = now_sine[k] * cosine[k] + now_cosine[k] * sine[k];
                now_cosine[k] = next;
            }
        }
        // A high-pass at Nyquist passes nothing, and a band of no width: the gain is bounded.
        fixed_ = {false, sums_[1] < kSmallestGain, sums_[2] < kSmallestGain};
        for (int filter = 1; filter < 3; ++filter) sums_[filter] = std::max(sums_[filter], kSmallestGain);
    }

    std::vector<double> windows_, cosine_middle_, sine_middle_;
    std::vector<std::array<double, 3>> parts_, cosines_;
    std::array<double, 3> sums_;
    std::array<bool, 3> widened_, fixed_;
};

}  // namespace backbeat
