// The command `backbeat`, run as a process.
#ifndef BACKBEAT_PLUGIN_FACE_PROCESS_H
#define BACKBEAT_PLUGIN_FACE_PROCESS_H

#include <atomic>
#include <string>
#include <vector>

namespace backbeat {

// The program of a name, from the folders that PATH lists; empty where there is none.
std::string on_path(const std::string& name);

// Runs a program to its end, or until it is to stop: then it is ended too, with what it has started. Throws
// std::runtime_error with the last line that it wrote, where it fails or is stopped.
void run_process(const std::vector<std::string>& command, const std::atomic<bool>& is_stopped);

}  // namespace backbeat
#endif
