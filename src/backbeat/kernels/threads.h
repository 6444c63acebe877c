// Work on several threads, which live within one call: a pool of threads would not survive a fork of the process.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <vector>
#if !defined(__wasm__)
#include <mutex>
#include <thread>
#endif
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace backbeat {

// Samples, each of which takes some nanoseconds, that take several times as long as a thread takes to start.
constexpr int64_t kLeastSamplesOfThread = 1 << 14;

// How many threads so many samples are worth, of those that a call may take.
inline int64_t threads_for(int64_t samples, int64_t most) {
    return std::max<int64_t>(1, std::min(samples / kLeastSamplesOfThread, most));
}

// The processor's rounding and its treatment of small numbers, as IEEE 754 has them while this lives: a host may have
// set others, and gets them back.
class StandardFloats {
#if defined(__x86_64__)
   public:
    StandardFloats() : before_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
    ~StandardFloats() { _mm_setcsr(before_); }

   private:
    unsigned before_;
#elif defined(__aarch64__)
   public:
    StandardFloats() {
        __asm__ volatile("mrs %0, fpcr" : "=r"(before_));
        set(0);
    }
    ~StandardFloats() { set(before_); }

   private:
    static void set(uint64_t control) { __asm__ volatile("msr fpcr, %0" : : "r"(control) : "memory"); }

    uint64_t before_;
#else
   public:
    StandardFloats() {}
#endif
};

// Working spaces that calls have left for the next ones, which would take long to make them anew. They are exchanged
// and not locked: a fork in the middle of a call loses those that are in use, and leaves no lock that nobody opens.
template <typename Space>
class Spaces {
   public:
    std::unique_ptr<Space> acquire() {
        for (std::atomic<Space*>& each : left_)
            if (Space* found = each.exchange(nullptr)) return std::unique_ptr<Space>(found);
        return std::make_unique<Space>();
    }

    void leave(std::unique_ptr<Space> space) {
        for (std::atomic<Space*>& each : left_) {
            Space* nothing = nullptr;
            if (each.compare_exchange_strong(nothing, space.get())) {
                space.release();
                return;
            }
        }
    }

    ~Spaces() {
        for (std::atomic<Space*>& each : left_) delete each.load();
    }

   private:
    static constexpr int kMost = 16;
    std::atomic<Space*> left_[kMost] = {};
};

#if defined(__wasm__)

// WebAssembly has one thread.
template <typename Work>
void on_threads(int64_t, Work work) {
    work();
}

#else

// Do something once on each of so many threads, of which this one is the first; what any throws is thrown when all are
// done.
template <typename Work>
void on_threads(int64_t count, Work work) {
    std::mutex one_at_a_time;
    std::exception_ptr thrown;
    const auto guarded = [&] {
        StandardFloats while_here;
        try {
            work();
        } catch (...) {
            std::lock_guard<std::mutex> lock(one_at_a_time);
            thrown = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    others.reserve(count);
    try {
        while ((int64_t)others.size() + 1 < count) others.emplace_back(guarded);
    } catch (...) {  // where the system has no more, fewer threads do all of it
    }
    guarded();
    for (std::thread& each : others) each.join();
    if (thrown) std::rethrow_exception(thrown);
}

#endif

// Do something for each of so many, on so many threads.
template <typename Work>
void for_each(int64_t threads, int64_t count, Work work) {
    std::atomic<int64_t> next{0};
    on_threads(std::min(threads, count), [&] {
        for (int64_t each = next++; each < count; each = next++) work(each);
    });
}

// The same, where each thread has a working space. A space in which something was thrown is not used again.
template <typename Space, typename Work>
void for_each_with(Spaces<Space>& spaces, int64_t threads, int64_t count, Work work) {
    std::atomic<int64_t> next{0};
    on_threads(std::min(threads, count), [&] {
        std::unique_ptr<Space> space = spaces.acquire();
        for (int64_t each = next++; each < count; each = next++) work(*space, each);
        spaces.leave(std::move(space));
    });
}

}  // namespace backbeat
