#include "player.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <new>

namespace backbeat {
namespace {

constexpr int64_t kMostVoices = 512;
constexpr double kLongestWaitS = 0.05;
constexpr double kOfflineAheadS = 0.25;
constexpr double kLevelS = 0.02;  // that the kit's level takes to change

constexpr int kNoteOff = 0x80, kNoteOn = 0x90, kControl = 0xb0;
// Choke groups of held pads that have none: one for each note, after those of kits.
constexpr int kHeldNotes = kMostPads + 1;
constexpr int kAllSoundOff = 120, kAllNotesOff = 123;

double amplitude(double level_db) { return std::pow(10.0, level_db / 20.0); }

}  // namespace

Player::Player(const Settings& settings, Renderer& renderer) : settings_(settings), renderer_(renderer) {
    takes_.resize((size_t)kNotes * kMostLayers);
    order_.resize(kMostEvents);
    mixed_.resize((size_t)(2 * kMostOutputs * kChunk));
}

void Player::activate(double sample_rate) {
    backbeat_mixer* mixer = nullptr;
    if (backbeat_mixer_create(sample_rate, kMostOutputs, kMostVoices, &mixer) != BACKBEAT_OK) throw std::bad_alloc();
    mixer_.reset(mixer);
    sample_rate_ = sample_rate;
    before_ = now_;
    outputs_ = 1;
    bank_number_ = 0;  // so that the outputs of the bank that stays are counted again
    std::fill(takes_.begin(), takes_.end(), 0);
    waiting_count_ = 0;
    level_ = aim_ = (float)amplitude(settings_.kit_level_db());
    ahead_s_ = 0.0;
    last_block_ = {};
}

void Player::deactivate() { mixer_.reset(); }

void Player::process(const Event* events, size_t count, float* const* channels, uint32_t frames) {
    if (!mixer_) {
        for (int k = 0; k < CHANNELS; ++k) std::fill_n(channels[k], frames, 0.0f);
        return;
    }
    renderer_.attic.enter();
    bank_ = renderer_.heard();
    if (bank_ && bank_->number != bank_number_) {
        bank_number_ = bank_->number;
        outputs_ = std::max(outputs_, bank_->kit->outputs);
        std::fill(takes_.begin(), takes_.end(), 0);
    }
    may_wait_ = is_offline(frames);
    start_waiting();
    for (int pad = 0; pad < PADS; ++pad) {
        const int velocity = struck_[(size_t)pad].exchange(0);
        if (velocity && bank_ && pad < (int)bank_->kit->pads.size())
            play({0, {kNoteOn, (uint8_t)bank_->kit->pads[(size_t)pad].note, (uint8_t)velocity}}, now_);
    }
    const bool is_listed = put_in_order(events, count);
    if (is_listed) count = std::min(count, kMostEvents);
    size_t next = 0;
    int64_t first = 0;
    do {
        const int64_t size = std::min<int64_t>(kChunk, frames - first);
        const int64_t begin = now_;
        if (first) start_waiting();
        for (; next < count; ++next) {
            const Event& event = events[is_listed ? order_[next] : next];
            const int64_t frame = std::min<int64_t>(event.frame, std::max<int64_t>(0, (int64_t)frames - 1));
            if (frame >= first + size && size) break;
            play(event, begin + frame - first);
        }
        mix(channels, first, size);
        first += size;
    } while (first < frames);
    renderer_.attic.leave(now_);
}

// Whether it may wait: since the host says so, or, where it says nothing, it is far ahead of the clock.
bool Player::is_offline(uint32_t frames) {
    const auto now = std::chrono::steady_clock::now();
    const double passed_s = std::chrono::duration<double>(now - last_block_).count();
    ahead_s_ = std::max(0.0, ahead_s_ - passed_s) + frames / sample_rate_;
    last_block_ = now;
    const Offline said = offline_.load();
    return said == Offline::by_clock ? ahead_s_ > kOfflineAheadS + frames / sample_rate_ : said == Offline::yes;
}

// Events as they come, or as `order_` lists them, where they are not in order of time.
bool Player::put_in_order(const Event* events, size_t count) {
    const auto is_earlier = [](const Event& a, const Event& b) { return a.frame < b.frame; };
    if (std::is_sorted(events, events + count, is_earlier)) return false;
    const auto listed = (uint32_t)std::min(count, kMostEvents);
    for (uint32_t k = 0; k < listed; ++k) order_[k] = k;
    std::sort(order_.begin(), order_.begin() + listed, [events](uint32_t a, uint32_t b) {
        return events[a].frame != events[b].frame ? events[a].frame < events[b].frame : a < b;
    });
    return true;
}

void Player::play(const Event& event, int64_t at) {
    const int kind = event.data[0] & 0xf0;
    const int number = event.data[1] & 0x7f;
    const int value = event.data[2] & 0x7f;
    if (kind == kControl && (number == kAllSoundOff || number == kAllNotesOff)) {
        waiting_count_ = 0;
        backbeat_mixer_choke(mixer_.get(), 0, at - before_);
    }
    if (kind == kNoteOff || (kind == kNoteOn && !value)) end(number, at);
    if (kind != kNoteOn || !value || start(number, value, at) || waiting_count_ == kMostWaiting) return;
    waiting_[waiting_count_++] = {number, value, at + (int64_t)(kLongestWaitS * sample_rate_)};
}

// A key was let go. In a choke group, what sounds may be another pad's by now.
void Player::end(int note, int64_t at) {
    const int place = bank_ ? bank_->kit->pad_of_note[(size_t)note] : -1;
    if (place < 0 || !bank_->kit->pads[(size_t)place].is_held) return;
    const auto is_its = [note](const Waiting& each) { return each.note == note; };
    waiting_count_ =
        (size_t)(std::remove_if(waiting_.begin(), waiting_.begin() + waiting_count_, is_its) - waiting_.begin());
    const int group = bank_->kit->pads[(size_t)place].choke_group;
    if (group && last_of_group_[(size_t)group] != note) return;
    backbeat_mixer_choke(mixer_.get(), group ? group : kHeldNotes + note, at - before_);
}

void Player::start_waiting() {
    size_t left = 0;
    for (size_t k = 0; k < waiting_count_; ++k) {
        const Waiting each = waiting_[k];
        if (now_ <= each.until && !start(each.note, each.velocity, now_)) waiting_[left++] = each;
    }
    waiting_count_ = left;
}

// Have a note sound. False where its pad has nothing to play yet.
bool Player::start(int note, int velocity, int64_t at) {
    if (!bank_) return false;
    const int place = bank_->kit->pad_of_note[(size_t)note];
    if (place < 0) return true;
    const Pad& pad = bank_->kit->pads[(size_t)place];
    const int layer = layer_of(velocity, pad.layers);
    uint8_t& take = takes_[(size_t)(note * kMostLayers + layer)];
    const Hit hit = {place, note, layer, take};
    if (may_wait_) renderer_.ensure(*bank_, hit);
    const Table* table = bank_->places[(size_t)place].heard.load();
    const Sound* sound = table ? table->exact(hit) : nullptr;
    if (table && !sound) {
        renderer_.ask(*bank_, hit);
        sound = table->nearest(hit);
    }
    if (!sound) return false;
    take = (uint8_t)((take + 1) % pad.round_robins);
    bank_->places[(size_t)place].next.store(packed({place, note, layer, take}));
    if (place < PADS) {
        velocities_[(size_t)place].store(velocity);
        ++strikes_[(size_t)place];
    }
    backbeat_voice voice = {};
    voice.at = at - before_;
    voice.frames = sound->frames();
    voice.audio = sound->audio.data();
    voice.channels = sound->channels;
    voice.output = pad.output;
    voice.choke_group = pad.choke_group || !pad.is_held ? pad.choke_group : kHeldNotes + note;
    last_of_group_[(size_t)pad.choke_group] = note;
    voice.gain = (float)amplitude(pad.level_db + settings_.level_db(place));
    voice.pan = (float)std::clamp(pad.pan + settings_.pan(place), -1.0, 1.0);
    if (backbeat_mixer_start(mixer_.get(), &voice) == BACKBEAT_OK)
        sound->until.store(std::max(sound->until.load(), at + sound->frames()));
    return true;
}

void Player::mix(float* const* channels, int64_t first, int64_t frames) {
    backbeat_mixer_process(mixer_.get(), frames, mixed_.data());
    now_ += frames;
    for (int side = 0; side < 2; ++side) {
        float* total = channels[side] + first;
        std::copy_n(&mixed_[(size_t)(side * frames)], frames, total);
        for (int output = 1; output < outputs_; ++output) {
            const float* from = &mixed_[(size_t)((2 * output + side) * frames)];
            for (int64_t n = 0; n < frames; ++n) total[n] += from[n];
        }
    }
    for (int k = 2; k < CHANNELS; ++k) std::copy_n(&mixed_[(size_t)((k - 2) * frames)], frames, channels[k] + first);
    turn_level(channels, first, frames);
    // What is too small for a normal number would slow down what comes after.
    for (int k = 0; k < CHANNELS; ++k) {
        float* audio = channels[k] + first;
        for (int64_t n = 0; n < frames; ++n) audio[n] = std::fabs(audio[n]) < FLT_MIN ? 0.0f : audio[n];
    }
}

// The kit's level goes in a straight line to where it is turned.
void Player::turn_level(float* const* channels, int64_t first, int64_t frames) {
    const auto aim = (float)amplitude(settings_.kit_level_db());
    if (aim != aim_) {
        aim_ = aim;
        step_ = (aim_ - level_) / (float)std::max(1.0, kLevelS * sample_rate_);
    }
    if (level_ == 1.0f && aim_ == 1.0f) return;
    float level = level_;
    for (int k = 0; k < CHANNELS; ++k) {
        float* audio = channels[k] + first;
        level = level_;
        for (int64_t n = 0; n < frames; ++n) {
            level = step_ > 0.0f ? std::min(level + step_, aim_) : std::max(level + step_, aim_);
            audio[n] *= level;
        }
    }
    level_ = level;
}

}  // namespace backbeat
