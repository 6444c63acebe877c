// What a call of the C interface returns for what was thrown in it: no exception leaves the library.
#pragma once

#include <new>

#include "backbeat.h"
#include "threads.h"

namespace backbeat {

template <typename Work>
int status_of(Work work) {
    try {
        StandardFloats while_here;
        work();
        return BACKBEAT_OK;
    } catch (const std::bad_alloc&) {
        return BACKBEAT_OUT_OF_MEMORY;
    } catch (...) {
        return BACKBEAT_FAILED;
    }
}

}  // namespace backbeat
