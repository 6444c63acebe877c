// Square waves, band-limited: a naive square plus, around each edge, what a band-limited step has beyond a plain one.
//
//   y(t) = Σ_k g_k q(f_k t + φ_k), q(c) = sgn(c) + Σ_j 2 (-1)^j r(d_j), d_j = (c - j/2) R / f  samples past edge j
//   sgn(c) = 1 in the first half of a cycle, -1 in the second
//   r(d) = S(d) - 1 from 0 on, S(d) before; S = ∫ h, h a sinc in a Kaiser window of ±24 samples, which is lowered to
//   end in 0
//
// So harmonic m of q is 4/(π m) of full scale times the response of h at m f, which is flat up to 0.4 R and below
// -72 dB from Nyquist on. S is read from a table with cubic interpolation, through its values and its gradients: all
// samples around an edge lie at one distance from two rows of the table. A square fades out within the last tenth below
// Nyquist.
//
// Gradients: an edge that comes later by a sample takes S' off its surroundings. With G_j = Σ_n grad[n] 2 (-1)^j
// S'(d_j) and t_j = (j/2 - φ) / f the time of the edge: of φ, Σ_j G_j R / f; of f, Σ_j G_j t_j R / f. S' is that of the
// interpolated table.
#include "operation.h"

namespace backbeat {
namespace {

constexpr int kHalfTaps = 24;
constexpr int kTaps = 2 * kHalfTaps;
constexpr int kPhases = 16;
constexpr int kSteps = 8;         // of the integral, in a phase
constexpr double kCutoff = 0.45;  // of the sample rate
constexpr double kBeta = 7.5;
constexpr double kLowestHz = 1.0;
constexpr double kMostCycles = 1e9;  // beyond, a start has no place
constexpr int kMargin = kTaps;
constexpr int kRoom = kTile + 2 * kMargin;  // a tile and what edges near it reach

// Row p: the residual 2 r at the samples around an edge, of which the first behind it is p phases late, and how much it
// gains in a phase there.
class Edge {
   public:
    Edge() : values_((kPhases + 1) * kTaps), gains_((kPhases + 1) * kTaps) {
        std::vector<double> risen(kHalfTaps * kPhases + 1);  // ∫ h from 0 on
        double total = 0.0;
        for (int n = 0; n < kHalfTaps * kPhases * kSteps; ++n) {
            const double step = 1.0 / (kPhases * kSteps);
            if (n % kSteps == 0) risen[n / kSteps] = total;
            total += (impulse(n * step) + 4.0 * impulse((n + 0.5) * step) + impulse((n + 1) * step)) * step / 6.0;
        }
        risen.back() = total;
        for (int phase = 0; phase <= kPhases; ++phase) {
            for (int tap = 0; tap < kTaps; ++tap) {
                const bool is_behind = tap >= kHalfTaps;
                const int at = (tap - kHalfTaps) * kPhases + phase;
                const double left = 1.0 - risen[is_behind ? at : -at] / total;
                values_[phase * kTaps + tap] = (float)(is_behind ? -left : left);
                gains_[phase * kTaps + tap] = (float)(impulse((double)at / kPhases) / (total * kPhases));
            }
        }
    }

    const float* values(int phase) const { return &values_[phase * kTaps]; }
    const float* gains(int phase) const { return &gains_[phase * kTaps]; }

   private:
    static double impulse(double x) {
        const double sinc = x == 0.0 ? 1.0 : sine_of_cycles(kCutoff * x) / (2.0 * kPi * kCutoff * x);
        const double place = x / kHalfTaps;
        return sinc * (bessel_i0(kBeta * square_root(maximum(1.0 - place * place, 0.0))) - 1.0);
    }

    std::vector<float> values_, gains_;
};

const Edge& edge() {
    static const Edge made;
    return made;
}

// Controls: frequency_hz, gain, start_cycles.
class Squares final : public Source {
   public:
    explicit Squares(const Call& call)
        : samples_(call.grid.samples),
          sample_rate_(call.grid.sample_rate),
          nyquist_hz_(0.5 * call.grid.sample_rate),
          edge_(edge()),
          count_(call.sizes[0]),
          squares_(call.arena->allocate<Square>(count_)) {
        for (int k = 0; k < count_; ++k) {
            Square& square = squares_[k];
            square.given_hz = call.controls[0][k];
            square.frequency_hz = maximum(square.given_hz, kLowestHz);
            square.gain = call.controls[1][k];
            square.start_cycles = call.controls[2] ? call.controls[2][k] : 0.0;
            if (!(magnitude(square.start_cycles) < kMostCycles)) square.start_cycles = 0.0;
            square.fade = clamped((nyquist_hz_ - square.frequency_hz) / (kFade * nyquist_hz_), 0.0, 1.0);
            square.period = sample_rate_ / square.frequency_hz;
            square.grad_level = 0.0;
            square.grad_start = 0.0;
            square.grad_frequency = 0.0;
        }
    }

    int64_t silent_after() const override {
        for (int k = 0; k < count_; ++k)
            if (squares_[k].fade > 0.0) return samples_;
        return 1;
    }

    void rewind() override { first_ = 0; }
    void advance() override { first_ += kTile; }

    void forward(float* tile) const override {
        for (int n = 0; n < kTile; n += kLanes) store(tile + n, all(0.0f));
        float own[kRoom];
        for (int k = 0; k < count_; ++k) {
            const float level = (float)(squares_[k].gain * squares_[k].fade);
            if (level == 0.0f || squares_[k].fade == 0.0) continue;
            write(squares_[k], own);
            for (int n = 0; n < kTile; n += kLanes) store(tile + n, load(tile + n) + load(own + kMargin + n) * level);
        }
    }

