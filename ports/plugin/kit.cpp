#include "kit.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "document.h"
#include "json.h"
#include "text.h"

namespace backbeat {
namespace {

constexpr double kLastSeed = 2147483647.0;
constexpr double kLowestDb = -60.0, kHighestDb = 24.0;
constexpr double kMostOctaves = 1e3;
constexpr double kMostEndS = 600.0;
constexpr size_t kMostPrograms = kMostPads;
constexpr size_t kMostKnobs = 64;
constexpr size_t kMostSteps = 256;
// A program keeps such signals as a whole: ten seconds of one at 192 kHz take 8 MB.
constexpr int kMostStored = 64;
constexpr size_t kMostNodes = 4096;

constexpr const char* kHows[] = {"multiply", "divide", "add", "tilt", "tilt_gain", "shift", "settle"};

std::string as_text(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", number);
    return text;
}

std::string as_found(const Json* json) {
    if (!json) return "none";
    if (json->type == Json::Type::number) return as_text(json->number);
    if (json->type == Json::Type::string) return quoted(json->string);
    return Json::name_of(json->type);
}

[[noreturn]] void refuse_field(const std::string& field, const Json* found, const std::string& allowed) {
    refuse(field + ": found " + as_found(found) + "; must be " + allowed);
}

double number(const Json* found, const std::string& field, double least, double most) {
    if (!found || found->type != Json::Type::number || !(found->number >= least && found->number <= most))
        refuse_field(field, found, "a number from " + as_text(least) + " to " + as_text(most));
    return found->number;
}

int64_t whole(const Json* found, const std::string& field, double least, double most) {
    const bool is_number =
        found && found->type == Json::Type::number && found->number >= least && found->number <= most;
    if (!is_number || found->number != (double)(int64_t)found->number)
        refuse_field(field, found, "a whole number from " + as_text(least) + " to " + as_text(most));
    return (int64_t)found->number;
}

const std::string& text(const Json* found, const std::string& field) {
    if (!found || found->type != Json::Type::string) refuse_field(field, found, "a string");
    return found->string;
}

const std::vector<Json>& list(const Json* found, const std::string& field, size_t least, size_t most) {
    const bool is_list = found && found->type == Json::Type::array;
    const std::string allowed =
        least == most ? std::to_string(most) : std::to_string(least) + " to " + std::to_string(most);
    if (is_list && (found->items.size() < least || found->items.size() > most))
        refuse(field + ": found " + std::to_string(found->items.size()) + "; must be " + allowed);
    if (!is_list) refuse_field(field, found, "a list of " + allowed);
    return found->items;
}

void check_object(const Json& found, const std::string& field) {
    if (found.type != Json::Type::object) refuse_field(field, &found, "an object");
}

std::vector<double> numbers(const Json* found, const std::string& field, size_t count, double least, double most) {
    std::vector<double> made;
    made.reserve(count);
    for (const Json& each : list(found, field, count, count))
        made.push_back(number(&each, field + "[" + std::to_string(made.size()) + "]", least, most));
    return made;
}

// Control characters would break the lines in which a name is shown.
std::string name_in_a_line(const Json* found, const std::string& field) {
    std::string name = text(found, field);
    for (char& each : name)
        if ((unsigned char)each < 0x20 || each == 0x7f) each = ' ';
    return name;
}

class StepReader {
   public:
    StepReader(const Json& json, const std::string& where, const Document& program)
        : json_(json), where_(where), program_(program) {}

    Step step() const {
        check_object(json_, where_);
        Step made;
        const Parameter& own = parameter("parameter");
        made.first = own.first;
        made.size = own.size;
        made.low = own.low;
        made.high = own.high;
        made.how = how();
        if (made.how == Step::How::tilt || made.how == Step::How::tilt_gain || made.how == Step::How::shift)
            made.octaves = numbers(json_.find("octaves"), where_ + ".octaves", own.size, -kMostOctaves, kMostOctaves);
        if (made.how == Step::How::settle) {
            made.depth_st = parameter("depth_st").first;
            made.t60_s = parameter("t60_s").first;
            made.end_s = number(json_.find("end_s"), where_ + ".end_s", 0.0, kMostEndS);
        }
        if (const Json* keeps = json_.find("keeps_off")) {
            if (keeps->type != Json::Type::boolean) refuse_field(where_ + ".keeps_off", keeps, "true or false");
            made.keeps_off = keeps->boolean;
        }
        return made;
    }

