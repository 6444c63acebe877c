// The drum machine behind a plain C interface, which tests and benchmarks build and drive.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <vector>

#include "face_files.h"
#include "kit.h"
#include "knobs.h"
#include "machine.h"

#define EXPORTED __attribute__((visibility("default")))

using namespace backbeat;

extern "C" {

EXPORTED Machine* machine_create() { return new Machine; }
EXPORTED void machine_destroy(Machine* machine) { delete machine; }

// 0, or 1 with a message.
EXPORTED int machine_load(Machine* machine, const char* json, size_t length, char* message, size_t room) {
    try {
        machine->load({json, length});
        return 0;
    } catch (const std::runtime_error& error) {
        std::snprintf(message, room, "%s", error.what());
        return 1;
    }
}

EXPORTED int machine_activate(Machine* machine, double sample_rate) {
    try {
        machine->activate(sample_rate);
        return 0;
    } catch (const std::runtime_error&) {
        return 1;
    }
}

EXPORTED void machine_deactivate(Machine* machine) { machine->deactivate(); }
EXPORTED void machine_wait(Machine* machine) { machine->wait_until_whole(); }
EXPORTED void machine_set_offline(Machine* machine, int is_offline) { machine->set_offline(is_offline); }
EXPORTED void machine_set(Machine* machine, int index, float value) { machine->set_parameter(index, value); }
EXPORTED float machine_get(Machine* machine, int index) { return machine->parameter(index); }
EXPORTED void machine_strike(Machine* machine, int pad, int velocity) { machine->strike(pad, velocity); }
EXPORTED uint32_t machine_strikes(Machine* machine, int pad) { return machine->strikes(pad); }
EXPORTED int machine_velocity(Machine* machine, int pad) { return machine->last_velocity(pad); }
EXPORTED int machine_pads(Machine* machine) { return (int)machine->pads().size(); }

EXPORTED size_t machine_name(Machine* machine, char* text, size_t room) {
    return (size_t)std::snprintf(text, room, "%s", machine->kit_name().c_str());
}

EXPORTED size_t machine_wave(Machine* machine, int pad, float* wave, size_t room) {
    const std::vector<float> found = machine->wave(pad);
    std::copy_n(found.begin(), found.size() < room ? found.size() : room, wave);
    return found.size();
}

// Events as (frame, three bytes); audio as (CHANNELS, frames).
EXPORTED void machine_process(Machine* machine, const Event* events, size_t count, float* audio, uint32_t frames) {
    float* channels[CHANNELS];
    for (int k = 0; k < CHANNELS; ++k) channels[k] = audio + (size_t)k * frames;
    machine->process(events, count, channels, frames);
}

// Blocks of one size, one after the other; events count from the first.
EXPORTED void machine_play(Machine* machine, const Event* events, size_t count, float* audio, uint32_t frames,
                           uint32_t block) {
    std::vector<Event> within;
    for (uint32_t first = 0; first < frames; first += block) {
        const uint32_t size = frames - first < block ? frames - first : block;
        within.clear();
        for (size_t k = 0; k < count; ++k)
            if (events[k].frame >= first && events[k].frame < first + size) {
                within.push_back(events[k]);
                within.back().frame -= first;
            }
        float* channels[CHANNELS];
        for (int k = 0; k < CHANNELS; ++k) channels[k] = audio + (size_t)k * frames + first;
        machine->process(within.data(), within.size(), channels, size);
    }
}

// The same, and how long each block took by the clock and by the processor's time of this thread, in seconds.
EXPORTED void machine_time(Machine* machine, const Event* events, size_t count, uint32_t blocks, uint32_t block,
                           double* by_clock, double* by_processor) {
    std::vector<float> audio((size_t)CHANNELS * block);
    float* channels[CHANNELS];
    for (int k = 0; k < CHANNELS; ++k) channels[k] = &audio[(size_t)k * block];
    const auto seconds = [](clockid_t clock) {
        timespec now;
        clock_gettime(clock, &now);
        return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    };
    for (uint32_t k = 0; k < blocks; ++k) {
        const double began[] = {seconds(CLOCK_MONOTONIC), seconds(CLOCK_THREAD_CPUTIME_ID)};
        machine->process(events, k ? 0 : count, channels, block);
        by_processor[k] = seconds(CLOCK_THREAD_CPUTIME_ID) - began[1];
        by_clock[k] = seconds(CLOCK_MONOTONIC) - began[0];
    }
}

// Values of a pad with a knob turned, or none where the kit has no such pad or knob.
EXPORTED size_t kit_turned(const char* json, size_t length, int pad, const char* knob, double amount, double* values,
                           size_t room) {
    try {
        const auto kit = Kit::read({json, length});
        const Pad& own = kit->pads.at((size_t)pad);
        const Knob* found = own.find_knob(knob);
        if (!found || own.values.size() > room) return 0;
        const std::vector<double> after = turned(own.values, *found, amount);
        std::copy(after.begin(), after.end(), values);
        return after.size();
    } catch (const std::exception&) {
        return 0;
    }
}

// What opening a file makes of a kit whose pad is selected: a status of 0 and the kit, or 1 and why there is none.
EXPORTED int open_file(const char* path, const char* kit, int pad, int note, char* text, size_t room) {
    Opening opening;
    opening.open(path, kit, pad, note);
    for (;;) {
        if (const auto done = opening.result()) {
            std::snprintf(text, room, "%s", done->kit.empty() ? done->line.c_str() : done->kit.c_str());
            return done->kit.empty();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

EXPORTED int parameter_of(int index, char* text, size_t room, float* range) {
    const ParameterInfo& info = parameter_info(index);
    range[0] = info.least;
    range[1] = info.greatest;
    range[2] = info.standard;
    std::snprintf(text, room, "%s|%s|%s", info.symbol.c_str(), info.name.c_str(), info.unit.c_str());
    return PARAMETERS;
}

}  // extern "C"
