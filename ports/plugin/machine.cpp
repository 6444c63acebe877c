#include "machine.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>

#include "player.h"

namespace backbeat {
namespace {

constexpr double kLowestRate = 8000.0, kHighestRate = 192000.0;

}  // namespace

struct Machine::Body {
    Settings settings;
    Renderer renderer{settings};
    Player player{settings, renderer};
    std::atomic<double> sample_rate{0.0};  // 0 while it is not active
    std::atomic<uint32_t> loads{0};

    mutable std::mutex mutex;  // of what the face reads
    std::shared_ptr<const Kit> kit;
    std::string json;

    std::shared_ptr<const Kit> kept_kit() const {
        std::lock_guard<std::mutex> lock(mutex);
        return kit;
    }
};

Machine::Machine() : body_(std::make_unique<Body>()) {}

Machine::~Machine() = default;

void Machine::load(const std::string& json) {
    const std::shared_ptr<const Kit> kit = Kit::read(json);
    if (body_->sample_rate != 0.0) body_->renderer.set(kit, body_->sample_rate);
    std::lock_guard<std::mutex> lock(body_->mutex);
    body_->kit = kit;
    body_->json = json;
    ++body_->loads;
}

std::string Machine::kit_json() const {
    std::lock_guard<std::mutex> lock(body_->mutex);
    return body_->json;
}

std::string Machine::kit_name() const {
    const std::shared_ptr<const Kit> kit = body_->kept_kit();
    return kit ? kit->name : "";
}

std::vector<PadView> Machine::pads() const {
    std::vector<PadView> made;
    const std::shared_ptr<const Kit> kit = body_->kept_kit();
    for (size_t k = 0; kit && k < kit->pads.size(); ++k) {
        const Pad& pad = kit->pads[k];
        PadView view = {pad.name, pad.patch, pad.note, pad.first_note, pad.last_note, pad.choke_group, pad.output, {}};
        for (const Knob& each : pad.knobs) view.knobs.push_back({each.name, each.unit, each.help});
        made.push_back(std::move(view));
    }
    return made;
}

uint32_t Machine::loads() const { return body_->loads; }

double Machine::sample_rate() const { return body_->sample_rate; }

void Machine::set_parameter(int index, float value) { body_->settings.set(index, value); }

float Machine::parameter(int index) const {
    return index < 0 || index >= PARAMETERS ? 0.0f : body_->settings.get(index);
}

void Machine::activate(double sample_rate) {
    if (!(sample_rate >= kLowestRate && sample_rate <= kHighestRate))
        throw std::runtime_error("sample rate: found " + std::to_string(sample_rate) +
                                 "; must be a number from 8000 to 192000");
    body_->player.activate(sample_rate);
    body_->renderer.forget_voices();
    const Bank* heard = body_->renderer.heard();
    const std::shared_ptr<const Kit> kit = body_->kept_kit();
    body_->sample_rate = sample_rate;
    if (!heard || heard->sample_rate != sample_rate || heard->kit != kit) body_->renderer.set(kit, sample_rate);
}

void Machine::deactivate() {
    body_->player.deactivate();
    body_->sample_rate = 0.0;
}

void Machine::wait_until_whole() { body_->renderer.wait_until_whole(); }

void Machine::set_offline(bool is_offline) {
    body_->player.set_offline(is_offline ? Player::Offline::yes : Player::Offline::no);
}

void Machine::process(const Event* events, size_t events_count, float* const* channels, uint32_t frames) {
    body_->player.process(events, events_count, channels, frames);
}

uint32_t Machine::strikes(int pad) const { return pad < 0 || pad >= PADS ? 0 : body_->player.strikes(pad); }

int Machine::last_velocity(int pad) const { return pad < 0 || pad >= PADS ? 0 : body_->player.last_velocity(pad); }

std::vector<float> Machine::wave(int pad) const {
    const std::shared_ptr<const Kit> kit = body_->kept_kit();
    if (!kit || pad < 0 || pad >= (int)kit->pads.size() || body_->sample_rate == 0.0) return {};
    const Pad& own = kit->pads[(size_t)pad];
    const std::shared_ptr<const Sound> sound = body_->renderer.look({pad, own.note, own.layers - 1, 0});
    if (!sound) return {};
    return {sound->audio.begin(), sound->audio.begin() + sound->frames()};
}

void Machine::strike(int pad, int velocity) {
    if (pad < 0 || pad >= PADS) return;
    body_->player.strike(pad, std::clamp(velocity, 1, kLastVelocity));
}

}  // namespace backbeat
