// Runs a program, item by item, in what a core's cache holds; and its gradient.
//
// An item's controls are computed first, and its operations made from them. Signals are then computed tile by tile, all
// that lies between two transforms together; transforms take whole signals. What has fallen silent is not computed.
// On the way back all that leads to a sample is computed again: to keep it takes as long.
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstdio>

#include "backbeat.h"
#include "document.h"
#include "status.h"
#include "threads.h"

namespace backbeat {
namespace {

constexpr double kLeastWeight = 1e-6;

// Values of a control, and their gradient.
struct Control {
    double* values;
    double* gradient;
};

// A signal of an item.
struct Signal {
    int64_t limit;   // samples that are wanted at most
    int64_t end;     // after which it is silent
    int64_t needed;  // samples that are computed
    float* whole;    // as far as it is needed, and silence up to `limit`, in whole tiles; null where it is not stored
    float* grad_whole;
    float* grad_tile;
    bool is_read;  // by the gradient, or by what that reads
    Source* source;
    Shaper* shaper;
    Transform* transform;
};

// What a thread keeps from item to item.
struct Worker {
    Arena arena;
    std::vector<std::unique_ptr<Kept>> kept;
    std::vector<Control> controls;
    std::vector<Signal> signals;
};

class Item {
   public:
    Item(const Document& document, Worker& worker, const backbeat_batch& batch, int64_t number, bool is_differentiated)
        : document_(document),
          worker_(worker),
          arena_(worker.arena),
          batch_(batch),
          number_(number),
          is_differentiated_(is_differentiated) {
        const size_t count = document.nodes.size();
        arena_.reset();
        worker.kept.resize(count);
        worker.controls.assign(count, Control{});
        worker.signals.assign(count, Signal{});
        seed_ = (uint32_t)batch.seeds[number * batch.seeds_apart];
        entries_ = arena_.allocate<double>(document.entries + 1);
        read_entries();
        compute_controls();
        make_operations();
        measure();
    }

    void render(float* audio) {
        for (int stage = 0; stage < document_.stages; ++stage) {
            run_transforms(stage);
            run_tiles(stage, audio);
        }
        if (has_stored_output()) std::copy_n(signal(document_.output).whole, batch_.samples, audio);
    }

    void differentiate(const float* audio, const float* grad_audio, double* grad_entries, float* grad_inputs) {
        for (size_t k = document_.signals.size(); k-- > 0;) mark_read(document_.signals[k]);
        for (int stage = 0; stage < document_.stages; ++stage) {
            run_transforms(stage);
            if (stage + 1 < document_.stages) run_tiles(stage, nullptr);
        }
        for (int n : document_.signals)
            if (signal(n).whole && !node(n).is_constant)
                signal(n).grad_whole = arena_.zeros<float>(room(signal(n).limit));
        float* grad_output = signal(document_.output).grad_whole;
        if (has_stored_output() && grad_output) std::copy_n(grad_audio, batch_.samples, grad_output);
        for (int stage = document_.stages; stage-- > 0;) {
            run_tiles_backward(stage, audio, grad_audio);
            run_transforms_backward(stage);
        }
        finish_operations();
        backward_controls();
        write_entries(grad_entries);
        if (grad_inputs) write_inputs(grad_inputs);
    }

   private:
    const Node& node(int number) const { return document_.nodes[number]; }
    Signal& signal(int number) { return worker_.signals[number]; }
    Control& control(int number) { return worker_.controls[number]; }
    double value(int number) { return control(number).values[0]; }

    bool has_stored_output() const { return node(document_.output).is_stored; }

    static int64_t room(int64_t samples) { return rounded_up(samples, kTile); }

    // ---- Controls

    void read_entries() {
        const int64_t first = number_ * document_.entries;
        for (const Parameter& each : document_.parameters) {
            for (int k = each.first; k < each.first + each.size; ++k) {
                if (batch_.values) {
                    entries_[k] = batch_.values[first + k];
                } else {
                    entries_[k] = to_physical(each, batch_.params[first + k]);
                }
            }
            if (each.scale == Parameter::Scale::choice) share(each);
        }
    }

