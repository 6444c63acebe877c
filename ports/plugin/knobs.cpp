#include "knobs.h"

#include <algorithm>
#include <cmath>

namespace backbeat {
namespace {

// What a line through points has at x; beyond the ends, what the ends have.
double interpolated(double x, const std::vector<double>& xs, const double* ys) {
    const auto next = std::find_if(xs.begin(), xs.end(), [x](double each) { return each > x; }) - xs.begin();
    if (next == 0) return ys[0];
    if (next == (std::ptrdiff_t)xs.size()) return ys[next - 1];
    return ys[next - 1] + ((ys[next] - ys[next - 1]) * (x - xs[next - 1])) / (xs[next] - xs[next - 1]);
}

// Of a sweep at the end of the sound.
double height(const Step& step, const std::vector<double>& values) {
    const double depth_st = values[step.depth_st];
    const double t60_s = values[step.t60_s];
    return 1.0 + (std::pow(2.0, depth_st / 12.0) - 1.0) * std::exp((-std::log(1000.0) * step.end_s) / t60_s);
}

double clipped(double x, double low, double high) {
    if (!(x >= low)) return low;
    return x > high ? high : x;
}

class Turn {
   public:
    Turn(const std::vector<double>& before, const std::string& unit, double amount)
        : before_(before),
          amount_(amount),
          ratio_(unit == "st" ? std::pow(2.0, amount / 12.0) : 1.0 + amount / 100.0) {}

    void apply(const Step& step, std::vector<double>& after) const {
        const double settled = step.how == Step::How::settle ? height(step, before_) / height(step, after) : 1.0;
        for (int k = 0; k < step.size; ++k) {
            const double own = before_[step.first + k];
            if (step.keeps_off && own == step.low) continue;
            after[step.first + k] = clipped(changed(step, k, own, settled), step.low, step.high);
        }
    }

   private:
    double changed(const Step& step, int k, double own, double settled) const {
        switch (step.how) {
            case Step::How::multiply:
                return own * ratio_;
            case Step::How::divide:
                return own / ratio_;
            case Step::How::add:
                return own + amount_;
            case Step::How::tilt:
                return own + amount_ * step.octaves[k];
            case Step::How::tilt_gain:
                return own * std::pow(2.0, (amount_ * step.octaves[k]) / (20.0 * std::log10(2.0)));
            case Step::How::shift:
                return interpolated(step.octaves[k] - amount_ / 12.0, step.octaves, &before_[step.first]);
            default:
                return own * settled;
        }
    }

    const std::vector<double>& before_;
    double amount_;
    double ratio_;
};

}  // namespace

std::vector<double> turned(const std::vector<double>& values, const Knob& knob, double amount) {
    std::vector<double> after = values;
    if (amount == 0.0) return after;
    const Turn turn(values, knob.unit, amount);
    for (const Step& each : knob.steps) turn.apply(each, after);
    return after;
}

}  // namespace backbeat
