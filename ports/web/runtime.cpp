// What the C++ library of WASI lacks, which is built without exceptions, and what it asks of a host for nothing.
#include <cstdint>
#include <cstdlib>
#include <new>

// What C++ throws is one exception of WebAssembly's, with an address.
__asm__(
    ".globl __cpp_exception\n"
    ".tagtype __cpp_exception i32\n"
    "__cpp_exception:\n");

void* operator new(size_t size) {
    void* found = std::malloc(size ? size : 1);
    if (!found) throw std::bad_alloc();
    return found;
}

void* operator new[](size_t size) { return operator new(size); }

void operator delete(void* at) noexcept { std::free(at); }

void operator delete[](void* at) noexcept { std::free(at); }

void operator delete(void* at, size_t) noexcept { std::free(at); }

void operator delete[](void* at, size_t) noexcept { std::free(at); }

// Files, in which the library would write why a program is aborted: there are none, so a host has to offer none.
extern "C" {
constexpr int32_t kNotThere = 8;

int32_t fd_close(int32_t) __asm__("fd_close|wasi_snapshot_preview1");  // as Zig names it

int32_t fd_close(int32_t) { return kNotThere; }

int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t, int64_t, int32_t, int32_t) { return kNotThere; }

int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t, int32_t, int32_t, int32_t) { return kNotThere; }
}
