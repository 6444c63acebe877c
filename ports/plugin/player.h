// The audio thread: notes, and the hits that sound. It never locks, allocates, frees or waits, except where it may wait
// since the host renders offline.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <vector>

#include "machine.h"
#include "renderer.h"

namespace backbeat {

class Player {
   public:
    Player(const Settings& settings, Renderer& renderer);

    // While no block is processed. Throws std::bad_alloc.
    void activate(double sample_rate);
    void deactivate();

    void process(const Event* events, size_t count, float* const* channels, uint32_t frames);

    // Any thread.
    void strike(int pad, int velocity) { struck_[(size_t)pad].store(velocity); }
    uint32_t strikes(int pad) const { return strikes_[(size_t)pad].load(); }
    int last_velocity(int pad) const { return velocities_[(size_t)pad].load(); }
    enum class Offline : int { no, yes, by_clock };
    void set_offline(Offline offline) { offline_.store(offline); }

   private:
    static constexpr int64_t kChunk = 128;  // frames that are mixed at a time
    static constexpr size_t kMostEvents = 16384;
    static constexpr size_t kMostWaiting = 64;

    // A note whose pad has no sound yet.
    struct Waiting {
        int note, velocity;
        int64_t until;
    };

    bool is_offline(uint32_t frames);
    bool put_in_order(const Event* events, size_t count);
    void play(const Event& event, int64_t at);
    void start_waiting();
    bool start(int note, int velocity, int64_t at);
    void end(int note, int64_t at);
    void mix(float* const* channels, int64_t first, int64_t frames);
    void turn_level(float* const* channels, int64_t first, int64_t frames);

    struct Free {
        void operator()(backbeat_mixer* mixer) const { backbeat_mixer_free(mixer); }
    };

    const Settings& settings_;
    Renderer& renderer_;
    double sample_rate_ = 0.0;
    std::unique_ptr<backbeat_mixer, Free> mixer_;
    int64_t now_ = 0;     // frames since the machine was made
    int64_t before_ = 0;  // those before the mixer was
    std::vector<float> mixed_;
    int outputs_ = 1;  // that have been played

    const Bank* bank_ = nullptr;  // within a block
    uint64_t bank_number_ = 0;
    bool may_wait_ = false;
    std::array<int, kMostPads + 1> last_of_group_{};  // notes, of choke groups
    std::vector<uint8_t> takes_;                      // of each note and layer, which turn is next
    std::vector<uint32_t> order_;
    std::array<Waiting, kMostWaiting> waiting_;
    size_t waiting_count_ = 0;

    float level_ = 1.0f, aim_ = 1.0f, step_ = 0.0f;  // of the kit

    std::atomic<Offline> offline_{Offline::by_clock};
    double ahead_s_ = 0.0;  // of the clock
    std::chrono::steady_clock::time_point last_block_{};

    std::array<std::atomic<int>, PADS> struck_{};  // velocities of pads that the face has struck
    std::array<std::atomic<uint32_t>, PADS> strikes_{};
    std::array<std::atomic<int>, PADS> velocities_{};
};

}  // namespace backbeat
