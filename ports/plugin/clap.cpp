// CLAP by DPF, and a guard before it: DPF 1.6 takes events of other spaces and of parameters that there are not for its
// own, answers for any plugin's and any parameter's id, and writes and reads states in whole pieces alone.
#define clap_entry clap_entry_of_dpf
#include "DistrhoPluginMain.cpp"
#undef clap_entry

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "call.h"
#include "machine.h"
#include "state.h"

START_NAMESPACE_DISTRHO

namespace {

constexpr uint32_t GUARDED_PARAMETERS = backbeat::PARAMETERS + 1;  // and bypass
constexpr double MOST_VELOCITY = 1e3;  // 1 is as hard as it goes; DPF makes an integer of it
constexpr uint32_t PORTS = backbeat::CHANNELS / 2;

// What DPF made, with what it does not keep. DPF's calls take it for their own.
struct Guarded {
    clap_plugin_t plugin;
    bool is_offline;
    bool is_reset;  // all that sounds is to end
};

Guarded* guarded(const clap_plugin_t* plugin) { return reinterpret_cast<Guarded*>(const_cast<clap_plugin_t*>(plugin)); }

// ---- events

bool is_understood(const clap_event_header_t* event) {
    if (event == nullptr || event->space_id != CLAP_CORE_EVENT_SPACE_ID) return false;
    const void* const whole = event;
    if (event->type == CLAP_EVENT_NOTE_ON || event->type == CLAP_EVENT_NOTE_OFF) {
        if (event->size < sizeof(clap_event_note_t)) return false;
        const auto* const note = static_cast<const clap_event_note_t*>(whole);
        return note->port_index == 0 && note->key >= 0 && note->key <= 127 &&
               std::fabs(note->velocity) <= MOST_VELOCITY;
    }
    if (event->type == CLAP_EVENT_PARAM_VALUE) {
        if (event->size != sizeof(clap_event_param_value_t)) return false;
        const auto* const value = static_cast<const clap_event_param_value_t*>(whole);
        return value->param_id < GUARDED_PARAMETERS && std::isfinite(value->value);
    }
    if (event->type != CLAP_EVENT_MIDI || event->size != sizeof(clap_event_midi_t)) return false;
    return static_cast<const clap_event_midi_t*>(whole)->port_index == 0;
}

constexpr clap_event_header_t NOTHING = {sizeof(clap_event_header_t), 0, 0, CLAP_EVENT_NOTE_END, 0};
constexpr clap_event_midi_t ALL_SOUND_OFF = {{sizeof(clap_event_midi_t), 0, 0, CLAP_EVENT_MIDI, 0}, 0, {0xb0, 120, 0}};

// The events of a host, with nothing in the places of those that DPF must not see.
struct Events {
    const clap_input_events_t* from;
    uint32_t before;  // events of our own
    clap_input_events_t list;

    Events(const clap_input_events_t* events, bool is_reset)
        : from(events), before(is_reset ? 1 : 0), list{this, size, get} {}

