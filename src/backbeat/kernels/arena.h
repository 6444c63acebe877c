// Memory for one item at a time: taken piece by piece, given back as a whole, and kept for the next item. And vectors
// of floats that begin on a line of the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace backbeat {

// Allocates values from the beginning of a line of the cache on, so that no vector lies in two lines.
template <typename Value>
struct OnLine {
    using value_type = Value;

    OnLine() = default;
    template <typename Other>
    OnLine(const OnLine<Other>&) {}

    Value* allocate(size_t count) { return static_cast<Value*>(::operator new(count * sizeof(Value), kLine)); }
    void deallocate(Value* values, size_t) { ::operator delete(values, kLine); }
    bool operator==(const OnLine&) const { return true; }
    bool operator!=(const OnLine&) const { return false; }

   private:
    static constexpr std::align_val_t kLine{64};
};

using Floats = std::vector<float, OnLine<float>>;

class Arena {
   public:
    // Uninitialised room for so many values. After the first item of a kind there is room, and nothing is allocated.
    template <typename Value>
    Value* allocate(int64_t count) {
        static_assert(std::is_trivially_destructible_v<Value>);
        if ((uint64_t)count > kMost / sizeof(Value)) throw std::bad_alloc();  // WebAssembly's addresses have 32 bits
        return static_cast<Value*>(bytes((size_t)count * sizeof(Value)));
    }

    // The same, zero.
    template <typename Value>
    Value* zeros(int64_t count) {
        Value* values = allocate<Value>(count);
        std::memset((void*)values, 0, (size_t)count * sizeof(Value));
        return values;
    }

    // Give all back.
    void reset() {
        for (const Chunk& each : chunks_) forbid(each.memory.get(), each.size + kAlignment);
        current_ = 0;
        used_ = 0;
    }

   private:
    static constexpr size_t kAlignment = 64;
    static constexpr size_t kLeast = size_t(1) << 20;
    static constexpr size_t kMost = SIZE_MAX / 2;

    struct Chunk {
        std::unique_ptr<char[]> memory;
        size_t size;
    };

    // A build that checks itself also sees what is read or written beside a piece.
#ifdef __SANITIZE_ADDRESS__
    static constexpr size_t kBetween = kAlignment;
    static void forbid(void* at, size_t size) { __asan_poison_memory_region(at, size); }
    static void allow(void* at, size_t size) { __asan_unpoison_memory_region(at, size); }
#else
    static constexpr size_t kBetween = 0;
    static void forbid(void*, size_t) {}
    static void allow(void*, size_t) {}
#endif

    void* bytes(size_t wished) {
        const size_t size = (wished + kBetween + kAlignment - 1) / kAlignment * kAlignment;
        while (current_ < chunks_.size() && used_ + size > chunks_[current_].size) {
            ++current_;
            used_ = 0;
        }
        if (current_ == chunks_.size()) {
            const size_t wanted = size > kLeast ? size : kLeast;
            chunks_.push_back({std::unique_ptr<char[]>(new char[wanted + kAlignment]), wanted});
            forbid(chunks_.back().memory.get(), wanted + kAlignment);
            used_ = 0;
        }
        const uintptr_t begin = (uintptr_t)chunks_[current_].memory.get();
        void* found = (void*)((begin + kAlignment - 1) / kAlignment * kAlignment + used_);
        used_ += size;
        allow(found, wished);
        return found;
    }

    std::vector<Chunk> chunks_;
    size_t current_ = 0;
    size_t used_ = 0;
};

}  // namespace backbeat
