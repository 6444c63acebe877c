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

inline void store(float* re, float* im, Complex value) { store(re, value.re), store(im, value.im); }

// The lanes in reverse.
inline Complex reversed(Complex value) { return {reversed(value.re), reversed(value.im)}; }

}  // namespace backbeat
