#include "face_pictures.h"

#include <algorithm>
#include <cmath>

namespace backbeat {

Pictures::Pictures(const Machine& machine) : machine_(machine), thread_([this] { run(); }) {}

Pictures::~Pictures() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        is_over_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

bool Pictures::look(int pad) {
    const Subject now = subject(pad);
    bool is_new = false;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!(now == asked_)) {
            asked_ = now;
            wake_.notify_one();
        }
        is_new = is_fresh_;
        if (is_new) shown_ = std::move(fresh_);
        is_fresh_ = false;
    }
    return is_new;
}

Pictures::Subject Pictures::subject(int pad) const {
    Subject made;
    made.pad = pad;
    made.loads = machine_.loads();
    made.sample_rate = machine_.sample_rate();
    for (int which = PAD_TUNE; which <= PAD_SNAP; ++which)
        made.turns[static_cast<std::size_t>(which - PAD_TUNE)] =
            machine_.parameter(KIT_PARAMETERS + pad * PAD_PARAMETERS + which);
    made.humanize = machine_.parameter(KIT_HUMANIZE);
    return made;
}

Picture Pictures::drawn(const Subject& subject) const {
    Picture made;
    made.pad = subject.pad;
    const std::vector<float> wave = machine_.wave(subject.pad);
    if (wave.empty() || subject.sample_rate == 0.0) return made;
    made.seconds = static_cast<double>(wave.size()) / subject.sample_rate;
    float peak = 1e-9f;
    for (const float each : wave) peak = std::max(peak, std::fabs(each));
    for (std::size_t column = 0; column < COLUMNS; ++column) {
        const std::size_t first = column * wave.size() / COLUMNS;
        const std::size_t end = std::max((column + 1) * wave.size() / COLUMNS, first + 1);
        std::pair<float, float> span = {0.0f, 0.0f};
        for (std::size_t n = first; n < std::min(end, wave.size()); ++n)
            span = {std::min(span.first, wave[n] / peak), std::max(span.second, wave[n] / peak)};
        made.columns.push_back(span);
    }
    return made;
}

void Pictures::run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return is_over_ || !(asked_ == made_); });
        if (is_over_) return;
        const Subject wanted = asked_;
        lock.unlock();
        Picture picture = drawn(wanted);
        lock.lock();
        made_ = wanted;
        fresh_ = std::move(picture);
        is_fresh_ = true;
    }
}

}  // namespace backbeat
