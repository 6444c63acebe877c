// The drum machine as DPF's plugin: ports, parameters, state and events.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "DistrhoPlugin.hpp"
#include "call.h"
#include "factory.h"
#include "machine.h"

namespace backbeat {
thread_local Call call = {false, false, false};
}

START_NAMESPACE_DISTRHO

using backbeat::CHANNELS;
using backbeat::Machine;
using backbeat::OUTPUTS;
using backbeat::PADS;

static_assert(DISTRHO_PLUGIN_NUM_OUTPUTS == CHANNELS, "DPF must know all channels");

namespace {

// After those of the machine: hosts keep what they automate by its number.
constexpr uint32_t BYPASS = backbeat::PARAMETERS;
constexpr uint32_t PARAMETERS = BYPASS + 1;

// Of DPF's groups, those of ports come first. The mix is of the kind that DPF knows, so that hosts take it for the
// main.
constexpr uint32_t FIRST_PAD_GROUP = OUTPUTS;

// DPF hands states over in the order of their keys in CLAP and VST3, and of their numbers in LV2.
enum State { FORMAT, KIT, STATES };
constexpr const char* KEYS[STATES] = {"format", "kit"};
constexpr const char* THIS_FORMAT = "1";

constexpr std::size_t MOST_EVENTS = 512;  // DPF has no more for a block

bool is(const char* text, const char* other) { return std::strcmp(text, other) == 0; }

String two_digits(uint32_t number) {
    const char digits[] = {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10), '\0'};
    return String(digits);
}

}  // namespace

class BackbeatPlugin : public Plugin {
   public:
    BackbeatPlugin() : Plugin(PARAMETERS, 0, STATES) {
        if (!isDummyInstance()) load(backbeat::factory_kit(backbeat::STANDARD_KIT));
    }

    Machine& machine() { return machine_; }

   protected:
    const char* getLabel() const override { return "backbeat"; }
    const char* getDescription() const override { return "Drum machine: kits of synthesized drums, rendered ahead."; }
    const char* getMaker() const override { return "backbeat"; }
    const char* getLicense() const override { return "MIT"; }
    uint32_t getVersion() const override { return d_version(0, 1, 0); }
    int64_t getUniqueId() const override { return d_cconst('B', 'k', 'b', 't'); }

    void initAudioPort(bool is_input, uint32_t index, AudioPort& port) override {
        Plugin::initAudioPort(is_input, index, port);
        const uint32_t output = index / 2;
        const bool is_left = index % 2 == 0;
        const String number = two_digits(output);
        port.groupId = output == 0 ? static_cast<uint32_t>(kPortGroupStereo) : output - 1;
        port.name = (output == 0 ? String("Mix") : "Output " + String(output)) + (is_left ? " left" : " right");
        port.symbol = (output == 0 ? String("mix") : "output_" + number) + (is_left ? "_left" : "_right");
    }

    void initPortGroup(uint32_t group, PortGroup& named) override {
        if (group < FIRST_PAD_GROUP) {
            named.name = "Output " + String(group + 1);
            named.symbol = "out_" + two_digits(group + 1);
        } else if (group < FIRST_PAD_GROUP + PADS) {
            named.name = "Pad " + String(group - FIRST_PAD_GROUP + 1);
            named.symbol = "pad_" + two_digits(group - FIRST_PAD_GROUP + 1);
        } else {
            Plugin::initPortGroup(group, named);
        }
    }

    void initParameter(uint32_t index, Parameter& parameter) override {
        if (index == BYPASS) {
            parameter.initDesignation(kParameterDesignationBypass);
            return;
        }
        const backbeat::ParameterInfo& info = backbeat::parameter_info(static_cast<int>(index));
        parameter.hints = kParameterIsAutomatable;
        parameter.name = info.name.c_str();
        parameter.symbol = info.symbol.c_str();
        parameter.unit = info.unit.c_str();
        parameter.ranges = ParameterRanges(info.standard, info.least, info.greatest);
        if (index >= backbeat::KIT_PARAMETERS)
            parameter.groupId = FIRST_PAD_GROUP + (index - backbeat::KIT_PARAMETERS) / backbeat::PAD_PARAMETERS;
    }

    float getParameterValue(uint32_t index) const override {
        if (index == BYPASS) return is_bypassed_ ? 1.0f : 0.0f;
        return index < BYPASS ? machine_.parameter(static_cast<int>(index)) : 0.0f;
    }

    void setParameterValue(uint32_t index, float value) override {
        if (backbeat::call.is_loading && backbeat::call.was_refused) return;
        if (index == BYPASS) is_bypassed_ = value > 0.5f;
        if (index < BYPASS) machine_.set_parameter(static_cast<int>(index), value);
    }

