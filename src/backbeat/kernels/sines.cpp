// Sines that follow one pitch in closed form.
//
//   θ(t) = f t + Σ_j c_j (1 - exp(-r_j t)) + s (1 - cos w t)  cycles
//   c_j = f (2^(sweep_j / 12) - 1) / r_j, r_j = ln 1000 / T60_j
//   s = f (2^(vibrato / 12) - 1) / w, w = 2π rate
//   y(t) = Σ_k g_k sin 2π(ρ_k θ(t) + φ_k)
//
// A block starts with a phase in float64, less its whole turns; what has been added since is a product of short tables.
// Gradients: ∂y/∂θ = Σ_k 2π ρ_k g_k cos(...), and θ's own by each control from the sums over t of the gradient times 1,
// t, exp(-r t), t exp(-r t), cos w t, sin w t and both times t.
#include "fall.h"

namespace backbeat {
namespace {

// One of the two pairs of tables of a sweep: how far it has run within a block, and what is left.
struct Sweep {
    double depth_st, t60_s;
    double rate, ratio, cycles, block_fall, step_fall;
    double left;  // at the block's start
    double grad_cycles, grad_rate;
    Vector by_cycles, by_rate;
    float run[kBlock], remains[kBlock];
};

// Controls: pitch_hz, ratio, gain, start_cycles, sweep_st, sweep_s, vibrato_st, vibrato_hz.
class Sines final : public Source {
   public:
    explicit Sines(const Call& call)
        : samples_(call.grid.samples),
          tick_s_(1.0 / call.grid.sample_rate),
          pitch_hz_(call.control(0)),
          sweep_count_(call.controls[4] ? call.sizes[4] : 0),
          sweeps_(call.arena->allocate<Sweep>(sweep_count_)),
          count_(call.sizes[1]),
          ratio_(call.controls[1]),
          gain_(call.controls[2]),
          start_cycles_(call.controls[3]),
          voices_(call.arena->zeros<Voice>(count_)),
          has_vibrato_(call.controls[6]),
          steps_(call.grid.sample_rate) {
        for (int j = 0; j < sweep_count_; ++j) prepare(sweeps_[j], call.controls[4][j], call.controls[5][j]);
        prepare_vibrato(has_vibrato_ ? call.control(6) : 0.0, has_vibrato_ ? call.control(7) : 0.0);
    }

    int64_t silent_after() const override { return samples_; }

    void rewind() override {
        block_ = 0;
        for (int j = 0; j < sweep_count_; ++j) sweeps_[j].left = 1.0;
        cosine_ = 1.0;
        sine_ = 0.0;
    }

    void advance() override {
        for (int block = 0; block < kBlocks; ++block) next_block();
    }

    void forward(float* tile) const override {
        Sines& now = *const_cast<Sines*>(this);
        const Saved saved(now);
        for (int block = 0; block < kBlocks; ++block) {
            Vector since[kVectors];
            cycles_since(since);
            Vector total[kVectors];
            for (int v = 0; v < kVectors; ++v) total[v] = all(0.0f);
            const double start = start_of_block();
            for (int k = 0; k < count_; ++k) {
                if (gain_[k] == 0.0) continue;
                const float at = start_of_voice(k, start);
                const float ratio = (float)ratio_[k];
                const float gain = (float)gain_[k];
                for (int v = 0; v < kVectors; ++v) total[v] += sine_of_cycles(since[v] * ratio + at) * gain;
            }
            for (int v = 0; v < kVectors; ++v) store(tile + block * kBlock + v * kLanes, total[v]);
            now.next_block();
        }
        saved.restore(now);
    }

    void backward(const float* grad_tile) override {
        const Saved saved(*this);
        for (int block = 0; block < kBlocks; ++block) {
            Vector since[kVectors];
            cycles_since(since);
            Vector grad_theta[kVectors];
            for (int v = 0; v < kVectors; ++v) grad_theta[v] = all(0.0f);
            const double start = start_of_block();
            for (int k = 0; k < count_; ++k)
                accumulate_grad(voices_[k], k, start, since, grad_tile + block * kBlock, grad_theta);
            accumulate_grad(grad_theta);
            next_block();
        }
        gather();
        saved.restore(*this);
    }

    void finish(double* const* grad_controls) const override {
        double grad_pitch = grad_pitch_;
        for (int j = 0; j < sweep_count_; ++j) {
            const Sweep& each = sweeps_[j];
            grad_pitch += each.grad_cycles * (each.ratio - 1.0) / each.rate;
            add(grad_controls, 4, each.grad_cycles * pitch_hz_ * each.ratio * kSemitone / each.rate, j);
            const double grad_rate = each.grad_rate * each.cycles - each.grad_cycles * each.cycles / each.rate;
            add(grad_controls, 5, t60_gradient(each.t60_s, each.rate, grad_rate), j);
        }
        if (has_vibrato_) {
            grad_pitch += grad_swing_ * (vibrato_ratio_ - 1.0) / radians_;
            add(grad_controls, 6, grad_swing_ * pitch_hz_ * vibrato_ratio_ * kSemitone / radians_);
            add(grad_controls, 7, 2.0 * kPi * (swing_ * grad_radians_ - grad_swing_ * swing_ / radians_));
        }
        add(grad_controls, 0, grad_pitch);
        for (int k = 0; k < count_; ++k) {
            add(grad_controls, 1, voices_[k].grad_ratio, k);
            add(grad_controls, 2, voices_[k].grad_gain, k);
            add(grad_controls, 3, voices_[k].grad_start, k);
        }
    }

