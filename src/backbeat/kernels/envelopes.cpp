// Envelopes. Every decay time is a T60, the time to fall by 60 dB, of rate r = ln 1000 / T60.
//
//   decay(t)  = exp(-r max(t - onset, 0))
//   attack(t) = min((t + 1/R) / (attack + 1/R), 1)
//   adsr(t)   = attack(t) (s + (1 - s) decay(t; attack + hold)) decay(t; attack + hold + gate), with sustain level s
//   bursts(t) = Σ_k g_k b(t - t_k) exp(-r_k max(t - t_k, 0)), where b rises from 0 to 1 within one sample before t_k
//
// Gradients, with a the gradient of the level times the level: of r, -a max(t - onset, 0); of an onset, a r where the
// level falls; of an attack, -a / (attack + 1/R) where it rises.
#include "fall.h"

namespace backbeat {
namespace {

// Controls: t60_s, onset_s.
class Decay final : public Source {
   public:
    explicit Decay(const Call& call)
        : samples_(call.grid.samples),
          fall_(call.grid.sample_rate, call.control(0), call.controls[1] ? call.control(1) : 0.0),
          has_onset_(call.controls[1]) {}

    int64_t silent_after() const override { return fall_.silent_after(samples_); }

    bool is_moved() const override { return fall_.begins_within(samples_); }

    void rewind() override { place_ = fall_.begin(); }

    void advance() override {
        for (int block = 0; block < kBlocks; ++block) fall_.advance(place_);
    }

    void forward(float* tile) const override {
        Fall::Place place = place_;
        for (int block = 0; block < kBlocks; ++block) {
            for (int v = 0; v < kVectors; ++v) {
                const Vector level = has_onset_ ? fall_(place, v) : fall_.past(place, v);
                store(tile + block * kBlock + v * kLanes, level);
            }
            fall_.advance(place);
        }
    }

    void backward(const float* grad_tile) override {
        Fall::Place place = place_;
        for (int block = 0; block < kBlocks; ++block) {
            for (int v = 0; v < kVectors; ++v) {
                const Vector level = fall_.past(place, v);
                const Vector along = load(grad_tile + block * kBlock + v * kLanes) * level;
                fall_.accumulate_grad(place, v, where(level <= all(1.0f), along, all(0.0f)));
            }
            fall_.advance(place);
        }
        fall_.gather();
    }

    void finish(double* const* grad_controls) const override {
        add(grad_controls, 0, fall_.grad_t60_s());
        add(grad_controls, 1, fall_.grad_onset_s());
    }

   private:
    int64_t samples_;
    Fall fall_;
    Fall::Place place_;
    bool has_onset_;
};

// The rise of an attack, as a straight line block by block.
class Attack {
   public:
    Attack(double sample_rate, double attack_s)
        : tick_s_(1.0 / sample_rate), steepness_(1.0 / (attack_s + tick_s_)), steps_(sample_rate) {}

    // Without the bound of 1.
    Vector operator()(int64_t block, int v) const {
        const double start = (block * kBlock + 1) * tick_s_ * steepness_;
        return steps_(v) * (float)steepness_ + (float)start;
    }

    void accumulate_grad(Vector risen, Vector along) { by_rise_ += where(risen <= all(1.0f), along, all(0.0f)); }

    void gather() { grad_attack_s_ -= steepness_ * taken(by_rise_); }

    double grad_attack_s() const { return grad_attack_s_; }

   private:
    double tick_s_, steepness_;
    Steps steps_;
    Vector by_rise_ = all(0.0f);
    double grad_attack_s_ = 0.0;
};

// Control: attack_s.
class AttackEnvelope final : public Source {
   public:
    explicit AttackEnvelope(const Call& call)
        : samples_(call.grid.samples), attack_(call.grid.sample_rate, call.control(0)) {}

    int64_t silent_after() const override { return samples_; }
    void rewind() override { block_ = 0; }
    void advance() override { block_ += kBlocks; }

    void forward(float* tile) const override {
        for (int block = 0; block < kBlocks; ++block) {
            for (int v = 0; v < kVectors; ++v) {
                store(tile + block * kBlock + v * kLanes, lesser(attack_(block_ + block, v), all(1.0f)));
            }
        }
    }

    void backward(const float* grad_tile) override {
        for (int block = 0; block < kBlocks; ++block) {
            for (int v = 0; v < kVectors; ++v) {
                const Vector risen = attack_(block_ + block, v);
                attack_.accumulate_grad(risen, load(grad_tile + block * kBlock + v * kLanes) * risen);
            }
        }
        attack_.gather();
    }

