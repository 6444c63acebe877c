// A recursive filter of second order, in float64.
//
//   y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2], from rest
//
// Gradients, with g that of the output, by the adjoint recursion in reverse time:
//
//   u[n] = g[n] - a1 u[n+1] - a2 u[n+2]
//   of x[n]: b0 u[n] + b1 u[n+1] + b2 u[n+2]; of b_k: Σ u[n] x[n-k]; of a_k: -Σ u[n] y[n-k]
#include "operation.h"

namespace backbeat {
namespace {

struct Filtered : Kept {
    std::vector<double> output;
};

// Controls: b, a.
class Biquad final : public Transform {
   public:
    explicit Biquad(const Call& call) : samples_(call.grid.samples), filtered_(kept<Filtered>(call)) {
        for (int k = 0; k < 3; ++k) b_[k] = call.controls[0][k];
        for (int k = 0; k < 2; ++k) a_[k] = call.controls[1][k];
    }

    // Past the input, y is at most S (n + 1) r^n of a full-scale input, r the radius of the poles,
    // S = Σ |b_k| / (1 - r)².
    int64_t silent_after(int64_t input_silent_after) const override {
        const double radius = radius_of_poles();
        const double peak = magnitude(b_[0]) + magnitude(b_[1]) + magnitude(b_[2]);
        if (!(radius < 1.0) || !is_number(peak)) return input_silent_after + samples_;
        const double fall = -logarithm(maximum(radius, 1e-9));
        const double depth = logarithm(maximum(peak, 1e-9)) - 2.0 * logarithm(1.0 - radius) - logarithm(kSilence);
        double lasts = 0.0;
        for (int round = 0; round < 8; ++round) lasts = maximum(depth + logarithm(lasts + 1.0), 0.0) / fall;
        return input_silent_after + lasting(lasts + 3.0, samples_);
    }

    int64_t reach(int64_t output_samples) const override { return output_samples; }

    void forward(const float* input, float* output, int64_t output_samples) override {
        run(input, output_samples, [&](int64_t n, double y) { output[n] = (float)y; });
    }

    void backward(const float* input, const float* grad_output, int64_t output_samples, float* grad_input,
                  double* const* grad_controls) override {
        std::vector<double>& output = filtered_.output;
        output.resize((size_t)output_samples);
        run(input, output_samples, [&](int64_t n, double y) { output[(size_t)n] = y; });
        const double* y = output.data();
        double grad_b[3] = {};
        double grad_a[2] = {};
        double next = 0.0;
        double second = 0.0;
        for (int64_t n = output_samples; n-- > 0;) {
            const double u = (grad_output[n] - a_[1] * second) - a_[0] * next;
            if (grad_input) grad_input[n] += (float)(b_[0] * u + b_[1] * next + b_[2] * second);
            grad_b[0] += u * input[n];
            if (n >= 1) {
                grad_b[1] += u * input[n - 1];
                grad_a[0] -= u * y[n - 1];
            }
            if (n >= 2) {
                grad_b[2] += u * input[n - 2];
                grad_a[1] -= u * y[n - 2];
            }
            second = next;
            next = u;
        }
        for (int k = 0; k < 3; ++k) add(grad_controls, 0, grad_b[k], k);
        for (int k = 0; k < 2; ++k) add(grad_controls, 1, grad_a[k], k);
    }

   private:
    // The larger of the roots of z² + a1 z + a2.
    double radius_of_poles() const {
        const double half = 0.5 * magnitude(a_[0]);
        const double square = half * half - a_[1];
        return square < 0.0 ? square_root(a_[1]) : half + square_root(square);
    }

    template <typename Write>
    void run(const float* input, int64_t samples, Write write) const {
        double x1 = 0.0;
        double x2 = 0.0;
        double y1 = 0.0;
        double y2 = 0.0;
        for (int64_t n = 0; n < samples; ++n) {
            const double x = input[n];
            const double driven = (b_[0] * x + b_[1] * x1 + b_[2] * x2) - a_[1] * y2;
            const double y = driven - a_[0] * y1;  // last, since the next sample waits for it
            write(n, y);
            x2 = x1;
            x1 = x;
            y2 = y1;
            y1 = y;
        }
    }

    int64_t samples_;
    Filtered& filtered_;
    double b_[3], a_[2];
};

}  // namespace

extern const Operation kBiquadOperation;
const Operation kBiquadOperation = {"biquad", Kind::transform, "3 2", "", make_operation<Transform, Biquad>, false,
                                    false};

}  // namespace backbeat
