// Banks of damped sinusoids: the ringing of a struck body.
//
//   modal:        y(t) = Σ_k g_k exp(-d_k t) sin 2π(f_k t + φ_k), d = ln 1000 / T60
//   swept_modal:  y(t) = Σ_k g_k exp(-ln 1000 (t / T60_k)^p_k) sin 2π(f_k θ(t) + φ_k)
//                 θ(t) = t + D (1 - exp(-r t)) / r, D = 2^(sweep / 12) - 1, r = ln 1000 / T60 of the sweep
//
// A mode fades out within the last tenth below Nyquist, where the sweep has lifted it to.
//
// `modal` is block by block a product of what each mode is where the block begins and of a table, so that a mode costs
// two products a sample. In `swept_modal` a block begins with a phase in float64, less its whole turns, and adds the
// time that all modes share; the level is a straight line within a block times a plain decay, which is exact for p = 1.
//
// Gradients by sums over t of the gradient times the mode, times t, and times its quadrature.
#include "fall.h"

namespace backbeat {
namespace {

double below_nyquist(double frequency_hz, double nyquist_hz) {
    return clamped((nyquist_hz - frequency_hz) / (kFade * nyquist_hz), 0.0, 1.0);
}

// Controls: frequency_hz, t60_s, gain, start_cycles.
class Modal final : public Source {
   public:
    explicit Modal(const Call& call)
        : samples_(call.grid.samples),
          tick_s_(1.0 / call.grid.sample_rate),
          nyquist_hz_(0.5 * call.grid.sample_rate),
          count_(call.sizes[0]),
          modes_(call.arena->allocate<Mode>(count_)),
          steps_(call.grid.sample_rate) {
        for (int k = 0; k < count_; ++k) {
            prepare(modes_[k], call.controls[0][k], call.controls[1][k], call.controls[2][k],
                    call.controls[3] ? call.controls[3][k] : 0.0);
        }
    }

    int64_t silent_after() const override {
        int64_t last = 1;
        for (int k = 0; k < count_; ++k)
            if (modes_[k].ends > last) last = modes_[k].ends;
        return last;
    }

    void rewind() override {
        block_ = 0;
        for (int k = 0; k < count_; ++k) {
            modes_[k].re = modes_[k].start_re;
            modes_[k].im = modes_[k].start_im;
        }
    }

    void advance() override {
        block_ += kBlocks;
        for (int k = 0; k < count_; ++k) {
            if (modes_[k].ends <= block_ * kBlock) continue;
            turn(modes_[k].re, modes_[k].im, modes_[k].tile_re, modes_[k].tile_im);
        }
    }

    void forward(float* tile) const override {
        for (int n = 0; n < kTile; n += kLanes) store(tile + n, all(0.0f));
        for (int k = 0; k < count_; ++k) {
            const Mode& mode = modes_[k];
            if (mode.ends <= block_ * kBlock || mode.level == 0.0) continue;
            double re = mode.re;
            double im = mode.im;
            for (int block = 0; block < kBlocks; ++block) {
                const float by_sine = (float)(mode.level * re);
                const float by_cosine = (float)(mode.level * im);
                for (int v = 0; v < kVectors; ++v) {
                    float* to = tile + block * kBlock + v * kLanes;
                    const Vector sine = load(mode.sine + v * kLanes) * by_sine;
                    store(to, load(to) + (sine + load(mode.cosine + v * kLanes) * by_cosine));
                }
                turn(re, im, mode.block_re, mode.block_im);
            }
        }
    }

