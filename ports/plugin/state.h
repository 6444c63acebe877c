// States as DPF writes them in CLAP and VST3: names and values that end with a zero each, and one byte at the end.
//
// DPF 1.6 takes what comes from a host in pieces, and takes a short piece for the end of a name: so it is given whole
// pieces here, and only of what is one of its states to the end.
#ifndef BACKBEAT_PLUGIN_STATE_H
#define BACKBEAT_PLUGIN_STATE_H

#include <algorithm>
#include <cstddef>
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

// The texts of a state, one after the other.
class Texts {
   public:
    explicit Texts(const std::string& all) : all_(all) {}
    std::string next() {
        const std::size_t start = std::min(place_, all_.size());
        const std::size_t end = std::min(all_.find('\0', start), all_.size());
        place_ = end + 1;
        return all_.substr(start, end - start);
    }
    bool is_at_end() const { return place_ >= all_.size() || all_[place_] == '\xfe'; }
    bool ends_well() const { return place_ < all_.size() && all_[place_] == '\xfe'; }

   private:
    const std::string& all_;
    std::size_t place_ = 0;
};

// Values with their names, between two marks.
inline bool has_section(Texts& texts, const std::string& section) {
    if (texts.next() != "__dpf_" + section + "_begin__") return false;
    while (!texts.is_at_end()) {
        const std::string name = texts.next();
        if (name == "__dpf_" + section + "_end__") return true;
        if (name.compare(0, 6, "__dpf_") == 0 || texts.is_at_end()) return false;
        texts.next();
    }
    return false;
}

inline bool is_state(const std::string& all) {
    Texts texts(all);
    return has_section(texts, "state") && has_section(texts, "parameters") && texts.ends_well();
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
