// Elementary functions in double precision that give the same bits on every processor, which a system's own do not.
//
// Each is a range reduction and a polynomial, within 8e-16 of the value (relative; of `sine` and `cosine`, absolute).
// Only +, -, *, / and the square root are asked of the processor, all of which IEEE 754 defines to the last bit.
#pragma once

#include <cstdint>
#include <cstring>

namespace backbeat {

constexpr double kPi = 3.141592653589793;
constexpr double kLn2 = 0.6931471805599453;
constexpr double kLn1000 = 6.907755278982137;  // a T60 is the time to fall by a factor of 1000

inline double minimum(double a, double b) { return a < b ? a : b; }

inline double maximum(double a, double b) { return a > b ? a : b; }

inline double clamped(double x, double low, double high) { return minimum(maximum(x, low), high); }

inline double magnitude(double x) { return x < 0.0 ? -x : x; }

inline double square_root(double x) { return __builtin_sqrt(x); }

inline bool is_number(double x) { return x == x; }

// To the nearest whole number, halves to even, of magnitudes below 2^51.
inline double rounded(double x) {
    constexpr double kNoFraction = 6755399441055744.0;
    return (x + kNoFraction) - kNoFraction;
}

// The greatest whole number that is not above it, of magnitudes below 2^51.
inline double floored(double x) {
    const double near = rounded(x);
    return near > x ? near - 1.0 : near;
}

inline double ceiled(double x) { return -floored(-x); }

// Cycles without their whole turns, in [0, 1).
inline double fraction(double cycles) { return cycles - floored(cycles); }

inline uint64_t bits_of(double x) {
    uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

inline double double_of(uint64_t bits) {
    double x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

// e^x = 2^n e^r, with the remainder r of a whole number n of doublings; x is kept within ±700.
inline double exponential(double x) {
    if (!is_number(x)) return x;
    x = clamped(x, -700.0, 700.0);
    const double doublings = rounded(x * 1.4426950408889634);
    const double r = (x - doublings * 0.693147180369123816490) - doublings * 1.90821492927058770002e-10;
    double q = 1.0 / 6227020800.0;
    q = q * r + 1.0 / 479001600.0;
    q = q * r + 1.0 / 39916800.0;
    q = q * r + 1.0 / 3628800.0;
    q = q * r + 1.0 / 362880.0;
    q = q * r + 1.0 / 40320.0;
    q = q * r + 1.0 / 5040.0;
    q = q * r + 1.0 / 720.0;
    q = q * r + 1.0 / 120.0;
    q = q * r + 1.0 / 24.0;
    q = q * r + 1.0 / 6.0;
    q = q * r + 0.5;
    const double power = double_of((uint64_t)((int64_t)doublings + 1023) << 52);
    return power * (1.0 + (r + r * r * q));
}

// ln x = n ln 2 + 2 artanh s, with x = 2^n m and s = (m - 1) / (m + 1); NaN at or below 0.
inline double logarithm(double x) {
    if (!(x > 0.0)) return double_of(0x7ff8000000000000u);
    if (x > 1.7e308) return double_of(0x7ff0000000000000u);
    double whole = 0.0;
    if (x < 2.3e-308) {
        x *= 18014398509481984.0;
        whole = -54.0;
    }
    const uint64_t bits = bits_of(x);
    whole += (double)((int64_t)(bits >> 52) - 1023);
    double m = double_of((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        whole += 1.0;
    }
    const double f = m - 1.0;
    const double s = f / (2.0 + f);
    const double z = s * s;
    double q = 2.0 / 23.0;
    q = q * z + 2.0 / 21.0;
    q = q * z + 2.0 / 19.0;
    q = q * z + 2.0 / 17.0;
    q = q * z + 2.0 / 15.0;
    q = q * z + 2.0 / 13.0;
    q = q * z + 2.0 / 11.0;
    q = q * z + 2.0 / 9.0;
    q = q * z + 2.0 / 7.0;
    q = q * z + 2.0 / 5.0;
    q = q * z + 2.0 / 3.0;
    const double half_square = 0.5 * f * f;
    return whole * 0.693147180369123816490 -
           ((half_square - (s * (half_square + z * q) + whole * 1.90821492927058770002e-10)) - f);
}

namespace detail {

// sin 2πr and cos 2πr of an eighth of a turn at most.
inline double sine_of_eighth(double r) {
    const double x = 2.0 * kPi * r;
    const double z = x * x;
    double q = -1.0 / 1307674368000.0;
    q = q * z + 1.0 / 6227020800.0;
    q = q * z - 1.0 / 39916800.0;
    q = q * z + 1.0 / 362880.0;
    q = q * z - 1.0 / 5040.0;
    q = q * z + 1.0 / 120.0;
    q = q * z - 1.0 / 6.0;
    return x + x * z * q;
}

inline double cosine_of_eighth(double r) {
    const double x = 2.0 * kPi * r;
    const double z = x * x;
    double q = 1.0 / 20922789888000.0;
    q = q * z - 1.0 / 87178291200.0;
    q = q * z + 1.0 / 479001600.0;
    q = q * z - 1.0 / 3628800.0;
    q = q * z + 1.0 / 40320.0;
    q = q * z - 1.0 / 720.0;
    q = q * z + 1.0 / 24.0;
    return 1.0 - 0.5 * z + z * z * q;
}

// Which of the four a whole number of quarters ends in; what is beyond all turns ends in the first.
inline int quarter(double quarters) { return magnitude(quarters) < 0x1p62 ? (int)((int64_t)quarters & 3) : 0; }

// sin 2πx of x cycles and so many quarters.
inline double sine_of_cycles(double cycles, int quarters_ahead) {
    const double quarters = rounded(4.0 * cycles);
    const double rest = cycles - 0.25 * quarters;
    switch ((quarter(quarters) + quarters_ahead) & 3) {
        case 0:
            return sine_of_eighth(rest);
        case 1:
            return cosine_of_eighth(rest);
        case 2:
            return -sine_of_eighth(rest);
        default:
            return -cosine_of_eighth(rest);
    }
}

}  // namespace detail

// sin 2πx of x cycles.
inline double sine_of_cycles(double cycles) { return detail::sine_of_cycles(cycles, 0); }

// cos 2πx of x cycles.
inline double cosine_of_cycles(double cycles) { return detail::sine_of_cycles(cycles, 1); }

inline double sine(double radians) { return sine_of_cycles(radians * (0.5 / kPi)); }

inline double cosine(double radians) { return cosine_of_cycles(radians * (0.5 / kPi)); }

// I0(x), the modified Bessel function of order zero, for x up to 10: a sum of (x / 2)^2k / (k!)².
inline double bessel_i0(double x) {
    double total = 1.0;
    double term = 1.0;
    for (int k = 1; k < 40; ++k) {
        term *= 0.25 * x * x / ((double)k * k);
        total += term;
    }
    return total;
}

// 1 - exp(-x), without loss where x is small.
inline double one_less_exponential(double x) {
    if (magnitude(x) > 0.1) return 1.0 - exponential(-x);
    double q = 1.0 / 362880.0;
    q = 1.0 / 40320.0 - x * q;
    q = 1.0 / 5040.0 - x * q;
    q = 1.0 / 720.0 - x * q;
    q = 1.0 / 120.0 - x * q;
    q = 1.0 / 24.0 - x * q;
    q = 1.0 / 6.0 - x * q;
    q = 0.5 - x * q;
    q = 1.0 - x * q;
    return x * q;
}

// tanh x = (1 - e) / (1 + e) with e = exp(-2 |x|).
inline double hyperbolic_tangent(double x) {
    const double e_less = one_less_exponential(2.0 * magnitude(x));
    const double found = e_less / (2.0 - e_less);
    return x < 0.0 ? -found : found;
}

inline double power(double base, double exponent) { return exponential(exponent * logarithm(base)); }

}  // namespace backbeat
