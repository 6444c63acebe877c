// Plays the drum machine while knobs turn and kits change, and counts what the audio thread does that may wait:
//
//   audio_thread A.json B.json SECONDS [--offline]
//
// The functions are replaced in this program alone; with -DNOTHING_REPLACED, for the sanitizers, which replace them
// themselves, it only plays.
#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>
#include <vector>

#include "machine.h"

namespace {

thread_local bool is_audio_thread = false;
std::atomic<long> calls{0};

void count() {
    if (is_audio_thread) ++calls;
}

}  // namespace

#if !defined(NOTHING_REPLACED)

extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* before, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* given);

void* malloc(size_t size) {
    count();
    return __libc_malloc(size);
}
void* calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}
void* realloc(void* before, size_t size) {
    count();
    return __libc_realloc(before, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
void free(void* given) {
    count();
    __libc_free(given);
}

#define REPLACED(name, parameters, arguments)                                                  \
    int name parameters {                                                                      \
        static const auto real = reinterpret_cast<int(*) parameters>(dlsym(RTLD_NEXT, #name)); \
        count();                                                                               \
        return real arguments;                                                                 \
    }

REPLACED(pthread_mutex_lock, (pthread_mutex_t * mutex) noexcept, (mutex))
REPLACED(pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t* mutex), (condition, mutex))
REPLACED(pthread_cond_signal, (pthread_cond_t * condition) noexcept, (condition))
REPLACED(pthread_cond_broadcast, (pthread_cond_t * condition) noexcept, (condition))
REPLACED(sched_yield, () noexcept, ())
REPLACED(nanosleep, (const timespec* wished, timespec* left), (wished, left))

}  // extern "C"

#endif

using namespace backbeat;

static std::string read_text(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

static void play(Machine& machine, std::atomic<bool>& is_over, bool is_offline) {
    std::mt19937 random(1);
    constexpr uint32_t kMostFrames = 700;
    std::vector<float> audio(CHANNELS * kMostFrames);
    std::vector<Event> events;
    while (!is_over) {
        const uint32_t frames = random() % kMostFrames;
        float* channels[CHANNELS];
        for (int k = 0; k < CHANNELS; ++k) channels[k] = &audio[(size_t)k * frames];
        events.resize(random() % 8);
        for (Event& each : events) {
            each.frame = random() % 800;
            each.data[0] = (uint8_t)(random() % 50 ? 0x90 + random() % 16 : 0xb0);
            each.data[1] = (uint8_t)(each.data[0] == 0xb0 ? 123 : 35 + random() % 36);
            each.data[2] = (uint8_t)random();
        }
        if (random() % (is_offline ? 100 : 4) == 0)
            machine.set_parameter((int)(random() % PARAMETERS), (float)(random() % 100) - 50.0f);
        is_audio_thread = true;
        machine.process(events.data(), events.size(), channels, frames);
        is_audio_thread = false;
        for (size_t n = 0; n < (size_t)CHANNELS * frames; ++n)
            if (!std::isfinite(audio[n]) || (audio[n] != 0.0f && !std::isnormal(audio[n]))) std::abort();
        if (!is_offline) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

int main(int count, char** arguments) {
    if (count < 4) return 2;
    const std::string kits[] = {read_text(arguments[1]), read_text(arguments[2])};
    const bool is_offline = count > 4 && std::strcmp(arguments[4], "--offline") == 0;
    Machine machine;
    machine.set_offline(is_offline);
    machine.activate(44100.0);
    machine.load(kits[0]);
    std::atomic<bool> is_over{false};
    std::thread audio([&] { play(machine, is_over, is_offline); });
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(std::atof(arguments[3]));
    for (int turn = 1; std::chrono::steady_clock::now() < until || turn < 4; ++turn) {
        machine.load(kits[turn % 2]);
        for (int k = 0; k < 20; ++k) {
            machine.set_parameter(KIT_PARAMETERS + k % (PADS * PAD_PARAMETERS), (float)(k % 7) - 3.0f);
            machine.set_parameter(KIT_PARAMETERS + PAD_TUNE, (float)k);
            machine.strike(k % PADS, 1 + 6 * k);
            std::this_thread::sleep_for(std::chrono::milliseconds(3));
        }
        machine.wave(turn % PADS);
        try {
            machine.load("{");
        } catch (const std::exception&) {  // as it should
        }
    }
    is_over = true;
    audio.join();
    machine.deactivate();
    machine.activate(48000.0);
    std::printf("%ld calls\n", calls.load());
}
