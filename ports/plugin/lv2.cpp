// LV2 by DPF, for hosts without a worker or options too: DPF 1.6 asks for both, the worker for messages of a face
// alone.
#define lv2_descriptor lv2_descriptor_of_dpf
#include "DistrhoPluginMain.cpp"
#undef lv2_descriptor

#include <cstring>
#include <vector>

START_NAMESPACE_DISTRHO

namespace {

LV2_Worker_Status has_no_worker(LV2_Worker_Schedule_Handle, uint32_t, const void*) { return LV2_WORKER_ERR_UNKNOWN; }

LV2_Handle instantiate(const LV2_Descriptor* descriptor, double rate, const char* path,
                       const LV2_Feature* const* features) {
    if (!(rate >= 8000.0 && rate <= 192000.0)) return nullptr;
    static LV2_Worker_Schedule schedule = {nullptr, has_no_worker};
    static LV2_Options_Option options = {LV2_OPTIONS_INSTANCE, 0, 0, 0, 0, nullptr};  // the end of the list
    static const LV2_Feature worker = {LV2_WORKER__schedule, &schedule};
    static const LV2_Feature no_options = {LV2_OPTIONS__options, &options};
    std::vector<const LV2_Feature*> all = {&worker, &no_options};  // DPF takes the last of a kind: the host's
    for (const LV2_Feature* const* each = features; each != nullptr && *each != nullptr; ++each) all.push_back(*each);
    all.push_back(nullptr);
    return lv2_instantiate(descriptor, rate, path, all.data());
}

}  // namespace

END_NAMESPACE_DISTRHO

DISTRHO_PLUGIN_EXPORT const LV2_Descriptor* lv2_descriptor(uint32_t index) {
    USE_NAMESPACE_DISTRHO
    static const LV2_Descriptor ours = [] {
        LV2_Descriptor filled = *lv2_descriptor_of_dpf(0);
        filled.instantiate = instantiate;
        return filled;
    }();
    return index == 0 ? &ours : nullptr;
}
