// A host of CLAP that does what no host should: events of any kind, states with bytes changed, blocks of any size,
// while another thread plays. Ends with 1 where the plugin makes what is no number, and is killed where it takes too
// long.
//
//     fuzz backbeat.clap SECONDS SEED
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "clap/entry.h"
#include "clap/ext/params.h"
#include "clap/ext/state.h"
#include "clap/plugin-factory.h"

namespace {

constexpr int CHANNELS = 34;
constexpr unsigned LONGEST_S = 120;  // of one block, before it is taken for a hang
constexpr float LOUDEST = 1e6f;

using Chance = std::mt19937_64;

int pick(Chance& chance, int least, int most) { return std::uniform_int_distribution<int>(least, most)(chance); }

bool happens(Chance& chance, double share) { return std::bernoulli_distribution(share)(chance); }

double number(Chance& chance) {
    const double some[] = {0.0, 1.0, -1.0, 1e30, -1e-30, NAN, INFINITY, 127.0};
    return happens(chance, 0.2) ? some[pick(chance, 0, 7)] : std::uniform_real_distribution<double>(-100, 200)(chance);
}

// ---- events

union AnyEvent {
    clap_event_header_t header;
    clap_event_note_t note;
    clap_event_param_value_t value;
    clap_event_midi_t midi;
    unsigned char bytes[64];
};

AnyEvent any_event(Chance& chance, uint32_t frames) {
    AnyEvent made = {};
    for (unsigned char& byte : made.bytes) byte = static_cast<unsigned char>(pick(chance, 0, 255));
    const int kind = pick(chance, 0, 9);
    made.header.size = sizeof made;
    made.header.time = static_cast<uint32_t>(pick(chance, 0, static_cast<int>(frames) + 2));
    made.header.space_id = happens(chance, 0.05) ? 7 : CLAP_CORE_EVENT_SPACE_ID;
    if (kind == 0) {
        made.header.type = static_cast<uint16_t>(pick(chance, 0, 20));
    } else if (kind < 4) {
        made.header.type = kind == 1 ? CLAP_EVENT_NOTE_OFF : CLAP_EVENT_NOTE_ON;
        made.header.size = sizeof made.note;
        made.note.port_index = static_cast<int16_t>(pick(chance, 0, 9) == 0 ? -1 : 0);
        made.note.key = static_cast<int16_t>(pick(chance, 30, 60));
        made.note.velocity = happens(chance, 0.9) ? pick(chance, 0, 127) / 127.0 : number(chance);
    } else if (kind < 7) {
        made.header.type = CLAP_EVENT_PARAM_VALUE;
        made.header.size = sizeof made.value;
        made.value.param_id = static_cast<clap_id>(pick(chance, 0, 110));
        made.value.value = number(chance);
    } else {
        made.header.type = CLAP_EVENT_MIDI;
        made.header.size = sizeof made.midi;
        made.midi.port_index = 0;
        made.midi.data[0] = happens(chance, 0.8) ? 0x90 : static_cast<uint8_t>(pick(chance, 0, 255));
        made.midi.data[1] = static_cast<uint8_t>(pick(chance, 30, 60));
    }
    return made;
}

uint32_t count_events(const clap_input_events_t* list) {
    return static_cast<uint32_t>(static_cast<std::vector<AnyEvent>*>(list->ctx)->size());
}

const clap_event_header_t* get_event(const clap_input_events_t* list, uint32_t index) {
    return &(*static_cast<std::vector<AnyEvent>*>(list->ctx))[index].header;
}

bool push_event(const clap_output_events_t*, const clap_event_header_t*) { return true; }

// ---- states

struct Pieces {
    std::string bytes;
    std::size_t place = 0;
    Chance* chance;
};

int64_t read_piece(const clap_istream_t* stream, void* buffer, uint64_t size) {
    Pieces& pieces = *static_cast<Pieces*>(stream->ctx);
    const std::size_t asked = std::min<std::size_t>(size, static_cast<std::size_t>(pick(*pieces.chance, 1, 9000)));
    const std::size_t length = std::min(asked, pieces.bytes.size() - pieces.place);
    std::memcpy(buffer, pieces.bytes.data() + pieces.place, length);
    pieces.place += length;
    return static_cast<int64_t>(length);
}

int64_t write_piece(const clap_ostream_t* stream, const void* buffer, uint64_t size) {
    Pieces& pieces = *static_cast<Pieces*>(stream->ctx);
    const std::size_t taken = std::min<std::size_t>(size, static_cast<std::size_t>(pick(*pieces.chance, 1, 9000)));
    pieces.bytes.append(static_cast<const char*>(buffer), taken);
    return static_cast<int64_t>(taken);
}

std::string damaged(std::string state, Chance& chance) {
    const int kind = pick(chance, 0, 5);
    const auto place = [&] { return static_cast<std::size_t>(pick(chance, 0, static_cast<int>(state.size()) - 1)); };
    if (kind == 0) return state;
    if (kind == 1) return state.substr(0, place());
    if (kind == 2) {
        const std::size_t from = place();
        return state.erase(from, static_cast<std::size_t>(pick(chance, 1, 200)));
    }
    // Digits for digits, so that much of it is still a kit, or any byte for any.
    for (int k = pick(chance, 1, 40); k > 0; --k) {
        char& byte = state[place()];
        if (kind == 3) byte = static_cast<char>(pick(chance, 0, 255));
        if (kind > 3 && byte >= '0' && byte <= '9') byte = "0123456789-e."[pick(chance, 0, 12)];
    }
    return state;
}

// ---- the host

const void* no_extension(const clap_host_t*, const char*) { return nullptr; }
void nothing(const clap_host_t*) {}

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "fuzz: %s\n", what);
    std::_Exit(1);
}

