#include "renderer.h"

#include <algorithm>
#include <new>
#include <utility>

namespace backbeat {
namespace {

using namespace std::chrono_literals;

constexpr size_t kMostBytes = size_t(512) << 20;
constexpr int kMostThreads = 2;
// The audio thread cannot wake a thread without a lock: they look by themselves.
constexpr auto kPause = 3ms;
// That most drums last.
constexpr double kAboutS = 0.5;
constexpr int kPausesOfIdle = 1000;
// While a knob moves, its pad's other hits can wait.
constexpr auto kQuiet = 150ms;
// After which a kit is heard though some pads have nothing yet.
constexpr auto kLongestWait = 2s;

// What cannot be rendered is silent.
template <typename Work>
std::shared_ptr<const Sound> sound_or_silence(Work work) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        auto silence = std::make_shared<Sound>();
        silence->channels = 1;
        silence->audio.assign(1, 0.0f);
        return silence;
    }
}

// Exactly, unless it is known about how long hits last: see `measure_quickly`.
std::shared_ptr<const Measured> measured(const Table& table, int note, double sample_rate, int64_t about = 0) {
    try {
        return std::make_shared<const Measured>(about
                                                    ? measure_quickly(table.pad, note, table.turns, sample_rate, about)
                                                    : measure(table.pad, note, table.turns, sample_rate));
    } catch (const std::bad_alloc&) {
        return std::make_shared<const Measured>(Measured{table.pad.values, table.pad.humanize, 1, 0.0f});
    }
}

bool is_same(const Measured& a, const Measured& b) { return a.samples == b.samples && a.faded == b.faded; }

}  // namespace

Renderer::Renderer(const Settings& settings) : settings_(settings) {}

Renderer::~Renderer() {
    {
        Lock lock(mutex_);
        is_over_ = true;
        wake_.notify_all();
    }
    for (std::thread& each : threads_) each.join();
}

void Renderer::run() {
    Lock lock(mutex_);
    for (int pauses = 0; !is_over_;) {
        attic.sweep();
        ++busy_;
        const bool has_worked = work(lock);
        --busy_;
        if (has_worked) done_.notify_all();
        pauses = has_worked ? 0 : pauses + 1;
        if (pauses == kPausesOfIdle && bank_)
            for (const auto& each : bank_->kit->programs) each->forget_sides();
        if (!has_worked) wake_.wait_for(lock, kPause);
    }
}

bool Renderer::work(Lock& lock) { return bank_ && (work_on_turned(lock) || work_on_asked(lock) || work_ahead(lock)); }

bool Renderer::is_turned(const Bank& bank, int pad) const {
    const std::shared_ptr<Table>& table = bank.places[(size_t)pad].table;
    return !table || table->number != settings_.turned(pad);
}

bool Renderer::work_on_turned(Lock& lock) {
    const std::shared_ptr<Bank> bank = bank_;
    const int pads = (int)bank->kit->pads.size();
    for (int k = 0; k < 2 * pads; ++k) {  // first those whose program is free
        const int pad = k % pads;
        const Bank::Place& place = bank->places[(size_t)pad];
        const Pad& own = bank->kit->pads[(size_t)pad];
        if (place.is_turning || !is_turned(*bank, pad) || (k < pads && own.program->workers)) continue;
        const uint32_t next = place.next.load();
        const Hit first = next ? unpacked(pad, next) : Hit{pad, own.note, layer_of(kMediumVelocity, own.layers), 0};
        turn(lock, bank, first, place.table ? place.table->about(first.note) : (int64_t)(kAboutS * bank->sample_rate));
        return true;
    }
    return false;
}

// A new table of a pad, with a hit in it; `about` is as of `measured`.
void Renderer::turn(Lock& lock, const std::shared_ptr<Bank>& bank, Hit first, int64_t about) {
    Bank::Place& place = bank->places[(size_t)first.pad];
    place.is_turning = true;
    const Pad& own = bank->kit->pads[(size_t)first.pad];
    const bool has_room = bytes_ < kMostBytes;
    ++own.program->workers;
    lock.unlock();
    const uint32_t number = settings_.turned(first.pad);  // before the knobs: what changes in between is seen later
    const auto table = std::make_shared<Table>(own, settings_.turns(own, first.pad), number);
    const auto found = measured(*table, first.note, bank->sample_rate, about);
    std::shared_ptr<const Sound> sound;
    if (has_room) sound = sound_or_silence([&] { return render(own, *found, first, bank->sample_rate); });
    lock.lock();
    --own.program->workers;
    place.is_turning = false;
    if (bank != bank_ && bank != heard_bank_) return;  // it was retired meanwhile
    (about ? table->of_note(first.note).quick : table->of_note(first.note).exact) = found;
    if (sound) store(table, table->slot(first), sound, about ? Table::State::early : Table::State::there);
    const std::shared_ptr<Table> before = std::exchange(place.table, table);
    place.heard.store(table.get());
    if (before) retire(before);
    bank->done = 0;
    bank->is_full = false;
    done_.notify_all();
}