    void backward(const float* grad_tile) override {
        for (int k = 0; k < count_; ++k) {
            Mode& mode = modes_[k];
            if (mode.ends <= block_ * kBlock) continue;
            double re = mode.re;
            double im = mode.im;
            Vector by_level = all(0.0f);
            Vector by_start = all(0.0f);
            Vector by_rate = all(0.0f);
            Vector by_turns = all(0.0f);
            for (int block = 0; block < kBlocks; ++block) {
                Vector sine = all(0.0f);
                Vector cosine = all(0.0f);
                Vector sine_step = all(0.0f);
                Vector cosine_step = all(0.0f);
                for (int v = 0; v < kVectors; ++v) {
                    const Vector gradient = load(grad_tile + block * kBlock + v * kLanes);
                    const Vector by_sine = gradient * load(mode.sine + v * kLanes);
                    const Vector by_cosine = gradient * load(mode.cosine + v * kLanes);
                    sine += by_sine;
                    cosine += by_cosine;
                    sine_step += by_sine * steps_(v);
                    cosine_step += by_cosine * steps_(v);
                }
                const float t = (float)((block_ + block) * kBlock * tick_s_);
                const float now_re = (float)re;
                const float now_im = (float)im;
                const Vector timed_sine = sine * t + sine_step;
                const Vector timed_cosine = cosine * t + cosine_step;
                by_level += sine * now_re + cosine * now_im;
                by_start += cosine * now_re - sine * now_im;
                by_rate += timed_sine * now_re + timed_cosine * now_im;
                by_turns += timed_cosine * now_re - timed_sine * now_im;
                turn(re, im, mode.block_re, mode.block_im);
            }
            mode.grad_level += sum(by_level);
            mode.grad_start += sum(by_start);
            mode.grad_rate -= sum(by_rate);
            mode.grad_turns += sum(by_turns);
        }
    }

    void finish(double* const* grad_controls) const override {
        for (int k = 0; k < count_; ++k) {
            const Mode& mode = modes_[k];
            double grad_frequency = 2.0 * kPi * mode.level * mode.grad_turns;
            if (mode.fade > 0.0 && mode.fade < 1.0) {
                grad_frequency -= mode.gain * mode.grad_level / (kFade * nyquist_hz_);
            }
            add(grad_controls, 0, grad_frequency, k);
            add(grad_controls, 1, t60_gradient(mode.t60_s, mode.rate, mode.level * mode.grad_rate), k);
            add(grad_controls, 2, mode.grad_level * mode.fade, k);
            add(grad_controls, 3, 2.0 * kPi * mode.level * mode.grad_start, k);
        }
    }

   private:
    struct Mode {
        double frequency_hz, t60_s, gain, rate, fade, level;
        double start_re, start_im, re, im;  // the mode where it starts, and where the tile begins
        double block_re, block_im, tile_re, tile_im;
        double grad_level, grad_start, grad_rate, grad_turns;
        int64_t ends;
        float sine[kBlock], cosine[kBlock];
    };

    static void turn(double& re, double& im, double by_re, double by_im) {
        const double next = re * by_re - im * by_im;
        im = re * by_im + im * by_re;
        re = next;
    }

    void prepare(Mode& mode, double frequency_hz, double t60_s, double gain, double start_cycles) const {
        mode.frequency_hz = frequency_hz;
        mode.t60_s = t60_s;
        mode.gain = gain;
        mode.rate = t60_to_rate(t60_s);
        mode.fade = below_nyquist(frequency_hz, nyquist_hz_);
        mode.level = gain * mode.fade;
        mode.ends = lasting(-logarithm(kSilence) / mode.rate / tick_s_ + 1.0, samples_);
        mode.start_re = cosine_of_cycles(start_cycles);
        mode.start_im = sine_of_cycles(start_cycles);
        const double fall = exponential(-mode.rate * tick_s_);
        const double step_re = fall * cosine_of_cycles(frequency_hz * tick_s_);
        const double step_im = fall * sine_of_cycles(frequency_hz * tick_s_);
        double re = 1.0;
        double im = 0.0;
        for (int n = 0; n < kBlock; ++n) {
            mode.cosine[n] = (float)re;
            mode.sine[n] = (float)im;
            turn(re, im, step_re, step_im);
        }
        const double block_fall = exponential(-mode.rate * kBlock * tick_s_);
        mode.block_re = block_fall * cosine_of_cycles(frequency_hz * kBlock * tick_s_);
        mode.block_im = block_fall * sine_of_cycles(frequency_hz * kBlock * tick_s_);
        mode.tile_re = mode.block_re;
        mode.tile_im = mode.block_im;
        for (int block = 1; block < kBlocks; ++block) turn(mode.tile_re, mode.tile_im, mode.block_re, mode.block_im);
        mode.grad_level = 0.0;
        mode.grad_start = 0.0;
        mode.grad_rate = 0.0;
        mode.grad_turns = 0.0;
    }

