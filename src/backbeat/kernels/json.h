// A bounded reader of JSON: RFC 8259, at most 16 levels deep, with numbers rounded correctly in any locale.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scalar.h"

namespace backbeat {

// What is wrong with a text, and where; it never leaves the library.
struct Invalid {
    std::string message;
};

[[noreturn]] inline void refuse(const std::string& message) { throw Invalid{message}; }

// What was found, as a message of one line may say it.
inline std::string quoted(const std::string& found) {
    constexpr size_t kMost = 60;
    std::string said = "'" + found.substr(0, kMost) + (found.size() > kMost ? "...'" : "'");
    for (char& each : said)
        if ((unsigned char)each < 0x20 || each == 0x7f) each = '?';
    return said;
}

class Json {
   public:
    enum class Type { null, boolean, number, string, array, object };

    Type type = Type::null;
    bool boolean = false;
    double number = 0.0;
    std::string string;
    std::vector<Json> items;                           // of an array
    std::vector<std::pair<std::string, Json>> fields;  // of an object

    static Json read(const char* text, size_t length);

    const Json* find(const char* name) const {
        for (const auto& field : fields)
            if (field.first == name) return &field.second;
        return nullptr;
    }

    // The field of that name and type.
    const Json& at(const char* name, Type wanted, const std::string& where) const {
        const Json* found = find(name);
        if (!found || found->type != wanted) refuse(where + name + ": none found; must be " + name_of(wanted));
        return *found;
    }

    static std::string name_of(Type type) {
        constexpr const char* kNames[] = {"null", "true or false", "a number", "a string", "a list", "an object"};
        return kNames[(int)type];
    }
};

namespace detail {

// Numbers of any size, for the rounding of decimal fractions.
class Whole {
   public:
    explicit Whole(uint64_t value) : words_{(uint32_t)value, (uint32_t)(value >> 32)} { trim(); }

    void multiply(uint32_t by) {
        uint64_t carry = 0;
        for (uint32_t& word : words_) {
            carry += (uint64_t)word * by;
            word = (uint32_t)carry;
            carry >>= 32;
        }
        if (carry) words_.push_back((uint32_t)carry);
    }

    void power(uint32_t base, int exponent) {
        for (; exponent > 0; --exponent) multiply(base);
    }

    void shift(int places) {
        words_.insert(words_.begin(), places / 32, 0u);
        if (places % 32) multiply(1u << places % 32);
    }

    // -1, 0 or 1.
    int compare(const Whole& other) const {
        if (words_.size() != other.words_.size()) return words_.size() < other.words_.size() ? -1 : 1;
        for (size_t k = words_.size(); k-- > 0;)
            if (words_[k] != other.words_[k]) return words_[k] < other.words_[k] ? -1 : 1;
        return 0;
    }

   private:
    void trim() {
        while (!words_.empty() && !words_.back()) words_.pop_back();
    }

    std::vector<uint32_t> words_;
};

// digits x 10^exponent against mantissa x 2^power: -1, 0 or 1.
inline int compare(uint64_t digits, int exponent, uint64_t mantissa, int power) {
    Whole decimal(digits);
    Whole binary(mantissa);
    if (exponent > 0) decimal.power(10, exponent);
    if (exponent < 0) binary.power(10, -exponent);
    if (power > 0) binary.shift(power);
    if (power < 0) decimal.shift(-power);
    return decimal.compare(binary);
}

// The double nearest to digits x 10^exponent, of at most 19 digits; a tie goes to the even one.
inline double nearest(uint64_t digits, int exponent) {
    if (!digits || exponent < -340) return 0.0;
    if (exponent > 310) return double_of(0x7ff0000000000000u);
    double guess = (double)digits;
    for (int k = 0; k < exponent; ++k) guess *= 10.0;
    for (int k = 0; k > exponent; --k) guess /= 10.0;
    if (!(guess < 1.7e308)) return double_of(0x7ff0000000000000u);
    // The guess is a few units off: step until the number lies within half a unit.
    for (int step = 0; step < 1000; ++step) {
        const uint64_t bits = bits_of(guess);
        const bool is_normal = bits >> 52;
        const uint64_t mantissa = (bits & 0x000fffffffffffffu) | (is_normal ? 0x0010000000000000u : 0u);
        const int power = (is_normal ? (int)(bits >> 52) : 1) - 1075;
        const int above = compare(digits, exponent, 2 * mantissa + 1, power - 1);
        if (above > 0 || (above == 0 && (mantissa & 1))) {
            guess = double_of(bits + 1);
            continue;
        }
        if (!mantissa) return guess;
        const bool is_power = mantissa == 0x0010000000000000u && (bits >> 52) > 1;
        const int below = is_power ? compare(digits, exponent, 4 * mantissa - 1, power - 2)
                                   : compare(digits, exponent, 2 * mantissa - 1, power - 1);
        if (below < 0 || (below == 0 && (mantissa & 1))) {
            guess = double_of(bits - 1);
            continue;
        }
        return guess;
    }
    return guess;
}

class Reader {
   public:
    Reader(const char* text, size_t length) : at_(text), begin_(text), end_(text + length) {}

    Json document() {
        Json found = value(0);
        spaces();
        if (at_ != end_) fail("more text after the end");
        return found;
    }

   private:
    static constexpr int kDeepest = 16;

    [[noreturn]] void fail(const char* what) const {
        refuse("byte " + std::to_string(at_ - begin_) + ": " + what + "; must be JSON");
    }

    void spaces() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
    }

