// A program as it was read: parameters, nodes, and the order and place in which they are run.
#pragma once

#include <string>
#include <vector>

#include "backbeat.h"
#include "json.h"
#include "operation.h"

namespace backbeat {

struct Parameter {
    std::string name;
    enum class Scale { physical, linear, log, choice } scale;
    double low, high;
    int size;
    int first;  // entry
    bool is_phase;
};

// Functions of controls, entry by entry; of the first four, signals too.
enum class Function {
    add,
    subtract,
    multiply,
    negate,
    divide,
    minimum,
    maximum,
    exponential,
    logarithm,
    square_root,
    power,
    tanh,
    sine,
    cosine,
    absolute,
    concatenate,
    slice,
    sum,
    constant,
    parameter,
    sample_rate,
    input,
    operation
};

struct Node {
    Function function;
    const Operation* operation = nullptr;  // where it is one
    std::vector<int> inputs;               // -1 where an optional one is left out
    std::vector<double> attributes;
    std::vector<double> values;  // of a constant
    int first = 0;               // of a parameter, a slice, or an input
    int size = 1;
    bool is_signal = false;
    bool is_constant = false;  // of no parameter: its gradient is nobody's

    // Of signals.
    int stage = 0;              // transforms lie between stages; within one, all is run tile by tile
    bool is_stored = false;     // as a whole, for a transform or for a later stage
    int tile = -1;              // number of its buffer, where it is not stored
    bool is_read_once = false;  // whether one reader gives it all of its gradient

    bool is_transform() const { return operation && operation->kind == Kind::transform; }
    bool is_shaper() const { return operation && operation->kind == Kind::shaper; }
    bool is_source() const { return operation && operation->kind == Kind::source; }
    // The inputs that are controls of the operation.
    int first_control() const { return is_source() ? 0 : 1; }
};

struct Document {
    std::vector<Parameter> parameters;
    std::vector<Node> nodes;
    int entries = 0;
    int input_signals = 0;
    int output = 0;
    int stages = 1;
    int tiles = 0;
    std::vector<std::vector<int>> tiled;       // of each stage, the nodes that are run tile by tile, in order
    std::vector<std::vector<int>> transforms;  // of each stage, those that are run before it
    std::vector<int> signals;                  // all of these, and the inputs, in order

    // Throws `Invalid`.
    static Document read(const char* json, size_t length);
};

const Document& document_of(const backbeat_program& program);

}  // namespace backbeat