    void finish(double* const* grad_controls) const override { add(grad_controls, 0, attack_.grad_attack_s()); }

   private:
    int64_t samples_;
    Attack attack_;
    int64_t block_ = 0;
};

// Controls: attack_s, hold_s, decay_s, sustain, gate_s, release_s.
class Adsr final : public Source {
   public:
    explicit Adsr(const Call& call)
        : samples_(call.grid.samples),
          attack_(call.grid.sample_rate, call.control(0)),
          sustain_(call.control(3)),
          decay_(call.grid.sample_rate, call.control(2), call.control(0) + call.control(1)),
          release_(call.grid.sample_rate, call.control(5), call.control(0) + call.control(1) + call.control(4)) {}

    int64_t silent_after() const override {
        const int64_t released = release_.silent_after(samples_);
        if (sustain_ > 0.0) return released;
        const int64_t decayed = decay_.silent_after(samples_);
        return decayed < released ? decayed : released;
    }

    void rewind() override {
        block_ = 0;
        decaying_ = decay_.begin();
        releasing_ = release_.begin();
    }

    void advance() override {
        block_ += kBlocks;
        for (int block = 0; block < kBlocks; ++block) {
            decay_.advance(decaying_);
            release_.advance(releasing_);
        }
    }

    void forward(float* tile) const override {
        Fall::Place decaying = decaying_;
        Fall::Place releasing = releasing_;
        const float low = (float)sustain_;
        const float span = (float)(1.0 - sustain_);
        for (int block = 0; block < kBlocks; ++block) {
            for (int v = 0; v < kVectors; ++v) {
                const Vector risen = lesser(attack_(block_ + block, v), all(1.0f));
                const Vector falling = decay_(decaying, v) * span + low;
                store(tile + block * kBlock + v * kLanes, risen * falling * release_(releasing, v));
            }
            decay_.advance(decaying);
            release_.advance(releasing);
        }
    }

    void backward(const float* grad_tile) override {
        Fall::Place decaying = decaying_;
        Fall::Place releasing = releasing_;
        const Vector one = all(1.0f);
        const Vector nothing = all(0.0f);
        const float low = (float)sustain_;
        const float span = (float)(1.0 - sustain_);
        Vector by_sustain = nothing;
        for (int block = 0; block < kBlocks; ++block) {
            for (int v = 0; v < kVectors; ++v) {
                const Vector rise = attack_(block_ + block, v);
                const Vector decay = decay_.past(decaying, v);
                const Vector release = release_.past(releasing, v);
                const Vector fallen = lesser(decay, one);
                const Vector gradient = load(grad_tile + block * kBlock + v * kLanes);
                const Vector but_falling = gradient * lesser(rise, one) * lesser(release, one);
                const Vector whole = but_falling * (fallen * span + low);
                by_sustain += but_falling * (one - fallen);
                attack_.accumulate_grad(rise, whole);
                decay_.accumulate_grad(decaying, v, where(decay <= one, but_falling * fallen * span, nothing));
                release_.accumulate_grad(releasing, v, where(release <= one, whole, nothing));
            }
            decay_.advance(decaying);
            release_.advance(releasing);
        }
        grad_sustain_ += sum(by_sustain);
        attack_.gather();
        decay_.gather();
        release_.gather();
    }

    void finish(double* const* grad_controls) const override {
        const double by_hold_end = decay_.grad_onset_s() + release_.grad_onset_s();
        add(grad_controls, 0, attack_.grad_attack_s() + by_hold_end);
        add(grad_controls, 1, by_hold_end);
        add(grad_controls, 2, decay_.grad_t60_s());
        add(grad_controls, 3, grad_sustain_);
        add(grad_controls, 4, release_.grad_onset_s());
        add(grad_controls, 5, release_.grad_t60_s());
    }

   private:
    int64_t samples_;
    Attack attack_;
    double sustain_;
    Fall decay_, release_;
    Fall::Place decaying_, releasing_;
    int64_t block_ = 0;
    double grad_sustain_ = 0.0;
};

// Controls: time_s, gain, t60_s; of each, one entry a burst.
class Bursts final : public Source {
   public:
    explicit Bursts(const Call& call)
        : samples_(call.grid.samples),
          rate_(call.grid.sample_rate),
          count_(call.sizes[0]),
          gain_(call.controls[1]),
          time_s_(call.controls[0]),
          falls_(call.arena->allocate<Fall>(count_)),
          places_(call.arena->allocate<Fall::Place>(count_)),
          grad_gain_(call.arena->zeros<double>(count_)),
          grad_rise_(call.arena->zeros<double>(count_)),
          steps_(call.grid.sample_rate) {
        for (int k = 0; k < count_; ++k) {
            const int own = call.sizes[2] > 1 ? k : 0;
            new (&falls_[k]) Fall(rate_, call.controls[2][own], time_s_[k]);
        }
        shared_t60_ = call.sizes[2] == 1;
    }