   private:
    const Parameter& parameter(const char* field) const {
        const std::string& name = text(json_.find(field), where_ + "." + field);
        for (const Parameter& each : program_.parameters)
            if (each.name == name && each.low < each.high) return each;
        refuse_field(where_ + "." + field, json_.find(field), "a parameter of the program that has a range");
    }

    Step::How how() const {
        const std::string& name = text(json_.find("how"), where_ + ".how");
        for (size_t k = 0; k < sizeof kHows / sizeof *kHows; ++k)
            if (name == kHows[k]) return (Step::How)k;
        refuse_field(where_ + ".how", json_.find("how"), "multiply, divide, add, tilt, tilt_gain, shift or settle");
    }

    const Json& json_;
    const std::string& where_;
    const Document& program_;
};

class KitReader {
   public:
    static std::shared_ptr<const Kit> read(const std::string& written) {
        check_text(written);
        const Json json = Json::read(written.data(), written.size());
        check_object(json, "kit");
        auto kit = std::make_shared<Kit>();
        whole(json.find("schema"), "schema", 1, 1);
        kit->name = name_in_a_line(json.find("name"), "name");
        kit->author = name_in_a_line(json.find("author"), "author");
        kit->licence = name_in_a_line(json.find("licence"), "licence");
        kit->outputs = (int)whole(json.find("outputs"), "outputs", 1, kMostOutputs);
        kit->pad_of_note.fill(-1);
        read_programs(*kit, list(json.find("programs"), "programs", 1, kMostPrograms).size(), written);
        for (const Json& each : list(json.find("pads"), "pads", 1, kMostPads)) read_pad(*kit, each);
        return kit;
    }

   private:
    static void read_programs(Kit& kit, size_t count, const std::string& written) {
        const std::vector<std::string> texts = written_items(written, "programs");
        if (texts.size() != count) refuse("programs: found a name with escapes; must be written plainly");
        for (const std::string& each : texts) {
            const std::string where = "programs[" + std::to_string(kit.programs.size()) + "].";
            try {
                kit.programs.push_back(std::make_unique<const Program>(each));
            } catch (const Invalid& invalid) {
                refuse(where + invalid.message);
            }
            const std::shared_ptr<const backbeat_program> program = kit.programs.back()->side(0);
            if (backbeat_inputs(program.get())) refuse(where + "inputs: found some; must be none");
            const std::vector<Node>& nodes = document_of(*program).nodes;
            if (nodes.size() > kMostNodes)
                refuse(where + "nodes: found " + std::to_string(nodes.size()) + "; must be at most " +
                       std::to_string(kMostNodes));
            int stored = 0;
            for (const Node& node : nodes) stored += node.is_stored;
            if (stored > kMostStored)
                refuse(where + "nodes: found " + std::to_string(stored) +
                       " signals to be kept as a whole; must be at most " + std::to_string(kMostStored));
        }
    }

    static void read_pad(Kit& kit, const Json& json) {
        const std::string where = "pads[" + std::to_string(kit.pads.size()) + "]";
        check_object(json, where);
        const auto field = [&](const char* name) { return json.find(name); };
        const auto named = [&](const char* name) { return where + "." + name; };
        Pad made;
        made.name = name_in_a_line(field("name"), named("name"));
        made.patch = name_in_a_line(field("patch"), named("patch"));
        made.note = (int)whole(field("note"), named("note"), 0, kNotes - 1);
        const auto& notes = list(field("notes"), named("notes"), 2, 2);
        made.first_note = (int)whole(&notes[0], named("notes[0]"), 0, made.note);
        made.last_note = (int)whole(&notes[1], named("notes[1]"), made.note, kNotes - 1);
        made.level_db = number(field("level_db"), named("level_db"), kLowestDb, kHighestDb);
        made.pan = number(field("pan"), named("pan"), -1.0, 1.0);
        made.width = number(field("width"), named("width"), 0.0, 1.0);
        made.choke_group = (int)whole(field("choke_group"), named("choke_group"), 0, kMostPads);
        const std::string note_off = field("note_off") ? name_in_a_line(field("note_off"), named("note_off")) : "ring";
        if (note_off != "ring" && note_off != "choke")
            refuse(named("note_off") + ": found " + quoted(note_off) + "; must be \"ring\" or \"choke\"");
        made.is_held = note_off == "choke";
        made.output = (int)whole(field("output"), named("output"), 0, kit.outputs - 1);
        made.layers = (int)whole(field("layers"), named("layers"), 1, kMostLayers);
        made.round_robins = (int)whole(field("round_robins"), named("round_robins"), 1, kMostRoundRobins);
        made.seed = whole(field("seed"), named("seed"), 0, kLastSeed);
        const auto program = whole(field("program"), named("program"), 0, (double)kit.programs.size() - 1);
        made.program = kit.programs[program].get();
        read_entries(json, where, document_of(*made.program->side(0)), made);
        read_knobs(json, where, document_of(*made.program->side(0)), made);
        for (int note = made.first_note; note <= made.last_note; ++note) {
            int& owner = kit.pad_of_note[note];
            if (owner >= 0)
                refuse(where + ".notes: found " + std::to_string(note) + ", which " + quoted(kit.pads[owner].name) +
                       " has already; must be notes of its own");
            owner = (int)kit.pads.size();
        }
        kit.pads.push_back(std::move(made));
    }