   private:
    static constexpr int kMostSweeps = 4;

    // Sums of a tile, still in their lanes, and of all tiles before.
    struct Voice {
        Vector by_gain, by_start, by_ratio;
        double grad_gain, grad_start, grad_ratio;
    };

    // Where the blocks have come to.
    struct Saved {
        explicit Saved(const Sines& from) : block(from.block_), cosine(from.cosine_), sine(from.sine_) {
            for (int j = 0; j < from.sweep_count_; ++j) left[j] = from.sweeps_[j].left;
        }
        void restore(Sines& to) const {
            to.block_ = block;
            to.cosine_ = cosine;
            to.sine_ = sine;
            for (int j = 0; j < to.sweep_count_; ++j) to.sweeps_[j].left = left[j];
        }
        int64_t block;
        double cosine, sine, left[kMostSweeps];
    };

    void prepare(Sweep& sweep, double depth_st, double t60_s) const {
        sweep.depth_st = depth_st;
        sweep.t60_s = t60_s;
        sweep.rate = t60_to_rate(t60_s);
        sweep.ratio = exponential(depth_st * kSemitone);
        sweep.cycles = pitch_hz_ * (sweep.ratio - 1.0) / sweep.rate;
        sweep.block_fall = exponential(-sweep.rate * kBlock * tick_s_);
        sweep.step_fall = exponential(-sweep.rate * tick_s_);
        sweep.left = 1.0;
        sweep.grad_cycles = 0.0;
        sweep.grad_rate = 0.0;
        sweep.by_cycles = all(0.0f);
        sweep.by_rate = all(0.0f);
        double now = 1.0;
        for (int n = 0; n < kBlock; ++n) {
            sweep.run[n] = (float)(1.0 - now);
            sweep.remains[n] = (float)now;
            now *= sweep.step_fall;
        }
    }

    void prepare_vibrato(double depth_st, double rate_hz) {
        radians_ = 2.0 * kPi * (rate_hz + 1e-12);
        vibrato_ratio_ = exponential(depth_st * kSemitone);
        swing_ = pitch_hz_ * (vibrato_ratio_ - 1.0) / radians_;
        turn_cosine_ = backbeat::cosine(radians_ * kBlock * tick_s_);
        turn_sine_ = backbeat::sine(radians_ * kBlock * tick_s_);
        const double step_cosine = backbeat::cosine(radians_ * tick_s_);
        const double step_sine = backbeat::sine(radians_ * tick_s_);
        const double half_turn = backbeat::sine(0.5 * radians_ * tick_s_);
        const double half_cosine = square_root(1.0 - half_turn * half_turn);
        double versine = 0.0;
        double cosine = 1.0;
        double sine = 0.0;
        for (int n = 0; n < kBlock; ++n) {
            versine_table_[n] = (float)versine;
            cosine_table_[n] = (float)cosine;
            sine_table_[n] = (float)sine;
            // 1 - cos by what it gains from step to step, so that it does not cancel.
            versine += 2.0 * half_turn * (sine * half_cosine + cosine * half_turn);
            const double next = cosine * step_cosine - sine * step_sine;
            sine = sine * step_cosine + cosine * step_sine;
            cosine = next;
        }
    }

    double time_s() const { return block_ * kBlock * tick_s_; }

    void next_block() {
        ++block_;
        for (int j = 0; j < sweep_count_; ++j)
            sweeps_[j].left = maximum(sweeps_[j].left * sweeps_[j].block_fall, 1e-30);
        const double next = cosine_ * turn_cosine_ - sine_ * turn_sine_;
        sine_ = sine_ * turn_cosine_ + cosine_ * turn_sine_;
        cosine_ = next;
    }

    // θ at the block's start.
    double start_of_block() const {
        double total = pitch_hz_ * time_s() + swing_ * (1.0 - cosine_);
        for (int j = 0; j < sweep_count_; ++j) total += sweeps_[j].cycles * (1.0 - sweeps_[j].left);
        return total;
    }

    float start_of_voice(int k, double start) const { return (float)fraction(ratio_[k] * start + start_cycles_[k]); }

    // θ since then.
    void cycles_since(Vector (&since)[kVectors]) const {
        for (int v = 0; v < kVectors; ++v) since[v] = steps_(v) * (float)pitch_hz_;
        for (int j = 0; j < sweep_count_; ++j) {
            const float depth = (float)(sweeps_[j].cycles * sweeps_[j].left);
            for (int v = 0; v < kVectors; ++v) since[v] += load(sweeps_[j].run + v * kLanes) * depth;
        }
        if (swing_ == 0.0) return;
        const float by_versine = (float)(swing_ * cosine_);
        const float by_sine = (float)(swing_ * sine_);
        for (int v = 0; v < kVectors; ++v) {
            since[v] += load(versine_table_ + v * kLanes) * by_versine + load(sine_table_ + v * kLanes) * by_sine;
        }
    }

