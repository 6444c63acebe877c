#include "settings.h"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace backbeat {
namespace {

// Brightness is in per cent, since the macro is in dB per octave for some instruments and in semitones for others.
constexpr double kMostTilt = 6.0;
constexpr double kMostShift = 24.0;

ParameterInfo of_kit(int which) {
    if (which == KIT_LEVEL_DB) return {"level", "Level", "dB", -60.0f, 12.0f, 0.0f};
    return {"humanize", "Humanize", "%", 0.0f, 200.0f, 100.0f};
}

ParameterInfo of_pad(int pad, int which) {
    static const ParameterInfo kKinds[PAD_PARAMETERS] = {
        {"level", "level", "dB", -60.0f, 24.0f, 0.0f},
        {"pan", "pan", "", -1.0f, 1.0f, 0.0f},
        {"tune", "tune", "st", -24.0f, 24.0f, 0.0f},
        {"length", "length", "%", -90.0f, 200.0f, 0.0f},
        {"brightness", "brightness", "%", -100.0f, 100.0f, 0.0f},
        {"snap", "snap", "dB", -24.0f, 24.0f, 0.0f},
    };
    ParameterInfo made = kKinds[which];
    char symbol[16];
    std::snprintf(symbol, sizeof symbol, "pad_%02d_", pad + 1);
    made.symbol = symbol + made.symbol;
    made.name = "Pad " + std::to_string(pad + 1) + " " + made.name;
    return made;
}

std::vector<ParameterInfo> all_parameters() {
    std::vector<ParameterInfo> made;
    for (int which = 0; which < KIT_PARAMETERS; ++which) made.push_back(of_kit(which));
    for (int pad = 0; pad < PADS; ++pad)
        for (int which = 0; which < PAD_PARAMETERS; ++which) made.push_back(of_pad(pad, which));
    return made;
}

const std::vector<ParameterInfo>& parameters() {
    static const std::vector<ParameterInfo> kAll = all_parameters();
    return kAll;
}

}  // namespace

const ParameterInfo& parameter_info(int index) { return parameters()[(size_t)std::clamp(index, 0, PARAMETERS - 1)]; }

Settings::Settings() {
    for (int k = 0; k < PARAMETERS; ++k) values_[(size_t)k] = parameter_info(k).standard;
}

void Settings::set(int index, float value) {
    if (index < 0 || index >= PARAMETERS || value != value) return;
    const ParameterInfo& info = parameters()[(size_t)index];
    const float clipped = std::clamp(value, info.least, info.greatest);
    if (values_[(size_t)index].exchange(clipped) == clipped) return;
    if (index == KIT_HUMANIZE) ++all_turned_;
    if (index >= KIT_PARAMETERS && (index - KIT_PARAMETERS) % PAD_PARAMETERS >= PAD_TUNE)
        ++turned_[(size_t)((index - KIT_PARAMETERS) / PAD_PARAMETERS)];
}

Turns Settings::turns(const Pad& pad, int place) const {
    Turns made;
    made.humanize = (double)get(KIT_HUMANIZE) / 100.0;
    if (place >= PADS) return made;
    for (int k = 0; k < kKnobs; ++k)
        made.amounts[(size_t)k] = (double)get(pad_parameter(place, (PadParameter)(PAD_TUNE + k)));
    const Knob* brightness = pad.find_knob("brightness");
    double& bright = made.amounts[PAD_BRIGHTNESS - PAD_TUNE];
    bright *= (brightness && brightness->unit == "dB/oct" ? kMostTilt : kMostShift) / 100.0;
    return made;
}

uint32_t Settings::turned(int place) const {
    return all_turned_.load() + (place < PADS ? turned_[(size_t)place].load() : 0);
}

}  // namespace backbeat