    static double to_physical(const Parameter& parameter, double x) {
        switch (parameter.scale) {
            case Parameter::Scale::linear:
                return parameter.low * (1.0 - x) + parameter.high * x;
            case Parameter::Scale::log:
                if (x == 1.0) return parameter.high;
                return parameter.low * exponential(x * logarithm(parameter.high / parameter.low));
            default:
                return x;
        }
    }

    // Weights of options as shares of their sum; equal where there is none.
    void share(const Parameter& choice) {
        double total = 0.0;
        for (int k = 0; k < choice.size; ++k) total += entries_[choice.first + k];
        for (int k = 0; k < choice.size; ++k) {
            double& own = entries_[choice.first + k];
            own = total > kLeastWeight ? own / total : 1.0 / choice.size;
        }
    }

    void compute_controls() {
        for (size_t n = 0; n < document_.nodes.size(); ++n) {
            const Node& own = document_.nodes[n];
            if (own.is_signal) continue;
            Control& to = control((int)n);
            if (own.function == Function::parameter) {
                to.values = entries_ + own.first;
            } else if (own.function == Function::slice) {
                to.values = control(own.inputs[0]).values + own.first;
            } else {
                to.values = arena_.allocate<double>(own.size);
                compute(own, to.values);
            }
            if (is_differentiated_ && !own.is_constant) to.gradient = arena_.zeros<double>(own.size);
        }
    }

    void compute(const Node& own, double* to) {
        switch (own.function) {
            case Function::constant:
                std::copy(own.values.begin(), own.values.end(), to);
                return;
            case Function::sample_rate:
                to[0] = batch_.sample_rate;
                return;
            case Function::concatenate:
                for (int each : own.inputs) {
                    std::copy_n(control(each).values, node(each).size, to);
                    to += node(each).size;
                }
                return;
            case Function::sum:
                to[0] = 0.0;
                for (int k = 0; k < node(own.inputs[0]).size; ++k) to[0] += control(own.inputs[0]).values[k];
                return;
            default:
                break;
        }
        for (int k = 0; k < own.size; ++k) {
            const double a = operand(own, 0, k);
            const double b = own.inputs.size() > 1 ? operand(own, 1, k) : 0.0;
            to[k] = of(own.function, a, b);
        }
    }

    double operand(const Node& own, int position, int entry) {
        const int from = own.inputs[position];
        return control(from).values[node(from).size == 1 ? 0 : entry];
    }

    static double of(Function function, double a, double b) {
        switch (function) {
            case Function::add:
                return a + b;
            case Function::subtract:
                return a - b;
            case Function::multiply:
                return a * b;
            case Function::divide:
                return a / b;
            case Function::negate:
                return -a;
            case Function::minimum:
                return minimum(a, b);
            case Function::maximum:
                return maximum(a, b);
            case Function::exponential:
                return exponential(a);
            case Function::logarithm:
                return logarithm(a);
            case Function::square_root:
                return square_root(a);
            case Function::power:
                return power(a, b);
            case Function::tanh:
                return hyperbolic_tangent(a);
            case Function::sine:
                return sine(a);
            case Function::cosine:
                return cosine(a);
            default:
                return magnitude(a);
        }
    }

    void backward_controls() {
        for (size_t n = document_.nodes.size(); n-- > 0;) {
            const Node& own = document_.nodes[n];
            const Control& from = control((int)n);
            if (own.is_signal || own.is_constant || own.function == Function::parameter) continue;
            if (own.function == Function::concatenate) {
                const double* gradient = from.gradient;
                for (int each : own.inputs) {
                    for (int k = 0; k < node(each).size; ++k) add_gradient(each, k, gradient[k]);
                    gradient += node(each).size;
                }
            } else if (own.function == Function::slice) {
                for (int k = 0; k < own.size; ++k) add_gradient(own.inputs[0], own.first + k, from.gradient[k]);
            } else if (own.function == Function::sum) {
                for (int k = 0; k < node(own.inputs[0]).size; ++k) add_gradient(own.inputs[0], k, from.gradient[0]);
            } else {
                for (int k = 0; k < own.size; ++k) backward(own, k, from.values[k], from.gradient[k]);
            }
        }
    }