    int64_t samples_;
    double tick_s_, nyquist_hz_;
    int count_;
    Mode* modes_;
    Steps steps_;
    int64_t block_ = 0;
};

// Controls: frequency_hz, t60_s, gain, start_cycles, sweep_st, sweep_s, shape.
//
// What all modes need where a block begins is computed for eight modes at a time. Within a block, a mode that the sweep
// still bends costs a sine a sample; of one that only leans, the sine of a sum is two products with tables, and what
// the sweep adds is taken to first order, where the second is lost to rounding.
class SweptModal final : public Source {
   public:
    explicit SweptModal(const Call& call)
        : samples_(call.grid.samples),
          tick_s_(1.0 / call.grid.sample_rate),
          nyquist_hz_(0.5 * call.grid.sample_rate),
          count_(call.sizes[0]),
          lanes_((int)rounded_up(count_, kLanes)),
          is_differentiated_(call.differentiated),
          bent_(kBent / square_root(count_)),
          sweep_s_(call.control(5)),
          rate_(t60_to_rate(sweep_s_)),
          excess_(exponential(call.control(4) * kSemitone) - 1.0),
          block_fall_(exponential(-rate_ * kBlock * tick_s_)),
          times_(kept<Times>(call)),
          modes_(call.arena->allocate<Mode>(count_)),
          steps_(call.grid.sample_rate) {
        times_.prepare(call.grid.sample_rate, samples_, kFirstS);
        for (float** each : {&gain_, &shape_, &at_one_second_, &after_plain_, &frequency_, &re_, &im_, &first_,
                             &gained_, &level_, &next_level_, &fallen_, &next_fallen_})
            *each = call.arena->zeros<float>(lanes_);
        for (float** each : {&by_gain_, &by_log_, &by_log_time_}) *each = call.arena->zeros<float>(lanes_);
        grad_first_ = call.arena->zeros<float>(lanes_);
        grad_gained_ = call.arena->zeros<float>(lanes_);
        const double step_fall = exponential(-rate_ * tick_s_);
        double left = 1.0;
        for (int n = 0; n < kBlock; ++n) {
            caught_up_[n] = (float)(1.0 - left);
            remains_[n] = (float)left;
            left *= step_fall;
        }
        ends_ = 0;
        for (int k = 0; k < count_; ++k) {
            Mode& mode = modes_[k];
            mode.frequency_hz = call.controls[0][k];
            mode.t60_s = call.controls[1][k];
            mode.gain = call.controls[2][k];
            mode.start_cycles = call.controls[3] ? call.controls[3][k] : 0.0;
            mode.shape = call.controls[6] ? call.controls[6][k] : 1.0;
            prepare(mode, k);
            if (mode.ends > ends_) ends_ = mode.ends;
        }
    }

    int64_t silent_after() const override { return lasting((double)(ends_ * kBlock), samples_); }

    void rewind() override {
        block_ = 0;
        left_ = 1.0;
    }

    void advance() override {
        for (int block = 0; block < kBlocks; ++block) next_block(left_);
        block_ += kBlocks;
    }

    void forward(float* tile) const override {
        double left = left_;
        for (int number = 0; number < kBlocks; ++number) {
            const Block block(*this, block_ + number, left);
            Vector sound[kVectors];
            for (int v = 0; v < kVectors; ++v) sound[v] = all(0.0f);
            begin(block);
            for (int k = 0; k < count_; ++k) {
                if (block.number < modes_[k].ends) add(k, block, sound);
            }
            for (int v = 0; v < kVectors; ++v) store(tile + number * kBlock + v * kLanes, sound[v]);
            next_block(left);
        }
    }

    void backward(const float* grad_tile) override {
        double left = left_;
        for (int number = 0; number < kBlocks; ++number) {
            const Block block(*this, block_ + number, left);
            Vector grad_since[kVectors];
            for (int v = 0; v < kVectors; ++v) grad_since[v] = all(0.0f);
            double grad_theta = 0.0;
            begin(block);
            for (int k = 0; k < count_; ++k) {
                grad_first_[k] = 0.0f;
                grad_gained_[k] = 0.0f;
                if (block.number < modes_[k].ends)
                    accumulate_grad(k, block, grad_tile + number * kBlock, grad_since, grad_theta);
            }
            take_levels(block);
            take_time(block, grad_since, grad_theta);
            next_block(left);
        }
    }

