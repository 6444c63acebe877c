// Fourier transforms of complex signals whose spectra may lie in any order, such as those a convolution multiplies.
#pragma once

#include <atomic>
#include <vector>

#include "arena.h"
#include "complex.h"
#include "scalar.h"

namespace backbeat {

// What is made from a length, once for each, and kept in a list to which is only added: that needs no lock, which a
// fork could find closed for ever. Two threads that want the same at the same time may both add it.
template <typename Made>
const Made& made_once(int length) {
    struct Link {
        Link(int length, const Link* next) : length(length), made(length), next(next) {}
        int length;
        Made made;
        const Link* next;
    };
    static std::atomic<const Link*> last{nullptr};
    const Link* before = last.load();
    for (const Link* each = before; each; each = each->next)
        if (each->length == length) return each->made;
    Link* added = new Link(length, before);
    while (!last.compare_exchange_weak(added->next, added)) {
    }
    return added->made;
}

// Decimation in frequency, four parts at a time, down to a square of vectors: this is transformed down its columns,
// turned over, and transformed down again, so that no step crosses lanes. The spectrum stays in the order in which that
// leaves it, and the inverse undoes step by step what was done. Real and imaginary parts are apart.
class Fft {
   public:
    static constexpr int kShortest = kLanes * kLanes;
    // Floats between real and imaginary parts, since both would else lie in the same lines of the cache.
    static constexpr int kGap = 160;

    // Of a power of two, or three times one, `kShortest` at least; see `enough`.
    explicit Fft(int length) : length_(length) {
        for (int size = length; size > kShortest; size /= parts(size)) {
            const int part = size / parts(size);
            steps_.push_back({size, turns_.size()});
            for (int power = 1; power < parts(size); ++power)
                for (int first = 0; first < part; first += kLanes)
                    add_turns(first, [&](int j) { return (double)power * j / size; });
        }
        square_ = turns_.size();
        for (int row = 0; row < kLanes; ++row)
            add_turns(0, [&](int column) { return (double)bin_of_row(row) * column / kShortest; });
    }

    // The least length of a transform that is no less than this.
    static int enough(int64_t samples) {
        int64_t power = kShortest;
        while (power < samples) power *= 2;
        const int64_t three_quarters = power / 4 * 3;
        return (int)(three_quarters >= samples && three_quarters >= 3 * kShortest ? three_quarters : power);
    }

    int length() const { return length_; }

    // Which bin of the spectrum lies at a place.
    int bin(int place) const {
        int found = 0, apart = 1;
        for (int size = length_; size > kShortest; size /= parts(size)) {
            int part = size / parts(size);
            found += place / part % parts(size) * apart;
            apart *= parts(size);
        }
        int row = place / kLanes % kLanes, column = place % kLanes;
        return found + apart * (bin_of_row(column) + kLanes * bin_of_row(row));
    }

    // Which bin of its column's transform a row has.
    static int bin_of_row(int row) { return row / 2 + row % 2 * 4; }

    // Into how many parts a step splits so many samples.
    static int parts(int size) { return size % 3 == 0 ? 3 : size == 2 * kShortest ? 2 : 4; }

    void forward(float* re, float* im) const {
        for (const Step& step : steps_)
            for (int first = 0; first < length_; first += step.size) split(re + first, im + first, step);
        for (int first = 0; first < length_; first += kShortest) split_square(re + first, im + first);
    }

    // Times the length.
    void inverse(float* re, float* im) const {
        inverse(
            re, im, [&](int k) { return load(re + k, im + k); },
            [&](int k, Complex value) { store(re + k, im + k, value); });
    }

    // The same of bins that `at` gives, into samples that `put` takes, as many as there are lanes from a place on; `re`
    // and `im` are room.
    template <typename At, typename Put>
    void inverse(float* re, float* im, At at, Put put) const {
        for (int first = 0; first < length_; first += kShortest) join_square(re + first, im + first, first, at);
        for (size_t k = steps_.size(); k-- > 1;) {
            for (int first = 0; first < length_; first += steps_[k].size) {
                float* own_re = re + first;
                float* own_im = im + first;
                join(own_re, own_im, steps_[k], [=](int j, Complex value) { store(own_re + j, own_im + j, value); });
            }
        }
        if (!steps_.empty()) return join(re, im, steps_[0], put);
        for (int k = 0; k < length_; k += kLanes) put(k, load(re + k, im + k));
    }