    void add_gradient(int to, int entry, double gradient) {
        if (control(to).gradient) control(to).gradient[node(to).size == 1 ? 0 : entry] += gradient;
    }

    // From the gradient of an entry of a function to those of its operands.
    void backward(const Node& own, int k, double y, double gradient) {
        if (gradient == 0.0) return;
        const double a = operand(own, 0, k);
        const double b = own.inputs.size() > 1 ? operand(own, 1, k) : 0.0;
        double by_a = 0.0;
        double by_b = 0.0;
        switch (own.function) {
            case Function::add:
                by_a = 1.0;
                by_b = 1.0;
                break;
            case Function::subtract:
                by_a = 1.0;
                by_b = -1.0;
                break;
            case Function::multiply:
                by_a = b;
                by_b = a;
                break;
            case Function::divide:
                by_a = 1.0 / b;
                by_b = -y / b;
                break;
            case Function::negate:
                by_a = -1.0;
                break;
            case Function::minimum:
                by_a = a < b ? 1.0 : a > b ? 0.0 : 0.5;
                by_b = 1.0 - by_a;
                break;
            case Function::maximum:
                by_a = a > b ? 1.0 : a < b ? 0.0 : 0.5;
                by_b = 1.0 - by_a;
                break;
            case Function::exponential:
                by_a = y;
                break;
            case Function::logarithm:
                by_a = 1.0 / a;
                break;
            case Function::square_root:
                by_a = 0.5 / y;
                break;
            case Function::power:
                by_a = b * y / a;
                by_b = y * logarithm(a);
                break;
            case Function::tanh:
                by_a = 1.0 - y * y;
                break;
            case Function::sine:
                by_a = cosine(a);
                break;
            case Function::cosine:
                by_a = -sine(a);
                break;
            case Function::absolute:
                by_a = a < 0.0 ? -1.0 : a > 0.0 ? 1.0 : 0.0;
                break;
            default:
                break;
        }
        add_gradient(own.inputs[0], k, gradient * by_a);
        if (own.inputs.size() > 1) add_gradient(own.inputs[1], k, gradient * by_b);
    }

    // All nodes of a parameter have gradients of their own.
    void write_entries(double* grad_entries) {
        std::fill_n(grad_entries, document_.entries, 0.0);
        for (size_t n = 0; n < document_.nodes.size(); ++n) {
            const Node& own = document_.nodes[n];
            if (own.function != Function::parameter) continue;
            for (int k = 0; k < own.size; ++k) grad_entries[own.first + k] += control((int)n).gradient[k];
        }
        for (const Parameter& each : document_.parameters) {
            if (each.scale == Parameter::Scale::choice) {
                unshare(each, grad_entries + each.first);
            } else if (!batch_.values) {
                for (int k = each.first; k < each.first + each.size; ++k) {
                    if (each.scale == Parameter::Scale::linear) grad_entries[k] *= each.high - each.low;
                    if (each.scale == Parameter::Scale::log)
                        grad_entries[k] *= entries_[k] * logarithm(each.high / each.low);
                }
            }
        }
    }

    void unshare(const Parameter& choice, double* gradient) const {
        double total = 0.0;
        double along = 0.0;
        for (int k = 0; k < choice.size; ++k) {
            const int64_t at = number_ * document_.entries + choice.first + k;
            total += batch_.values ? batch_.values[at] : (double)batch_.params[at];
            along += gradient[k] * entries_[choice.first + k];
        }
        for (int k = 0; k < choice.size; ++k) gradient[k] = total > kLeastWeight ? (gradient[k] - along) / total : 0.0;
    }

    // ---- Signals

    // From the output back, since what looks ahead needs more of its input.
    void make_operations() {
        signal(document_.output).limit = batch_.samples;
        for (size_t k = document_.signals.size(); k-- > 0;) {
            const int n = document_.signals[k];
            const Node& own = node(n);
            Signal& made = signal(n);
            if (own.operation) make(own, n, made);
            const int64_t wanted = made.transform ? made.transform->reach(made.limit) : made.limit;
            for (int each : own.inputs) {
                if (each < 0 || !node(each).is_signal) continue;
                signal(each).limit = std::max(signal(each).limit, wanted);
            }
        }
    }

