// Linear-phase FIR filters, windowed sincs without delay.
//
//   h = w_low h_low + w_band h_band + w_high h_high, taps m = -M ... M, M = seconds R / 2
//   h_low[m]  = win[m] sinc(2c m) 2c / S, c = cutoff / R; S so that the gain is 1 at 0 Hz
//   h_band[m] = win[m] (sinc(2b m) 2b - sinc(2a m) 2a) / S, of a = low / R, b = high / R; 1 in the middle of the band
//   h_high[m] = win[m] (δ[m] - sinc(2c m) 2c) / S; 1 at Nyquist
//   win[m]    = 0.54 + 0.46 cos(π m / M), a Hamming window
//
// The gradient of a kernel's taps is the correlation of the signal with the gradient of the output. That of a sinc by
// its width 2c is cos(2π c m), and each tap is felt through S too.
#include <array>

#include "linear_phase.h"

namespace backbeat {
namespace {

struct Filter {
    double weights[3];         // low-pass, band-pass, high-pass
    double cutoff, low, high;  // over the sample rate
};

// The taps of a filter, 0 to `half`, and what their gradient needs.
class WindowedSinc {
   public:
    void design(const Filter& filter, int half, std::vector<float>& kernel) {
        filter_ = filter;
        half_ = half;
        prepare();
        kernel.resize(half + 1);
        for (int m = 0; m <= half; ++m) {
            double total = 0.0;
            for (int part = 0; part < 3; ++part) total += filter.weights[part] * parts_[m][part] / sums_[part];
            kernel[m] = (float)total;
        }
    }

    // By the gradient of the taps: of a pair on both sides of the middle, their sum.
    Filter backward(const float* grad_kernel) const {
        double along[3] = {};  // each part's sum of gradient times tap
        for (int m = 0; m <= half_; ++m)
            for (int part = 0; part < 3; ++part) along[part] += grad_kernel[m] * parts_[m][part];
        for (int part = 0; part < 3; ++part) along[part] /= sums_[part];
        Filter found = {{along[0], along[1], along[2]}, 0.0, 0.0, 0.0};
        double by_middle = 0.0;
        for (int m = 0; m <= half_; ++m) {
            double shares[3];
            for (int part = 0; part < 3; ++part) {
                const double through_sum = is_bounded_[part] ? 0.0 : along[part] * weigh(m, part) * (m ? 2.0 : 1.0);
                shares[part] = filter_.weights[part] * windows_[m] * (grad_kernel[m] - through_sum) / sums_[part];
            }
            found.cutoff += (shares[0] - shares[2]) * cosines_[m][0];
            found.high += shares[1] * cosines_[m][1];
            found.low -= shares[1] * cosines_[m][2];
            if (!is_bounded_[1] && m) {
                const double weight = filter_.weights[1] * along[1] / sums_[1];
                by_middle += weight * parts_[m][1] * 4.0 * kPi * m * sine_middle_[m];
            }
        }
        found.cutoff *= is_wide_[0] ? 0.0 : 2.0;
        found.high = found.high * (is_wide_[1] ? 0.0 : 2.0) + 0.5 * by_middle;
        found.low = found.low * (is_wide_[2] ? 0.0 : 2.0) + 0.5 * by_middle;
        return found;
    }

   private:
    static constexpr double kSmallestGain = 1e-3;

    // The response that a part's gain is taken at: at 0 Hz, in the middle of the band, at Nyquist.
    double weigh(int m, int part) const {
        if (part == 0) return 1.0;
        if (part == 1) return cosine_middle_[m];
        return m % 2 ? -1.0 : 1.0;
    }