    void finish(double* const* grad_controls) const override {
        add_to(grad_controls, 4, grad_excess_ * (1.0 + excess_) * kSemitone);
        add_to(grad_controls, 5, t60_gradient(sweep_s_, rate_, grad_rate_));
        for (int k = 0; k < count_; ++k) {
            const Mode& mode = modes_[k];
            const double log_t60 = logarithm(maximum(mode.t60_s, kShortestT60));
            double grad_t60 = t60_gradient(mode.t60_s, mode.plain_rate, mode.grad_plain);
            if (mode.t60_s >= kShortestT60) grad_t60 -= by_log_[k] * mode.shape / mode.t60_s;
            add_to(grad_controls, 0, mode.grad_frequency, k);
            add_to(grad_controls, 1, grad_t60, k);
            add_to(grad_controls, 2, by_gain_[k], k);
            add_to(grad_controls, 3, mode.grad_start, k);
            add_to(grad_controls, 6, by_log_time_[k] - by_log_[k] * log_t60, k);
        }
    }

   private:
    static constexpr double kMostFallen = 20.0;
    static constexpr double kFirstS = 1e-12;
    static constexpr double kBent = 1e-7;

    struct Mode {
        double frequency_hz, t60_s, gain, start_cycles, shape;
        double plain_rate;
        double grad_frequency, grad_plain, grad_start;
        bool fades;
        int64_t ends;                                       // in blocks
        float decay[kBlock], sine[kBlock], cosine[kBlock];  // the last two with the decay
    };

    // Of the sweep where a block begins: what is left of it, θ, how much faster time runs, how far ahead it will get;
    // and θ since then.
    struct Block {
        Block(const SweptModal& bank, int64_t number, double left)
            : number(number),
              left(left),
              excess(bank.excess_ * left),
              ahead_s(excess / bank.rate_),
              theta(number * kBlock * bank.tick_s_ + (bank.excess_ - excess) / bank.rate_) {
            for (int v = 0; v < kVectors; ++v)
                since[v] = bank.steps_(v) + load(bank.caught_up_ + v * kLanes) * (float)ahead_s;
        }
        int64_t number;
        double left, excess, ahead_s, theta;
        Vector since[kVectors];
    };

    static void add_to(double* const* grad_controls, int position, double value, int entry = 0) {
        backbeat::add(grad_controls, position, value, entry);
    }

    void next_block(double& left) const { left = maximum(left * block_fall_, 1e-30); }

    void prepare(Mode& mode, int k) {
        const double rate = t60_to_rate(mode.t60_s);
        const double step = exponential(-rate * tick_s_);
        const double step_re = cosine_of_cycles(mode.frequency_hz * tick_s_);
        const double step_im = sine_of_cycles(mode.frequency_hz * tick_s_);
        double now = 1.0;
        double re = 1.0;
        double im = 0.0;
        for (int n = 0; n < kBlock; ++n) {
            mode.decay[n] = (float)now;
            mode.sine[n] = (float)(now * im);
            mode.cosine[n] = (float)(now * re);
            now = maximum(now * step, 1e-30);
            const double next = re * step_re - im * step_im;
            im = re * step_im + im * step_re;
            re = next;
        }
        mode.plain_rate = rate;
        mode.fades = mode.frequency_hz * (1.0 + maximum(excess_, 0.0)) > (1.0 - kFade) * nyquist_hz_;
        mode.grad_frequency = 0.0;
        mode.grad_plain = 0.0;
        mode.grad_start = 0.0;
        gain_[k] = (float)mode.gain;
        shape_[k] = (float)mode.shape;
        const double log_t60 = logarithm(maximum(mode.t60_s, kShortestT60));
        at_one_second_[k] = (float)(logarithm(kLn1000) - mode.shape * log_t60);
        after_plain_[k] = (float)exponential(minimum(rate * kBlock * tick_s_, kMostFallen));
        frequency_[k] = (float)mode.frequency_hz;
        mode.ends = ends_of(mode, after_plain_[k]);
    }

