// Elementary functions of eight floats at a time: minimax polynomials after a range reduction.
#pragma once

#include "vector.h"

namespace backbeat {

// What is left of so many cycles when the nearest whole turn is taken out.
inline Vector less_turns(Vector cycles) { return cycles - rounded(cycles); }

// sin 2πr, of half a turn at most, as r (1/4 - r²) Q(r²), within 3e-7.
inline Vector sine_of_rest(Vector r) {
    const Vector square = r * r;
    Vector q = square * -3.19337729f + 14.06550687f;
    q = q * square - 38.49841931f;
    q = q * square + 67.07675873f;
    q = q * square - 64.83582258f;
    q = q * square + 25.13274108f;
    return r * (0.25f - square) * q;
}

// cos 2πr, of half a turn at most, as (1/16 - r²) Q(r²), within 3e-7.
inline Vector cosine_of_rest(Vector r) {
    const Vector square = r * r;
    Vector q = square * -6.54229934f + 25.5692618f;
    q = q * square - 58.572604f;
    q = q * square + 81.7897517f;
    q = q * square - 59.8272803f;
    q = q * square + 15.9999998f;
    return (0.0625f - square) * q;
}

inline Vector sine_of_cycles(Vector cycles) { return sine_of_rest(less_turns(cycles)); }

// e^x, as 2^n (1 + r + r² Q(r)) of the remainder r of a whole number n of doublings; x is kept within ±87.
inline Vector exponential(Vector x) {
    x = clamped(x, -87.0f, 87.0f);
    const Vector doublings = rounded(x * 1.44269504f);
    const Vector r = (x - doublings * 0.693145752f) - doublings * 1.42860677e-6f;
    Vector q = r * 1.39464466e-3f + 8.36915169e-3f;
    q = q * r + 4.16662631e-2f;
    q = q * r + 1.6666516e-1f;
    q = q * r + 0.500000008f;
    const Words exponent = (to_words(doublings) + 127u) << 23;
    return as_floats(exponent) * (r * r * q + r + 1.0f);
}

// ln x, of a number above 0 that is neither denormal nor infinite, as e ln 2 + r - r²/2 + r³ P(r), with x = 2^e (1 +
// r).
inline Vector logarithm(Vector x) {
    constexpr uint32_t kRootHalf = 0x3f3504f3;
    const Words bits = as_words(x);
    const Words exponent = shift_right_signed(bits - kRootHalf, 23);
    const Vector r = as_floats(bits - (exponent << 23)) - 1.0f;
    Vector p = r * 8.672189e-2f - 1.4378949e-1f;
    p = p * r + 1.4977963e-1f;
    p = p * r - 1.6564433e-1f;
    p = p * r + 1.995488e-1f;
    p = p * r - 2.5001699e-1f;
    p = p * r + 3.3334166e-1f;
    const Vector square = r * r;
    const Vector doublings = to_floats(exponent);
    const Vector small = doublings * 1.42860677e-6f + r * square * p;
    return doublings * 0.693145752f + (r + (small - square * 0.5f));
}

inline Vector magnitude_of(Vector x) { return greater(x, -x); }

// A number above 0 with another's sign, or 0 where that is 0.
inline Vector with_sign(Vector x, Vector sign) {
    const Vector signed_x = where(sign < 0.0f, -x, x);
    return where(sign == 0.0f, all(0.0f), signed_x);
}

// 1 / sqrt(x).
inline Vector inverse_root(Vector x) { return 1.0f / square_root(x); }

// tanh x, as x P(x²) / Q(x²).
inline Vector tanh_of(Vector x) {
    x = clamped(x, -8.3f, 8.3f);
    const Vector square = x * x;
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
