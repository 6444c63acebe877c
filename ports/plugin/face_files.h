// Files that become kits: bundles by themselves, and what only Python reads by the command `backbeat`, as a process.
#ifndef BACKBEAT_PLUGIN_FACE_FILES_H
#define BACKBEAT_PLUGIN_FACE_FILES_H

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace backbeat {

// The kit, as `backbeat export kit` writes it, with the first pad of another in the place of one of its own, whose
// note, level, pan, output and choke group stay. Throws std::runtime_error, with one line.
std::string with_pad(const std::string& kit, int place, const std::string& other);

// Opens one file at a time, on a thread of its own.
class Opening {
   public:
    struct Result {
        std::string kit;   // that is sound; empty where there is none
        std::string line;  // what has been opened, or why it has not
    };

    ~Opening() { stop(); }

    // Begin with a file: a kit, or a patch or a sound for a pad of `kit`. What was begun before is given up.
    void open(const std::string& path, const std::string& kit, int place, int note);
    bool is_busy() const { return is_busy_; }
    std::optional<Result> result();  // of what is done, once
    void stop();

   private:
    std::string read(const std::string& path, const std::string& kit, int place, int note);

    std::thread thread_;
    std::atomic<bool> is_busy_{false}, is_stopped_{false};
    std::mutex mutex_;
    std::optional<Result> result_;
};

}  // namespace backbeat
#endif