    void backward(const float* grad_tile) override {
        float gradient[kRoom] = {};
        std::memcpy(gradient + kMargin, grad_tile, kTile * sizeof(float));
        float own[kRoom];
        for (int k = 0; k < count_; ++k) {
            Square& square = squares_[k];
            if (square.fade == 0.0) continue;
            write(square, own);
            Vector by_level = all(0.0f);
            for (int n = 0; n < kTile; n += kLanes) by_level += load(grad_tile + n) * load(own + kMargin + n);
            square.grad_level += sum(by_level);
            for_each_edge(square, [&](const Near& near) {
                const float w = near.between;
                const Cubic gain(edge_, near.phase, 6.0f * w * (1.0f - w), (3.0f * w - 4.0f) * w + 1.0f,
                                 (3.0f * w - 2.0f) * w);
                const float* from = gradient + near.first;
                Vector moved = all(0.0f);
                for (int tap = 0; tap < kTaps; tap += kLanes) moved += load(from + tap) * gain.risen(tap);
                const double found = near.sign * kPhases * sum(moved) * square.period;
                square.grad_start += found;
                square.grad_frequency += found * near.place / sample_rate_;
            });
        }
    }

    void finish(double* const* grad_controls) const override {
        for (int k = 0; k < count_; ++k) {
            const Square& square = squares_[k];
            const double level = square.gain * square.fade;
            double grad_frequency = level * square.grad_frequency;
            if (square.fade > 0.0 && square.fade < 1.0) {
                grad_frequency -= square.gain * square.grad_level / (kFade * nyquist_hz_);
            }
            add(grad_controls, 0, square.given_hz < kLowestHz ? 0.0 : grad_frequency, k);
            add(grad_controls, 1, square.grad_level * square.fade, k);
            add(grad_controls, 2, level * square.grad_start, k);
        }
    }

   private:
    struct Square {
        double given_hz, frequency_hz, gain, start_cycles, fade;
        double period;  // in samples
        double grad_level, grad_start, grad_frequency;
    };

    // An edge that reaches into the tile.
    struct Near {
        double place;  // in samples, from the start of the sound
        float sign;    // 1 up, -1 down
        int first;     // of its taps, from the margin's start
        int phase;
        float between;  // from this phase to the next
    };

    // Between two rows: by the share of the way up, and the weights of both gradients.
    struct Cubic {
        const float *low, *high, *low_gain, *high_gain;
        float by_rise, by_low, by_high;

        Cubic(const Edge& edge, int phase, float by_rise, float by_low, float by_high)
            : low(edge.values(phase)),
              high(edge.values(phase + 1)),
              low_gain(edge.gains(phase)),
              high_gain(edge.gains(phase + 1)),
              by_rise(by_rise),
              by_low(by_low),
              by_high(by_high) {}

        Vector risen(int tap) const {
            const Vector straight = (load(high + tap) - load(low + tap)) * by_rise;
            return straight + (load(low_gain + tap) * by_low + load(high_gain + tap) * by_high);
        }
        Vector operator()(int tap) const { return load(low + tap) + risen(tap); }
    };

    // The square itself, as far as the tile goes.
    void write(const Square& square, float* own) const {
        write_plain(square, own + kMargin);
        for_each_edge(square, [&](const Near& near) {
            const float w = near.between;
            const Cubic residual(edge_, near.phase, w * w * (3.0f - 2.0f * w), w * (1.0f - w) * (1.0f - w),
                                 w * w * (w - 1.0f));
            for (int tap = 0; tap < kTaps; tap += kLanes) {
                float* to = own + near.first + tap;
                store(to, load(to) + residual(tap) * near.sign);
            }
        });
    }

    // A naive square, which changes where its edges say so.
    void write_plain(const Square& square, float* tile) const {
        double number = edge_before(square, 0);
        int64_t from = 0;
        while (from < kTile) {
            const int64_t next = (int64_t)ceiled(place(square, number + 1.0)) - first_;
            const int64_t to = next < kTile ? next : kTile;
            const float level = sign(number);
            for (; from < to; ++from) tile[from] = level;
            number += 1.0;
        }
    }

    template <typename Work>
    void for_each_edge(const Square& square, Work work) const {
        for (double number = edge_before(square, -kHalfTaps);; number += 1.0) {
            const double at = place(square, number);
            const double sample = ceiled(at);
            const int64_t first = (int64_t)sample - first_ - kHalfTaps + kMargin;
            if (first < 0) continue;
            if (first + kTaps > kRoom) return;
            const double phases = (sample - at) * kPhases;
            const double phase = minimum(floored(phases), kPhases - 1.0);
            work(Near{at, sign(number), (int)first, (int)phase, (float)(phases - phase)});
        }
    }

    // Number of an edge that surely lies before a sample of the tile.
    double edge_before(const Square& square, int sample) const {
        return floored(2.0 * ((double)(first_ + sample) / square.period + square.start_cycles)) - 1.0;
    }

    static double place(const Square& square, double number) {
        return (0.5 * number - square.start_cycles) * square.period;
    }

    static float sign(double number) { return fraction(0.5 * number) == 0.0 ? 1.0f : -1.0f; }

    int64_t samples_;
    double sample_rate_, nyquist_hz_;
    const Edge& edge_;
    int count_;
    Square* squares_;
    int64_t first_ = 0;
};

}  // namespace

extern const Operation kSquaresOperation;
const Operation kSquaresOperation = {"squares", Kind::source, "n n n?", "", make_operation<Source, Squares>,
                                     false,     false};

}  // namespace backbeat
