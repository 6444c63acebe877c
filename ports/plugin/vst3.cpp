// VST3 by DPF, and what it leaves out: DPF 1.6 fills the first of several output buses alone, cuts velocities off where
// they should be rounded, keeps from the plugin that a host renders offline, reads states in whole pieces alone, and
// has 2080 parameters for controllers, of which two mean something here.
//
// A COM object is a pointer to a struct of functions; DPF makes one for each instance, and ours take the places of
// some.
#define GetPluginFactory GetPluginFactoryOfDpf
#include "DistrhoPluginMain.cpp"
#undef GetPluginFactory

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <new>

#include "call.h"
#include "machine.h"
#include "state.h"

START_NAMESPACE_DISTRHO

namespace {

constexpr int32_t BUSES = backbeat::CHANNELS / 2;

v3_result V3_API has_no_other(void*, const v3_tuid, void** other) {
    *other = nullptr;
    return V3_NO_INTERFACE;
}

uint32_t V3_API stays(void*) { return 1; }

// The events of a host, with velocities that are n / 127 after they are cut off: for the length of a call.
struct Events : v3_event_list_cpp {
    v3_event_list** from;
    Events* self;

    explicit Events(v3_event_list** events) : from(events), self(this) {
        query_interface = has_no_other;
        ref = stays;
        unref = stays;
        list.get_event_count = count;
        list.get_event = get;
        list.add_event = refuse;
    }
    v3_event_list** as_list() { return reinterpret_cast<v3_event_list**>(&self); }

    static uint32_t V3_API count(void* pointer) {
        v3_event_list** const from = (*static_cast<Events**>(pointer))->from;
        return v3_cpp_obj(from)->get_event_count(from);
    }
    static v3_result V3_API get(void* pointer, int32_t index, v3_event* event) {
        v3_event_list** const from = (*static_cast<Events**>(pointer))->from;
        const v3_result result = v3_cpp_obj(from)->get_event(from, index, event);
        if (result == V3_OK && event->type == V3_EVENT_NOTE_ON) {
            const float velocity = std::round(std::min(std::max(event->note_on.velocity, 0.0f), 1.0f) * 127.0f);
            event->note_on.velocity = (velocity + 0.25f) / 127.0f;
        }
        return result;
    }
    static v3_result V3_API refuse(void*, v3_event*) { return V3_NOT_IMPLEMENTED; }
};

// A state in memory.
struct Stream {
    v3_funknown base;
    v3_bstream stream;
    backbeat::Pieces pieces;
    Stream* self;

    explicit Stream(const std::string& all) : pieces(all), self(this) {
        base.query_interface = has_no_other;
        base.ref = stays;
        base.unref = stays;
        stream = {read, write, seek, tell};
    }
    v3_bstream** as_stream() { return reinterpret_cast<v3_bstream**>(&self); }

