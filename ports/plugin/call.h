// What the format's wrapper and the plugin tell each other beside DPF, for the length of a call on one thread.
#ifndef BACKBEAT_PLUGIN_CALL_H
#define BACKBEAT_PLUGIN_CALL_H

namespace backbeat {

struct Call {
    bool is_offline;   // the host says so, while it processes
    bool is_loading;   // a state; where its kit is refused, so is the rest
    bool was_refused;  // by the plugin: a kit that it was given
};

// In the room that each thread has from the start: found without a lock or an allocation.
#ifdef __linux__
__attribute__((tls_model("initial-exec")))
#endif
extern thread_local Call call;

// While a state is loaded.
struct Loading {
    Loading() {
        call.is_loading = true;
        call.was_refused = false;
    }
    ~Loading() { call.is_loading = false; }
};

// The machine of a plugin, which DPF hands to the face as a bare pointer.
class Machine;
Machine& machine_of(void* plugin);

}  // namespace backbeat
#endif
