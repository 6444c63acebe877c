#include "face_process.h"

#include <cstdlib>
#include <stdexcept>

#ifndef _WIN32
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;
#endif

namespace backbeat {

#ifdef _WIN32

std::string on_path(const std::string&) { return ""; }  // not made yet

void run_process(const std::vector<std::string>& command, const std::atomic<bool>&) {
    throw std::runtime_error(command[0] + ": cannot be run here");
}

#else

namespace {

constexpr int PATIENCE_MS = 50, MOST_PATIENCE = 20;
constexpr std::size_t MOST_SAID = 1 << 16;

// What a program wrote last, without what terminals alone understand.
std::string last_line(const std::string& said) {
    std::string line, last;
    for (std::size_t k = 0; k <= said.size(); ++k) {
        const bool is_end = k == said.size() || said[k] == '\n' || said[k] == '\r';
        if (is_end && line.find_first_not_of(' ') != std::string::npos) last = line;
        if (is_end) {
            line.clear();
        } else if (static_cast<unsigned char>(said[k]) >= 0x20) {
            line += said[k];
        }
    }
    const std::string sign = "error: ";
    return last.compare(0, sign.size(), sign) == 0 ? last.substr(sign.size()) : last;
}

pid_t start(const std::vector<std::string>& command, const int (&pipe_ends)[2]) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], 2);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);  // threads of hosts may block what is to end it
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    std::vector<char*> arguments;
    for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    pid_t process = 0;
    const int failed = posix_spawn(&process, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed != 0 ? 0 : process;
}

}  // namespace

std::string on_path(const std::string& name) {
    const char* const folders = std::getenv("PATH");
    std::string folder;
    for (const char* at = folders; at != nullptr; ++at) {
        if (*at != ':' && *at != '\0') {
            folder += *at;
            continue;
        }
        const std::string found = folder + "/" + name;
        if (!folder.empty() && access(found.c_str(), X_OK) == 0) return found;
        folder.clear();
        if (*at == '\0') break;
    }
    return "";
}

void run_process(const std::vector<std::string>& command, const std::atomic<bool>& is_stopped) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error(command[0] + ": no pipe left for it");
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    const pid_t process = start(command, ends);
    close(ends[1]);
    if (process == 0) {
        close(ends[0]);
        throw std::runtime_error(command[0] + ": cannot be run");
    }
    std::string said;
    int patience = 0;
    for (;;) {
        pollfd wait = {ends[0], POLLIN, 0};
        const int ready = poll(&wait, 1, PATIENCE_MS);
        if (is_stopped) kill(-process, ++patience > MOST_PATIENCE ? SIGKILL : SIGTERM);
        char buffer[4096];
        const ssize_t found = ready > 0 ? read(ends[0], buffer, sizeof buffer) : -1;
        if (ready > 0 && found <= 0) break;
        if (found > 0) said.append(buffer, static_cast<std::size_t>(found));
        if (said.size() > MOST_SAID) said.erase(0, said.size() - MOST_SAID / 2);
    }
    close(ends[0]);
    int status = 0;
    const bool is_known = waitpid(process, &status, 0) == process;  // some hosts wait for all children themselves
    if (is_stopped) throw std::runtime_error("stopped");
    if (is_known && status != 0) throw std::runtime_error("backbeat: " + last_line(said));
}

#endif

}  // namespace backbeat