    static v3_result V3_API read(void* pointer, void* buffer, int32_t size, int32_t* length) {
        const std::size_t asked = static_cast<std::size_t>(std::max(size, 0));
        *length = static_cast<int32_t>((*static_cast<Stream**>(pointer))->pieces.next(buffer, asked));
        return V3_OK;
    }
    static v3_result V3_API write(void*, void*, int32_t, int32_t*) { return V3_NOT_IMPLEMENTED; }
    static v3_result V3_API seek(void*, int64_t, int32_t, int64_t*) { return V3_NOT_IMPLEMENTED; }
    static v3_result V3_API tell(void*, int64_t*) { return V3_NOT_IMPLEMENTED; }
};

// ---- the processor

// All channels in one bus, which is what DPF reads; those that the host leaves out are null, and the plugin has its
// own.
v3_result V3_API process(void* self, v3_process_data* data) {
    backbeat::call.is_offline = data->process_mode == V3_OFFLINE;
    float* channels[backbeat::CHANNELS] = {};
    for (int32_t bus = 0; bus < std::min(data->num_output_buses, BUSES) && data->outputs != nullptr; ++bus) {
        const v3_audio_bus_buffers& buffers = data->outputs[bus];
        if (buffers.channel_buffers_32 == nullptr) continue;
        for (int32_t side = 0; side < std::min(buffers.num_channels, 2); ++side)
            channels[2 * bus + side] = buffers.channel_buffers_32[side];
    }
    v3_audio_bus_buffers all = {};
    all.num_channels = backbeat::CHANNELS;
    all.channel_buffers_32 = channels;
    Events events(data->input_events);
    v3_process_data whole = *data;
    whole.num_output_buses = 1;
    whole.outputs = &all;
    if (data->input_events != nullptr) whole.input_events = events.as_list();
    const v3_result result = dpf_audio_processor::process(self, &whole);
    for (int32_t bus = 0; bus < data->num_output_buses && data->outputs != nullptr; ++bus)
        data->outputs[bus].channel_silence_bitset = 0;
    return result;
}

// ---- the component

// DPF has a channel only of a bus that is active: to it, all are.
v3_result V3_API activate_bus(void* self, int32_t media, int32_t direction, int32_t bus, v3_bool state) {
    const bool is_output = media == V3_AUDIO && direction == V3_OUTPUT;
    return dpf_component::activate_bus(self, media, direction, bus, is_output ? true : state);
}

v3_result V3_API set_active(void* self, v3_bool state) {
    for (int32_t bus = 0; state && bus < BUSES; ++bus)
        dpf_component::activate_bus(self, V3_AUDIO, V3_OUTPUT, bus, true);
    if (state) dpf_component::set_active(self, false);  // some hosts set it twice, which DPF does not expect
    return dpf_component::set_active(self, state);
}

v3_result V3_API set_state(void* self, v3_bstream** stream) {
    try {
        std::string all;
        const auto read = [stream](char* buffer, int64_t size) -> int64_t {
            int32_t length = 0;
            const v3_result result = v3_cpp_obj(stream)->read(stream, buffer, static_cast<int32_t>(size), &length);
            return result == V3_OK ? length : (length > 0 ? length : 0);  // some hosts end with an error
        };
        if (!backbeat::read_all(read, all) || !backbeat::is_state(all)) {
            std::fprintf(stderr, "backbeat: state: found what this plugin has not written\n");
            return V3_INTERNAL_ERR;
        }
        Stream whole(all);
        const backbeat::Loading loading;
        const v3_result result = dpf_component::set_state(self, whole.as_stream());
        return result == V3_OK && backbeat::call.was_refused ? static_cast<v3_result>(V3_INTERNAL_ERR) : result;
    } catch (const std::bad_alloc&) {
        return V3_NOMEM;
    }
}

// ---- the controller: the plugin's parameters, and two controllers of MIDI, with the numbers that DPF gives them

constexpr int32_t OWN = backbeat::PARAMETERS + 1;  // and bypass
constexpr int32_t CONTROLLERS[] = {120, 123};      // all sound off, all notes off; of any channel
static_assert(kVst3InternalParameterCount == 16 * 130, "projects keep parameters by their numbers");

int32_t V3_API parameter_count(void*) { return OWN + 2; }

v3_result V3_API parameter_info(void* self, int32_t index, v3_param_info* info) {
    if (index < 0 || index >= OWN + 2) return V3_INVALID_ARG;
    const int32_t number = index < OWN ? kVst3InternalParameterCount + index : CONTROLLERS[index - OWN];
    return dpf_edit_controller::get_parameter_info(self, number, info);
}

v3_result V3_API assignment(void*, int32_t bus, int16_t, int16_t controller, v3_param_id* id) {
    if (bus != 0 || (controller != CONTROLLERS[0] && controller != CONTROLLERS[1])) return V3_FALSE;
    *id = static_cast<v3_param_id>(controller);
    return V3_TRUE;
}

void adapt(const v3_tuid id, void** found) {
    if (v3_tuid_match(id, v3_midi_mapping_iid))
        (*static_cast<dpf_midi_mapping**>(*found))->map.get_midi_controller_assignment = assignment;
}

v3_result V3_API query_controller(void* self, const v3_tuid id, void** found) {
    const v3_result result = dpf_edit_controller::query_interface_edit_controller(self, id, found);
    if (result == V3_OK) adapt(id, found);
    return result;
}

v3_result V3_API query_component(void* self, const v3_tuid id, void** found) {
    const v3_result result = dpf_component::query_interface_component(self, id, found);
    if (result != V3_OK) return result;
    adapt(id, found);
    if (v3_tuid_match(id, v3_audio_processor_iid))
        (*static_cast<dpf_audio_processor**>(*found))->proc.process = process;
    if (v3_tuid_match(id, v3_edit_controller_iid)) {
        dpf_edit_controller* const controller = *static_cast<dpf_edit_controller**>(*found);
        controller->query_interface = query_controller;
        controller->ctrl.get_parameter_count = parameter_count;
        controller->ctrl.get_parameter_info = parameter_info;
    }
    return result;
}

// ---- the factory

v3_result V3_API create(void* self, const v3_tuid class_id, const v3_tuid id, void** made) {
    const v3_result result = dpf_factory::create_instance(self, class_id, id, made);
    if (result != V3_OK || !v3_tuid_match(class_id, *reinterpret_cast<const v3_tuid*>(&dpf_tuid_class))) return result;
    dpf_component* const component = *static_cast<dpf_component**>(*made);
    component->query_interface = query_component;
    component->comp.activate_bus = activate_bus;
    component->comp.set_active = set_active;
    component->comp.set_state = set_state;
    return result;
}

}  // namespace

END_NAMESPACE_DISTRHO

DISTRHO_PLUGIN_EXPORT const void* GetPluginFactory(void);

const void* GetPluginFactory(void) {
    const void* const factory = GetPluginFactoryOfDpf();
    DISTRHO_NAMESPACE::dpf_factory* const made =
        *static_cast<DISTRHO_NAMESPACE::dpf_factory**>(const_cast<void*>(factory));
    made->v1.create_instance = DISTRHO_NAMESPACE::create;
    return factory;
}
