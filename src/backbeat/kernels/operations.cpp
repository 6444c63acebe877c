// The operations there are, by name.
#include <cstring>

#include "operation.h"

namespace backbeat {

#define BACKBEAT_OPERATIONS(each)                                                                                  \
    each(kAdsrOperation) each(kAttackOperation) each(kBiquadOperation) each(kBurstsOperation) each(kCombOperation) \
        each(kDecayOperation) each(kFirOperation) each(kModalOperation) each(kNoiseOperation)                      \
            each(kNoiseBandsOperation) each(kSinesOperation) each(kSoftClipOperation) each(kSquaresOperation)      \
                each(kSweptModalOperation) each(kTanhClipOperation)

#define BACKBEAT_DECLARE(name) extern const Operation name;
BACKBEAT_OPERATIONS(BACKBEAT_DECLARE)
#undef BACKBEAT_DECLARE

const Operation* operation_at(int number) {
#define BACKBEAT_ADDRESS(name) &name,
    static const Operation* const kAll[] = {BACKBEAT_OPERATIONS(BACKBEAT_ADDRESS) nullptr};
#undef BACKBEAT_ADDRESS
    return kAll[number];
}

const Operation* find_operation(const char* name, size_t length) {
    for (int k = 0; const Operation* each = operation_at(k); ++k)
        if (std::strlen(each->name) == length && std::memcmp(each->name, name, length) == 0) return each;
    return nullptr;
}

}  // namespace backbeat
