// What the pointer and the keys do in the face.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "face.h"

START_NAMESPACE_DISTRHO

using backbeat::KNOBS;
using backbeat::PADS;

namespace {

constexpr double WHOLE_TURN = 220.0;  // pixels of a drag through a knob's range
constexpr double FINE = 0.1;
constexpr uint DOUBLE_CLICK_MS = 350;
constexpr int SOFT = 40, MEDIUM = 84, HARD = 127;

float step_of(const std::string& unit) { return unit == "%" ? 1.0f : (unit.empty() ? 0.01f : 0.1f); }

float stepped(double value, double step) { return static_cast<float>(std::round(value / step) * step); }

}  // namespace

int Face::knob_at(double x, double y) const {
    for (int knob = 0; knob < KNOBS; ++knob)
        if (backbeat::knob_area(knob).has(x, y) && has_knob(knob)) return knob;
    return -1;
}

// Hard at the upper edge of a pad, soft at the lower.
void Face::strike_by_pointer(int pad, double y) {
    const Area area = backbeat::pad_area(pad);
    strike(pad, std::clamp(static_cast<int>(std::lround(127.0 * (1.0 - (y - area.y) / area.height))), 1, 127));
}

bool Face::onMouse(const MouseEvent& event) {
    if (event.button != kMouseButtonLeft) return false;
    if (!event.press) {
        end_turn();
        return true;
    }
    getWindow().focus();
    const double x = event.pos.getX() / scale(), y = event.pos.getY() / scale();
    for (int pad = 0; pad < PADS; ++pad)
        if (backbeat::pad_area(pad).has(x, y)) strike_by_pointer(pad, y);
    if (backbeat::PREVIOUS.has(x, y)) choose_kit(-1);
    if (backbeat::NEXT.has(x, y)) choose_kit(1);
    if (backbeat::OPEN.has(x, y)) open_file();
    if (backbeat::RESET.has(x, y)) reset_pad();
    const int knob = knob_at(x, y);
    const bool is_second = knob >= 0 && knob == last_pressed_ && event.time - last_press_ms_ < DOUBLE_CLICK_MS;
    last_pressed_ = is_second ? -1 : knob;
    last_press_ms_ = event.time;
    focused_ = knob;
    if (is_second) {
        reset_knob(knob);
    } else if (knob >= 0) {
        begin_turn(knob);
        last_y_ = y;
    }
    repaint();
    return true;
}

bool Face::onMotion(const MotionEvent& event) {
    const double x = event.pos.getX() / scale(), y = event.pos.getY() / scale();
    if (turning_ >= 0) {
        const backbeat::ParameterInfo& host = info(turning_);
        const bool is_fine = (event.mod & kModifierShift) != 0;
        const double range = static_cast<double>(host.greatest) - static_cast<double>(host.least);
        turned_from_ += (last_y_ - y) / WHOLE_TURN * range * (is_fine ? FINE : 1.0);
        turned_from_ = std::clamp<double>(turned_from_, host.least, host.greatest);
        last_y_ = y;
        const double step = static_cast<double>(step_of(host.unit)) * (is_fine ? FINE : 1.0);
        turn(turning_, stepped(turned_from_, step));
        return true;
    }
    const int over = knob_at(x, y);
    if (over != hovered_) repaint();
    hovered_ = over;
    return false;
}

bool Face::onScroll(const ScrollEvent& event) {
    const int knob = knob_at(event.pos.getX() / scale(), event.pos.getY() / scale());
    if (knob < 0 || turning_ >= 0) return false;
    nudge(knob, event.delta.getY() * 2.0, (event.mod & kModifierShift) != 0);
    return true;
}

// Turn a knob by steps of a hundredth of its range, or the tenth of that.
void Face::nudge(int knob, double steps, bool is_fine) {
    if (!has_knob(knob)) return;
    const backbeat::ParameterInfo& host = info(knob);
    const double range = static_cast<double>(host.greatest) - static_cast<double>(host.least);
    const double step = static_cast<double>(step_of(host.unit)) * (is_fine ? FINE : 1.0);
    const double moved = std::max(step, range / 100.0 * (is_fine ? FINE : 1.0));
    begin_turn(knob);
    turn(knob, stepped(turned_from_ + steps * moved, step));
    end_turn();
}

// As in the page that plays kits: keys strike pads, hard with shift, soft while space is held; arrows go from pad to
// pad. Tab goes from knob to knob, plus and minus turn it, and backspace takes it back.
bool Face::onKeyboard(const KeyboardEvent& event) {
    if ((event.mod & (kModifierControl | kModifierAlt | kModifierSuper)) != 0) return false;
    const bool is_shifted = (event.mod & kModifierShift) != 0;
    if (event.key == ' ') {
        is_space_held_ = event.press;
        return true;
    }
    const uint upper = event.key >= 'a' && event.key <= 'z' ? event.key - 'a' + 'A' : event.key;
    const char* const place =
        upper > 0 && upper < 128 ? std::strchr(backbeat::PAD_KEYS, static_cast<int>(upper)) : nullptr;
    if (place != nullptr) {
        if (event.press)
            strike(static_cast<int>(place - backbeat::PAD_KEYS), is_shifted ? HARD : is_space_held_ ? SOFT : MEDIUM);
        return true;
    }
    if (!event.press) return false;
    switch (event.key) {
        case kKeyLeft:
            select(selected_ - 1);
            return true;
        case kKeyRight:
            select(selected_ + 1);
            return true;
        case kKeyUp:
            select(selected_ - 4);
            return true;
        case kKeyDown:
            select(selected_ + 4);
            return true;
        case '\r':
            strike(selected_, is_shifted ? HARD : is_space_held_ ? SOFT : MEDIUM);
            return true;
        case kKeyPageUp:
            choose_kit(-1);
            return true;
        case kKeyPageDown:
            choose_kit(1);
            return true;
        case '+':
        case '=':
            nudge(focused_, 1.0, false);
            return true;
        case '-':
            nudge(focused_, -1.0, false);
            return true;
        case kKeyBackspace:
            reset_knob(focused_);
            return true;
        case kKeyEscape:
            if (!opening_.is_busy()) return false;
            opening_.stop();
            say("Stopped: the kit is as it was");
            return true;
        case '\t':
            break;
        default:
            return false;
    }
    for (int k = 0; k < KNOBS; ++k) {
        focused_ = (focused_ + (is_shifted ? KNOBS - 1 : 1) + (focused_ < 0 && is_shifted ? 1 : 0)) % KNOBS;
        if (has_knob(focused_)) break;
    }
    repaint();
    return true;
}

END_NAMESPACE_DISTRHO