    void initState(uint32_t index, DISTRHO_NAMESPACE::State& state) override {
        state.key = KEYS[index];
        state.label = index == FORMAT ? "Format of the state" : "Kit";
        state.defaultValue = index == FORMAT ? THIS_FORMAT : "";
        state.hints = kStateIsOnlyForDSP;  // the face asks the machine
    }

    String getState(const char* key) const override {
        if (is(key, KEYS[FORMAT])) return String(THIS_FORMAT);
        return is(key, KEYS[KIT]) ? String(machine_.kit_json().c_str()) : String();
    }

    void setState(const char* key, const char* value) override {
        if (is(key, KEYS[FORMAT])) {
            is_foreign_ = !is(value, THIS_FORMAT);
            if (is_foreign_) refuse(std::string("format: found \"") + value + "\"; must be \"" + THIS_FORMAT + "\"");
        } else if (is(key, KEYS[KIT]) && value[0] != '\0') {
            if (!is_foreign_) load(value);
            is_foreign_ = false;
        }
    }

    void activate() override {
        try {
            machine_.activate(getSampleRate());
            is_active_ = true;
        } catch (const std::exception& error) {
            log(error.what());
        }
        bufferSizeChanged(getBufferSize());
    }

    void deactivate() override {
        is_active_ = false;
        machine_.deactivate();
    }

    void bufferSizeChanged(uint32_t frames) override {
        most_frames_ = std::max(frames, 1u);
        spare_.assign(static_cast<std::size_t>(CHANNELS) * most_frames_, 0.0f);
    }

    // In parts no longer than what the host said, since there is no more room for channels that it leaves out.
    void run(const float**, float** outputs, uint32_t frames, const MidiEvent* events, uint32_t count) override {
        const std::size_t taken = take(events, count);
        for (uint32_t start = 0; start < frames; start += most_frames_) {
            const uint32_t length = std::min(most_frames_, frames - start);
            play(outputs, start, length, taken, start + length == frames);
        }
    }

   private:
    // The messages of a block that the machine is to hear.
    std::size_t take(const MidiEvent* events, uint32_t count) {
        std::size_t taken = 0;
        for (uint32_t k = 0; k < count && taken < MOST_EVENTS; ++k) {
            const MidiEvent& from = events[k];
            if (from.size == 0 || from.size > 3) continue;
            backbeat::Event& to = events_[taken];
            to.frame = from.frame;
            for (uint32_t byte = 0; byte < 3; ++byte) to.data[byte] = byte < from.size ? from.data[byte] : 0;
            const bool is_struck = (to.data[0] & 0xf0) == 0x90 && to.data[2] > 0;
            if (!(is_bypassed_ && is_struck)) ++taken;
        }
        return taken;
    }

    // The frames of a block from `start`, and the messages that fall into them; what is late falls into the last.
    void play(float** outputs, uint32_t start, uint32_t length, std::size_t taken, bool is_last) {
        std::size_t now = 0;
        for (std::size_t k = 0; k < taken; ++k) {
            const backbeat::Event& event = events_[k];
            if (event.frame < start || (event.frame >= start + length && !is_last)) continue;
            part_[now] = event;
            part_[now++].frame -= start;
        }
        for (int channel = 0; channel < CHANNELS; ++channel) {
            float* const spare = spare_.data() + static_cast<std::size_t>(channel) * most_frames_;
            channels_[channel] = outputs[channel] != nullptr ? outputs[channel] + start : spare;
        }
        if (!is_active_) {
            for (float* each : channels_) std::fill_n(each, length, 0.0f);
            return;
        }
        if (backbeat::call.is_offline != is_offline_) {
            is_offline_ = backbeat::call.is_offline;
            machine_.set_offline(is_offline_);
        }
        machine_.process(part_.data(), now, channels_.data(), length);
    }

    void load(const std::string& json) {
        try {
            machine_.load(json);
        } catch (const std::exception& error) {
            refuse(error.what());
        }
    }

    static void refuse(const std::string& reason) {
        backbeat::call.was_refused = true;
        log(reason);
    }

    static void log(const std::string& line) { std::fprintf(stderr, "backbeat: %s\n", line.c_str()); }

    Machine machine_;
    bool is_bypassed_ = false;
    bool is_foreign_ = false;  // what the next kit is part of
    bool is_active_ = false;
    bool is_offline_ = false;
    std::array<backbeat::Event, MOST_EVENTS> events_;
    std::array<backbeat::Event, MOST_EVENTS> part_;
    std::array<float*, CHANNELS> channels_;
    std::vector<float> spare_ = std::vector<float>(CHANNELS);  // for channels that the host leaves out
    uint32_t most_frames_ = 1;

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(BackbeatPlugin)
};

Plugin* createPlugin() { return new BackbeatPlugin(); }

END_NAMESPACE_DISTRHO

backbeat::Machine& backbeat::machine_of(void* plugin) {
    USE_NAMESPACE_DISTRHO
    return static_cast<BackbeatPlugin*>(static_cast<Plugin*>(plugin))->machine();
}
