// Complex numbers, as many as a vector has lanes.
#pragma once

#include "vector.h"

namespace backbeat {

struct Complex {
    Vector re, im;

    Complex operator+(Complex b) const { return {re + b.re, im + b.im}; }
    Complex operator-(Complex b) const { return {re - b.re, im - b.im}; }
    Complex operator*(Complex b) const { return {re * b.re - im * b.im, re * b.im + im * b.re}; }
    Complex operator*(Vector b) const { return {re * b, im * b}; }
    Complex conjugate() const { return {re, -im}; }
    Complex quarter() const { return {-im, re}; }  // a quarter turn on
    Vector power() const { return re * re + im * im; }
};

inline Complex load(const float* re, const float* im) { return {load(re), load(im)}; }

inline void store(float* re, float* im, Complex value) {
    store(re, value.re);
    store(im, value.im);
}

inline Complex times(Complex value, float re, float im) {
    return {value.re * re - value.im * im, value.re * im + value.im * re};
}

// A transform of four, or back.
template <bool kForward>
inline void quarters(Complex (&v)[4]) {
    const Complex even = v[0] + v[2];
    const Complex odd = v[0] - v[2];
    const Complex sum = v[1] + v[3];
    const Complex difference = (v[1] - v[3]).quarter();
    v[0] = even + sum;
    v[2] = even - sum;
    v[1] = kForward ? odd - difference : odd + difference;
    v[3] = kForward ? odd + difference : odd - difference;
}

// The lanes in reverse.
inline Complex reversed(Complex value) { return {reversed(value.re), reversed(value.im)}; }

}  // namespace backbeat