    // After how many blocks a mode is silent: within one, its line is that of its ends before the plain decay. What is
    // left out of all modes is as loud as of one.
    int64_t ends_of(const Mode& mode, double after_plain) const {
        const double silence = kSilence / square_root(count_);
        const double gain = maximum(magnitude(mode.gain), is_differentiated_ ? kLeastGain : 0.0);
        const double loudest = gain * maximum(after_plain, 1.0);
        if (loudest < silence) return 0;
        const double fallen = minimum(logarithm(loudest / silence), kDeepest);
        const double lasts_s = power(fallen / kLn1000, 1.0 / mode.shape) * maximum(mode.t60_s, kShortestT60);
        const int64_t blocks = (samples_ + kBlock - 1) / kBlock;
        return fallen >= kDeepest ? blocks : lasting(lasts_s / (kBlock * tick_s_) + 2.0, blocks);
    }

    // Nepers that all modes have fallen by where a block begins, and their levels, before the gain and what fades.
    void fall_to(int64_t number, float* fallen, float* level) const {
        const Vector log_t = all(times_.log(number));
        for (int k = 0; k < lanes_; k += kLanes) {
            const Vector down = exponential(log_t * load(shape_ + k) + load(at_one_second_ + k));
            store(fallen + k, lesser(down, all((float)kDeepest)));
            store(level + k, exponential(-load(fallen + k)));
        }
    }

    // What modes are where a block begins: sine and cosine, and the line of the level.
    void begin(const Block& block) const {
        float* cycles = gained_;  // not wanted yet
        for (int k = 0; k < count_; ++k)
            cycles[k] = (float)fraction(modes_[k].frequency_hz * block.theta + modes_[k].start_cycles);
        for (int k = 0; k < lanes_; k += kLanes) {
            const Vector rest = less_turns(load(cycles + k));
            store(im_ + k, sine_of_rest(rest));
            store(re_ + k, cosine_of_rest(rest));
        }
        if (level_at_ + 1 == block.number) {
            std::swap(level_, next_level_);
            std::swap(fallen_, next_fallen_);
        } else if (level_at_ != block.number) {
            fall_to(block.number, fallen_, level_);
        }
        if (level_at_ != block.number) fall_to(block.number + 1, next_fallen_, next_level_);
        level_at_ = block.number;
        for (int k = 0; k < lanes_; k += kLanes) {
            const Vector first = load(level_ + k) * load(gain_ + k);
            store(first_ + k, first);
            store(gained_ + k, load(next_level_ + k) * load(gain_ + k) * load(after_plain_ + k) - first);
        }
        for (int k = 0; k < count_; ++k) {
            if (!modes_[k].fades) continue;
            const float fade = (float)fade_of(modes_[k], block);
            first_[k] *= fade;
            gained_[k] *= fade;
        }
    }

    double fade_of(const Mode& mode, const Block& block) const {
        return mode.fades ? below_nyquist(mode.frequency_hz * (1.0 + block.excess), nyquist_hz_) : 1.0;
    }

    float start_of(const Mode& mode, const Block& block) const {
        return (float)fraction(mode.frequency_hz * block.theta + mode.start_cycles);
    }

    // What the sweep still adds to a mode by the block's end, in radians.
    double lean_of(const Mode& mode, const Block& block) const {
        return 2.0 * kPi * mode.frequency_hz * block.ahead_s * caught_up_[kBlock - 1];
    }

    // A mode's level where a block begins; where its gradient is asked for, as if it were not all too quiet.
    double heard(int k) const {
        return maximum(magnitude(first_[k]), is_differentiated_ ? kLeastGain * level_[k] : 0.0);
    }

    bool is_bent(int k, double lean) const { return 0.5 * lean * lean * heard(k) > bent_; }

    // What caught_up_ is multiplied by, 0 where that is lost.
    float tilt(int k, double lean) const {
        return magnitude(lean) * heard(k) < bent_ ? 0.0f : (float)(lean / caught_up_[kBlock - 1]);
    }