    // Take in the gradient of a block's samples by one voice, and add that of θ.
    void accumulate_grad(Voice& voice, int k, double start, const Vector (&since)[kVectors], const float* grad_block,
                         Vector (&grad_theta)[kVectors]) const {
        const float at = start_of_voice(k, start);
        const float ratio = (float)ratio_[k];
        const float turn = (float)(2.0 * kPi * gain_[k]);
        Vector by_start = all(0.0f);
        Vector by_ratio = all(0.0f);
        for (int v = 0; v < kVectors; ++v) {
            const Vector gradient = load(grad_block + v * kLanes);
            const Vector rest = less_turns(since[v] * ratio + at);
            voice.by_gain += gradient * sine_of_rest(rest);
            if (turn == 0.0f) continue;
            const Vector grad_cycles = gradient * cosine_of_rest(rest) * turn;
            by_start += grad_cycles;
            by_ratio += grad_cycles * since[v];
            grad_theta[v] += grad_cycles * ratio;
        }
        voice.by_start += by_start;
        voice.by_ratio += by_ratio + by_start * (float)start;
    }

    // Take in the gradient of θ in a block.
    void accumulate_grad(const Vector (&grad_theta)[kVectors]) {
        Vector whole = all(0.0f);
        Vector step = all(0.0f);
        for (int v = 0; v < kVectors; ++v) {
            whole += grad_theta[v];
            step += grad_theta[v] * steps_(v);
        }
        const float t = (float)time_s();
        by_pitch_ += whole * t + step;
        for (int j = 0; j < sweep_count_; ++j) {
            Sweep& each = sweeps_[j];
            Vector left = all(0.0f);
            Vector left_step = all(0.0f);
            for (int v = 0; v < kVectors; ++v) {
                const Vector remains = grad_theta[v] * load(each.remains + v * kLanes);
                left += remains;
                left_step += remains * steps_(v);
            }
            each.by_cycles += whole - left * (float)each.left;
            each.by_rate += (left * t + left_step) * (float)each.left;
        }
        if (has_vibrato_) take_vibrato(grad_theta, whole, t);
    }

    void take_vibrato(const Vector (&grad_theta)[kVectors], Vector whole, float t) {
        Vector cosines = all(0.0f);
        Vector sines = all(0.0f);
        Vector cosine_step = all(0.0f);
        Vector sine_step = all(0.0f);
        for (int v = 0; v < kVectors; ++v) {
            const Vector cosine = grad_theta[v] * load(cosine_table_ + v * kLanes);
            const Vector sine = grad_theta[v] * load(sine_table_ + v * kLanes);
            cosines += cosine;
            sines += sine;
            cosine_step += cosine * steps_(v);
            sine_step += sine * steps_(v);
        }
        const float now_cosine = (float)cosine_;
        const float now_sine = (float)sine_;
        by_swing_ += whole - (cosines * now_cosine - sines * now_sine);
        by_radians_ += (cosines * t + cosine_step) * now_sine + (sines * t + sine_step) * now_cosine;
    }

    // Sum up what a tile has brought: float32 sums stay short.
    void gather() {
        for (int k = 0; k < count_; ++k) {
            Voice& voice = voices_[k];
            voice.grad_gain += taken(voice.by_gain);
            voice.grad_start += taken(voice.by_start);
            voice.grad_ratio += taken(voice.by_ratio);
        }
        for (int j = 0; j < sweep_count_; ++j) {
            sweeps_[j].grad_cycles += taken(sweeps_[j].by_cycles);
            sweeps_[j].grad_rate += taken(sweeps_[j].by_rate);
        }
        grad_pitch_ += taken(by_pitch_);
        grad_swing_ += taken(by_swing_);
        grad_radians_ += taken(by_radians_);
    }

    int64_t samples_;
    double tick_s_, pitch_hz_;
    int sweep_count_;
    Sweep* sweeps_;
    int count_;
    const double *ratio_, *gain_, *start_cycles_;
    Voice* voices_;
    bool has_vibrato_;
    Steps steps_;
    double radians_, vibrato_ratio_, swing_, turn_cosine_, turn_sine_;
    int64_t block_ = 0;
    double cosine_ = 1.0, sine_ = 0.0;
    Vector by_pitch_ = all(0.0f), by_swing_ = all(0.0f), by_radians_ = all(0.0f);
    double grad_pitch_ = 0.0, grad_swing_ = 0.0, grad_radians_ = 0.0;
    float versine_table_[kBlock], cosine_table_[kBlock], sine_table_[kBlock];
};

}  // namespace

extern const Operation kSinesOperation;
const Operation kSinesOperation = {"sines", Kind::source, "1 n n n a? a& 1? 1&", "", make_operation<Source, Sines>,
                                   false,   false};

}  // namespace backbeat
