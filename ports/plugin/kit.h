// A kit as `backbeat export kit` writes it: docs/bundles.md describes the document.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backbeat.h"

namespace backbeat {

constexpr int kMostPads = 128;
constexpr int kMostOutputs = 128;
constexpr int kMostLayers = 127;
constexpr int kMostRoundRobins = 64;
constexpr int kNotes = 128;
constexpr int kLastVelocity = 127;

constexpr int kSides = 3;  // noises that a stereo hit is made of, see src/backbeat/patch/stereo.py

// An instrument, read once for each side: a program keeps the noise it made last, and so each side finds its own again.
class Program {
   public:
    // Throws `Invalid`.
    explicit Program(std::string text);

    // Throws std::bad_alloc.
    std::shared_ptr<const backbeat_program> side(int number) const;
    // Free what the sides besides the first have made, which is as large as all sounds, until they are asked for again.
    void forget_sides() const;

    mutable std::atomic<int> workers{0};  // that render with it: two of them would make the same noise twice

   private:
    const std::string text_;
    mutable std::mutex mutex_;
    mutable std::array<std::shared_ptr<const backbeat_program>, kSides> sides_;
};

// What a knob does to the entries of one parameter.
struct Step {
    enum class How { multiply, divide, add, tilt, tilt_gain, shift, settle } how;
    int first, size;  // the parameter's entries
    double low, high;
    bool keeps_off = false;
    std::vector<double> octaves;
    int depth_st = 0, t60_s = 0;  // entries
    double end_s = 0.0;
};

struct Knob {
    std::string name, unit, help;
    std::vector<Step> steps;
};

struct Pad {
    std::string name, patch;
    int note, first_note, last_note;
    double level_db, pan, width;
    int choke_group, output, layers, round_robins;
    bool is_held;  // sounds as long as its key is held, and no longer
    const Program* program;
    int64_t seed;
    std::vector<double> values, velocity, humanize;
    std::vector<int64_t> curves;
    std::vector<Knob> knobs;

    const Knob* find_knob(const std::string& name) const;
};

class Kit {
   public:
    std::string name, author, licence;
    int outputs;
    std::vector<Pad> pads;
    std::array<int, kNotes> pad_of_note;  // -1 where there is none

    // Throws std::runtime_error, whose message is one line that names the field, what was found and what is allowed.
    static std::shared_ptr<const Kit> read(const std::string& text);

    std::vector<std::unique_ptr<const Program>> programs;
};

}  // namespace backbeat