bool Renderer::work_on_asked(Lock& lock) {
    const std::shared_ptr<Bank> bank = bank_;
    while (asked_first_.load() != asked_last_.load()) {
        const Asked asked = asked_[asked_first_.load() % asked_.size()];
        ++asked_first_;
        if (asked.bank != bank->number) continue;
        const std::shared_ptr<Table>& table = bank->places[(size_t)asked.hit.pad].table;
        if (!table || table->states[table->slot(asked.hit)] == Table::State::there) continue;
        make_room();
        render_hit(lock, bank, asked.hit);
        return true;
    }
    return false;
}

bool Renderer::work_ahead(Lock& lock) {
    const std::shared_ptr<Bank> bank = bank_;
    bank->is_full = bank->is_full || bytes_ >= kMostBytes;
    while (bank->done < bank->ahead.size() && is_there(*bank, bank->ahead[bank->done])) ++bank->done;
    if (bank->is_full) return false;
    for (const int most_workers : {0, kMostThreads}) {
        for (size_t k = bank->done; k < bank->ahead.size(); ++k) {
            const Hit hit = bank->ahead[k];
            if (bank->kit->pads[(size_t)hit.pad].program->workers > most_workers || !can_be_rendered(*bank, hit))
                continue;
            render_hit(lock, bank, hit);
            return true;
        }
    }
    return false;
}

bool Renderer::is_there(const Bank& bank, Hit hit) const {
    const std::shared_ptr<Table>& table = bank.places[(size_t)hit.pad].table;
    return table && table->states[table->slot(hit)] == Table::State::there;
}

bool Renderer::can_be_rendered(const Bank& bank, Hit hit) const {
    const std::shared_ptr<Table>& table = bank.places[(size_t)hit.pad].table;
    if (!table || table->of_note(hit.note).is_in_work) return false;
    const Table::State state = table->states[table->slot(hit)];
    const bool is_quiet = table->number == 0 || std::chrono::steady_clock::now() - table->made_at > kQuiet;
    return is_quiet && state != Table::State::there && state != Table::State::in_work;
}

// The exact measure of a note; what was rendered with another one is rendered again.
void Renderer::measure_note(Lock& lock, const std::shared_ptr<Bank>& bank, const std::shared_ptr<Table>& table,
                            int note) {
    Table::Note& own = table->of_note(note);
    own.is_in_work = true;
    lock.unlock();
    const auto found = measured(*table, note, bank->sample_rate);
    lock.lock();
    own.exact = found;
    own.is_in_work = false;
    const bool is_right = own.quick && is_same(*own.quick, *found);
    const size_t count = (size_t)(table->pad.layers * table->pad.round_robins);
    const size_t first = count * (size_t)(note - table->pad.first_note);
    for (size_t slot = first; slot < first + count; ++slot)
        if (table->states[slot] == Table::State::early)
            table->states[slot] = is_right ? Table::State::there : Table::State::missing;
    done_.notify_all();
}

// Unless another thread is at it.
void Renderer::render_hit(Lock& lock, const std::shared_ptr<Bank>& bank, Hit hit) {
    Bank::Place& place = bank->places[(size_t)hit.pad];
    const std::shared_ptr<Table> table = place.table;
    const Table::Note& note = table->of_note(hit.note);
    if (note.is_in_work) return;
    ++table->pad.program->workers;
    if (!note.exact) measure_note(lock, bank, table, hit.note);
    const size_t slot = table->slot(hit);
    if (table->states[slot] == Table::State::missing) {
        table->states[slot] = Table::State::in_work;
        const std::shared_ptr<const Measured> exact = note.exact;
        lock.unlock();
        auto sound = sound_or_silence([&] { return render(table->pad, *exact, hit, bank->sample_rate); });
        lock.lock();
        if (place.table == table) store(table, slot, std::move(sound), Table::State::there);
    }
    --table->pad.program->workers;
    done_.notify_all();
}

void Renderer::store(const std::shared_ptr<Table>& table, size_t slot, std::shared_ptr<const Sound> sound,
                     Table::State state) {
    replace(*table, slot, std::move(sound));
    table->states[slot] = state;
    stored_.push_back({table, slot});
}

// Have a hit heard in place of another one, or null of none.
void Renderer::replace(Table& table, size_t slot, std::shared_ptr<const Sound> sound) {
    if (sound) bytes_ += sound->bytes();
    std::shared_ptr<const Sound> before = table.publish(slot, std::move(sound));
    if (!before) return;
    bytes_ -= before->bytes();
    attic.keep_sound(std::move(before));
}

