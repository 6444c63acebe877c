// Saturation.
//
//   soft_clip:  y = x / sqrt(s + q x²),  s = 1 / (G² (1 + D²)), q = D² s, of drive D and gain G
//   tanh_clip:  y = tanh(D x) / tanh D
//
// Gradients. Of the soft clip, 1 - q y² = s / (s + q x²) =: l, so that ∂y/∂x = l sqrt(l / s), ∂y/∂s = -y l / (2 s) and
// ∂y/∂q = -y³ / 2: all from the output. Of the other, ∂y/∂x = D (1 - tanh²(D x)) / tanh D.
#include "operation.h"
#include "wave.h"

namespace backbeat {
namespace {

// Controls: drive_db, gain_db.
class SoftClip final : public Shaper {
   public:
    explicit SoftClip(const Call& call)
        : power_(exponential(2.0 * call.control(0) * kDecibel)),
          scale_(exponential(-2.0 * call.control(1) * kDecibel) / (1.0 + power_)),
          square_(power_ * scale_) {}

    void forward(const float* input, float* output) const override {
        for (int n = 0; n < kTile; n += kLanes) {
            const Vector x = load(input + n);
            store(output + n, x * inverse_root(x * x * (float)square_ + (float)scale_));
        }
    }

    void backward(const float*, const float* output, const float* grad_output, float* grad_input) override {
        const float inverse_scale = (float)(1.0 / square_root(scale_));
        Vector by_scale = all(0.0f);
        Vector by_square = all(0.0f);
        for (int n = 0; n < kTile; n += kLanes) {
            const Vector y = load(output + n);
            const Vector gradient = load(grad_output + n);
            const Vector left = greater(1.0f - y * y * (float)square_, all(kLeastLeft));
            const Vector along = gradient * y;
            by_scale += along * left;
            by_square += along * y * y;
            // l sqrt(l) as l² / sqrt(l), whose root is at hand.
            store(grad_input + n, gradient * left * left * inverse_root(left) * inverse_scale);
        }
        grad_scale_ -= 0.5 * sum(by_scale) / scale_;
        grad_square_ -= 0.5 * sum(by_square);
    }

    void finish(double* const* grad_controls) const override {
        const double by_drive = (grad_square_ - grad_scale_) * scale_ / (1.0 + power_) * power_;
        add(grad_controls, 0, by_drive * 2.0 * kDecibel);
        add(grad_controls, 1, -2.0 * kDecibel * (grad_scale_ * scale_ + grad_square_ * square_));
    }

   private:
    static constexpr float kLeastLeft = 1e-12f;

    double power_, scale_, square_;
    double grad_scale_ = 0.0, grad_square_ = 0.0;
};

// Control: drive_db.
class TanhClip final : public Shaper {
   public:
    explicit TanhClip(const Call& call) : gain_(db_to_gain(call.control(0))), level_(1.0 / hyperbolic_tangent(gain_)) {}

    void forward(const float* input, float* output) const override {
        for (int n = 0; n < kTile; n += kLanes)
            store(output + n, tanh_of(load(input + n) * (float)gain_) * (float)level_);
    }

    void backward(const float* input, const float*, const float* grad_output, float* grad_input) override {
        Vector by_level = all(0.0f);
        Vector by_gain = all(0.0f);
        for (int n = 0; n < kTile; n += kLanes) {
            const Vector x = load(input + n);
            const Vector clipped = tanh_of(x * (float)gain_);
            const Vector gradient = load(grad_output + n);
            const Vector grad_argument = gradient * (1.0f - clipped * clipped) * (float)level_;
            by_level += gradient * clipped;
            by_gain += grad_argument * x;
            store(grad_input + n, grad_argument * (float)gain_);
        }
        grad_level_ += sum(by_level);
        grad_gain_ += sum(by_gain);
    }

    void finish(double* const* grad_controls) const override {
        const double ratio = 1.0 / level_;
        const double by_gain = grad_gain_ - grad_level_ * (1.0 - ratio * ratio) * level_ * level_;
        add(grad_controls, 0, by_gain * gain_ * kDecibel);
    }

   private:
    double gain_, level_;
    double grad_level_ = 0.0, grad_gain_ = 0.0;
};

}  // namespace

extern const Operation kSoftClipOperation;
const Operation kSoftClipOperation = {"soft_clip", Kind::shaper, "1 1", "", make_operation<Shaper, SoftClip>,
                                      false,       true};

extern const Operation kTanhClipOperation;
const Operation kTanhClipOperation = {"tanh_clip", Kind::shaper, "1", "", make_operation<Shaper, TanhClip>,
                                      true,        false};

}  // namespace backbeat
