// Reading and planning of programs. What a document may hold is closed: anything else is refused by name.
#include "document.h"

#include <cctype>

namespace backbeat {
namespace {

constexpr int kMostNodes = 100000;
constexpr int kMostEntries = 65536;
constexpr int kSchema = 1;
constexpr double kLastStream = 4294967295.0;
constexpr double kMostSeconds = 60.0;

struct Known {
    const char* name;
    Function function;
    int operands;  // -1 for any number
};

constexpr Known kFunctions[] = {
    {"add", Function::add, 2},
    {"subtract", Function::subtract, 2},
    {"multiply", Function::multiply, 2},
    {"negate", Function::negate, 1},
    {"divide", Function::divide, 2},
    {"minimum", Function::minimum, 2},
    {"maximum", Function::maximum, 2},
    {"exp", Function::exponential, 1},
    {"log", Function::logarithm, 1},
    {"sqrt", Function::square_root, 1},
    {"power", Function::power, 2},
    {"tanh", Function::tanh, 1},
    {"sin", Function::sine, 1},
    {"cos", Function::cosine, 1},
    {"absolute", Function::absolute, 1},
    {"concatenate", Function::concatenate, -1},
    {"slice", Function::slice, 1},
    {"sum", Function::sum, 1},
    {"constant", Function::constant, 0},
    {"parameter", Function::parameter, 0},
    {"sample_rate", Function::sample_rate, 0},
    {"input", Function::input, 0},
};

class Planner {
   public:
    explicit Planner(const Json& json) : json_(json) {}

    Document document() {
        if (json_.type != Json::Type::object) refuse("program: found " + Json::name_of(json_.type));
        const double schema = json_.at("schema", Json::Type::number, "").number;
        if (schema != kSchema) {
            refuse("schema: found " + std::to_string((int)clamped(schema, -1e9, 1e9)) + "; this version reads " +
                   std::to_string(kSchema));
        }
        for (const Json& each : json_.at("parameters", Json::Type::array, "").items) read_parameter(each);
        made_.input_signals = json_.find("inputs") ? whole(json_, "inputs", 0, 64, "") : 0;
        const auto& nodes = json_.at("nodes", Json::Type::array, "").items;
        if (nodes.empty() || nodes.size() > (size_t)kMostNodes) {
            refuse("nodes: found " + std::to_string(nodes.size()) + "; must be from 1 to " +
                   std::to_string(kMostNodes));
        }
        made_.nodes.reserve(nodes.size());
        for (const Json& each : nodes) read_node(each);
        made_.output = whole(json_, "output", 0, (int)nodes.size() - 1, "");
        if (!node(made_.output).is_signal) refuse("output: found a control; must be a signal");
        plan();
        return std::move(made_);
    }

   private:
    static int whole(const Json& in, const char* name, int least, int most, const std::string& where) {
        const double found = in.at(name, Json::Type::number, where).number;
        if (!(found >= least && found <= most) || found != rounded(found)) {
            refuse(where + name + ": must be a whole number from " + std::to_string(least) + " to " +
                   std::to_string(most));
        }
        return (int)found;
    }

    Node& node(int number) { return made_.nodes[number]; }

    void read_parameter(const Json& json) {
        const std::string where = "parameters[" + std::to_string(made_.parameters.size()) + "].";
        Parameter found;
        found.name = json.at("name", Json::Type::string, where).string;
        const std::string& scale = json.at("scale", Json::Type::string, where).string;
        found.size = whole(json, "size", 1, kMostEntries, where);
        found.low = found.high = 0.0;
        if (scale == "physical") {
            found.scale = Parameter::Scale::physical;
        } else if (scale == "choice") {
            found.scale = Parameter::Scale::choice;
        } else if (scale == "linear" || scale == "log") {
            found.scale = scale == "log" ? Parameter::Scale::log : Parameter::Scale::linear;
            found.low = json.at("low", Json::Type::number, where).number;
            found.high = json.at("high", Json::Type::number, where).number;
            if (!(found.low < found.high)) refuse(where + "low: must be below high");
            if (scale == "log" && !(found.low > 0.0)) refuse(where + "low: must be above 0 on a log scale");
        } else {
            refuse(where + "scale: found " + quoted(scale) + "; must be linear, log, choice or physical");
        }
        const Json* unit = json.find("unit");
        found.is_phase = unit && unit->string == "cycles";
        found.first = made_.entries;
        made_.entries += found.size;
        if (made_.entries > kMostEntries) refuse("parameters: found too many entries");
        made_.parameters.push_back(std::move(found));
    }

    void read_node(const Json& json) {
        const int number = (int)made_.nodes.size();
        const std::string where = "nodes[" + std::to_string(number) + "].";
        if (json.type != Json::Type::object) refuse(where + "operation: none found");
        const std::string& name = json.at("operation", Json::Type::string, where).string;
        Node found;
        const Known* known = nullptr;
        for (const Known& each : kFunctions)
            if (name == each.name) known = &each;
        found.operation = known ? nullptr : find_operation(name.c_str(), name.size());
        if (!known && !found.operation)
            refuse(where + "operation: found " + quoted(name) + ", which this version has not");
        found.function = known ? known->function : Function::operation;
        if (const Json* inputs = json.find("inputs")) {
            if (inputs->type != Json::Type::array) refuse(where + "inputs: must be a list");
            for (const Json& each : inputs->items) found.inputs.push_back(input(each, number, where));
        }
        if (known) {
            read_function(json, *known, found, where);
        } else {
            read_operation(json, found, where);
        }
        made_.nodes.push_back(std::move(found));
    }

