// How the face looks: dark and calm, with the colours of the page that plays kits.
#include <algorithm>
#include <cmath>
#include <string>

#include "face.h"

START_NAMESPACE_DISTRHO

using backbeat::KNOBS;
using backbeat::PAD_PARAMETERS;
using backbeat::PADS;

namespace {

const Color GROUND(0x14, 0x17, 0x1a), SURFACE(0x1e, 0x23, 0x27), INK(0xe8, 0xea, 0xec), SOFT(0xa3, 0xad, 0xb7),
    EDGE(0x4a, 0x54, 0x5d), ACCENT(0x56, 0xb4, 0xe9), LIT(0x2f, 0x7d, 0xb0), WRONG(0xff, 0xb0, 0x70);

constexpr float CORNER = 6.0f;
constexpr float PI = 3.14159265f;
constexpr float KNOB_RADIUS = 24.0f;
constexpr int LEFT = NanoVG::ALIGN_LEFT | NanoVG::ALIGN_MIDDLE, RIGHT = NanoVG::ALIGN_RIGHT | NanoVG::ALIGN_MIDDLE,
              CENTER = NanoVG::ALIGN_CENTER | NanoVG::ALIGN_MIDDLE;

Color mixed(const Color& from, const Color& to, float amount) {
    return Color(from.red + (to.red - from.red) * amount, from.green + (to.green - from.green) * amount,
                 from.blue + (to.blue - from.blue) * amount);
}

// As musicians call a note of MIDI.
std::string note_name(int note) {
    static const char* const names[] = {"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"};
    return names[note % 12] + std::to_string(note / 12 - 1);
}

std::string with_spaces(std::string name) {
    std::replace(name.begin(), name.end(), '_', ' ');
    return name;
}

}  // namespace

void Face::onNanoDisplay() {
    NanoVG::scale(static_cast<float>(scale()), static_cast<float>(getHeight()) / backbeat::HEIGHT);
    fontFace(NANOVG_DEJAVU_SANS_TTF);
    beginPath();
    rect(0.0f, 0.0f, backbeat::WIDTH, backbeat::HEIGHT);
    fillColor(GROUND);
    fill();
    draw_header();
    for (int pad = 0; pad < PADS; ++pad) draw_pad(pad);
    draw_panel();
    draw_status();
}

// A line of text that is cut where it would be wider than `most`.
void Face::write(float x, float y, float size, const Color& color, int align, const std::string& text, float most) {
    if (text.empty()) return;
    fontSize(size);
    textAlign(align);
    fillColor(color);
    std::string shown = text;
    std::size_t length = text.size();
    Rectangle<float> bounds;
    while (textBounds(0.0f, 0.0f, shown.c_str(), nullptr, bounds) > most && length > 0) {
        --length;
        while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;  // whole characters
        shown = text.substr(0, length) + "…";
    }
    this->text(x, y, shown.c_str(), nullptr);
}

void Face::draw_box(const Area& area) {
    beginPath();
    roundedRect(area.x, area.y, area.width, area.height, CORNER);
    fillColor(SURFACE);
    fill();
    strokeColor(EDGE);
    strokeWidth(1.0f);
    stroke();
}

void Face::draw_button(const Area& area, const char* text) {
    draw_box(area);
    write(area.x + area.width / 2, area.y + area.height / 2, 16.0f, INK, CENTER, text, area.width - 8.0f);
}

void Face::draw_header() {
    write(16.0f, 32.0f, 23.0f, INK, LEFT, "backbeat", 100.0f);
    draw_button(backbeat::PREVIOUS, "◀");
    const Area& name = backbeat::KIT_NAME;
    write(name.x + name.width / 2, name.y + name.height / 2, 17.0f, INK, CENTER, kit_name_, name.width - 8.0f);
    draw_button(backbeat::NEXT, "▶");
    draw_button(backbeat::OPEN, "Open…");
}

void Face::draw_pad(int pad) {
    const Area area = backbeat::pad_area(pad);
    const bool is_there = pad < static_cast<int>(pads_.size());
    beginPath();
    roundedRect(area.x + 1, area.y + 1, area.width - 2, area.height - 2, CORNER);
    fillColor(mixed(SURFACE, LIT, is_there ? std::min(1.0f, light_[static_cast<std::size_t>(pad)]) : 0.0f));
    if (is_there) fill();
    const bool is_selected = is_there && pad == selected_;
    strokeColor(is_selected ? ACCENT : EDGE);
    strokeWidth(is_selected ? 2.5f : 1.0f);
    stroke();
    if (!is_there) return;
    const backbeat::PadView& view = pads_[static_cast<std::size_t>(pad)];
    const Color& written = light_[static_cast<std::size_t>(pad)] > 0.3f ? INK : SOFT;
    const float right = area.x + area.width - 10, bottom = area.y + area.height - 16;
    write(area.x + 10, area.y + 20, 17.0f, INK, LEFT, with_spaces(view.name), area.width - 20);
    write(area.x + 10, bottom, 15.0f, written, LEFT, note_name(view.note) + "  " + std::to_string(view.note), 80.0f);
    write(right, bottom, 15.0f, written, RIGHT, std::string(1, backbeat::PAD_KEYS[pad]), 30.0f);
}

