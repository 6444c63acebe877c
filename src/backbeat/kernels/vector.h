// Eight floats at a time, whatever the registers of the processor hold.
//
// All sums are taken in eight lanes and the lanes are added in one order, and no product is contracted with a sum (see
// CMakeLists.txt): so every processor computes the same bits. Where registers are narrower than eight floats, a vector
// is written as two halves, since compilers split wide vectors badly.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// For what a compiler would call with its vectors in memory.
#define BACKBEAT_INLINE __attribute__((always_inline)) inline

namespace backbeat {

constexpr int kLanes = 8;
constexpr int kBlock = 64;                 // samples in which a signal is (block start) x (step inside the block)
constexpr int kTile = 256;                 // samples that a program is run for at a time
constexpr int kVectors = kBlock / kLanes;  // of a block

#if defined(__AVX__)

using Vector = float __attribute__((vector_size(4 * kLanes)));
using Words = uint32_t __attribute__((vector_size(4 * kLanes)));
using Mask = int32_t __attribute__((vector_size(4 * kLanes)));

inline Vector load(const float* from) {
    Vector values;
    std::memcpy(&values, from, sizeof values);
    return values;
}

inline void store(float* to, Vector values) { std::memcpy(to, &values, sizeof values); }

inline Vector all(float value) { return Vector{} + value; }

inline Words all_words(uint32_t value) { return Words{} + value; }

inline Vector where(Mask condition, Vector a, Vector b) { return condition ? a : b; }

inline Vector to_floats(Words signed_words) { return __builtin_convertvector((Mask)signed_words, Vector); }

inline Words to_words(Vector whole_numbers) { return (Words) __builtin_convertvector(whole_numbers, Mask); }

inline Vector as_floats(Words bits) { return (Vector)bits; }

inline Words as_words(Vector bits) { return (Words)bits; }

inline Words shift_right_signed(Words words, int places) { return (Words)((Mask)words >> places); }

inline float lane(Vector values, int number) { return values[number]; }

#else

constexpr int kHalf = kLanes / 2;
using HalfFloats = float __attribute__((vector_size(4 * kHalf)));
using HalfWords = uint32_t __attribute__((vector_size(4 * kHalf)));
using HalfMask = int32_t __attribute__((vector_size(4 * kHalf)));

struct Mask {
    HalfMask low, high;
};

struct Vector {
    HalfFloats low, high;