    static int input(const Json& json, int number, const std::string& where) {
        if (json.type == Json::Type::null) return -1;
        const double found = json.type == Json::Type::number ? json.number : -1.0;
        if (!(found >= 0.0 && found < number) || found != rounded(found)) {
            refuse(where + "inputs: must be the numbers of earlier nodes");
        }
        return (int)found;
    }

    void read_function(const Json& json, const Known& known, Node& found, const std::string& where) {
        if (known.operands >= 0 ? (int)found.inputs.size() != known.operands : found.inputs.empty()) {
            refuse(where + "inputs: found " + std::to_string(found.inputs.size()) + " of " + known.name + "; must be " +
                   (known.operands < 0 ? "1 or more" : std::to_string(known.operands)));
        }
        bool has_signal = false;
        found.is_constant = true;
        for (int each : found.inputs) {
            if (each < 0) refuse(where + "inputs: none of " + known.name + " may be left out");
            has_signal = has_signal || node(each).is_signal;
            found.is_constant = found.is_constant && node(each).is_constant;
        }
        switch (known.function) {
            case Function::constant:
                for (const Json& each : json.at("values", Json::Type::array, where).items) {
                    if (each.type != Json::Type::number) refuse(where + "values: must be numbers");
                    found.values.push_back(each.number);
                }
                if (found.values.empty()) refuse(where + "values: none found");
                found.size = (int)found.values.size();
                return;
            case Function::sample_rate:
                return;
            case Function::parameter: {
                if (made_.parameters.empty()) refuse(where + "index: there are no parameters");
                const Parameter& own =
                    made_.parameters[whole(json, "index", 0, (int)made_.parameters.size() - 1, where)];
                found.first = own.first;
                found.size = own.size;
                found.is_constant = false;
                return;
            }
            case Function::input:
                if (!made_.input_signals) refuse(where + "index: there are no inputs");
                found.first = whole(json, "index", 0, made_.input_signals - 1, where);
                found.is_signal = true;
                found.is_constant = false;
                return;
            case Function::concatenate:
                if (has_signal) refuse(where + "inputs: found a signal; concatenate takes controls");
                found.size = 0;
                for (int each : found.inputs) found.size += node(each).size;
                if (found.size > kMostEntries) refuse(where + "inputs: found too many entries");
                return;
            case Function::slice: {
                if (has_signal) refuse(where + "inputs: found a signal; slice takes controls");
                const int from = node(found.inputs[0]).size;
                found.first = whole(json, "start", 0, from - 1, where);
                found.size = whole(json, "stop", found.first + 1, from, where) - found.first;
                return;
            }
            case Function::sum:
                if (has_signal) refuse(where + "inputs: found a signal; sum takes controls");
                return;
            default:
                break;
        }
        if (has_signal) {
            if (known.function > Function::negate)
                refuse(where + "inputs: found a signal; " + known.name + " takes controls");
            found.is_signal = true;
            for (int each : found.inputs)
                if (!node(each).is_signal && node(each).size != 1)
                    refuse(where + "inputs: found a control of " + std::to_string(node(each).size) +
                           " entries beside a signal; must be of one");
            return;
        }
        for (int each : found.inputs) {
            const int size = node(each).size;
            if (size != 1 && found.size != 1 && size != found.size) {
                refuse(where + "inputs: found " + std::to_string(found.size) + " and " + std::to_string(size) +
                       " entries; must be as many, or one");
            }
            if (size != 1) found.size = size;
        }
    }

    // What any operation may be given under a name.
    static double attribute(const Json& json, const std::string& name, const std::string& where) {
        const double found = json.at(name.c_str(), Json::Type::number, where).number;
        if (name == "stream") {
            if (!(found >= 0.0 && found <= kLastStream) || found != rounded(found))
                refuse(where + "stream: must be a whole number from 0 to 4294967295");
        } else if (!(found >= 0.0 && found <= kMostSeconds)) {
            refuse(where + name + ": must be a number from 0 to 60");
        }
        return found;
    }

