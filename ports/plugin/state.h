// States as DPF writes them in CLAP and VST3: names and values that end with a zero each, and one byte at the end.
//
// DPF 1.6 takes what comes from a host in pieces, and takes a short piece for the end of a name: so it is given whole
// pieces here, and only of what is one of its states to the end.
#ifndef BACKBEAT_PLUGIN_STATE_H
#define BACKBEAT_PLUGIN_STATE_H

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace backbeat {

constexpr std::size_t MOST_STATE_BYTES = std::size_t{1} << 28;

// Reads whatever `read(buffer, size)` has, which tells how many bytes it wrote, 0 at the end, less where it failed.
template <typename Read>
bool read_all(Read read, std::string& all) {
    char buffer[4096];
    for (;;) {
        const int64_t found = read(buffer, static_cast<int64_t>(sizeof buffer));
        if (found < 0 || found > static_cast<int64_t>(sizeof buffer)) return false;
        if (found == 0) return true;
        if (all.size() + static_cast<std::size_t>(found) > MOST_STATE_BYTES) return false;
        all.append(buffer, static_cast<std::size_t>(found));
    }
}

inline bool is_state(const std::string& all) {
    const std::string first("__dpf_state_begin__\0", 20);
    const std::string last("__dpf_parameters_end__\0\xfe", 24);
    if (all.compare(0, first.size(), first) != 0) return false;
    const std::size_t end = all.find('\xfe');
    return end != std::string::npos && end + 1 >= last.size() &&
           all.compare(end + 1 - last.size(), last.size(), last) == 0;
}

// A state in memory, handed out as DPF asks for it.
class Pieces {
   public:
    explicit Pieces(const std::string& all) : all_(all) {}
    std::size_t next(void* buffer, std::size_t size) {
        const std::size_t length = std::min(size, all_.size() - place_);
        std::memcpy(buffer, all_.data() + place_, length);
        place_ += length;
        return length;
    }

   private:
    const std::string& all_;
    std::size_t place_ = 0;
};

}  // namespace backbeat
#endif