// What was rendered longest ago goes.
void Renderer::make_room() {
    while (bytes_ > kMostBytes && !stored_.empty()) {
        const Stored oldest = stored_.front();
        stored_.pop_front();
        const std::shared_ptr<Table> table = oldest.table.lock();
        if (!table || !table->sounds[oldest.slot]) continue;
        replace(*table, oldest.slot, nullptr);
        table->states[oldest.slot] = Table::State::missing;
    }
}

// The audio thread cannot reach the table any more, but may be within it.
void Renderer::retire(const std::shared_ptr<Table>& table) {
    for (const std::shared_ptr<const Sound>& each : table->sounds) {
        if (!each) continue;
        bytes_ -= each->bytes();
        attic.keep_sound(each);
    }
    const auto is_its = [&](const Stored& each) { return each.table.lock() == table; };
    stored_.erase(std::remove_if(stored_.begin(), stored_.end(), is_its), stored_.end());
    attic.keep(table);
}

void Renderer::retire(const std::shared_ptr<Bank>& bank) {
    for (size_t pad = 0; pad < bank->kit->pads.size(); ++pad)
        if (bank->places[pad].table) retire(std::exchange(bank->places[pad].table, nullptr));
    attic.keep(bank);
}

void Renderer::set(std::shared_ptr<const Kit> kit, double sample_rate) {
    Lock lock(mutex_);
    const std::shared_ptr<Bank> made = kit ? std::make_shared<Bank>(std::move(kit), sample_rate, ++banks_) : nullptr;
    if (threads_.empty() && made)
        for (int k = 0; k < std::clamp((int)std::thread::hardware_concurrency(), 1, kMostThreads); ++k)
            threads_.emplace_back([this] { run(); });
    bank_ = made;
    wake_.notify_all();
    const auto is_playable = [&] {
        for (size_t pad = 0; made && pad < made->kit->pads.size(); ++pad)
            if (!made->places[pad].table) return false;
        return true;
    };
    done_.wait_for(lock, kLongestWait, is_playable);
    const std::shared_ptr<Bank> before = std::exchange(heard_bank_, made);
    heard_.store(made.get());
    if (before) retire(before);
    attic.sweep();
    done_.notify_all();
}

bool Renderer::is_whole() {
    if (!bank_) return true;
    if (busy_) return false;
    for (int pad = 0; pad < (int)bank_->kit->pads.size(); ++pad)
        if (is_turned(*bank_, pad)) return false;
    return bank_->is_full || bank_->done == bank_->ahead.size();
}

void Renderer::wait_until_whole() {
    Lock lock(mutex_);
    while (!is_whole()) done_.wait_for(lock, 20ms);
}

void Renderer::forget_voices() {
    Lock lock(mutex_);
    attic.clear();
}

std::shared_ptr<const Sound> Renderer::look(Hit hit) {
    Lock lock(mutex_);
    const std::shared_ptr<Bank> bank = bank_;
    if (!bank) return nullptr;
    const Pad& pad = bank->kit->pads[(size_t)hit.pad];
    const std::shared_ptr<Table> table = bank->places[(size_t)hit.pad].table;
    if (table && !is_turned(*bank, hit.pad) && table->sounds[table->slot(hit)]) return table->sounds[table->slot(hit)];
    lock.unlock();
    const Table own(pad, settings_.turns(pad, hit.pad), 0);
    const auto found = measured(own, hit.note, bank->sample_rate);
    return sound_or_silence([&] { return render(pad, *found, hit, bank->sample_rate); });
}

void Renderer::ask(const Bank& heard, Hit hit) {
    const uint32_t last = asked_last_.load();
    if (last - asked_first_.load() == asked_.size()) return;  // it will be asked for again when it is played again
    asked_[last % asked_.size()] = {heard.number, hit};
    asked_last_.store(last + 1);
}

void Renderer::ensure(const Bank& heard, Hit hit) {
    Lock lock(mutex_);
    const std::shared_ptr<Bank> bank = heard_bank_;
    if (bank.get() != &heard) return;
    Bank::Place& place = bank->places[(size_t)hit.pad];
    while (bank == heard_bank_) {  // no other kit is about to be heard
        const bool is_late = is_turned(*bank, hit.pad);
        if (!is_late && is_there(*bank, hit)) return;
        const std::shared_ptr<Table> table = place.table;
        const bool is_in_work =
            table && (table->of_note(hit.note).is_in_work || table->states[table->slot(hit)] == Table::State::in_work);
        if (place.is_turning || (!is_late && is_in_work)) {
            done_.wait(lock);
        } else if (is_late) {
            turn(lock, bank, hit, 0);
        } else {
            make_room();
            render_hit(lock, bank, hit);
        }
    }
}

size_t Renderer::bytes() {
    Lock lock(mutex_);
    return bytes_;
}

}  // namespace backbeat
