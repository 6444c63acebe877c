// The picture of a wave, made on a thread of its own: a hit that has just been turned takes a while to render.
#ifndef BACKBEAT_PLUGIN_FACE_PICTURES_H
#define BACKBEAT_PLUGIN_FACE_PICTURES_H

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "machine.h"

namespace backbeat {

struct Picture {
    std::vector<std::pair<float, float>> columns;  // the least and the greatest sample of each, of the peak
    double seconds = 0.0;
    int pad = -1;
};

class Pictures {
   public:
    explicit Pictures(const Machine& machine);
    ~Pictures();

    // Often, on the face's thread: the pad that is to be seen. A new picture is made where the pad has been turned, or
    // the kit or the rate has changed. Returns whether there is one, which `last` then is.
    bool look(int pad);
    const Picture& last() const { return shown_; }

   private:
    static constexpr int COLUMNS = 332;

    // What a picture shows.
    struct Subject {
        int pad = -1;
        uint32_t loads = 0;
        double sample_rate = 0.0;
        std::array<float, PAD_SNAP - PAD_TUNE + 1> turns{};
        float humanize = 0.0f;
        bool operator==(const Subject& other) const {
            return pad == other.pad && loads == other.loads && sample_rate == other.sample_rate &&
                   turns == other.turns && humanize == other.humanize;
        }
    };
    Subject subject(int pad) const;
    Picture drawn(const Subject& subject) const;
    void run();

    const Machine& machine_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Subject asked_, made_;
    Picture fresh_, shown_;
    bool is_fresh_ = false, is_over_ = false;
    std::thread thread_;
};

}  // namespace backbeat
#endif
