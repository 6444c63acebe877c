// The face of the plugin: pads, the selected pad's knobs and wave, and kits. It reads the machine beside the host, so
// it is there only where plugin and face share a process; other hosts show their own controls.
#ifndef BACKBEAT_PLUGIN_FACE_H
#define BACKBEAT_PLUGIN_FACE_H

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "DistrhoUI.hpp"
#include "call.h"
#include "face_files.h"
#include "face_layout.h"
#include "face_pictures.h"
#include "machine.h"

START_NAMESPACE_DISTRHO

class Face : public UI {
   public:
    Face();

   protected:
    // From the host.
    void parameterChanged(uint32_t index, float value) override;
    void stateChanged(const char*, const char*) override {}  // the machine says so itself
    void uiScaleFactorChanged(double scale) override;
    void uiIdle() override;
    void uiFileBrowserSelected(const char* path) override;

    // From the user: face_input.cpp.
    bool onMouse(const MouseEvent& event) override;
    bool onMotion(const MotionEvent& event) override;
    bool onScroll(const ScrollEvent& event) override;
    bool onKeyboard(const KeyboardEvent& event) override;

    // face_drawing.cpp
    void onNanoDisplay() override;

   private:
    using Area = backbeat::Area;

    void take(const std::string& kit, const std::string& line);
    void choose_kit(int step);
    void open_file();
    void say(const std::string& line, bool is_wrong = false);

    void select(int pad);
    void strike(int pad, int velocity);
    void strike_by_pointer(int pad, double y);
    bool has_knob(int knob) const;
    const backbeat::PadView::Knob* macro(int knob) const;
    const backbeat::ParameterInfo& info(int knob) const;
    float value(int knob) const;
    void turn(int knob, float value);
    void begin_turn(int knob);
    void end_turn();
    void reset_knob(int knob);
    void reset_pad();
    void nudge(int knob, double steps, bool is_fine);
    std::string value_text(int knob) const;
    int knob_at(double x, double y) const;
    double scale() const { return static_cast<double>(getWidth()) / backbeat::WIDTH; }

    void draw_header();
    void draw_box(const Area& area);
    void draw_button(const Area& area, const char* text);
    void draw_pad(int pad);
    void draw_panel();
    void draw_wave();
    void draw_knob(int knob);
    void draw_status();
    void write(float x, float y, float size, const Color& color, int align, const std::string& text, float most);

    backbeat::Machine& machine_;
    backbeat::Pictures pictures_{machine_};
    backbeat::Opening opening_;
    std::string folder_;  // of the file that was opened last

    std::array<float, backbeat::PARAMETERS + 1> values_{};  // and bypass
    std::vector<backbeat::PadView> pads_;
    std::string kit_name_;
    uint32_t loads_ = 0;
    int factory_ = -1;     // the number of the kit, where it is one that comes with the plugin
    std::string own_kit_;  // the last that was none of them: one can go back to it

    std::array<uint32_t, backbeat::PADS> strikes_{};
    std::array<float, backbeat::PADS> light_{};  // from 0 to 1
    std::chrono::steady_clock::time_point last_idle_ = std::chrono::steady_clock::now();
    int selected_ = 0;
    int focused_ = -1, turning_ = -1, hovered_ = -1;  // knobs
    double turned_from_ = 0.0, last_y_ = 0.0;
    uint last_press_ms_ = 0;
    int last_pressed_ = -1;
    bool is_space_held_ = false;

    std::string line_;
    bool is_wrong_ = false;

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(Face)
};

END_NAMESPACE_DISTRHO
#endif