    int64_t silent_after() const override {
        int64_t last = 1;
        for (int k = 0; k < count_; ++k) {
            const int64_t ends = falls_[k].silent_after(samples_);
            if (ends > last) last = ends;
        }
        return last;
    }

    void rewind() override {
        for (int k = 0; k < count_; ++k) places_[k] = falls_[k].begin();
    }

    void advance() override {
        for (int k = 0; k < count_; ++k)
            for (int block = 0; block < kBlocks; ++block) falls_[k].advance(places_[k]);
    }

    void forward(float* tile) const override {
        for (int n = 0; n < kTile; n += kLanes) store(tile + n, all(0.0f));
        for (int k = 0; k < count_; ++k) {
            Fall::Place place = places_[k];
            for (int block = 0; block < kBlocks; ++block) {
                for (int v = 0; v < kVectors; ++v) {
                    float* to = tile + block * kBlock + v * kLanes;
                    const Vector begun = clamped(since(place, k, v), 0.0f, 1.0f);
                    store(to, load(to) + begun * falls_[k](place, v) * (float)gain_[k]);
                }
                falls_[k].advance(place);
            }
        }
    }

    void backward(const float* grad_tile) override {
        const Vector one = all(1.0f);
        const Vector nothing = all(0.0f);
        for (int k = 0; k < count_; ++k) {
            Fall::Place place = places_[k];
            Vector by_gain = nothing;
            Vector by_rise = nothing;
            for (int block = 0; block < kBlocks; ++block) {
                for (int v = 0; v < kVectors; ++v) {
                    const Vector gradient = load(grad_tile + block * kBlock + v * kLanes);
                    const Vector past = falls_[k].past(place, v);
                    const Vector fallen = lesser(past, one);
                    const Vector rising = since(place, k, v);
                    const Vector along = gradient * clamped(rising, 0.0f, 1.0f) * fallen;
                    by_gain += along;
                    falls_[k].accumulate_grad(place, v, where(past <= one, along * (float)gain_[k], nothing));
                    const Mask is_rising = (rising >= nothing) & (rising <= one);
                    by_rise += where(is_rising, gradient * fallen, nothing);
                }
                falls_[k].advance(place);
            }
            grad_gain_[k] += sum(by_gain);
            grad_rise_[k] += sum(by_rise);
            falls_[k].gather();
        }
    }

    void finish(double* const* grad_controls) const override {
        for (int k = 0; k < count_; ++k) {
            add(grad_controls, 0, falls_[k].grad_onset_s() - grad_rise_[k] * gain_[k] * rate_, k);
            add(grad_controls, 1, grad_gain_[k], k);
            add(grad_controls, 2, falls_[k].grad_t60_s(), shared_t60_ ? 0 : k);
        }
    }

   private:
    // In samples, and one more.
    Vector since(const Fall::Place& place, int k, int v) const {
        const double start = place.block * kBlock - time_s_[k] * rate_ + 1.0;
        return steps_(v) * (float)rate_ + (float)start;
    }

    int64_t samples_;
    double rate_;
    int count_;
    const double *gain_, *time_s_;
    Fall* falls_;
    Fall::Place* places_;
    double *grad_gain_, *grad_rise_;
    Steps steps_;
    bool shared_t60_;
};

}  // namespace

extern const Operation kDecayOperation;
const Operation kDecayOperation = {"decay", Kind::source, "1 1?", "", make_operation<Source, Decay>, false, false};

extern const Operation kAttackOperation;
const Operation kAttackOperation = {"attack", Kind::source, "1", "", make_operation<Source, AttackEnvelope>,
                                    false,    false};

extern const Operation kAdsrOperation;
const Operation kAdsrOperation = {"adsr", Kind::source, "1 1 1 1 1 1", "", make_operation<Source, Adsr>, false, false};

extern const Operation kBurstsOperation;
const Operation kBurstsOperation = {"bursts", Kind::source, "n n m", "", make_operation<Source, Bursts>, false, false};

}  // namespace backbeat