    void add(int k, const Block& block, Vector (&sound)[kVectors]) const {
        const Mode& mode = modes_[k];
        const float first = first_[k];
        const float gained = gained_[k];
        const double lean = lean_of(mode, block);
        if (is_bent(k, lean)) {
            const float start = start_of(mode, block);
            const float frequency = frequency_[k];
            for (int v = 0; v < kVectors; ++v) {
                const Vector level = (kRise(v) * gained + first) * load(mode.decay + v * kLanes);
                sound[v] += level * sine_of_cycles(block.since[v] * frequency + start);
            }
            return;
        }
        const float re = re_[k];
        const float im = im_[k];
        const float tilted = tilt(k, lean);
        if (tilted == 0.0f) {
            for (int v = 0; v < kVectors; ++v) {
                const Vector sine = load(mode.sine + v * kLanes) * re + load(mode.cosine + v * kLanes) * im;
                sound[v] += (kRise(v) * gained + first) * sine;
            }
            return;
        }
        for (int v = 0; v < kVectors; ++v) {
            const Vector sines = load(mode.sine + v * kLanes);
            const Vector cosines = load(mode.cosine + v * kLanes);
            const Vector added = load(caught_up_ + v * kLanes) * tilted * (cosines * re - sines * im);
            sound[v] += (kRise(v) * gained + first) * (sines * re + cosines * im + added);
        }
    }

    void accumulate_grad(int k, const Block& block, const float* grad_block, Vector (&grad_since)[kVectors],
                         double& grad_theta) {
        const Mode& mode = modes_[k];
        const double lean = lean_of(mode, block);
        if (is_bent(k, lean)) {
            const float start = start_of(mode, block);
            const float frequency = frequency_[k];
            accumulate_grad(k, block, grad_block, grad_since, grad_theta, [&](int v, Vector& sine, Vector& cosine) {
                const Vector rest = less_turns(block.since[v] * frequency + start);
                const Vector decay = load(mode.decay + v * kLanes);
                sine = sine_of_rest(rest) * decay;
                cosine = cosine_of_rest(rest) * decay;
            });
            return;
        }
        const float re = re_[k];
        const float im = im_[k];
        const float tilted = tilt(k, lean);
        accumulate_grad(k, block, grad_block, grad_since, grad_theta, [&](int v, Vector& sine, Vector& cosine) {
            const Vector sines = load(mode.sine + v * kLanes);
            const Vector cosines = load(mode.cosine + v * kLanes);
            const Vector straight_sine = sines * re + cosines * im;
            const Vector straight_cosine = cosines * re - sines * im;
            const Vector tilts = load(caught_up_ + v * kLanes) * tilted;
            sine = straight_sine + tilts * straight_cosine;
            cosine = straight_cosine - tilts * straight_sine;
        });
    }

    template <typename Waves>
    void accumulate_grad(int k, const Block& block, const float* grad_block, Vector (&grad_since)[kVectors],
                         double& grad_theta, Waves waves) {
        Mode& mode = modes_[k];
        const float first = first_[k];
        const float gained = gained_[k];
        const float radians = (float)(2.0 * kPi * mode.frequency_hz);
        Vector by_first = all(0.0f);
        Vector by_gained = all(0.0f);
        Vector by_decay = all(0.0f);
        Vector by_phase = all(0.0f);
        Vector by_time = all(0.0f);
        for (int v = 0; v < kVectors; ++v) {
            Vector sine, cosine;
            waves(v, sine, cosine);
            const Vector gradient = load(grad_block + v * kLanes);
            const Vector level = kRise(v) * gained + first;
            const Vector grad_level = gradient * sine;
            by_first += grad_level;
            by_gained += grad_level * kRise(v);
            by_decay += grad_level * level * steps_(v);
            const Vector along = gradient * level * cosine;
            by_phase += along;
            by_time += along * block.since[v];
            grad_since[v] += along * radians;
        }
        const double grad_phase = sum(by_phase) * (2.0 * kPi);
        mode.grad_start += grad_phase;
        mode.grad_frequency += grad_phase * block.theta + sum(by_time) * (2.0 * kPi);
        mode.grad_plain -= sum(by_decay);
        grad_theta += grad_phase * mode.frequency_hz;
        grad_first_[k] = (float)sum(by_first);
        grad_gained_[k] = (float)sum(by_gained);
    }

