#include "factory.h"

#include <cstddef>

namespace backbeat {
namespace {

struct Written {
    const char* name;
    const char* before;               // what comes before the list of programs,
    std::vector<std::size_t> places;  // its entries, of those that kits share,
    const char* after;                // and what comes behind it
};

#include "factory_kits.inc"  // written by write_kits.py: PROGRAMS, texts of JSON, and KITS

}  // namespace

std::vector<std::string> factory_names() {
    std::vector<std::string> names;
    for (const Written& kit : KITS) names.emplace_back(kit.name);
    return names;
}

std::string factory_kit(const std::string& name) {
    std::string json;
    for (const Written& kit : KITS) {
        if (name != kit.name) continue;
        json = kit.before;
        for (std::size_t k = 0; k < kit.places.size(); ++k) {
            if (k > 0) json += ',';
            json += PROGRAMS[kit.places[k]];
        }
        json += kit.after;
    }
    return json;
}

}  // namespace backbeat
