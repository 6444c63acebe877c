// As many samples at a time as a register of the processor holds, by the vectors of GCC and Clang.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace backbeat {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
constexpr int kBlock = 64;  // samples in which a signal is (block start) x (step inside the block)
constexpr int kVectors = kBlock / kLanes;

using Vector = float __attribute__((vector_size(4 * kLanes)));
using Words = uint32_t __attribute__((vector_size(4 * kLanes)));
using SignedWords = int32_t __attribute__((vector_size(4 * kLanes)));

inline Vector load(const float* from) {
    Vector values;
    std::memcpy(&values, from, sizeof values);
    return values;
}

inline void store(float* to, Vector values) { std::memcpy(to, &values, sizeof values); }

inline Vector all(float value) { return Vector{} + value; }

inline Vector lesser(Vector a, Vector b) { return a < b ? a : b; }

inline Vector greater(Vector a, Vector b) { return a > b ? a : b; }

// To the nearest whole number, of magnitudes below 2^22: what a float of that size has no bits for is rounded off.
inline Vector rounded(Vector x) {
    constexpr float kNoFraction = 12582912.0f;
    return (x + kNoFraction) - kNoFraction;
}

// 1 / sqrt(x).
inline Vector inverse_root(Vector x) {
#if defined(__AVX512F__)
    Vector near = (Vector)_mm512_rsqrt14_ps((__m512)x);
    return near * (1.5f - 0.5f * x * near * near);
#else
    Vector root;
    for (int lane = 0; lane < kLanes; ++lane) root[lane] = 1.0f / std::sqrt(x[lane]);
    return root;
#endif
}

namespace detail {

#if defined(__clang__)
#define BACKBEAT_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define BACKBEAT_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (SignedWords){__VA_ARGS__})
#endif

// Of two vectors, the lanes whose number has a bit or has it not: those of the first, and between them the second's.
template <int kBit, int... kLane>
Vector without(Vector a, Vector b, std::integer_sequence<int, kLane...>) {
    return BACKBEAT_SHUFFLE(a, b, (kLane & kBit ? kLanes + kLane - kBit : kLane)...);
}

template <int kBit, int... kLane>
Vector with(Vector a, Vector b, std::integer_sequence<int, kLane...>) {
    return BACKBEAT_SHUFFLE(a, b, (kLane & kBit ? kLanes + kLane : kLane + kBit)...);
}

template <int... kLane>
Vector reversed(Vector v, std::integer_sequence<int, kLane...>) {
    return BACKBEAT_SHUFFLE(v, v, (kLanes - 1 - kLane)...);
}

#undef BACKBEAT_SHUFFLE

}  // namespace detail

// The lanes in reverse.
inline Vector reversed(Vector v) { return detail::reversed(v, std::make_integer_sequence<int, kLanes>()); }

// Lane k of vector i becomes lane i of vector k.
template <int kBit = 1>
inline void transpose(Vector (&v)[kLanes]) {
    constexpr std::make_integer_sequence<int, kLanes> kEach;
    for (int i = 0; i < kLanes; ++i)
        if (!(i & kBit)) {
            Vector a = v[i], b = v[i + kBit];
            v[i] = detail::without<kBit>(a, b, kEach), v[i + kBit] = detail::with<kBit>(a, b, kEach);
        }
    if constexpr (2 * kBit < kLanes) transpose<2 * kBit>(v);
}

// The sum over the lanes of each of as many vectors as there are lanes.
inline Vector sums(Vector (&v)[kLanes]) {
    transpose(v);
    for (int apart = kLanes / 2; apart; apart /= 2)
        for (int i = 0; i < apart; ++i) v[i] += v[i + apart];
    return v[0];
}

inline float sum(Vector v) {
    float total = 0.0f;
    for (int lane = 0; lane < kLanes; ++lane) total += v[lane];
    return total;
}

// What is left of so many cycles when the nearest whole turn is taken out.
inline Vector less_turns(Vector cycles) { return cycles - rounded(cycles); }

// sin 2πr, of half a turn at most, as r (1/4 - r²) Q(r²).
inline Vector sine_of_rest(Vector r) {
    Vector square = r * r, q = square * -3.19337729f + 14.06550687f;
    q = q * square - 38.49841931f;
    q = q * square + 67.07675873f;
    q = q * square - 64.83582258f;
    q = q * square + 25.13274108f;
    return r * (0.25f - square) * q;
}

// cos 2πr, of half a turn at most, as (1/16 - r²) Q(r²).
inline Vector cosine_of_rest(Vector r) {
    Vector square = r * r, q = square * -6.54229934f + 25.5692618f;
    q = q * square - 58.572604f;
    q = q * square + 81.7897517f;
    q = q * square - 59.8272803f;
    q = q * square + 15.9999998f;
    return (0.0625f - square) * q;
}

inline Vector sine_of_cycles(Vector cycles) { return sine_of_rest(less_turns(cycles)); }

// e^x, as 2^n (1 + r + r² Q(r)) of the remainder r of a whole number n of doublings; x is kept within ±87.
inline Vector exponential(Vector x) {
    x = greater(lesser(x, all(87.0f)), all(-87.0f));
    Vector doublings = rounded(x * 1.44269504f);
    Vector r = (x - doublings * 0.693145752f) - doublings * 1.42860677e-6f;
    Vector q = r * 1.39464466e-3f + 8.36915169e-3f;
    q = q * r + 4.16662631e-2f;
    q = q * r + 1.6666516e-1f;
    q = q * r + 0.500000008f;
    SignedWords exponent = (__builtin_convertvector(doublings, SignedWords) + 127) << 23;
    return (Vector)exponent * (r * r * q + r + 1.0f);
}

// ln x, of a number above 0 that is not denormal, as e ln 2 + r - r²/2 + r³ P(r), with x = 2^e (1 + r).
inline Vector logarithm(Vector x) {
    constexpr int32_t kRootHalf = 0x3f3504f3;
    SignedWords bits = (SignedWords)x, exponent = (bits - kRootHalf) >> 23;
    Vector r = (Vector)(bits - (exponent << 23)) - 1.0f;
    Vector p = r * 8.672189e-2f - 1.4378949e-1f;
    p = p * r + 1.4977963e-1f;
    p = p * r - 1.6564433e-1f;
    p = p * r + 1.995488e-1f;
    p = p * r - 2.5001699e-1f;
    p = p * r + 3.3334166e-1f;
    Vector square = r * r, doublings = __builtin_convertvector(exponent, Vector);
    Vector small = doublings * 1.42860677e-6f + r * square * p;
    return doublings * 0.693145752f + (r + (small - square * 0.5f));
}

inline Vector magnitude_of(Vector x) { return greater(x, -x); }

// A number above 0 with another's sign, or 0 where that is 0.
inline Vector with_sign(Vector x, Vector sign) {
    Vector nothing{}, signed_x = sign < nothing ? -x : x;
    return sign == nothing ? nothing : signed_x;
}

// tanh x, as x P(x²) / Q(x²).
inline Vector tanh_of(Vector x) {
    x = greater(lesser(x, all(8.3f)), all(-8.3f));
    Vector square = x * x;
    Vector above = square * 1.11214264e-05f + 2.92252106e-03f;
    above = above * square + 1.28991053e-01f;
    above = above * square + 9.99999802e-01f;
    Vector below = square * 2.36140776e-07f + 2.34645367e-04f;
    below = below * square + 2.36988761e-02f;
    below = below * square + 4.62322822e-01f;
    below = below * square + 1.0f;
    return x * above / below;
}

}  // namespace backbeat