    void make(const Node& own, int number, Signal& made) {
        const int first = own.first_control();
        const int count = (int)own.inputs.size() - first;
        const double** controls = arena_.allocate<const double*>(count + 1);
        int* sizes = arena_.allocate<int>(count + 1);
        for (int k = 0; k < count; ++k) {
            const int from = own.inputs[first + k];
            controls[k] = from < 0 ? nullptr : control(from).values;
            sizes[k] = from < 0 ? 0 : node(from).size;
        }
        const Call call = {{batch_.sample_rate, made.limit, seed_},
                           controls,
                           sizes,
                           own.attributes.data(),
                           &arena_,
                           is_differentiated_,
                           &worker_.kept[number]};
        void* operation = own.operation->make(call);
        if (own.is_source()) made.source = static_cast<Source*>(operation);
        if (own.is_shaper()) made.shaper = static_cast<Shaper*>(operation);
        if (own.is_transform()) made.transform = static_cast<Transform*>(operation);
    }

    // How far each signal sounds, and how much of it is needed.
    void measure() {
        for (int n : document_.signals) signal(n).end = std::min(end_of(node(n), signal(n)), signal(n).limit);
        signal(document_.output).needed = signal(document_.output).end;
        for (size_t k = document_.signals.size(); k-- > 0;) {
            const int n = document_.signals[k];
            const Node& own = node(n);
            Signal& made = signal(n);
            const int64_t wanted = made.transform && made.needed ? made.transform->reach(made.needed) : made.needed;
            for (int each : own.inputs) {
                if (each < 0 || !node(each).is_signal) continue;
                Signal& input = signal(each);
                input.needed = std::max(input.needed, std::min(wanted, input.end));
            }
            if (own.is_stored) {
                made.whole = arena_.allocate<float>(room(made.limit));
                const int64_t computed = made.transform ? made.needed : room(made.needed);
                std::fill(made.whole + std::min(computed, room(made.limit)), made.whole + room(made.limit), 0.0f);
                if (own.function == Function::input) read_input(own, made);
            }
        }
    }

    // Which values the gradient reads, and which values those are made of. The output is at hand.
    void mark_read(int number) {
        const Node& own = node(number);
        Signal& made = signal(number);
        if (!made.needed) return;
        if (made.shaper && own.operation->reads_input) signal(own.inputs[0]).is_read = true;
        if (made.shaper && own.operation->reads_output) made.is_read = true;
        if (made.transform) signal(own.inputs[0]).is_read = true;
        if (own.function == Function::multiply) {
            for (int k = 0; k < 2; ++k) {
                if (node(own.inputs[k]).is_signal && is_moved(own.inputs[1 - k])) signal(own.inputs[k]).is_read = true;
            }
        }
        if (!made.is_read || number == document_.output) return;
        for (int each : own.inputs)
            if (each >= 0 && node(each).is_signal) signal(each).is_read = true;
    }

    // Whether it has a gradient.
    bool is_moved(int number) {
        if (node(number).is_constant) return false;
        const Signal& own = signal(number);
        return !own.source || own.source->is_moved();
    }

    int64_t end_of(const Node& own, const Signal& made) {
        if (made.source) return made.source->silent_after();
        if (made.shaper) return signal(own.inputs[0]).end;
        if (made.transform) {
            const int64_t end = signal(own.inputs[0]).end;
            return end ? made.transform->silent_after(end) : 0;
        }
        if (own.function == Function::input) return batch_.samples;
        if (own.function == Function::negate) return signal(own.inputs[0]).end;
        const int a = own.inputs[0];
        const int b = own.inputs[1];
        if (node(a).is_signal && node(b).is_signal) {
            return own.function == Function::multiply ? std::min(signal(a).end, signal(b).end)
                                                      : std::max(signal(a).end, signal(b).end);
        }
        if (own.function != Function::multiply) return made.limit;
        const int by = node(a).is_signal ? b : a;
        const int of = node(a).is_signal ? a : b;
        // Nothing of it is heard, but its gradient asks for it.
        const bool is_off = value(by) == 0.0 && !(is_differentiated_ && !node(by).is_constant);
        return is_off ? 0 : signal(of).end;
    }

