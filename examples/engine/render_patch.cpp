// Renders a patch without Python, through backbeat's plain C interface:
//
//   backbeat export program PATCH.json --out PROGRAM.json
//   backbeat export patch PATCH.json --out WITH_AMOUNTS.json
//   render_patch PROGRAM.json WITH_AMOUNTS.json OUT.wav --velocity 0.4 --hit 7
//
// docs/programs.md and docs/patches.md describe the two documents. The samples are, bit for bit, those of
// `backbeat.load("PATCH.json").hit(0.4, 7).sound()`; without options, those of the patch itself.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "backbeat.h"
#include "json.h"

using backbeat::Json;

namespace {

// The onset lies within the sound, and no sound is longer than ten minutes at the highest rate.
struct Placement {
    int64_t sample_rate = 44100, samples = 44100, onset_samples = 0;
};

std::string read_text(const char* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(std::string(path) + ": cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

// A file is not to be trusted: a number becomes an integer only after it is known to fit.
int64_t whole(const Json& in, const char* name, double least, double most) {
    const double found = in.at(name, Json::Type::number, "").number;
    if (!(found >= least && found <= most) || found != (double)(int64_t)found)
        throw std::runtime_error(std::string(name) + ": out of range, or not a whole number");
    return (int64_t)found;
}

Placement read_placement(const Json& patch) {
    Placement found;
    const Json* render = patch.find("render");
    if (!render) return found;  // a second at 44.1 kHz
    found.sample_rate = whole(*render, "sample_rate", 2000, 768000);
    found.samples = whole(*render, "samples", 1, 600.0 * found.sample_rate);
    found.onset_samples = whole(*render, "onset_samples", 0, found.samples - 1.0);
    return found;
}

// What is asked for on the command line.
struct Options {
    double velocity = 1.0;
    int64_t hit = 0;
};

// How far entries go by velocity and from hit to hit.
struct Amounts {
    std::vector<double> velocity, humanize;
    std::vector<int64_t> curves;
};

// A number for each entry of a parameter, of one for all or a list.
void fill(double* entries, int64_t size, const Json& amount, const std::string& name) {
    const bool is_list = amount.type == Json::Type::array;
    if (is_list && (int64_t)amount.items.size() != size) throw std::runtime_error(name + ": not as many amounts");
    for (int64_t k = 0; k < size; ++k) {
        const Json& each = is_list ? amount.items[k] : amount;
        if (each.type != Json::Type::number) throw std::runtime_error(name + ": amounts must be numbers");
        entries[k] = each.number;
    }
}

// A patch without amounts has those that suit its instrument, which only Python knows.
const Json& field_with_amounts(const Json& patch, const char* name) {
    const Json* found = patch.find(name);
    if (!found || found->type != Json::Type::object)
        throw std::runtime_error(std::string(name) + ": has no amounts; backbeat export patch writes them");
    return *found;
}

Amounts read_amounts(const Json& program, const Json& patch, size_t entries) {
    const Json &velocity = field_with_amounts(patch, "velocity"), &humanize = field_with_amounts(patch, "humanize");
    const char* const curves[] = {"linear", "soft", "hard"};  // as BACKBEAT_LINEAR and so on
    Amounts found = {std::vector<double>(entries), std::vector<double>(entries), std::vector<int64_t>(entries)};
    int64_t first = 0;
    for (const Json& each : program.at("parameters", Json::Type::array, "program: ").items) {
        const std::string& name = each.at("name", Json::Type::string, "").string;
        const int64_t size = (int64_t)each.at("size", Json::Type::number, "").number;
        if (const Json* own = velocity.find(name.c_str())) {
            const Json* amount = own->find("amount");
            const Json* curve = own->find("curve");
            fill(&found.velocity[first], size, amount ? *amount : *own, name);
            int64_t number = 0;
            while (curve && number < 3 && curve->string != curves[number]) ++number;
            if (number == 3) throw std::runtime_error(name + ": no curve " + backbeat::quoted(curve->string));
            for (int64_t k = 0; k < size; ++k) found.curves[first + k] = number;
        }
        if (const Json* own = humanize.find(name.c_str())) fill(&found.humanize[first], size, *own, name);
        first += size;
    }
    return found;
}

// One parameter's entries. The engine takes a choice as weights, so an option's name is a 1 among zeros.
void append(std::vector<double>& entries, const Json& parameter, const Json& value) {
    const std::string& name = parameter.at("name", Json::Type::string, "").string;
    const size_t first = entries.size();
    if (value.type == Json::Type::string) {
        const auto& options = parameter.at("options", Json::Type::array, "").items;
        double total = 0.0;
        for (const Json& each : options) total += entries.emplace_back(each.string == value.string ? 1.0 : 0.0);
        if (total != 1.0) throw std::runtime_error(name + ": no option " + backbeat::quoted(value.string));
    } else if (value.type == Json::Type::array) {
        for (const Json& each : value.items) {
            if (each.type != Json::Type::number) throw std::runtime_error(name + ": must be numbers");
            entries.push_back(each.number);
        }
    } else if (value.type == Json::Type::number) {
        entries.push_back(value.number);
    }
    // A wrong count would shift all that follow: the entries of all parameters are one vector, in the program's order.
    if ((double)(entries.size() - first) != parameter.at("size", Json::Type::number, "").number)
        throw std::runtime_error(name + ": not as many entries as the program has");
}

std::vector<double> read_values(const Json& program, const Json& patch) {
    // Values of another version or size would fit by chance, and sound wrong.
    const std::string& plugin = program.at("plugin", Json::Type::string, "program: ").string;
    if (patch.at("plugin", Json::Type::string, "patch: ").string != plugin ||
        patch.at("version", Json::Type::number, "patch: ").number !=
            program.at("version", Json::Type::number, "program: ").number)
        throw std::runtime_error("patch: of another plugin or version than the program, which is of " + plugin);
    const Json& values = patch.at("values", Json::Type::object, "patch: ");
    std::vector<double> entries;
    for (const Json& each : program.at("parameters", Json::Type::array, "program: ").items) {
        const std::string& name = each.at("name", Json::Type::string, "").string;
        const Json* value = values.find(name.c_str());
        if (!value) throw std::runtime_error("values: " + name + " is missing");
        append(entries, each, *value);
    }
    return entries;
}

std::vector<float> render(const std::string& text, std::vector<double> values, int64_t seed, Placement where,
                          const Amounts* amounts, Options options) {
    char message[300];
    backbeat_program* read = nullptr;
    if (backbeat_read(text.data(), text.size(), &read, message, sizeof message) != BACKBEAT_OK)
        throw std::runtime_error(std::string("program: ") + message);
    const std::unique_ptr<backbeat_program, void (*)(backbeat_program*)> program(read, backbeat_free);
    if (backbeat_entries(read) != (int64_t)values.size() || backbeat_inputs(read) != 0)
        throw std::runtime_error("program: not one that a patch plays");
    if (amounts) {
        const backbeat_strike strike = {
            options.velocity,        options.hit, seed, amounts->velocity.data(), amounts->curves.data(),
            amounts->humanize.data()};
        if (backbeat_hit(read, &strike, values.data(), values.data(), &seed) != BACKBEAT_OK)
            throw std::runtime_error("hit: failed");
    }
    std::vector<float> audio(where.samples);  // zeros: the silence before the onset
    backbeat_batch batch = {};
    batch.sample_rate = (double)where.sample_rate;
    batch.samples = where.samples - where.onset_samples;
    batch.items = 1;
    batch.most_threads = 1;  // which run items side by side
    batch.seeds = &seed;
    batch.values = values.data();
    if (backbeat_render(read, &batch, audio.data() + where.onset_samples) != BACKBEAT_OK)
        throw std::runtime_error("render: failed");
    return audio;
}

// Mono, 32 bits of floating point, as written by a processor whose bytes are in the order of a WAV file's.
void write_wav(const char* path, const std::vector<float>& audio, uint32_t sample_rate) {
    const uint32_t bytes = (uint32_t)(audio.size() * sizeof(float));
    const uint32_t layout[] = {18, 3 | 1 << 16, sample_rate, sample_rate * 4, 4 | 32 << 16};  // format 3, one channel
    const uint16_t no_extension = 0;
    std::ofstream file(path, std::ios::binary);
    const auto write = [&](const void* from, size_t size) { file.write(static_cast<const char*>(from), size); };
    const uint32_t facts[] = {4, (uint32_t)audio.size()}, riff_bytes = 4 + 26 + 12 + 8 + bytes;
    write("RIFF", 4), write(&riff_bytes, 4), write("WAVEfmt ", 8), write(layout, sizeof layout);
    write(&no_extension, 2), write("fact", 4), write(facts, sizeof facts), write("data", 4), write(&bytes, 4);
    write(audio.data(), bytes);
    file.close();
    if (!file) throw std::runtime_error(std::string(path) + ": cannot be written");
}

Options read_options(char** arguments, int count) {
    Options found;
    for (int k = 0; k + 1 < count; k += 2) {
        const std::string name = arguments[k];
        char* end = nullptr;
        const double number = std::strtod(arguments[k + 1], &end);
        const bool is_velocity = name == "--velocity" && number >= 0.0 && number <= 1.0;
        const bool is_hit = name == "--hit" && number >= 0.0 && number <= 2147483647.0 && number == (int64_t)number;
        if (*end || !(is_velocity || is_hit))
            throw std::runtime_error(name + ": must be --velocity from 0 to 1, or --hit and a whole number from 0");
        if (is_velocity) found.velocity = number;
        if (is_hit) found.hit = (int64_t)number;
    }
    return found;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4 && count != 6 && count != 8) {
        std::fprintf(stderr, "usage: render_patch PROGRAM.json PATCH.json OUT.wav [--velocity V] [--hit N]\n");
        return 2;
    }
    try {
        const Options options = read_options(arguments + 4, count - 4);
        const std::string text = read_text(arguments[1]), patch_text = read_text(arguments[2]);
        const Json program = Json::read(text.data(), text.size());
        const Json patch = Json::read(patch_text.data(), patch_text.size());
        const Placement where = read_placement(patch);
        const int64_t seed = patch.find("seed") ? whole(patch, "seed", 0, 2147483647.0) : 0;
        const std::vector<double> values = read_values(program, patch);
        const bool is_itself = options.velocity == 1.0 && options.hit == 0;
        const Amounts amounts = is_itself ? Amounts() : read_amounts(program, patch, values.size());
        const auto audio = render(text, values, seed, where, is_itself ? nullptr : &amounts, options);
        write_wav(arguments[3], audio, (uint32_t)where.sample_rate);
    } catch (const backbeat::Invalid& invalid) {
        return std::fprintf(stderr, "error: %s\n", invalid.message.c_str()), 1;
    } catch (const std::exception& error) {
        return std::fprintf(stderr, "error: %s\n", error.what()), 1;
    }
}