   private:
    struct Step {
        int size;
        size_t turns;  // where those of its parts are
    };

    void split(float* re, float* im, const Step& step) const {
        const int part = step.size / parts(step.size);
        const float* turns = &turns_[step.turns];
        switch (parts(step.size)) {
            case 2:
                return split2(re, im, part, turns);
            case 3:
                return split3(re, im, part, turns);
            default:
                return split4(re, im, part, turns);
        }
    }

    template <typename Put>
    void join(const float* re, const float* im, const Step& step, Put put) const {
        const int part = step.size / parts(step.size);
        const float* turns = &turns_[step.turns];
        switch (parts(step.size)) {
            case 2:
                return join2(re, im, part, turns, put);
            case 3:
                return join3(re, im, part, turns, put);
            default:
                return join4(re, im, part, turns, put);
        }
    }

    // Of as many numbers as there are lanes, from some on, how far back each turns, in turns: real parts, and then
    // imaginary ones.
    template <typename Turns>
    void add_turns(int first, Turns turns) {
        for (int lane = 0; lane < kLanes; ++lane) turns_.push_back((float)cosine_of_cycles(turns(first + lane)));
        for (int lane = 0; lane < kLanes; ++lane) turns_.push_back((float)-sine_of_cycles(turns(first + lane)));
    }

    static Complex at(const float* re, const float* im, int j) { return load(re + j, im + j); }

    static void put(float* re, float* im, int j, Complex value) { store(re + j, im + j, value); }

    static Complex turn(const float* turns, int part, int power, int j) {
        const float* from = turns + 2 * (part * (power - 1) + j);
        return {load(from), load(from + kLanes)};
    }

    static void split4(float* re, float* im, int part, const float* turns) {
        for (int j = 0; j < part; j += kLanes) {
            Complex v[4];
            for (int k = 0; k < 4; ++k) v[k] = at(re, im, j + k * part);
            quarters<true>(v);
            put(re, im, j, v[0]);
            for (int k = 1; k < 4; ++k) put(re, im, j + k * part, v[k] * turn(turns, part, k, j));
        }
    }

    template <typename Put>
    static void join4(const float* re, const float* im, int part, const float* turns, Put put) {
        for (int j = 0; j < part; j += kLanes) {
            Complex v[4] = {at(re, im, j)};
            for (int k = 1; k < 4; ++k) v[k] = at(re, im, j + k * part) * turn(turns, part, k, j).conjugate();
            quarters<false>(v);
            for (int k = 0; k < 4; ++k) put(j + k * part, v[k]);
        }
    }

    static void split3(float* re, float* im, int part, const float* turns) {
        for (int j = 0; j < part; j += kLanes) {
            const Complex a = at(re, im, j);
            const Complex b = at(re, im, j + part);
            const Complex c = at(re, im, j + 2 * part);
            const Complex sum = b + c;
            const Complex middle = a - sum * all(0.5f);
            const Complex side = (b - c).quarter() * all(kSinThird);
            put(re, im, j, a + sum);
            put(re, im, j + part, (middle - side) * turn(turns, part, 1, j));
            put(re, im, j + 2 * part, (middle + side) * turn(turns, part, 2, j));
        }
    }

    template <typename Put>
    static void join3(const float* re, const float* im, int part, const float* turns, Put put) {
        for (int j = 0; j < part; j += kLanes) {
            Complex a = at(re, im, j);
            Complex b = at(re, im, j + part) * turn(turns, part, 1, j).conjugate();
            Complex c = at(re, im, j + 2 * part) * turn(turns, part, 2, j).conjugate();
            const Complex sum = b + c;
            const Complex middle = a - sum * all(0.5f);
            const Complex side = (b - c).quarter() * all(kSinThird);
            put(j, a + sum);
            put(j + part, middle + side);
            put(j + 2 * part, middle - side);
        }
    }

    static void split2(float* re, float* im, int part, const float* turns) {
        for (int j = 0; j < part; j += kLanes) {
            const Complex a = at(re, im, j);
            const Complex b = at(re, im, j + part);
            put(re, im, j, a + b);
            put(re, im, j + part, (a - b) * turn(turns, part, 1, j));
        }
    }

