// The drum machine of the plugin: a kit, its hits, and the audio thread that plays them. It knows no plugin format.
//
// Threads: `load`, `activate`, `deactivate` and the constructor belong to the host's main thread (one at a time);
// `set_parameter`, `parameter` and what the face reads may be called from any thread; `process` is the audio thread's.
// `process` never locks, allocates, frees or waits, except where `is_offline` holds and a hit is missing.
#ifndef BACKBEAT_PLUGIN_MACHINE_H
#define BACKBEAT_PLUGIN_MACHINE_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace backbeat {

constexpr int PADS = 16;     // of the plugin; a kit may have fewer; of one with more, the first 16 have parameters
constexpr int OUTPUTS = 16;  // stereo, after the mix
constexpr int CHANNELS = 2 * (1 + OUTPUTS);  // mix left and right, then left and right of each output

// Host parameters: stable in number and order for ever. Index = KIT_PARAMETERS + pad * PAD_PARAMETERS + which.
enum KitParameter { KIT_LEVEL_DB, KIT_HUMANIZE, KIT_PARAMETERS };
enum PadParameter { PAD_LEVEL_DB, PAD_PAN, PAD_TUNE, PAD_LENGTH, PAD_BRIGHTNESS, PAD_SNAP, PAD_PARAMETERS };
constexpr int PARAMETERS = KIT_PARAMETERS + PADS * PAD_PARAMETERS;

// What a host is told of a parameter.
struct ParameterInfo {
    std::string symbol;  // such as pad_03_tune: letters, digits and underscores
    std::string name;    // such as "Pad 3 tune"
    std::string unit;    // such as st, dB, %
    float least, greatest, standard;
};
const ParameterInfo& parameter_info(int index);

// A MIDI message at a frame of the block.
struct Event {
    uint32_t frame;
    uint8_t data[3];
};

// What the face and the tests may look at; a copy.
struct PadView {
    std::string name, patch;
    int note, first_note, last_note, choke_group, output;
    struct Knob {
        std::string name, unit, help;
    };
    std::vector<Knob> knobs;  // the macros of this pad
};

class Machine {
   public:
    Machine();
    ~Machine();

    // Take a kit, as `backbeat export kit` writes it (docs/bundles.md), in place of the one that plays. What sounds
    // rings on. Throws std::runtime_error, whose message is one line that names the field: then the old kit plays on.
    // Returns when the kit can be heard where it is active (the first layer of each pad); the rest follows on the
    // worker.
    void load(const std::string& json);
    std::string kit_json() const;  // as it was loaded; empty without one
    std::string kit_name() const;
    std::vector<PadView> pads() const;
    uint32_t loads() const;  // kits that have been loaded

    void set_parameter(int index, float value);  // out of range is clipped, what is no number is ignored
    float parameter(int index) const;

    void activate(double sample_rate);  // 8000 to 192000 Hz
    void deactivate();
    void wait_until_whole();  // all hits are rendered: for tests, and before an offline host begins

    // Whether the host renders offline: then what is missing is rendered in `process`. Without a word from the host it
    // is taken for offline while it is more than a quarter of a second ahead of the clock.
    void set_offline(bool is_offline);

    // Frames of CHANNELS channels, written over. Events in any order are played in the order of their frames; frames
    // past the block count as its last. Bypassed, nothing new sounds, and what sounds rings out.
    void process(const Event* events, size_t events_count, float* const* channels, uint32_t frames);

    // For the face: how often each pad has been struck, and the velocity of its last hit; a wave to draw.
    uint32_t strikes(int pad) const;
    int last_velocity(int pad) const;
    // The left channel of the pad's hardest hit, as it is turned now; rendered where it is missing. Empty where it is
    // not active.
    std::vector<float> wave(int pad) const;
    double sample_rate() const;  // 0 while it is not active
    // From the face: play a pad as if its note had come. Any thread.
    void strike(int pad, int velocity);

   private:
    struct Body;
    std::unique_ptr<Body> body_;
};

}  // namespace backbeat
#endif
