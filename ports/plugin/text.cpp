#include "text.h"

#include <algorithm>

#include "json.h"

namespace backbeat {
namespace {

// A kit of 128 pads with as many partials and bands as there may be is a fraction of it.
constexpr size_t kMostBytes = size_t(32) << 20;
// Each takes some hundred bytes in memory.
constexpr size_t kMostValues = 1000000;
// Names are looked up one after the other.
constexpr size_t kMostFields = 256;
constexpr size_t kDeepest = 64;

size_t after_string(const std::string& text, size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return at + 1;
}

size_t after_spaces(const std::string& text, size_t at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')) ++at;
    return at;
}

size_t after_value(const std::string& text, size_t at) {
    size_t depth = 0;
    while (at < text.size()) {
        const char next = text[at];
        if (next == '"') {
            at = after_string(text, at);
            if (!depth) return at;
            continue;
        }
        if (!depth && (next == ',' || next == ']' || next == '}')) return at;
        if (next == '[' || next == '{') ++depth;
        if ((next == ']' || next == '}') && !--depth) return at + 1;
        ++at;
    }
    return at;
}

// Where the value of a field of the outermost object begins; the end of the text where there is none.
size_t value_of(const std::string& text, const std::string& name) {
    size_t at = after_spaces(text, 0) + 1;
    while (at < text.size()) {
        at = after_spaces(text, at);
        if (at >= text.size() || text[at] != '"') break;
        const size_t end = after_string(text, at);
        const bool is_it = text.compare(at + 1, end - at - 2, name) == 0;
        at = after_spaces(text, after_spaces(text, end) + 1);  // past the colon
        if (is_it) return std::min(at, text.size());
        at = after_spaces(text, after_value(text, at)) + 1;  // past the comma
    }
    return text.size();
}

bool continues(const std::string& text, size_t at) {
    return at < text.size() && ((unsigned char)text[at] & 0xc0) == 0x80;
}

// How many bytes the character takes that begins here; 0 where none does.
size_t bytes_of_character(const std::string& text, size_t at) {
    const auto first = (unsigned char)text[at];
    if (first < 0x80) return 1;
    const size_t count = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return 0;
    for (size_t k = 1; k < count; ++k)
        if (!continues(text, at + k)) return 0;
    const auto second = (unsigned char)text[at + 1];
    const bool is_short = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool is_beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return is_short || is_beyond ? 0 : count;
}

}  // namespace

void check_text(const std::string& text) {
    if (text.size() > kMostBytes)
        refuse("found " + std::to_string(text.size()) + " bytes; must be at most " + std::to_string(kMostBytes));
    for (size_t at = 0; at < text.size();) {
        const size_t bytes = bytes_of_character(text, at);
        if (!bytes) refuse("byte " + std::to_string(at) + ": found no character; must be UTF-8");
        at += bytes;
    }
    size_t values = 1;
    std::vector<size_t> members;
    for (size_t at = 0; at < text.size();) {
        const char next = text[at];
        if (next == '"') {
            at = after_string(text, at);
            continue;
        }
        if (next == '[' || next == '{') members.push_back(next == '{' ? 1 : 0);
        if ((next == ']' || next == '}') && !members.empty()) members.pop_back();
        if (members.size() > kDeepest) refuse("byte " + std::to_string(at) + ": found too many levels; must be JSON");
        if (next == ',' || next == '[' || next == '{') ++values;
        if (next == ',' && !members.empty() && members.back() && ++members.back() > kMostFields)
            refuse("byte " + std::to_string(at) + ": found more than " + std::to_string(kMostFields) +
                   " fields; must be at most as many");
        if (values > kMostValues)
            refuse("byte " + std::to_string(at) + ": found more than " + std::to_string(kMostValues) +
                   " values; must be at most as many");
        ++at;
    }
}

std::vector<std::string> written_items(const std::string& text, const std::string& name) {
    std::vector<std::string> found;
    size_t at = value_of(text, name);
    if (at >= text.size() || text[at] != '[') return found;
    for (++at; at < text.size(); ++at) {
        at = after_spaces(text, at);
        const size_t end = after_value(text, at);
        if (end > at) found.push_back(text.substr(at, end - at));
        at = after_spaces(text, end);
        if (at < text.size() && text[at] != ',') break;
    }
    return found;
}

std::string written_field(const std::string& text, const std::string& name) {
    const size_t at = value_of(text, name);
    return text.substr(at, after_value(text, at) - at);
}

std::string with_field(const std::string& text, const std::string& name, const std::string& value) {
    const size_t at = value_of(text, name);
    if (at >= text.size()) refuse(name + ": none found; must be there");
    return text.substr(0, at) + value + text.substr(after_value(text, at));
}

}  // namespace backbeat