    void read_input(const Node& own, Signal& made) {
        const float* from = batch_.inputs + (number_ * document_.input_signals + own.first) * batch_.samples;
        const int64_t there = std::min(batch_.samples, made.limit);
        std::copy_n(from, there, made.whole);
        std::fill(made.whole + there, made.whole + room(made.limit), 0.0f);
    }

    void run_transforms(int stage) {
        for (int n : document_.transforms[stage]) {
            Signal& made = signal(n);
            const bool is_read = !is_differentiated_ || made.is_read;
            if (made.needed && is_read)
                made.transform->forward(signal(node(n).inputs[0]).whole, made.whole, made.needed);
        }
    }

    void run_transforms_backward(int stage) {
        for (int n : document_.transforms[stage]) {
            Signal& made = signal(n);
            if (!made.needed || !made.grad_whole) continue;
            double** gradients = control_gradients(node(n));
            const Signal& input = signal(node(n).inputs[0]);
            float* grad_input = node(node(n).inputs[0]).is_constant ? nullptr : input.grad_whole;
            made.transform->backward(input.whole, made.grad_whole, made.needed, grad_input, gradients);
        }
    }

    double** control_gradients(const Node& own) {
        const int first = own.first_control();
        const int count = (int)own.inputs.size() - first;
        double** gradients = arena_.allocate<double*>(count + 1);
        for (int k = 0; k < count; ++k) {
            const int to = own.inputs[first + k];
            gradients[k] = to < 0 ? nullptr : control(to).gradient;
        }
        return gradients;
    }

    void finish_operations() {
        for (int n : document_.signals) {
            const Signal& made = signal(n);
            if (!made.needed) continue;
            if (made.source) made.source->finish(control_gradients(node(n)));
            if (made.shaper) made.shaper->finish(control_gradients(node(n)));
        }
    }

    int64_t samples_of_stage(int stage) {
        int64_t most = 0;
        for (int n : document_.tiled[stage]) most = std::max(most, signal(n).needed);
        return most;
    }

    // Where a signal's tile is; null where it is silent.
    float* tile(int number, int64_t first) {
        const Signal& own = signal(number);
        if (first >= own.needed) return nullptr;
        return own.whole ? own.whole + first : tiles_ + node(number).tile * kTile;
    }

    float* grad_tile(int number, int64_t first) {
        const Signal& own = signal(number);
        if (first >= own.needed || node(number).is_constant) return nullptr;
        return own.grad_whole ? own.grad_whole + first : own.grad_tile;
    }

    // The tiles of a stage, into `audio` where the output is among them.
    void run_tiles(int stage, float* audio) {
        const int64_t samples = samples_of_stage(stage);
        if (!tiles_) tiles_ = arena_.allocate<float>((int64_t)document_.tiles * kTile);
        const bool has_output = audio && !has_stored_output() && node(document_.output).stage == stage;
        rewind(stage);
        for (int64_t first = 0; first < samples; first += kTile) {
            for (int n : document_.tiled[stage]) run(n, first);
            if (has_output) write(audio, first);
            advance(stage, first);
        }
        if (!has_output) return;
        const int64_t written = std::min(room(signal(document_.output).needed), batch_.samples);
        std::fill(audio + written, audio + batch_.samples, 0.0f);
    }

    void write(float* audio, int64_t first) {
        const float* from = tile(document_.output, first);
        if (!from) return;
        std::copy_n(from, std::min<int64_t>(kTile, batch_.samples - first), audio + first);
    }

    void rewind(int stage) {
        for (int n : document_.tiled[stage])
            if (signal(n).source) signal(n).source->rewind();
    }

    void advance(int stage, int64_t first) {
        for (int n : document_.tiled[stage]) {
            const Signal& own = signal(n);
            if (own.source && first < own.needed) own.source->advance();
        }
    }

