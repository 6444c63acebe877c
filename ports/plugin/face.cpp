#include "face.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "factory.h"

START_NAMESPACE_DISTRHO

using backbeat::HEIGHT;
using backbeat::KNOBS;
using backbeat::PAD_BRIGHTNESS;
using backbeat::PAD_PARAMETERS;
using backbeat::PAD_TUNE;
using backbeat::PADS;
using backbeat::WIDTH;

static_assert(DISTRHO_UI_DEFAULT_WIDTH == WIDTH && DISTRHO_UI_DEFAULT_HEIGHT == HEIGHT, "hosts ask for it before");

namespace {

constexpr float FADE_S = 0.3f;  // of a light

}  // namespace

Face::Face() : machine_(backbeat::machine_of(getPluginInstancePointer())) {
    loadSharedResources();
    const double scale = getScaleFactor();
    setGeometryConstraints(static_cast<uint>(WIDTH * scale), static_cast<uint>(HEIGHT * scale), true);
    if (scale != 1.0) setSize(static_cast<uint>(WIDTH * scale), static_cast<uint>(HEIGHT * scale));
    for (uint32_t index = 0; index < backbeat::PARAMETERS; ++index)
        values_[index] = machine_.parameter(static_cast<int>(index));
    for (int pad = 0; pad < PADS; ++pad) strikes_[static_cast<std::size_t>(pad)] = machine_.strikes(pad);
}

// ---- from the host

void Face::parameterChanged(uint32_t index, float value) {
    if (index >= values_.size()) return;
    values_[index] = value;
    repaint();
}

void Face::uiScaleFactorChanged(double scale) {
    setGeometryConstraints(static_cast<uint>(WIDTH * scale), static_cast<uint>(HEIGHT * scale), true);
    setSize(static_cast<uint>(WIDTH * scale), static_cast<uint>(HEIGHT * scale));
}

void Face::uiIdle() {
    bool is_changed = false;
    const auto now = std::chrono::steady_clock::now();
    const float fade = std::chrono::duration<float>(now - last_idle_).count() / FADE_S;
    last_idle_ = now;
    if (machine_.loads() != loads_) {
        loads_ = machine_.loads();
        pads_ = machine_.pads();
        kit_name_ = machine_.kit_name();
        const std::vector<std::string> names = backbeat::factory_names();
        const std::string kit = machine_.kit_json();
        const auto found = std::find_if(names.begin(), names.end(),
                                        [&kit](const std::string& name) { return backbeat::factory_kit(name) == kit; });
        factory_ = found == names.end() ? -1 : static_cast<int>(found - names.begin());
        selected_ = std::clamp(selected_, 0, std::max(0, std::min(PADS, static_cast<int>(pads_.size())) - 1));
        is_changed = true;
    }
    for (int pad = 0; pad < PADS; ++pad) {
        const auto place = static_cast<std::size_t>(pad);
        const uint32_t strikes = machine_.strikes(pad);
        is_changed |= light_[place] > 0.0f;
        light_[place] = std::max(0.0f, light_[place] - fade);
        if (strikes == strikes_[place]) continue;
        strikes_[place] = strikes;
        light_[place] = 0.4f + 0.6f * static_cast<float>(machine_.last_velocity(pad)) / 127.0f;
        is_changed = true;
    }
    is_changed |= pictures_.look(selected_);
    if (const auto done = opening_.result()) {
        if (done->kit.empty()) {
            say(done->line, true);
        } else {
            take(done->kit, done->line);
        }
    }
    if (is_changed) repaint();
}

void Face::uiFileBrowserSelected(const char* path) {
    if (path == nullptr || pads_.empty()) return;
    const backbeat::PadView& pad = pads_[static_cast<std::size_t>(selected_)];
    opening_.open(path, machine_.kit_json(), selected_, pad.note);
    const std::string whole = path;
    const std::size_t folder = whole.find_last_of("/\\") + 1;
    folder_ = whole.substr(0, folder);
    say("Opening " + whole.substr(folder) + " … (Esc stops; the kit plays on)");
}

// ---- kits

void Face::take(const std::string& kit, const std::string& line) {
    try {
        machine_.load(kit);
        say(line);
        // Hosts ask whether to save a project when a parameter has been touched.
        editParameter(backbeat::KIT_LEVEL_DB, true);
        setParameterValue(backbeat::KIT_LEVEL_DB, values_[backbeat::KIT_LEVEL_DB]);
        editParameter(backbeat::KIT_LEVEL_DB, false);
    } catch (const std::exception& error) {
        say(error.what(), true);
    }
}