    char next() const { return at_ == end_ ? '\0' : *at_; }

    void expect(char wanted) {
        if (next() != wanted) fail("found something else than wanted");
        ++at_;
    }

    bool accept(const char* word) {
        const size_t length = std::strlen(word);
        if ((size_t)(end_ - at_) < length || std::memcmp(at_, word, length) != 0) return false;
        at_ += length;
        return true;
    }

    Json value(int depth) {
        if (depth > kDeepest) fail("found too many levels");
        spaces();
        Json found;
        switch (next()) {
            case '{':
                object(found, depth);
                break;
            case '[':
                array(found, depth);
                break;
            case '"':
                found.type = Json::Type::string;
                found.string = string();
                break;
            default:
                if (accept("null")) break;
                if (accept("true") || accept("false")) {
                    found.type = Json::Type::boolean;
                    found.boolean = at_[-2] == 'u';
                    break;
                }
                found.type = Json::Type::number;
                found.number = number();
        }
        return found;
    }

    void object(Json& found, int depth) {
        found.type = Json::Type::object;
        expect('{');
        spaces();
        if (next() == '}') return expect('}');
        while (true) {
            spaces();
            std::string name = string();
            if (found.find(name.c_str())) fail("found a name twice");
            spaces();
            expect(':');
            found.fields.emplace_back(std::move(name), value(depth + 1));
            spaces();
            if (next() != ',') return expect('}');
            expect(',');
        }
    }

    void array(Json& found, int depth) {
        found.type = Json::Type::array;
        expect('[');
        spaces();
        if (next() == ']') return expect(']');
        while (true) {
            found.items.push_back(value(depth + 1));
            spaces();
            if (next() != ',') return expect(']');
            expect(',');
        }
    }

    std::string string() {
        expect('"');
        std::string found;
        while (next() != '"') {
            if (at_ == end_ || (unsigned char)*at_ < 0x20) fail("found no end of a string");
            if (*at_ != '\\') {
                found += *at_++;
                continue;
            }
            ++at_;
            escape(found);
        }
        ++at_;
        return found;
    }

    void escape(std::string& found) {
        constexpr char kNames[] = "\"\\/bfnrt";
        constexpr char kMeant[] = "\"\\/\b\f\n\r\t";
        const char name = next();
        if (name == 'u') {
            ++at_;
            return unicode(found);
        }
        const char* known = name ? std::strchr(kNames, name) : nullptr;
        if (!known) fail("found an unknown escape");
        found += kMeant[known - kNames];
        ++at_;
    }

    uint32_t four_digits() {
        uint32_t found = 0;
        for (int k = 0; k < 4; ++k) {
            const char digit = next();
            uint32_t worth;
            if (digit >= '0' && digit <= '9') {
                worth = (uint32_t)(digit - '0');
            } else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') {
                worth = (uint32_t)((digit | 0x20) - 'a' + 10);
            } else {
                fail("found no four digits");
            }
            found = found * 16 + worth;
            ++at_;
        }
        return found;
    }

    void unicode(std::string& found) {
        uint32_t code = four_digits();
        if (code >= 0xd800 && code < 0xdc00) {
            if (!accept("\\u")) fail("found half a character");
            const uint32_t low = four_digits();
            if (low < 0xdc00 || low > 0xdfff) fail("found half a character");
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        } else if (code >= 0xdc00 && code < 0xe000) {
            fail("found half a character");
        }
        if (code < 0x80) {
            found += (char)code;
        } else if (code < 0x800) {
            found += (char)(0xc0 | code >> 6);
            found += (char)(0x80 | (code & 0x3f));
        } else {
            if (code < 0x10000) {
                found += (char)(0xe0 | code >> 12);
            } else {
                found += (char)(0xf0 | code >> 18);
                found += (char)(0x80 | (code >> 12 & 0x3f));
            }
            found += (char)(0x80 | (code >> 6 & 0x3f));
            found += (char)(0x80 | (code & 0x3f));
        }
    }

    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    double number() {
        const bool is_negative = next() == '-';
        if (is_negative) ++at_;
        if (!is_digit(next())) fail("found no value");
        uint64_t digits = 0;
        int exponent = 0;
        int count = 0;
        if (next() == '0' && at_ + 1 != end_ && is_digit(at_[1])) fail("found a number that begins with 0");
        const auto add = [&](char digit, int shift) {
            if (count < 19) {
                digits = digits * 10 + (uint64_t)(digit - '0');
                exponent += shift;
                if (digits) ++count;
            } else {
                exponent += shift + 1;
            }
        };
        while (is_digit(next())) add(*at_++, 0);
        if (next() == '.') {
            ++at_;
            if (!is_digit(next())) fail("found no digit after the point");
            while (is_digit(next())) add(*at_++, -1);
        }
        if ((next() | 0x20) == 'e') {
            ++at_;
            const bool is_small = next() == '-';
            if (next() == '-' || next() == '+') ++at_;
            if (!is_digit(next())) fail("found no digit after e");
            int written = 0;
            while (is_digit(next())) {
                if (written < 100000) written = written * 10 + (*at_ - '0');
                ++at_;
            }
            exponent += is_small ? -written : written;
        }
        const double found = nearest(digits, exponent);
        if (found > 1.7e308) fail("found a number that is too great");
        return is_negative ? -found : found;
    }

    const char *at_, *begin_, *end_;
};

}  // namespace detail

inline Json Json::read(const char* text, size_t length) { return detail::Reader(text, length).document(); }

}  // namespace backbeat