    void run(int number, int64_t first) {
        const Node& own = node(number);
        const Signal& made = signal(number);
        float* to = tile(number, first);
        if (!to) return;
        if (made.source) return made.source->forward(to);
        if (made.shaper) return made.shaper->forward(tile(own.inputs[0], first), to);
        const int a = own.inputs[0];
        const int b = own.inputs.size() > 1 ? own.inputs[1] : -1;
        const float* x = node(a).is_signal ? tile(a, first) : nullptr;
        const float* y = b >= 0 && node(b).is_signal ? tile(b, first) : nullptr;
        if (b >= 0 && !node(b).is_signal) return with_control(own.function, x, (float)value(b), to);
        if (!node(a).is_signal) return with_control_first(own.function, (float)value(a), y, to);
        switch (own.function) {
            case Function::multiply:
                return for_each([&](int n) { store(to + n, load(x + n) * load(y + n)); });
            case Function::negate:
                return for_each([&](int n) { store(to + n, -load(x + n)); });
            case Function::subtract:
                if (!y) return copy(x, to);
                if (!x) return for_each([&](int n) { store(to + n, -load(y + n)); });
                return for_each([&](int n) { store(to + n, load(x + n) - load(y + n)); });
            default:
                if (!x || !y) return copy(x ? x : y, to);
                return for_each([&](int n) { store(to + n, load(x + n) + load(y + n)); });
        }
    }

    template <typename Work>
    static void for_each(Work work) {
        for (int n = 0; n < kTile; n += kLanes) work(n);
    }

    static void copy(const float* from, float* to) { std::copy_n(from, kTile, to); }

    static void with_control(Function function, const float* x, float by, float* to) {
        if (function == Function::multiply) return for_each([&](int n) { store(to + n, load(x + n) * by); });
        const float added = function == Function::add ? by : -by;
        for_each([&](int n) { store(to + n, (x ? load(x + n) : all(0.0f)) + added); });
    }

    static void with_control_first(Function function, float by, const float* y, float* to) {
        if (function == Function::multiply) return for_each([&](int n) { store(to + n, by * load(y + n)); });
        const float sign = function == Function::add ? 1.0f : -1.0f;
        for_each([&](int n) { store(to + n, (y ? load(y + n) * sign : all(0.0f)) + by); });
    }

    void run_tiles_backward(int stage, const float* audio, const float* grad_audio) {
        const int64_t samples = samples_of_stage(stage);
        const bool is_last = stage + 1 == document_.stages;
        if (!tiles_) tiles_ = arena_.allocate<float>((int64_t)document_.tiles * kTile);
        if (!grad_tiles_) grad_tiles_ = arena_.allocate<float>((int64_t)document_.tiles * kTile);
        rewind(stage);
        for (int64_t first = 0; first < samples; first += kTile) {
            for (int n : document_.tiled[stage]) {
                const Node& own = node(n);
                if (own.tile >= 0) {
                    signal(n).grad_tile = grad_tiles_ + own.tile * kTile;
                    if (!own.is_read_once || n == document_.output) std::fill_n(signal(n).grad_tile, kTile, 0.0f);
                }
                const bool is_there = own.is_stored && !is_last;
                if (n != document_.output && signal(n).is_read && !is_there) run(n, first);
            }
            if (!has_stored_output() && node(document_.output).stage == stage) take_output(audio, grad_audio, first);
            for (size_t k = document_.tiled[stage].size(); k-- > 0;) backward(document_.tiled[stage][k], first);
            advance(stage, first);
        }
    }

    // The output's tile and its gradient, where the samples end followed by silence.
    void take_output(const float* audio, const float* grad_audio, int64_t first) {
        const int64_t count = std::min<int64_t>(kTile, batch_.samples - first);
        if (float* to = grad_tile(document_.output, first)) {
            for (int64_t n = 0; n < count; ++n) to[n] += grad_audio[first + n];
        }
        float* to = tile(document_.output, first);
        if (!to) return;
        std::copy_n(audio + first, count, to);
        std::fill_n(to + count, kTile - count, 0.0f);
    }