    static void read_entries(const Json& json, const std::string& where, const Document& program, Pad& made) {
        const size_t count = program.entries;
        made.values = numbers(json.find("values"), where + ".values", count, -1e12, 1e12);
        for (const Parameter& each : program.parameters)
            for (int k = each.first; k < each.first + each.size && each.low < each.high; ++k)
                number(&json.find("values")->items[k], where + ".values[" + std::to_string(k) + "]", each.low,
                       each.high);
        made.velocity = numbers(json.find("velocity"), where + ".velocity", count, -1.0, 1.0);
        made.humanize = numbers(json.find("humanize"), where + ".humanize", count, -1.0, 1.0);
        for (const Json& each : list(json.find("curves"), where + ".curves", count, count))
            made.curves.push_back(whole(&each, where + ".curves[" + std::to_string(made.curves.size()) + "]",
                                        BACKBEAT_LINEAR, BACKBEAT_HARD));
    }

    static void read_knobs(const Json& json, const std::string& where, const Document& program, Pad& made) {
        const Json* macros = json.find("macros");
        if (!macros || macros->type != Json::Type::object) refuse_field(where + ".macros", macros, "an object");
        if (macros->fields.size() > kMostKnobs)
            refuse(where + ".macros: found " + std::to_string(macros->fields.size()) + "; must be at most " +
                   std::to_string(kMostKnobs));
        for (const auto& [name, macro] : macros->fields) {
            const std::string own = where + ".macros." + quoted(name);
            check_object(macro, own);
            Knob knob;
            knob.name = name;
            knob.unit = name_in_a_line(macro.find("unit"), own + ".unit");
            knob.help = name_in_a_line(macro.find("help"), own + ".help");
            for (const Json& step : list(macro.find("steps"), own + ".steps", 0, kMostSteps)) {
                const std::string place = own + ".steps[" + std::to_string(knob.steps.size()) + "]";
                knob.steps.push_back(StepReader(step, place, program).step());
            }
            made.knobs.push_back(std::move(knob));
        }
        if (made.first_note != made.last_note && !made.find_knob("tune"))
            refuse(where + ".notes: found several without a macro tune; must be one");
    }
};

}  // namespace

Program::Program(std::string text) : text_(std::move(text)) {
    char message[300];
    backbeat_program* program = nullptr;
    const int status = backbeat_read(text_.data(), text_.size(), &program, message, sizeof message);
    if (status == BACKBEAT_INVALID) refuse(message);
    if (status != BACKBEAT_OK) throw std::bad_alloc();
    sides_[0] = {program, backbeat_free};
}

std::shared_ptr<const backbeat_program> Program::side(int number) const {
    std::lock_guard<std::mutex> lock(mutex_);
    std::shared_ptr<const backbeat_program>& found = sides_[(size_t)number];
    if (!found) {
        backbeat_program* program = nullptr;
        if (backbeat_read(text_.data(), text_.size(), &program, nullptr, 0) != BACKBEAT_OK) throw std::bad_alloc();
        found = {program, backbeat_free};
    }
    return found;
}

void Program::forget_sides() const {
    std::lock_guard<std::mutex> lock(mutex_);
    std::fill(sides_.begin() + 1, sides_.end(), nullptr);
}

const Knob* Pad::find_knob(const std::string& wanted) const {
    for (const Knob& each : knobs)
        if (each.name == wanted) return &each;
    return nullptr;
}

std::shared_ptr<const Kit> Kit::read(const std::string& text) {
    try {
        return KitReader::read(text);
    } catch (const Invalid& invalid) {
        throw std::runtime_error(invalid.message);
    } catch (const std::bad_alloc&) {
        throw std::runtime_error("kit: found too much for the memory there is; must be smaller");
    }
}

}  // namespace backbeat