void Face::draw_panel() {
    const Area& area = backbeat::PANEL;
    draw_box(area);
    if (!pads_.empty()) {
        const backbeat::PadView& view = pads_[static_cast<std::size_t>(selected_)];
        write(area.x + 16, 38.0f, 21.0f, INK, LEFT, with_spaces(view.name), area.width - 32);
        write(area.x + 16, 61.0f, 15.0f, SOFT, LEFT, view.patch, area.width - 110);
        draw_wave();
    }
    beginPath();
    moveTo(area.x + 16, 434.0f);
    lineTo(area.x + area.width - 16, 434.0f);
    strokeColor(EDGE);
    stroke();
    for (int knob = 0; knob < KNOBS; ++knob) draw_knob(knob);
    if (!pads_.empty()) draw_button(backbeat::RESET, "As the kit has it");
}

void Face::draw_wave() {
    const Area& area = backbeat::WAVE;
    const backbeat::Picture& picture = pictures_.last();
    if (machine_.sample_rate() == 0.0)
        write(area.x, area.y + area.height / 2, 15.0f, SOFT, LEFT, "Drawn while the host runs the plugin", area.width);
    if (picture.columns.empty() || picture.pad != selected_) return;
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.2f s", picture.seconds);
    write(area.x + area.width, 61.0f, 15.0f, SOFT, RIGHT, seconds, 80.0f);
    const float middle = area.y + area.height / 2;
    const float step = area.width / static_cast<float>(picture.columns.size());
    const float height = 0.48f * area.height;
    beginPath();
    moveTo(area.x, middle);
    float x = area.x;
    for (const auto& column : picture.columns) lineTo(x += step, middle - height * column.second - 0.5f);
    for (auto column = picture.columns.rbegin(); column != picture.columns.rend(); ++column, x -= step)
        lineTo(x, middle - height * column->first + 0.5f);
    closePath();
    fillColor(ACCENT);
    fill();
}

void Face::draw_knob(int knob) {
    const Area area = backbeat::knob_area(knob);
    const bool is_there = has_knob(knob);
    const bool is_kits = knob >= PAD_PARAMETERS;
    static const char* const names[] = {"Level",      "Pan",  "Tune",      "Length",
                                        "Brightness", "Snap", "Kit level", "Humanize"};
    const float x = area.x + area.width / 2, y = area.y + 49.0f;
    write(x, area.y + 11, 15.0f, is_there ? INK : SOFT, CENTER, names[knob], area.width);
    const backbeat::ParameterInfo& host = info(knob);
    const auto angle = [&host](float value) {
        return PI * (0.75f + 1.5f * (value - host.least) / (host.greatest - host.least));
    };
    beginPath();
    arc(x, y, KNOB_RADIUS, angle(host.least), angle(host.greatest), CW);
    strokeColor(EDGE);
    strokeWidth(5.0f);
    stroke();
    if (!is_there) {
        write(x, area.y + 90, 14.0f, SOFT, CENTER, is_kits || pads_.empty() ? "" : "has none", area.width);
        return;
    }
    const float now = value(knob);
    const float from = angle(std::min(now, host.standard)), to = angle(std::max(now, host.standard));
    if (to - from > 0.01f) {
        beginPath();
        arc(x, y, KNOB_RADIUS, from, to, CW);
        strokeColor(ACCENT);
        stroke();
    }
    const float sine = std::sin(angle(now)), cosine = std::cos(angle(now));
    beginPath();
    moveTo(x + 8.0f * cosine, y + 8.0f * sine);
    lineTo(x + 19.0f * cosine, y + 19.0f * sine);
    strokeColor(INK);
    strokeWidth(2.5f);
    stroke();
    write(x, area.y + 90, 16.0f, INK, CENTER, value_text(knob), area.width);
    if (knob != focused_) return;
    beginPath();
    roundedRect(area.x + 1, area.y, area.width - 2, area.height - 1, CORNER);
    strokeColor(ACCENT);
    strokeWidth(1.0f);
    stroke();
}

void Face::draw_status() {
    const Area& area = backbeat::STATUS;
    std::string line = line_;
    if (hovered_ >= 0 && !is_wrong_ && !opening_.is_busy()) {
        const backbeat::PadView::Knob* const found = macro(hovered_);
        line = found != nullptr ? found->help : "";
        if (line.empty()) line = "Drag up or down, with Shift for fine steps; a double click takes it back";
    }
    if (line.empty())
        line = "A press is soft at a pad's lower edge, hard at its upper one; keys play as written on the pads";
    write(area.x, area.y + area.height / 2, 15.0f, is_wrong_ ? WRONG : SOFT, LEFT, line, area.width);
}

END_NAMESPACE_DISTRHO