    void backward(int number, int64_t first) {
        const Node& own = node(number);
        Signal& made = signal(number);
        const float* gradient = grad_tile(number, first);
        if (!gradient) return;
        if (made.source) return made.source->is_moved() ? made.source->backward(gradient) : void();
        if (made.shaper) {
            const int from = own.inputs[0];
            return give(from, first, [&](float* to) {
                made.shaper->backward(tile(from, first), tile(number, first), gradient, to);
            });
        }
        const int a = own.inputs[0];
        const int b = own.inputs.size() > 1 ? own.inputs[1] : -1;
        if (own.function == Function::negate) return pass(a, first, gradient, -1.0f);
        if (own.function == Function::multiply) {
            multiply_backward(a, b, first, gradient);
            return multiply_backward(b, a, first, gradient);
        }
        pass(a, first, gradient, 1.0f);
        pass(b, first, gradient, own.function == Function::subtract ? -1.0f : 1.0f);
    }

    // Have a signal's gradient written, or added to what there is.
    template <typename Work>
    void give(int number, int64_t first, Work work) {
        float* to = grad_tile(number, first);
        if (!to) return;
        if (node(number).is_read_once) return work(to);
        work(spare_);
        for_each([&](int n) { store(to + n, load(to + n) + load(spare_ + n)); });
    }

    // The gradient of a sum is that of its terms.
    void pass(int to, int64_t first, const float* gradient, float sign) {
        if (!node(to).is_signal) {
            if (control(to).gradient) control(to).gradient[0] += sign * total(gradient);
            return;
        }
        float* sums = grad_tile(to, first);
        if (!sums) return;
        if (node(to).is_read_once && sign > 0.0f) {
            signal(to).grad_tile = const_cast<float*>(gradient);
        } else if (node(to).is_read_once) {
            for_each([&](int n) { store(sums + n, load(gradient + n) * sign); });
        } else {
            for_each([&](int n) { store(sums + n, load(sums + n) + load(gradient + n) * sign); });
        }
    }

    static double total(const float* gradient) {
        Vector sums = all(0.0f);
        for_each([&](int n) { sums += load(gradient + n); });
        return sum(sums);
    }

    // The gradient of one factor by the other.
    void multiply_backward(int to, int by, int64_t first, const float* gradient) {
        if (node(to).is_signal) {
            float* sums = is_moved(to) ? grad_tile(to, first) : nullptr;
            if (!sums) return;
            const bool is_once = node(to).is_read_once;
            if (!node(by).is_signal) {
                const float other = (float)value(by);
                if (is_once) return for_each([&](int n) { store(sums + n, load(gradient + n) * other); });
                return for_each([&](int n) { store(sums + n, load(sums + n) + load(gradient + n) * other); });
            }
            const float* other = tile(by, first);
            if (is_once) return for_each([&](int n) { store(sums + n, load(gradient + n) * load(other + n)); });
            return for_each([&](int n) { store(sums + n, load(sums + n) + load(gradient + n) * load(other + n)); });
        }
        if (!control(to).gradient) return;
        const float* other = tile(by, first);
        Vector sums = all(0.0f);
        for_each([&](int n) { sums += load(gradient + n) * load(other + n); });
        control(to).gradient[0] += sum(sums);
    }

    void write_inputs(float* grad_inputs) {
        float* to = grad_inputs + number_ * document_.input_signals * batch_.samples;
        std::fill_n(to, document_.input_signals * batch_.samples, 0.0f);
        for (int n : document_.signals) {
            const Node& own = node(n);
            if (own.function != Function::input) continue;
            const Signal& made = signal(n);
            float* row = to + own.first * batch_.samples;
            for (int64_t k = 0; k < std::min(batch_.samples, made.limit); ++k) row[k] += made.grad_whole[k];
        }
    }