    // The operation's own list of controls says what their sizes must be.
    void read_operation(const Json& json, Node& found, const std::string& where) {
        const Operation& own = *found.operation;
        found.is_signal = true;
        found.is_constant = true;
        for (int each : found.inputs) found.is_constant = found.is_constant && (each < 0 || node(each).is_constant);
        size_t next = 0;
        if (own.kind != Kind::source) {
            if (found.inputs.empty() || found.inputs[0] < 0 || !node(found.inputs[0]).is_signal)
                refuse(where + "inputs[0] of " + own.name + ": must be a signal");
            next = 1;
        }
        int sizes[128] = {};
        for (const char* at = own.controls; *at;) {
            const char wanted = *at++;
            const bool is_paired = *at == '&';
            const bool is_optional = *at == '?' || (is_paired && found.inputs[next - 1] < 0);
            while (*at == '?' || *at == '&' || *at == ' ') ++at;
            if (next == found.inputs.size()) found.inputs.push_back(-1);
            const int given = found.inputs[next++];
            const std::string place = where + "inputs[" + std::to_string(next - 1) + "] of " + own.name + ": ";
            if (given < 0) {
                if (!is_optional) refuse(place + "none found; must be a control");
                continue;
            }
            if (is_paired && is_optional) refuse(place + "found one without the input before it");
            if (node(given).is_signal) refuse(place + "found a signal; must be a control");
            const int size = node(given).size;
            int& shared = sizes[wanted == 'm' ? 'n' : (int)wanted];
            if (!shared) shared = std::isdigit((unsigned char)wanted) ? wanted - '0' : size;
            if (wanted == 'm' && size == 1) continue;  // which serves all
            if (size != shared) {
                refuse(place + "found " + std::to_string(size) + " entries; must be " + std::to_string(shared));
            }
            if (wanted == 'a' && size > 4) refuse(place + "found " + std::to_string(size) + " entries; at most 4");
        }
        if (next != found.inputs.size()) refuse(where + "inputs: found too many of " + own.name);
        const std::string names = own.attributes;
        for (size_t begin = 0; begin < names.size();) {
            const size_t end = std::min(names.find(' ', begin), names.size());
            const std::string name = names.substr(begin, end - begin);
            found.attributes.push_back(attribute(json, name, where));
            begin = end + 1;
        }
    }

    // A control that is an operand, or none.
    static bool is_pointwise(const Node& each) {
        return each.is_signal && !each.operation && each.function != Function::input;
    }

    void plan() {
        std::vector<Node>& nodes = made_.nodes;
        const int count = (int)nodes.size();
        std::vector<int> earliest(count, 0), latest(count, -1);
        std::vector<char> is_used(count, 0);
        is_used[made_.output] = 1;
        for (int n = count; n-- > 0;)
            if (is_used[n])
                for (int each : nodes[n].inputs)
                    if (each >= 0) is_used[each] = 1;
        for (int n = 0; n < count; ++n) {
            if (!nodes[n].is_signal) continue;
            for (int each : nodes[n].inputs)
                if (each >= 0 && nodes[each].is_signal) earliest[n] = std::max(earliest[n], earliest[each]);
            if (nodes[n].is_transform()) ++earliest[n];
        }
        // As late as its first reader, so that little has to be stored.
        made_.stages = earliest[made_.output] + 1;
        latest[made_.output] = earliest[made_.output];
        for (int n = count; n-- > 0;) {
            Node& reader = nodes[n];
            if (!reader.is_signal || !is_used[n]) continue;
            reader.stage = latest[n];
            const int wanted = reader.is_transform() ? reader.stage - 1 : reader.stage;
            for (int each : reader.inputs) {
                if (each < 0 || !nodes[each].is_signal) continue;
                latest[each] = latest[each] < 0 ? wanted : std::min(latest[each], wanted);
            }
        }
        for (int n = 0; n < count; ++n) {
            Node& each = nodes[n];
            if (!is_used[n]) {
                each.is_signal = false;  // nobody hears it
                each.function = Function::constant;
                each.operation = nullptr;
                each.inputs.clear();
                each.values.assign(each.size, 0.0);
                continue;
            }
            if (!each.is_signal) continue;
            each.is_stored = each.is_transform() || each.function == Function::input;
        }
        for (int n = 0; n < count; ++n) {
            if (!nodes[n].is_signal) continue;
            for (int each : nodes[n].inputs) {
                if (each < 0 || !nodes[each].is_signal) continue;
                if (nodes[n].is_transform() || nodes[n].stage > nodes[each].stage) nodes[each].is_stored = true;
            }
        }
        count_readers();
        made_.tiled.resize(made_.stages);
        made_.transforms.resize(made_.stages);
        for (int n = 0; n < count; ++n) {
            Node& each = nodes[n];
            if (!each.is_signal) continue;
            if (!each.is_stored) each.tile = made_.tiles++;
            made_.signals.push_back(n);
            if (each.function == Function::input) continue;
            (each.is_transform() ? made_.transforms : made_.tiled)[each.stage].push_back(n);
        }
    }

    // Where the gradient of each signal is gathered: what one reader alone gives it is written, and not added.
    void count_readers() {
        std::vector<Node>& nodes = made_.nodes;
        std::vector<int> readers(nodes.size(), 0);
        readers[made_.output] = 1;
        for (const Node& each : nodes)
            if (each.is_signal)
                for (int from : each.inputs)
                    if (from >= 0) ++readers[from];
        for (size_t n = 0; n < nodes.size(); ++n) nodes[n].is_read_once = readers[n] == 1 && !nodes[n].is_stored;
    }

    const Json& json_;
    Document made_;
};

}  // namespace

Document Document::read(const char* json, size_t length) { return Planner(Json::read(json, length)).document(); }

}  // namespace backbeat
