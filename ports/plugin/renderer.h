// Renders hits on threads of its own, and hands them to the audio thread.
//
// In this order: pads that a knob has turned, or that have nothing yet, with the hit that is most likely to be played
// next, at a length that is found quickly; hits that were asked for since they were missing; all others, as long as
// there is memory. Beyond it, what is asked for takes the place of what was rendered longest ago.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "attic.h"
#include "settings.h"
#include "tables.h"

namespace backbeat {

class Renderer {
   public:
    explicit Renderer(const Settings& settings);
    ~Renderer();

    // Main thread: the kit and the rate that are to be heard, once there is a hit of each pad. Without a kit, nothing.
    void set(std::shared_ptr<const Kit> kit, double sample_rate);
    void wait_until_whole();
    // Main thread, while no audio thread runs: no voice plays any more.
    void forget_voices();
    // Any thread but the audio thread's: a hit as it is turned now; rendered where it is missing.
    std::shared_ptr<const Sound> look(Hit hit);

    // Audio thread, without waiting.
    Attic attic;
    const Bank* heard() const { return heard_.load(); }
    void ask(const Bank& heard, Hit hit);
    // Audio thread, where it may wait: have a hit there, as its pad is turned now.
    void ensure(const Bank& heard, Hit hit);

    size_t bytes();  // of all hits that can be heard; for tests

   private:
    using Lock = std::unique_lock<std::mutex>;

    void run();
    bool work(Lock& lock);
    bool work_on_turned(Lock& lock);
    bool work_on_asked(Lock& lock);
    bool work_ahead(Lock& lock);
    bool is_whole();
    bool is_turned(const Bank& bank, int pad) const;
    bool is_there(const Bank& bank, Hit hit) const;
    bool can_be_rendered(const Bank& bank, Hit hit) const;
    void turn(Lock& lock, const std::shared_ptr<Bank>& bank, Hit first, int64_t about);
    void measure_note(Lock& lock, const std::shared_ptr<Bank>& bank, const std::shared_ptr<Table>& table, int note);
    void render_hit(Lock& lock, const std::shared_ptr<Bank>& bank, Hit hit);
    void store(const std::shared_ptr<Table>& table, size_t slot, std::shared_ptr<const Sound> sound,
               Table::State state);
    void replace(Table& table, size_t slot, std::shared_ptr<const Sound> sound);
    void make_room();
    void retire(const std::shared_ptr<Table>& table);
    void retire(const std::shared_ptr<Bank>& bank);

    const Settings& settings_;
    std::mutex mutex_;
    std::condition_variable wake_;  // the threads, sooner than they would
    std::condition_variable done_;  // of something that others may wait for
    std::vector<std::thread> threads_;
    bool is_over_ = false;
    int busy_ = 0;
    uint64_t banks_ = 0;
    std::shared_ptr<Bank> bank_;        // that is worked on
    std::shared_ptr<Bank> heard_bank_;  // that the audio thread plays
    std::atomic<const Bank*> heard_{nullptr};

    size_t bytes_ = 0;
    struct Stored {
        std::weak_ptr<Table> table;
        size_t slot;
    };
    std::deque<Stored> stored_;  // in the order in which they were

    // What was asked for, by the audio thread, with the number of its bank.
    struct Asked {
        uint64_t bank;
        Hit hit;
    };
    std::array<Asked, 1024> asked_;
    std::atomic<uint32_t> asked_first_{0}, asked_last_{0};
};

}  // namespace backbeat
