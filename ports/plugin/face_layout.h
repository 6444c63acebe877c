// Where things are in the face, in pixels of its standard size.
#ifndef BACKBEAT_PLUGIN_FACE_LAYOUT_H
#define BACKBEAT_PLUGIN_FACE_LAYOUT_H

#include "machine.h"

namespace backbeat {

constexpr int WIDTH = 960, HEIGHT = 600;

struct Area {
    float x, y, width, height;
    bool has(double at_x, double at_y) const { return at_x >= x && at_x < x + width && at_y >= y && at_y < y + height; }
};

constexpr Area PREVIOUS = {128, 16, 32, 32};
constexpr Area KIT_NAME = {164, 16, 258, 32};
constexpr Area NEXT = {426, 16, 32, 32};
constexpr Area OPEN = {473, 16, 90, 32};
constexpr Area PANEL = {580, 16, 364, 548};
constexpr Area WAVE = {596, 80, 332, 92};
constexpr Area RESET = {596, 394, 332, 28};
constexpr Area STATUS = {16, 570, 928, 24};

// The pad's place in four rows of four, from the upper left as the keys that play it.
constexpr Area pad_area(int pad) { return {16.0f + 139.0f * (pad % 4), 64.0f + 126.0f * (pad / 4), 131.0f, 118.0f}; }

// The knobs: those of the pad, three a row, and those of the kit below.
constexpr int KNOBS = PAD_PARAMETERS + KIT_PARAMETERS;
constexpr Area knob_area(int knob) {
    if (knob < PAD_PARAMETERS) return {596.0f + 112.0f * (knob % 3), 180.0f + 106.0f * (knob / 3), 108.0f, 104.0f};
    return {596.0f + 112.0f * (knob - PAD_PARAMETERS), 446.0f, 108.0f, 104.0f};
}

// The host's number of a knob, with a pad selected.
constexpr int knob_parameter(int knob, int pad) {
    return knob < PAD_PARAMETERS ? KIT_PARAMETERS + pad * PAD_PARAMETERS + knob : knob - PAD_PARAMETERS;
}

constexpr const char* PAD_KEYS = "1234QWERASDFZXCV";

}  // namespace backbeat
#endif
