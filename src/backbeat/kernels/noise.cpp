// White noise; see noise.h. It has no gradient.
#include "noise.h"

namespace backbeat {
namespace {

// Attribute: stream.
class Noise final : public Source {
   public:
    explicit Noise(const Call& call)
        : samples_(call.grid.samples),
          lattice_(prepared(call)),
          noise_(lattice_, call.grid.seed, (uint32_t)(uint64_t)call.attributes[0], 0,
                 call.arena->allocate<float>(lattice_.points_of_tile())) {}

    int64_t silent_after() const override { return samples_; }
    void rewind() override { first_ = 0; }
    void advance() override { first_ += kTile; }
    void forward(float* tile) const override { noise_(first_, tile); }
    void backward(const float*) override {}
    void finish(double* const*) const override {}

   private:
    static const Lattice& prepared(const Call& call) {
        Lattice& lattice = kept<Lattice>(call);
        lattice.prepare(call.grid.sample_rate);
        return lattice;
    }

    int64_t samples_;
    const Lattice& lattice_;
    WhiteNoise noise_;
    int64_t first_ = 0;
};

}  // namespace

extern const Operation kNoiseOperation;
const Operation kNoiseOperation = {"noise", Kind::source, "", "stream", make_operation<Source, Noise>, false, false};

}  // namespace backbeat