void Face::choose_kit(int step) {
    opening_.stop();
    const std::vector<std::string> names = backbeat::factory_names();
    const int factory_kits = static_cast<int>(names.size());
    if (factory_ < 0 && !pads_.empty()) own_kit_ = machine_.kit_json();
    const int count = factory_kits + (own_kit_.empty() ? 0 : 1);  // a kit of the user's comes last
    const int none = step > 0 ? -1 : 0;
    const int now = factory_ >= 0 ? factory_ : (own_kit_.empty() ? none : factory_kits);
    const int next = (now + step + count) % count;
    if (next == factory_kits) {
        take(own_kit_, "The kit that was opened");
        return;
    }
    const std::string& name = names[static_cast<std::size_t>(next)];
    take(backbeat::factory_kit(name), "Kit " + name + ", which comes with backbeat");
}

void Face::open_file() {
    FileBrowserOptions options;
    const char* const home = std::getenv("HOME");
    if (folder_.empty() && home != nullptr) folder_ = home;
    if (!folder_.empty()) options.startDir = folder_.c_str();
    options.title = "Open a kit, or a patch or sound for the selected pad";
    if (!openFileBrowser(options)) say("No window to choose files in could be opened", true);
}

void Face::say(const std::string& line, bool is_wrong) {
    line_ = line;
    is_wrong_ = is_wrong;
    repaint();
}

// ---- pads and knobs

void Face::select(int pad) {
    if (pad < 0 || pad >= static_cast<int>(pads_.size()) || pad >= PADS) return;
    selected_ = pad;
    repaint();
}

void Face::strike(int pad, int velocity) {
    if (pad < 0 || pad >= static_cast<int>(pads_.size()) || pad >= PADS) return;
    select(pad);
    if (values_[backbeat::PARAMETERS] > 0.5f) {
        say("Bypassed: new hits are not played", true);
    } else {
        machine_.strike(pad, velocity);
    }
}

const backbeat::PadView::Knob* Face::macro(int knob) const {
    if (pads_.empty() || knob < PAD_TUNE || knob >= PAD_PARAMETERS) return nullptr;
    static const char* const names[] = {"tune", "length", "brightness", "snap"};
    for (const backbeat::PadView::Knob& each : pads_[static_cast<std::size_t>(selected_)].knobs)
        if (each.name == names[knob - PAD_TUNE]) return &each;
    return nullptr;
}

bool Face::has_knob(int knob) const {
    if (knob < 0 || knob >= KNOBS) return false;
    if (knob < PAD_PARAMETERS && pads_.empty()) return false;
    return knob < PAD_TUNE || knob >= PAD_PARAMETERS || macro(knob) != nullptr;
}

const backbeat::ParameterInfo& Face::info(int knob) const {
    return backbeat::parameter_info(backbeat::knob_parameter(knob, selected_));
}

float Face::value(int knob) const {
    return values_[static_cast<std::size_t>(backbeat::knob_parameter(knob, selected_))];
}

void Face::turn(int knob, float value) {
    const int index = backbeat::knob_parameter(knob, selected_);
    value = std::clamp(value, info(knob).least, info(knob).greatest);
    if (value == values_[static_cast<std::size_t>(index)]) return;
    values_[static_cast<std::size_t>(index)] = value;
    setParameterValue(static_cast<uint32_t>(index), value);
    repaint();
}

void Face::begin_turn(int knob) {
    turning_ = knob;
    turned_from_ = value(knob);
    editParameter(static_cast<uint32_t>(backbeat::knob_parameter(knob, selected_)), true);
}

void Face::end_turn() {
    if (turning_ < 0) return;
    editParameter(static_cast<uint32_t>(backbeat::knob_parameter(turning_, selected_)), false);
    turning_ = -1;
    repaint();
}

void Face::reset_knob(int knob) {
    if (!has_knob(knob)) return;
    begin_turn(knob);
    turn(knob, info(knob).standard);
    end_turn();
}

void Face::reset_pad() {
    for (int knob = 0; knob < PAD_PARAMETERS; ++knob) reset_knob(knob);
}

std::string Face::value_text(int knob) const {
    const std::string& unit = info(knob).unit;
    const double number = static_cast<double>(value(knob));
    const int digits = unit == "%" ? 0 : (unit.empty() ? 2 : 1);
    const bool has_sign = knob != PAD_PARAMETERS + backbeat::KIT_HUMANIZE;
    const bool is_zero = std::fabs(number) < 0.5 * std::pow(10.0, -digits);
    char text[32];
    std::snprintf(text, sizeof text, has_sign && !is_zero ? "%+.*f" : "%.*f", digits, is_zero ? 0.0 : number);
    return text + (unit.empty() ? "" : " " + unit);
}

UI* createUI() { return new Face; }

END_NAMESPACE_DISTRHO
