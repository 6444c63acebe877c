// What an operation is to the engine: three kinds, each with its gradient.
//
// An operation is made for one item from its controls (float64, physical units), and then asked for its signal. All
// times are in samples from the start of the grid. Signals are float32, gradients of controls are summed in float64.
#pragma once

#include <memory>
#include <new>
#include <utility>

#include "arena.h"
#include "scalar.h"
#include "vector.h"

namespace backbeat {

constexpr double kShortestT60 = 1e-5;
constexpr double kDecibel = 0.11512925464970228;   // ln 10 / 20
constexpr double kSemitone = 0.05776226504666211;  // ln 2 / 12
constexpr double kDeepest = 80.0;                  // nepers: what has fallen further counts as fallen so far
constexpr double kSilence = 1e-7;                  // of full scale: what is below is left out
constexpr double kLeastGain = 1e-3;                // what is quieter counts as so loud where its gradient is asked for
constexpr double kFade = 0.1;                      // of Nyquist: over that, what nears it fades out

struct Grid {
    double sample_rate;
    int64_t samples;
    uint32_t seed;
};

// What an operation keeps from item to item, such as tables that depend on the grid alone.
struct Kept {
    virtual ~Kept() = default;
};

// What an operation is made from.
struct Call {
    Grid grid;                      // as long as the operation's signal is wanted
    const double* const* controls;  // by position; null where an optional one is left out
    const int* sizes;               // entries of each
    const double* attributes;       // by position
    Arena* arena;                   // lives as long as the item
    bool differentiated;            // whether the gradient will be asked for
    std::unique_ptr<Kept>* kept;    // the node's own, of this thread

    double control(int position) const { return controls[position][0]; }
};

// A signal of controls alone, a tile of `kTile` samples at a time: tile after tile, each once in a pass.
class Source {
   public:
    // After how many samples it stays below silence.
    virtual int64_t silent_after() const = 0;
    // Whether it has a gradient within its samples.
    virtual bool is_moved() const { return true; }
    // Go to the first tile.
    virtual void rewind() = 0;
    // Go to the next tile.
    virtual void advance() = 0;
    // Write the tile.
    virtual void forward(float* tile) const = 0;
    // Take in the gradient of the tile's samples.
    virtual void backward(const float* grad_tile) = 0;
    // Add the gradient of the controls, after all tiles; null where one was left out.
    virtual void finish(double* const* grad_controls) const = 0;

   protected:
    ~Source() = default;
};

// A memoryless function of a signal, a tile at a time. It maps silence to silence.
class Shaper {
   public:
    virtual void forward(const float* input, float* output) const = 0;
    // Write the gradient of the input.
    virtual void backward(const float* input, const float* output, const float* grad_output, float* grad_input) = 0;
    virtual void finish(double* const* grad_controls) const = 0;

   protected:
    ~Shaper() = default;
};

// A linear filter of a whole signal.
class Transform {
   public:
    // After how many samples the output stays below silence, by that of the input.
    virtual int64_t silent_after(int64_t input_silent_after) const = 0;
    // How many samples of the input are needed for so many of the output.
    virtual int64_t reach(int64_t output_samples) const = 0;
    // Write so many samples; the input is silent from `reach` of these on.
    virtual void forward(const float* input, float* output, int64_t output_samples) = 0;
    // Add the gradient of the input, unless that is null, and of the controls. `forward` may have been called before,
    // with the same input and length.
    virtual void backward(const float* input, const float* grad_output, int64_t output_samples, float* grad_input,
                          double* const* grad_controls) = 0;

   protected:
    ~Transform() = default;
};

enum class Kind { source, shaper, transform };

// An operation by name. Of the inputs, the signal comes first, if there is one.
struct Operation {
    const char* name;
    Kind kind;
    // Of each control its size: a number, or a letter for any size that all with that letter share, but `m` is `n`
    // or 1. One with `?` may be left out, and one with `&` where that before it is, and there alone.
    const char* controls;
    // Names of the attributes, which are numbers.
    const char* attributes;
    void* (*make)(const Call&);
    // Whether the gradient of a shaper reads its input, or its output.
    bool reads_input;
    bool reads_output;
};

// The operations there are.
const Operation* find_operation(const char* name, size_t length);
const Operation* operation_at(int number);

template <typename Interface, typename Made>
void* make_operation(const Call& call) {
    Interface* made = new (call.arena->allocate<Made>(1)) Made(call);
    return made;
}

// The one that is kept, made where there is none.
template <typename Value>
Value& kept(const Call& call) {
    if (!*call.kept) *call.kept = std::make_unique<Value>();
    return static_cast<Value&>(**call.kept);
}

inline double db_to_gain(double level_db) { return exponential(level_db * kDecibel); }

// Nepers per second.
inline double t60_to_rate(double t60_s) { return kLn1000 / maximum(t60_s, kShortestT60); }

// Gradient of a T60, by that of its rate.
inline double t60_gradient(double t60_s, double rate, double grad_rate) {
    return t60_s < kShortestT60 ? 0.0 : -grad_rate * rate / t60_s;
}

// How many samples something lasts, from 1 to `most`, whatever the number is.
inline int64_t lasting(double samples, int64_t most) {
    if (!(samples > 1.0)) return 1;
    return samples < (double)most ? (int64_t)samples : most;
}

inline int64_t rounded_up(int64_t samples, int64_t unit) { return (samples + unit - 1) / unit * unit; }

// Add to a control's gradient, if it was not left out.
inline void add(double* const* grad_controls, int position, double value, int entry = 0) {
    if (grad_controls[position]) grad_controls[position][entry] += value;
}

// The sum over the lanes, which are then 0.
inline double taken(Vector& sums) {
    const double found = sum(sums);
    sums = all(0.0f);
    return found;
}

// Time since a block's start, in seconds.
struct Steps {
    float table[kBlock];

    explicit Steps(double sample_rate) {
        for (int n = 0; n < kBlock; ++n) table[n] = (float)(n / sample_rate);
    }
    Vector operator()(int v) const { return load(table + v * kLanes); }
};

}  // namespace backbeat