    void prepare() {
        const double widths[3] = {2.0 * filter_.cutoff, 2.0 * filter_.high, 2.0 * filter_.low};
        const double middle = 0.5 * (filter_.low + filter_.high);
        const double cycles[4] = {0.5 * minimum(widths[0], 1.0), 0.5 * minimum(widths[1], 1.0),
                                  0.5 * minimum(widths[2], 1.0), middle};
        for (int k = 0; k < 3; ++k) is_wide_[k] = widths[k] > 1.0;
        if ((int)windows_.size() != half_ + 1) {
            windows_.resize(half_ + 1);
            for (int m = 0; m <= half_; ++m)
                windows_[m] = half_ ? 0.54 + 0.46 * cosine_of_cycles(0.5 * m / half_) : 1.0;
        }
        parts_.resize(half_ + 1);
        cosines_.resize(half_ + 1);
        cosine_middle_.resize(half_ + 1);
        sine_middle_.resize(half_ + 1);
        double step_cosine[4], step_sine[4];
        double cosine[4] = {1.0, 1.0, 1.0, 1.0};
        double sine[4] = {};
        for (int k = 0; k < 4; ++k) {
            step_cosine[k] = cosine_of_cycles(cycles[k]);
            step_sine[k] = sine_of_cycles(cycles[k]);
        }
        sums_ = {};
        for (int m = 0; m <= half_; ++m) {
            double sinc[3];
            for (int k = 0; k < 3; ++k) {
                sinc[k] = m ? sine[k] / (kPi * m) : minimum(widths[k], 1.0);
                cosines_[m][k] = cosine[k];
            }
            cosine_middle_[m] = cosine[3];
            sine_middle_[m] = sine[3];
            const double impulse = m == 0 ? 1.0 : 0.0;
            parts_[m] = {windows_[m] * sinc[0], windows_[m] * (sinc[1] - sinc[2]), windows_[m] * (impulse - sinc[0])};
            for (int part = 0; part < 3; ++part) sums_[part] += (m ? 2.0 : 1.0) * weigh(m, part) * parts_[m][part];
            for (int k = 0; k < 4; ++k) {
                const double next = cosine[k] * step_cosine[k] - sine[k] * step_sine[k];
                sine[k] = sine[k] * step_cosine[k] + cosine[k] * step_sine[k];
                cosine[k] = next;
            }
        }
        // A high-pass at Nyquist passes nothing, and a band of no width: the gain is bounded.
        is_bounded_ = {false, sums_[1] < kSmallestGain, sums_[2] < kSmallestGain};
        for (int part = 1; part < 3; ++part) sums_[part] = maximum(sums_[part], kSmallestGain);
    }

    Filter filter_;
    int half_ = 0;
    std::vector<double> windows_, cosine_middle_, sine_middle_;
    std::vector<std::array<double, 3>> parts_, cosines_;
    std::array<double, 3> sums_;
    std::array<bool, 3> is_wide_, is_bounded_;
};

struct Space : Kept {
    WindowedSinc design;
    LinearPhase filter;
    std::vector<float> kernel, grad_kernel;
};

// Controls: weights, cutoff_hz, low_hz, high_hz; attribute: seconds.
class Fir final : public Transform {
   public:
    explicit Fir(const Call& call)
        : space_(kept<Space>(call)),
          rate_(call.grid.sample_rate),
          half_((int)minimum(rounded(0.5 * call.attributes[0] * rate_), kMostTaps)) {
        Filter filter = {};
        for (int part = 0; part < 3; ++part) {
            filter.weights[part] = call.controls[0][part];
            if (filter.weights[part] != 0.0) is_off_ = false;
        }
        if (call.differentiated) is_off_ = false;
        filter.cutoff = call.control(1) / rate_;
        filter.low = call.control(2) / rate_;
        filter.high = call.control(3) / rate_;
        space_.design.design(filter, half_, space_.kernel);
    }

    int64_t silent_after(int64_t input_silent_after) const override { return is_off_ ? 0 : input_silent_after + half_; }
    int64_t reach(int64_t output_samples) const override { return output_samples + half_; }

    void forward(const float* input, float* output, int64_t output_samples) override {
        load_input(input, output_samples);
        space_.filter.apply(output);
    }

    void backward(const float* input, const float* grad_output, int64_t output_samples, float* grad_input,
                  double* const* grad_controls) override {
        if (!has_input_) load_input(input, output_samples);
        space_.grad_kernel.resize(half_ + 1);
        space_.filter.backward(grad_output, grad_input, space_.grad_kernel.data());
        const Filter found = space_.design.backward(space_.grad_kernel.data());
        for (int part = 0; part < 3; ++part) add(grad_controls, 0, found.weights[part], part);
        add(grad_controls, 1, found.cutoff / rate_);
        add(grad_controls, 2, found.low / rate_);
        add(grad_controls, 3, found.high / rate_);
    }

   private:
    void load_input(const float* input, int64_t output_samples) {
        space_.filter.prepare(space_.kernel.data(), half_, output_samples);
        space_.filter.load_input(input);
        has_input_ = true;
    }

    static constexpr double kMostTaps = 1 << 26;

    Space& space_;
    double rate_;
    int half_;
    bool is_off_ = true, has_input_ = false;
};

}  // namespace

extern const Operation kFirOperation;
const Operation kFirOperation = {"fir", Kind::transform, "3 1 1 1", "seconds", make_operation<Transform, Fir>, false,
                                 false};

}  // namespace backbeat
