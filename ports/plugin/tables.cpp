#include "tables.h"

#include <algorithm>
#include <utility>

namespace backbeat {

Table::Table(const Pad& pad, const Turns& turns, uint32_t number) : pad(pad), turns(turns), number(number) {
    const auto own_notes = (size_t)(pad.last_note - pad.first_note + 1);
    const size_t slots = own_notes * pad.layers * pad.round_robins;
    notes_.resize(own_notes);
    states.resize(slots, State::missing);
    sounds.resize(slots);
    heard_.reset(new std::atomic<const Sound*>[slots]());
    counts_.reset(new std::atomic<int>[own_notes]());
}

std::shared_ptr<const Sound> Table::publish(size_t slot, std::shared_ptr<const Sound> sound) {
    const size_t note = slot / ((size_t)pad.layers * pad.round_robins);
    counts_[note] += (sound != nullptr) - (sounds[slot] != nullptr);
    heard_[slot].store(sound.get());
    return std::exchange(sounds[slot], std::move(sound));
}

int64_t Table::about(int note) const {
    const Note& own = notes_[(size_t)(note - pad.first_note)];
    return own.exact ? own.exact->samples : own.quick ? own.quick->samples : 0;
}

const Sound* Table::nearest(Hit hit) const {
    if (const Sound* found = exact(hit)) return found;
    const int count = pad.last_note - pad.first_note + 1;
    const int own = hit.note - pad.first_note;
    for (int apart = 0; apart < count; ++apart) {
        for (const int note : {own + apart, own - apart}) {
            if (note < 0 || note >= count || !counts_[(size_t)note].load()) continue;
            hit.note = pad.first_note + note;
            if (const Sound* found = nearest_of_note(hit)) return found;
        }
    }
    return nullptr;
}

const Sound* Table::nearest_of_note(Hit hit) const {
    const Hit wanted = hit;
    for (int apart = 0; apart < pad.layers; ++apart) {
        for (const int layer : {wanted.layer + apart, wanted.layer - apart}) {
            if (layer < 0 || layer >= pad.layers) continue;
            hit.layer = layer;
            for (int later = 0; later < pad.round_robins; ++later) {
                hit.take = (wanted.take + later) % pad.round_robins;
                if (const Sound* found = exact(hit)) return found;
            }
        }
    }
    return nullptr;
}

namespace {

// First few layers of each pad, then a hit of each other note, then all layers, take by take. The hits of a take have
// one seed, and a program keeps the noise it made last: so they follow each other.
std::vector<Hit> hits_ahead(const Kit& kit) {
    std::vector<Hit> made;
    const int pads = (int)kit.pads.size();
    for (int pad = 0; pad < pads; ++pad) {
        const Pad& own = kit.pads[(size_t)pad];
        for (const int layer : {own.layers - 1, (own.layers - 1) / 2}) made.push_back({pad, own.note, layer, 0});
    }
    for (int pad = 0; pad < pads; ++pad) {
        const Pad& own = kit.pads[(size_t)pad];
        for (int note = own.first_note; note <= own.last_note; ++note)
            if (note != own.note) made.push_back({pad, note, layer_of(kMediumVelocity, own.layers), 0});
    }
    for (int take = 0; take < kMostRoundRobins; ++take)
        for (int pad = 0; pad < pads; ++pad) {
            const Pad& own = kit.pads[(size_t)pad];
            for (int layer = own.layers - 1; layer >= 0 && take < own.round_robins; --layer)
                made.push_back({pad, own.note, layer, take});
        }
    return made;
}

}  // namespace

Bank::Bank(std::shared_ptr<const Kit> kit, double sample_rate, uint64_t number)
    : kit(std::move(kit)),
      sample_rate(sample_rate),
      number(number),
      places(new Place[this->kit->pads.size()]),
      ahead(hits_ahead(*this->kit)) {}

}  // namespace backbeat