    template <typename Put>
    static void join2(const float* re, const float* im, int part, const float* turns, Put put) {
        for (int j = 0; j < part; j += kLanes) {
            const Complex a = at(re, im, j);
            const Complex b = at(re, im, j + part) * turn(turns, part, 1, j).conjugate();
            put(j, a + b);
            put(j + part, a - b);
        }
    }

    // Transform four vectors, so many apart, the k-th of them turned k times as far as `turn`: before, or after it.
    template <bool kForward>
    BACKBEAT_INLINE static void four(Vector* r, Vector* i, int apart, int turn) {
        constexpr float kCos = 0.92387953f, kSin = 0.38268343f, kRoot = 0.70710678f;  // of sixteenths of a turn
        constexpr float kReal[10] = {1.0f, kCos, kRoot, kSin, 0.0f, -kSin, -kRoot, -kCos, -1.0f, -kCos};
        constexpr float kImag[10] = {0.0f, kSin, kRoot, kCos, 1.0f, kCos, kRoot, kSin, 0.0f, -kSin};
        Complex v[4];
        for (int k = 0; k < 4; ++k) v[k] = {r[k * apart], i[k * apart]};
        if (!kForward && turn)
            for (int k = 1; k < 4; ++k) v[k] = times(v[k], kReal[k * turn], kImag[k * turn]);
        quarters<kForward>(v);
        if (kForward && turn)
            for (int k = 1; k < 4; ++k) v[k] = times(v[k], kReal[k * turn], -kImag[k * turn]);
        for (int k = 0; k < 4; ++k) {
            r[k * apart] = v[k].re;
            i[k * apart] = v[k].im;
        }
    }

    BACKBEAT_INLINE static void two(Vector* v) {
        Vector sum = v[0] + v[1];
        v[1] = v[0] - v[1];
        v[0] = sum;
    }

    // Transform down the columns of a square, or back.
    template <bool kForward>
    BACKBEAT_INLINE static void columns(Vector* r, Vector* i) {
        constexpr int kSixteenths = 16 / kLanes;
        if (kForward) parts_of_columns<kForward>(r, i, kSixteenths);
        for (int first = 0; first < kLanes; first += 2) {
            two(r + first);
            two(i + first);
        }
        if (!kForward) parts_of_columns<kForward>(r, i, kSixteenths);
    }

    template <bool kForward>
    BACKBEAT_INLINE static void parts_of_columns(Vector* r, Vector* i, int sixteenths) {
        for (int j = 0; j < 2; ++j) four<kForward>(r + j, i + j, 2, j * sixteenths);
    }

    void split_square(float* re, float* im) const {
        Vector r[kLanes], i[kLanes];
        for (int k = 0; k < kLanes; ++k) {
            r[k] = load(re + k * kLanes);
            i[k] = load(im + k * kLanes);
        }
        columns<true>(r, i);
        for (int k = 0; k < kLanes; ++k) {
            Complex turned = Complex{r[k], i[k]} * turn(&turns_[square_], 0, 1, k * kLanes);
            r[k] = turned.re;
            i[k] = turned.im;
        }
        transpose(r);
        transpose(i);
        columns<true>(r, i);
        for (int k = 0; k < kLanes; ++k) {
            store(re + k * kLanes, r[k]);
            store(im + k * kLanes, i[k]);
        }
    }

    template <typename At>
    void join_square(float* re, float* im, int first, At at) const {
        Vector r[kLanes], i[kLanes];
        for (int k = 0; k < kLanes; ++k) {
            const Complex bins = at(first + k * kLanes);
            r[k] = bins.re;
            i[k] = bins.im;
        }
        columns<false>(r, i);
        transpose(r);
        transpose(i);
        for (int k = 0; k < kLanes; ++k) {
            Complex turned = Complex{r[k], i[k]} * turn(&turns_[square_], 0, 1, k * kLanes).conjugate();
            r[k] = turned.re;
            i[k] = turned.im;
        }
        columns<false>(r, i);
        for (int k = 0; k < kLanes; ++k) {
            store(re + k * kLanes, r[k]);
            store(im + k * kLanes, i[k]);
        }
    }

    static constexpr float kSinThird = 0.8660254f;  // of a third of a turn

    int length_;
    size_t square_;
    std::vector<Step> steps_;
    Floats turns_;
};

}  // namespace backbeat