    const Document& document_;
    Worker& worker_;
    Arena& arena_;
    const backbeat_batch& batch_;
    int64_t number_;
    bool is_differentiated_;
    uint32_t seed_;
    double* entries_;
    float* tiles_ = nullptr;
    float* grad_tiles_ = nullptr;
    alignas(64) float spare_[kTile];
};

int64_t threads_of(const backbeat_batch& batch) {
    return std::min(batch.items, threads_for(batch.items * batch.samples, batch.most_threads));
}

bool is_valid(const Document& document, const backbeat_batch& batch) {
    const bool is_long = batch.samples >= 1 && batch.items >= 1 && batch.sample_rate >= 1.0 && batch.sample_rate < 1e9;
    const bool is_given = document.entries == 0 || !batch.params != !batch.values;
    return is_long && is_given && batch.seeds && (!document.input_signals || batch.inputs);
}

}  // namespace
}  // namespace backbeat

struct backbeat_program {
    backbeat::Document document;
    mutable backbeat::Spaces<backbeat::Worker> workers;
};

const backbeat::Document& backbeat::document_of(const backbeat_program& program) { return program.document; }

extern "C" {

const char* backbeat_sources(void) { return BACKBEAT_SOURCES; }

const char* backbeat_variant(void) { return BACKBEAT_VARIANT; }

// Asked of the processor itself: not every compiler's __builtin_cpu_supports works in a shared library.
int backbeat_processor(void) {
#if defined(__x86_64__)
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 2;
    const bool has_fma = c >> 12 & 1, has_saved = c >> 27 & 1;
    if (!has_fma || !has_saved || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 2;
    unsigned kept, above;  // which registers the system keeps for a process
    __asm__("xgetbv" : "=a"(kept), "=d"(above) : "c"(0));
    const auto has = [&](int bit) { return b >> bit & 1; };
    const bool is_v3 = (kept & 0x06) == 0x06 && has(3) && has(5) && has(8);  // BMI, AVX2, BMI2
    const bool is_v4 =
        is_v3 && (kept & 0xe0) == 0xe0 && has(16) && has(17) && has(28) && has(30) && has(31);  // AVX-512
    return is_v4 ? 4 : is_v3 ? 3 : 2;
#else
    return 0;
#endif
}

int backbeat_read(const char* json, size_t length, backbeat_program** program, char* message, size_t room) {
    *program = nullptr;
    if (room) message[0] = '\0';
    try {
        backbeat::StandardFloats while_here;
        auto made = std::make_unique<backbeat_program>();
        made->document = backbeat::Document::read(json, length);
        *program = made.release();
        return BACKBEAT_OK;
    } catch (const backbeat::Invalid& invalid) {
        if (room) std::snprintf(message, room, "%s", invalid.message.c_str());
        return BACKBEAT_INVALID;
    } catch (const std::bad_alloc&) {
        return BACKBEAT_OUT_OF_MEMORY;
    } catch (...) {
        return BACKBEAT_FAILED;
    }
}

void backbeat_free(backbeat_program* program) { delete program; }

int64_t backbeat_entries(const backbeat_program* program) { return program->document.entries; }

int64_t backbeat_inputs(const backbeat_program* program) { return program->document.input_signals; }

int backbeat_render(const backbeat_program* program, const backbeat_batch* batch, float* audio) {
    using namespace backbeat;
    if (!is_valid(program->document, *batch)) return BACKBEAT_INVALID;
    return status_of([&] {
        for_each_with(program->workers, threads_of(*batch), batch->items, [&](Worker& worker, int64_t item) {
            Item(program->document, worker, *batch, item, false).render(audio + item * batch->samples);
        });
    });
}

int backbeat_differentiate(const backbeat_program* program, const backbeat_batch* batch, const float* audio,
                           const float* grad_audio, double* grad_entries, float* grad_inputs) {
    using namespace backbeat;
    if (!is_valid(program->document, *batch)) return BACKBEAT_INVALID;
    return status_of([&] {
        for_each_with(program->workers, threads_of(*batch), batch->items, [&](Worker& worker, int64_t item) {
            const int64_t first = item * batch->samples;
            double* own = grad_entries + item * program->document.entries;
            Item(program->document, worker, *batch, item, true)
                .differentiate(audio + first, grad_audio + first, own, grad_inputs);
        });
    });
}

}  // extern "C"
