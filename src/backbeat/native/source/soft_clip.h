// The soft clip of dsp/shapers.py, with its slopes.
#pragma once

#include "plugin.h"

namespace backbeat {

// `y = x / √(s + q x²)`. What went in is found from what came out: where that is lost to rounding, it had no slope.
class SoftClip {
   public:
    SoftClip() = default;

    SoftClip(double drive_db, double gain_db)
        : power_(std::exp(2.0 * drive_db * kDecibel)),
          scale_(std::exp(-2.0 * gain_db * kDecibel) / (1.0 + power_)),
          square_(power_ * scale_),
          root_scale_(std::sqrt(scale_)) {}

    Vector operator()(Vector x) const { return x * inverse_root(x * x * (float)square_ + (float)scale_); }

    // The slope by what went in, of that by what came out.
    Vector back(Vector y, Vector slope) {
        // 1 - q y² is s / (s + q x²), and the slope by x is that to 3/2 over √s.
        const Vector rest = left(y), linear = slope * y;
        by_scale_ += linear * rest, by_square_ += linear * y * y;
        return slope * rest * rest * inverse_root(rest) * (float)(1.0 / root_scale_);
    }

    // What went in.
    Vector input(Vector y) const { return y * inverse_root(left(y)) * (float)root_scale_; }

    double of_drive_db() const {
        return (of_square() - of_scale()) * scale_ / (1.0 + power_) * power_ * 2.0 * kDecibel;
    }

    double of_gain_db() const { return -2.0 * kDecibel * (of_scale() * scale_ + of_square() * square_); }

   private:
    static constexpr float kLeastLeft = 1e-12f;

    Vector left(Vector y) const { return greater(1.0f - y * y * (float)square_, all(kLeastLeft)); }

    double of_scale() const { return -0.5 * sum(by_scale_) / scale_; }
    double of_square() const { return -0.5 * sum(by_square_); }

    double power_, scale_, square_, root_scale_;
    Vector by_scale_{}, by_square_{};
};

}  // namespace backbeat