    // From the gradients of a block's lines to those of what the levels are made of.
    void take_levels(const Block& block) {
        const float block_s = (float)(kBlock * tick_s_);
        for (int k = 0; k < count_; ++k) {
            Mode& mode = modes_[k];
            const double fade = fade_of(mode, block);
            const double grad_start = (double)grad_first_[k] - grad_gained_[k];
            const double grad_end = (double)grad_gained_[k] * after_plain_[k];
            const double last = (double)next_level_[k] * gain_[k];
            if (mode.plain_rate * block_s < kMostFallen) mode.grad_plain += grad_end * last * fade * block_s;
            if (fade > 0.0 && fade < 1.0) {
                const double along = grad_start * level_[k] * gain_[k] + grad_end * last;
                const double grad_hz = -along / (kFade * nyquist_hz_);
                const double grad_excess = grad_hz * mode.frequency_hz;
                mode.grad_frequency += grad_hz * (1.0 + block.excess);
                grad_excess_ += grad_excess * block.left;
                grad_rate_ -= grad_excess * block.excess * block.number * kBlock * tick_s_;
            }
            grad_first_[k] = (float)(grad_start * fade);
            grad_gained_[k] = (float)(grad_end * fade);
        }
        for (int k = 0; k < lanes_; k += kLanes) {
            take_level(k, block.number, load(level_ + k), load(fallen_ + k), load(grad_first_ + k));
            take_level(k, block.number + 1, load(next_level_ + k), load(next_fallen_ + k), load(grad_gained_ + k));
        }
    }

    void take_level(int k, int64_t number, Vector level, Vector down, Vector gradient) {
        const Vector along = gradient * level;
        const Vector by_log = where(down < all((float)kDeepest), -along * load(gain_ + k) * down, all(0.0f));
        store(by_gain_ + k, load(by_gain_ + k) + along);
        store(by_log_ + k, load(by_log_ + k) + by_log);
        store(by_log_time_ + k, load(by_log_time_ + k) + by_log * times_.log(number));
    }

    // θ is t + (D - a) / r where a block begins, and then t + A (1 - exp(-r t)), with a = D exp(-r t) and A = a / r.
    void take_time(const Block& block, const Vector (&grad_since)[kVectors], double grad_theta) {
        Vector by_ahead = all(0.0f);
        Vector by_caught_up = all(0.0f);
        for (int v = 0; v < kVectors; ++v) {
            by_ahead += grad_since[v] * load(caught_up_ + v * kLanes);
            by_caught_up += grad_since[v] * steps_(v) * load(remains_ + v * kLanes);
        }
        const double grad_ahead = sum(by_ahead);
        const double t = block.number * kBlock * tick_s_;
        grad_excess_ += (grad_theta * (1.0 - block.left) + grad_ahead * block.left) / rate_;
        grad_rate_ += grad_theta * excess_ * (block.left * t - (1.0 - block.left) / rate_) / rate_;
        grad_rate_ -= grad_ahead * block.ahead_s * (1.0 / rate_ + t);
        grad_rate_ += sum(by_caught_up) * block.ahead_s;
    }

    int64_t samples_;
    double tick_s_, nyquist_hz_;
    int count_, lanes_;
    bool is_differentiated_;
    double bent_;  // of the level: less is left out
    double sweep_s_, rate_, excess_, block_fall_;
    Times& times_;
    Mode* modes_;
    // One entry a mode.
    float *gain_, *shape_, *at_one_second_, *after_plain_, *frequency_;
    // Of the block: the mode's cosine and sine, its line, and the level at both ends.
    float *re_, *im_, *first_, *gained_;
    mutable float *level_, *next_level_, *fallen_, *next_fallen_;
    mutable int64_t level_at_ = -2;
    float *grad_first_, *grad_gained_, *by_gain_, *by_log_, *by_log_time_;
    Steps steps_;
    int64_t ends_ = 0;
    int64_t block_ = 0;
    double left_ = 1.0;
    double grad_excess_ = 0.0, grad_rate_ = 0.0;
    float caught_up_[kBlock], remains_[kBlock];
};

}  // namespace

extern const Operation kModalOperation;
const Operation kModalOperation = {"modal", Kind::source, "n n n n?", "", make_operation<Source, Modal>, false, false};

extern const Operation kSweptModalOperation;
const Operation kSweptModalOperation = {
    "swept_modal", Kind::source, "n n n n? 1 1 n?", "", make_operation<Source, SweptModal>, false, false};

}  // namespace backbeat