    Vector& operator+=(Vector b) {
        low += b.low;
        high += b.high;
        return *this;
    }
    Vector& operator-=(Vector b) {
        low -= b.low;
        high -= b.high;
        return *this;
    }
    Vector& operator*=(Vector b) {
        low *= b.low;
        high *= b.high;
        return *this;
    }
};

inline Vector operator-(Vector a) { return {-a.low, -a.high}; }

#define BACKBEAT_ARITHMETIC(operator_)                                                                                \
    inline Vector operator operator_(Vector a, Vector b) { return {a.low operator_ b.low, a.high operator_ b.high}; } \
    inline Vector operator operator_(Vector a, float b) { return {a.low operator_ b, a.high operator_ b}; }           \
    inline Vector operator operator_(float a, Vector b) { return {a operator_ b.low, a operator_ b.high}; }
BACKBEAT_ARITHMETIC(+)
BACKBEAT_ARITHMETIC(-)
BACKBEAT_ARITHMETIC(*)
BACKBEAT_ARITHMETIC(/)
#undef BACKBEAT_ARITHMETIC

inline Vector& operator+=(Vector& a, float b) { return a = a + b; }
inline Vector& operator*=(Vector& a, float b) { return a = a * b; }

#define BACKBEAT_COMPARISON(operator_)                                                                              \
    inline Mask operator operator_(Vector a, Vector b) { return {a.low operator_ b.low, a.high operator_ b.high}; } \
    inline Mask operator operator_(Vector a, float b) { return {a.low operator_ b, a.high operator_ b}; }
BACKBEAT_COMPARISON(<)
BACKBEAT_COMPARISON(<=)
BACKBEAT_COMPARISON(>)
BACKBEAT_COMPARISON(>=)
BACKBEAT_COMPARISON(==)
#undef BACKBEAT_COMPARISON

inline Mask operator&(Mask a, Mask b) { return {a.low & b.low, a.high & b.high}; }

struct Words {
    HalfWords low, high;
};

#define BACKBEAT_BITS(operator_)                                                                                   \
    inline Words operator operator_(Words a, Words b) { return {a.low operator_ b.low, a.high operator_ b.high}; } \
    inline Words operator operator_(Words a, uint32_t b) { return {a.low operator_ b, a.high operator_ b}; }
BACKBEAT_BITS(+)
BACKBEAT_BITS(-)
BACKBEAT_BITS(*)
BACKBEAT_BITS(^)
BACKBEAT_BITS(>>)
BACKBEAT_BITS(<<)
#undef BACKBEAT_BITS

// Half by half: what is copied as a whole, GCC takes through memory.
inline Vector load(const float* from) {
    Vector values;
    std::memcpy(&values.low, from, sizeof values.low);
    std::memcpy(&values.high, from + kHalf, sizeof values.high);
    return values;
}

inline void store(float* to, Vector values) {
    std::memcpy(to, &values.low, sizeof values.low);
    std::memcpy(to + kHalf, &values.high, sizeof values.high);
}

inline Vector all(float value) { return {HalfFloats{} + value, HalfFloats{} + value}; }

inline Words all_words(uint32_t value) { return {HalfWords{} + value, HalfWords{} + value}; }

inline Vector where(Mask condition, Vector a, Vector b) {
    return {condition.low ? a.low : b.low, condition.high ? a.high : b.high};
}

inline Vector to_floats(Words signed_words) {
    return {__builtin_convertvector((HalfMask)signed_words.low, HalfFloats),
            __builtin_convertvector((HalfMask)signed_words.high, HalfFloats)};
}

inline Words to_words(Vector whole_numbers) {
    return {(HalfWords) __builtin_convertvector(whole_numbers.low, HalfMask),
            (HalfWords) __builtin_convertvector(whole_numbers.high, HalfMask)};
}

inline Vector as_floats(Words bits) { return {(HalfFloats)bits.low, (HalfFloats)bits.high}; }

inline Words as_words(Vector bits) { return {(HalfWords)bits.low, (HalfWords)bits.high}; }

inline Words shift_right_signed(Words words, int places) {
    return {(HalfWords)((HalfMask)words.low >> places), (HalfWords)((HalfMask)words.high >> places)};
}

inline float lane(Vector values, int number) {
    return number < kHalf ? values.low[number] : values.high[number - kHalf];
}

#endif

inline Vector lesser(Vector a, Vector b) { return where(a < b, a, b); }

inline Vector greater(Vector a, Vector b) { return where(a > b, a, b); }

inline Vector clamped(Vector x, float low, float high) { return greater(lesser(x, all(high)), all(low)); }

// 0, 1, 2, ... 7.
inline Words lane_numbers() {
#if defined(__AVX__)
    return Words{0, 1, 2, 3, 4, 5, 6, 7};
#else
    return {HalfWords{0, 1, 2, 3}, HalfWords{4, 5, 6, 7}};
#endif
}

// The sum over the lanes in float64, in one order.
#if defined(__AVX__)
inline double sum(Vector v) {
    using Half = float __attribute__((vector_size(16)));
    using Doubles = double __attribute__((vector_size(32)));
    Half halves[2];
    std::memcpy(halves, &v, sizeof v);
    const Doubles four = __builtin_convertvector(halves[0], Doubles) + __builtin_convertvector(halves[1], Doubles);
    return (four[0] + four[2]) + (four[1] + four[3]);
}
#else
inline double sum(Vector v) {
    const double a = (double)v.low[0] + v.high[0];
    const double b = (double)v.low[1] + v.high[1];
    const double c = (double)v.low[2] + v.high[2];
    const double d = (double)v.low[3] + v.high[3];
    return (a + c) + (b + d);
}
#endif

namespace detail {

// Of two vectors, the lanes whose number has a bit or has it not: those of the first, and between them the second's.
template <int kBit, typename Values, int... kLane>
Values without(Values a, Values b, std::integer_sequence<int, kLane...>) {
    constexpr int kCount = sizeof...(kLane);
    return __builtin_shufflevector(a, b, (kLane & kBit ? kCount + kLane - kBit : kLane)...);
}

template <int kBit, typename Values, int... kLane>
Values with(Values a, Values b, std::integer_sequence<int, kLane...>) {
    constexpr int kCount = sizeof...(kLane);
    return __builtin_shufflevector(a, b, (kLane & kBit ? kCount + kLane : kLane + kBit)...);
}

template <typename Values, int... kLane>
Values reversed(Values v, std::integer_sequence<int, kLane...>) {
    return __builtin_shufflevector(v, v, (static_cast<int>(sizeof...(kLane)) - 1 - kLane)...);
}

template <int kCount, int kBit = 1, typename Values>
BACKBEAT_INLINE void transpose(Values* v) {
    constexpr std::make_integer_sequence<int, kCount> kEach;
    for (int i = 0; i < kCount; ++i) {
        if (i & kBit) continue;
        const Values a = v[i];
        const Values b = v[i + kBit];
        v[i] = without<kBit>(a, b, kEach);
        v[i + kBit] = with<kBit>(a, b, kEach);
    }
    if constexpr (2 * kBit < kCount) transpose<kCount, 2 * kBit>(v);
}

}  // namespace detail

#if defined(__AVX__)

// Of sixteen numbers, those of even places, and those of odd ones.
inline void separate(Vector& a, Vector& b) {
    const Vector even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
    b = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
    a = even;
}

// The reverse.
inline void interleave(Vector& even, Vector& odd) {
    const Vector first = __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
    odd = __builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
    even = first;
}

// Lane k of vector i becomes lane i of vector k.
BACKBEAT_INLINE void transpose(Vector (&v)[kLanes]) { detail::transpose<kLanes>(v); }

// The lanes in reverse.
inline Vector reversed(Vector v) { return detail::reversed(v, std::make_integer_sequence<int, kLanes>()); }

#else

inline void separate(Vector& a, Vector& b) {
    const Vector first = a;
    const Vector second = b;
    a = {__builtin_shufflevector(first.low, first.high, 0, 2, 4, 6),
         __builtin_shufflevector(second.low, second.high, 0, 2, 4, 6)};
    b = {__builtin_shufflevector(first.low, first.high, 1, 3, 5, 7),
         __builtin_shufflevector(second.low, second.high, 1, 3, 5, 7)};
}

inline void interleave(Vector& even, Vector& odd) {
    const Vector first = even;
    const Vector second = odd;
    even = {__builtin_shufflevector(first.low, second.low, 0, 4, 1, 5),
            __builtin_shufflevector(first.low, second.low, 2, 6, 3, 7)};
    odd = {__builtin_shufflevector(first.high, second.high, 0, 4, 1, 5),
           __builtin_shufflevector(first.high, second.high, 2, 6, 3, 7)};
}

BACKBEAT_INLINE void transpose(Vector (&v)[kLanes]) {
    HalfFloats quarters[2][2][kHalf];
    for (int i = 0; i < kLanes; ++i) {
        quarters[i / kHalf][0][i % kHalf] = v[i].low;
        quarters[i / kHalf][1][i % kHalf] = v[i].high;
    }
    for (auto& row : quarters)
        for (auto& quarter : row) detail::transpose<kHalf>(quarter);
    for (int i = 0; i < kLanes; ++i) v[i] = {quarters[0][i / kHalf][i % kHalf], quarters[1][i / kHalf][i % kHalf]};
}

inline Vector reversed(Vector v) {
    constexpr std::make_integer_sequence<int, kHalf> kEach;
    return {detail::reversed(v.high, kEach), detail::reversed(v.low, kEach)};
}

#endif

// The sum over the lanes of each of eight vectors, as `sum` takes it.
inline Vector sums(Vector (&v)[kLanes]) {
    float lanes[kLanes][kLanes], found[kLanes];
    transpose(v);
    for (int k = 0; k < kLanes; ++k) store(lanes[k], v[k]);
    for (int n = 0; n < kLanes; ++n) {
        const double a = (double)lanes[0][n] + lanes[4][n];
        const double b = (double)lanes[1][n] + lanes[5][n];
        const double c = (double)lanes[2][n] + lanes[6][n];
        const double d = (double)lanes[3][n] + lanes[7][n];
        found[n] = (float)((a + c) + (b + d));
    }
    return load(found);
}

// The square root, which IEEE 754 defines to the last bit.
inline Vector square_root(Vector x) {
#if defined(__AVX__)
    return (Vector)_mm256_sqrt_ps((__m256)x);
#elif defined(__x86_64__)
    return {(HalfFloats)_mm_sqrt_ps((__m128)x.low), (HalfFloats)_mm_sqrt_ps((__m128)x.high)};
#else
    float values[kLanes];
    store(values, x);
    for (int k = 0; k < kLanes; ++k) values[k] = __builtin_sqrtf(values[k]);
    return load(values);
#endif
}

// To the nearest whole number, of magnitudes below 2^22: what a float of that size has no bits for is rounded off.
inline Vector rounded(Vector x) {
    constexpr float kNoFraction = 12582912.0f;
    return (x + kNoFraction) - kNoFraction;
}

}  // namespace backbeat