void play(const clap_plugin_t* plugin, uint32_t most, uint64_t seed, std::atomic<bool>& is_over) {
    Chance chance(seed);
    std::vector<std::vector<float>> audio(CHANNELS, std::vector<float>(most));
    const clap_output_events_t out = {nullptr, push_event};
    if (!plugin->start_processing(plugin)) fail("it does not start");
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    for (int blocks = pick(chance, 1, 400); blocks > 0 && std::chrono::steady_clock::now() < end; --blocks) {
        alarm(LONGEST_S);
        const auto frames = static_cast<uint32_t>(pick(chance, 0, static_cast<int>(most)));
        std::vector<AnyEvent> events;
        for (int k = happens(chance, 0.5) ? 0 : pick(chance, 0, happens(chance, 0.02) ? 900 : 20); k > 0; --k)
            events.push_back(any_event(chance, frames));
        const clap_input_events_t in = {&events, count_events, get_event};
        float* channels[CHANNELS];
        clap_audio_buffer_t ports[CHANNELS / 2] = {};
        for (int k = 0; k < CHANNELS; ++k) channels[k] = audio[static_cast<std::size_t>(k)].data();
        for (int k = 0; k < CHANNELS / 2; ++k) {
            ports[k].data32 = channels + 2 * k;
            ports[k].channel_count = 2;
        }
        clap_process_t block = {};
        block.steady_time = -1;
        block.frames_count = frames;
        block.audio_outputs = ports;
        block.audio_outputs_count = CHANNELS / 2;
        block.in_events = &in;
        block.out_events = &out;
        if (plugin->process(plugin, &block) == CLAP_PROCESS_ERROR) fail("a block was refused");
        for (const float* each : channels)
            for (uint32_t n = 0; n < frames; ++n)
                if (!(std::fabs(each[n]) < LOUDEST)) fail("a sample is no number, or too loud");
        if (happens(chance, 0.01)) plugin->reset(plugin);
    }
    plugin->stop_processing(plugin);
    is_over = true;
}

struct Counts {
    long rounds = 0, states = 0, taken = 0;
};

void life(const clap_plugin_factory_t* factory, const clap_host_t* host, Chance& chance, Counts& counts) {
    alarm(LONGEST_S);
    const clap_plugin_t* const plugin = factory->create_plugin(factory, host, "backbeat.drum-machine");
    if (plugin == nullptr || !plugin->init(plugin)) fail("it is not made");
    const auto* const state = static_cast<const clap_plugin_state_t*>(plugin->get_extension(plugin, CLAP_EXT_STATE));
    const auto* const params = static_cast<const clap_plugin_params_t*>(plugin->get_extension(plugin, CLAP_EXT_PARAMS));
    struct Render {
        bool (*needs)(const clap_plugin_t*);
        bool (*set)(const clap_plugin_t*, int32_t);
    };
    const auto* const render = static_cast<const Render*>(plugin->get_extension(plugin, "clap.render"));
    Pieces first = {{}, 0, &chance};
    const clap_ostream_t kept = {&first, write_piece};
    if (!state->save(plugin, &kept)) fail("it has no state");
    for (int turns = pick(chance, 1, 3); turns > 0; --turns) {
        const double rates[] = {8000, 11025, 22050, 44100, 48000, 96000, 192000, 44099.5};
        const auto most = static_cast<uint32_t>(happens(chance, 0.3) ? pick(chance, 1, 16) : pick(chance, 16, 4096));
        render->set(plugin, pick(chance, 0, 1));
        if (!plugin->activate(plugin, rates[pick(chance, 0, 7)], 1, most)) fail("it is not activated");
        std::atomic<bool> is_over{false};
        std::thread audio(play, plugin, most, chance(), std::ref(is_over));
        while (!is_over) {
            alarm(LONGEST_S);
            Pieces given = {damaged(first.bytes, chance), 0, &chance};
            const clap_istream_t in = {&given, read_piece};
            ++counts.states;
            counts.taken += state->load(plugin, &in);
            double value = 0.0;
            char text[40];
            const auto id = static_cast<clap_id>(pick(chance, 0, 120));
            params->get_value(plugin, id, &value);
            params->value_to_text(plugin, id, number(chance), text, sizeof text);
            std::this_thread::sleep_for(std::chrono::milliseconds(pick(chance, 0, 30)));
        }
        audio.join();
        if (happens(chance, 0.9) || turns > 1) plugin->deactivate(plugin);
    }
    plugin->destroy(plugin);
    ++counts.rounds;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) fail("must be given a plugin, seconds and a seed");
    void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) fail(dlerror());
    const auto* const entry = static_cast<const clap_plugin_entry_t*>(dlsym(library, "clap_entry"));
    if (entry == nullptr || !entry->init(arguments[1])) fail("it has no entry");
    const auto* const factory = static_cast<const clap_plugin_factory_t*>(entry->get_factory(CLAP_PLUGIN_FACTORY_ID));
    const clap_host_t host = {CLAP_VERSION, nullptr,      "fuzz",  "backbeat", "",
                              "1",          no_extension, nothing, nothing,    nothing};
    Chance chance(std::strtoull(arguments[3], nullptr, 10));
    Counts counts;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atol(arguments[2]));
    while (std::chrono::steady_clock::now() < end) life(factory, &host, chance, counts);
    entry->deinit();
    std::printf("%ld lives, %ld states, of which it took %ld\n", counts.rounds, counts.states, counts.taken);
    return 0;
}