    static uint32_t CLAP_ABI size(const clap_input_events_t* list) {
        const Events& self = *static_cast<const Events*>(list->ctx);
        return self.before + (self.from != nullptr ? self.from->size(self.from) : 0);
    }
    static const clap_event_header_t* CLAP_ABI get(const clap_input_events_t* list, uint32_t index) {
        const Events& self = *static_cast<const Events*>(list->ctx);
        if (index < self.before) return &ALL_SOUND_OFF.header;
        const clap_event_header_t* const event = self.from->get(self.from, index - self.before);
        return is_understood(event) ? event : &NOTHING;
    }
};

// ---- the plugin

bool CLAP_ABI activate(const clap_plugin_t* plugin, double rate, uint32_t least, uint32_t most) {
    if (!(rate >= 8000.0 && rate <= 192000.0) || most == 0) return false;
    return clap_plugin_activate(plugin, rate, least, most);
}

void CLAP_ABI reset(const clap_plugin_t* plugin) { guarded(plugin)->is_reset = true; }

bool has_room(const clap_process_t* process) {
    if (process->audio_outputs_count != PORTS || process->audio_outputs == nullptr) return false;
    for (uint32_t port = 0; port < PORTS; ++port) {
        const clap_audio_buffer_t& output = process->audio_outputs[port];
        if (output.channel_count != 2 || output.data32 == nullptr) return false;
    }
    return true;
}

clap_process_status CLAP_ABI process(const clap_plugin_t* plugin, const clap_process_t* process) {
    if (!has_room(process)) return CLAP_PROCESS_ERROR;
    Guarded* const self = guarded(plugin);
    const Events events(process->in_events, self->is_reset);
    self->is_reset = false;
    clap_process_t block = *process;
    block.in_events = &events.list;
    backbeat::call.is_offline = self->is_offline;
    return clap_plugin_process(plugin, &block);
}

// ---- parameters

bool CLAP_ABI get_info(const clap_plugin_t* plugin, uint32_t index, clap_param_info_t* info) {
    return index < GUARDED_PARAMETERS && clap_plugin_params_get_info(plugin, index, info);
}

bool CLAP_ABI get_value(const clap_plugin_t* plugin, clap_id id, double* value) {
    return id < GUARDED_PARAMETERS && clap_plugin_params_get_value(plugin, id, value);
}

bool CLAP_ABI value_to_text(const clap_plugin_t*, clap_id id, double value, char* text, uint32_t size) {
    if (id >= GUARDED_PARAMETERS || size == 0) return false;
    if (id >= backbeat::PARAMETERS) {
        std::snprintf(text, size, "%s", value > 0.5 ? "on" : "off");
    } else {
        const std::string& unit = backbeat::parameter_info(static_cast<int>(id)).unit;
        std::snprintf(text, size, unit.empty() ? "%.2f%s" : "%.2f %s", value, unit.c_str());
    }
    return true;
}

bool CLAP_ABI text_to_value(const clap_plugin_t*, clap_id id, const char* text, double* value) {
    if (id >= GUARDED_PARAMETERS) return false;
    if (id >= backbeat::PARAMETERS && (std::strcmp(text, "on") == 0 || std::strcmp(text, "off") == 0)) {
        *value = std::strcmp(text, "on") == 0 ? 1.0 : 0.0;
        return true;
    }
    char* end = nullptr;
    const double found = std::strtod(text, &end);
    if (end == text || !std::isfinite(found)) return false;
    *value = found;
    return true;
}

void CLAP_ABI flush(const clap_plugin_t* plugin, const clap_input_events_t* in, const clap_output_events_t* out) {
    const Events events(in, false);
    clap_plugin_params_flush(plugin, &events.list, out);
}

constexpr clap_plugin_params_t PARAMS = {
    clap_plugin_params_count, get_info, get_value, value_to_text, text_to_value, flush};

// ---- state

int64_t CLAP_ABI keep(const clap_ostream_t* stream, const void* buffer, uint64_t size) {
    static_cast<std::string*>(stream->ctx)->append(static_cast<const char*>(buffer), size);
    return static_cast<int64_t>(size);
}

bool CLAP_ABI save(const clap_plugin_t* plugin, const clap_ostream_t* stream) {
    try {
        std::string all;
        const clap_ostream_t whole = {&all, keep};
        if (!clap_plugin_state_save(plugin, &whole)) return false;
        for (std::size_t place = 0; place < all.size();) {
            const int64_t taken = stream->write(stream, all.data() + place, all.size() - place);
            if (taken <= 0) return false;
            place += static_cast<std::size_t>(taken);
        }
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

int64_t CLAP_ABI next_piece(const clap_istream_t* stream, void* buffer, uint64_t size) {
    return static_cast<int64_t>(static_cast<backbeat::Pieces*>(stream->ctx)->next(buffer, size));
}

bool CLAP_ABI load(const clap_plugin_t* plugin, const clap_istream_t* stream) {
    try {
        std::string all;
        const auto read = [stream](char* buffer, int64_t size) {
            return stream->read(stream, buffer, static_cast<uint64_t>(size));
        };
        if (!backbeat::read_all(read, all) || !backbeat::is_state(all)) {
            std::fprintf(stderr, "backbeat: state: found what this plugin has not written\n");
            return false;
        }
        backbeat::Pieces pieces(all);
        const clap_istream_t whole = {&pieces, next_piece};
        const backbeat::Loading loading;
        return clap_plugin_state_load(plugin, &whole) && !backbeat::call.was_refused;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

constexpr clap_plugin_state_t STATE = {save, load};

// ---- ports

bool CLAP_ABI get_port(const clap_plugin_t* plugin, uint32_t index, bool is_input, clap_audio_port_info_t* info) {
    if (is_input || index >= PORTS || !clap_plugin_audio_ports_get(plugin, index, is_input, info)) return false;
    if (index == 0) std::snprintf(info->name, sizeof info->name, "Mix");
    info->port_type = CLAP_PORT_STEREO;
    return true;
}

constexpr clap_plugin_audio_ports_t AUDIO_PORTS = {clap_plugin_audio_ports_count, get_port};

bool CLAP_ABI get_note_port(const clap_plugin_t* plugin, uint32_t index, bool is_input, clap_note_port_info_t* info) {
    return index == 0 && is_input && clap_plugin_note_ports_get(plugin, index, is_input, info);
}

constexpr clap_plugin_note_ports_t NOTE_PORTS = {clap_plugin_note_ports_count, get_note_port};

// ---- rendering: whether a host waits for what it asks for. DPF 1.6 has no header for it.

struct Render {
    bool(CLAP_ABI* has_hard_realtime_requirement)(const clap_plugin_t* plugin);
    bool(CLAP_ABI* set)(const clap_plugin_t* plugin, int32_t mode);
};

bool CLAP_ABI needs_real_time(const clap_plugin_t*) { return false; }

bool CLAP_ABI set_render_mode(const clap_plugin_t* plugin, int32_t mode) {
    if (mode != 0 && mode != 1) return false;
    guarded(plugin)->is_offline = mode == 1;
    return true;
}

constexpr Render RENDER = {needs_real_time, set_render_mode};

// ---- the factory

const void* CLAP_ABI get_extension(const clap_plugin_t* plugin, const char* id) {
    if (std::strcmp(id, CLAP_EXT_PARAMS) == 0) return &PARAMS;
    if (std::strcmp(id, CLAP_EXT_STATE) == 0) return &STATE;
    if (std::strcmp(id, CLAP_EXT_AUDIO_PORTS) == 0) return &AUDIO_PORTS;
    if (std::strcmp(id, CLAP_EXT_NOTE_PORTS) == 0) return &NOTE_PORTS;
    if (std::strcmp(id, "clap.render") == 0) return &RENDER;
    return clap_plugin_get_extension(plugin, id);
}

const clap_plugin_descriptor_t* CLAP_ABI descriptor(const clap_plugin_factory_t*, uint32_t index) {
    if (index != 0) return nullptr;
    static const clap_plugin_descriptor_t ours = [] {
        clap_plugin_descriptor_t filled = *clap_get_plugin_descriptor(nullptr, 0);
        filled.version = BACKBEAT_VERSION;
        return filled;
    }();
    return &ours;
}

const clap_plugin_t* CLAP_ABI create(const clap_plugin_factory_t* factory, const clap_host_t* host, const char* id) {
    if (host == nullptr || id == nullptr || std::strcmp(id, DISTRHO_PLUGIN_CLAP_ID) != 0) return nullptr;
    if (!clap_version_is_compatible(host->clap_version)) return nullptr;
    auto* const self = static_cast<Guarded*>(std::malloc(sizeof(Guarded)));  // DPF frees it, as what it made
    const clap_plugin_t* const made = self != nullptr ? clap_create_plugin(factory, host, id) : nullptr;
    if (made == nullptr) {
        std::free(self);
        return nullptr;
    }
    *self = {*made, false, false};
    std::free(const_cast<clap_plugin_t*>(made));
    self->plugin.desc = descriptor(factory, 0);
    self->plugin.activate = activate;
    self->plugin.reset = reset;
    self->plugin.process = process;
    self->plugin.get_extension = get_extension;
    return &self->plugin;
}

constexpr clap_plugin_factory_t FACTORY = {clap_get_plugin_count, descriptor, create};

// ---- the entry: hosts may begin and end more than once

int entries = 0;

bool CLAP_ABI begin(const char* path) {
    if (entries == 0 && !clap_plugin_entry_init(path)) return false;
    ++entries;
    return true;
}

void CLAP_ABI end() {
    if (entries == 0) return;
    if (--entries == 0) clap_plugin_entry_deinit();
}

const void* CLAP_ABI get_factory(const char* id) {
    return entries > 0 && std::strcmp(id, CLAP_PLUGIN_FACTORY_ID) == 0 ? &FACTORY : nullptr;
}

}  // namespace

END_NAMESPACE_DISTRHO

DISTRHO_PLUGIN_EXPORT const clap_plugin_entry_t clap_entry;
const clap_plugin_entry_t clap_entry = {CLAP_VERSION, DISTRHO_NAMESPACE::begin, DISTRHO_NAMESPACE::end,
                                        DISTRHO_NAMESPACE::get_factory};
