// The comb resonator of dsp/comb.py: a delay that feeds itself through a filter.
#pragma once

#include <complex>

#include "fft.h"
#include "plugin.h"

namespace backbeat {

// The bins of a real signal's spectrum as they lie after a complex transform of half its length, whose samples are the
// even ones and, as imaginary parts, the odd ones. Of a bin k and of N/2 - k, what belongs to the even and to the odd
// samples is their sum and their difference; where the one lies follows from where the other does: from the second part
// of a step of the transform on, places are paired from both ends.
class Bins {
   public:
    // Of a signal of N samples, a power of two.
    explicit Bins(int samples) : half_(Fft::of(samples / 2)), rise_(2 * half_.length()) {
        const double turn = 2.0 * kPi / samples;
        for (int place = 0; place < half_.length(); ++place) {
            double angle = turn * half_.bin(place), half_sine = std::sin(0.5 * angle);
            rise_[place] = (float)(2.0 * half_sine * half_sine), rise_[half_.length() + place] = (float)std::sin(angle);
        }
        std::vector<int> place_of(Fft::kShortest);
        for (int place = 0; place < Fft::kShortest; ++place) place_of[half_.bin(place) / squares()] = place;
        for (int place = 0; place < Fft::kShortest; ++place)
            partner_.push_back(place_of[(Fft::kShortest - half_.bin(place) / squares()) % Fft::kShortest]);
    }

    const Fft& half() const { return half_; }

    int samples() const { return 2 * half_.length(); }

    // Squares of places in the transform, which is also how far apart the bins of one lie.
    int squares() const { return half_.length() / Fft::kShortest; }

    // 1 - exp(-jω) of the bins at some places.
    Complex rise(int place) const { return load(&rise_[place], &rise_[half_.length() + place]); }

    // Where the bin lies that makes a pair with one of the first square's.
    int partner(int place) const { return partner_[place]; }

    static const Bins& of(int samples) {
        static std::mutex mutex;
        static std::map<int, std::unique_ptr<Bins>> made;
        std::lock_guard<std::mutex> lock(mutex);
        auto& found = made[samples];
        if (!found) found = std::make_unique<Bins>(samples);
        return *found;
    }

   private:
    const Fft& half_;
    std::vector<float> rise_;
    std::vector<int> partner_;
};

// `Y = X (1 - L^M) / (1 - L)` of the loop `L = g F z^-D`, on a grid that holds all that rings, so that M is endless, or
// else twice the sound, with the M echoes that start within it.
class Resonator {
   public:
    void prepare(double sample_rate, int64_t samples, double frequency_hz, double feedback, double low_hz, double high_hz) {
        samples_ = samples, delay_ = sample_rate / frequency_hz;
        low_pole_ = std::exp(-2.0 * kPi * low_hz / sample_rate), high_pole_ = std::exp(-2.0 * kPi * high_hz / sample_rate);
        gain_ = 0.5 * (1.0 + low_pole_) * (1.0 - high_pole_) * feedback;
        const double settled = settled_s(frequency_hz, feedback, low_hz, high_hz) * sample_rate;
        const int64_t full = at_least(2 * samples + (int64_t)std::ceil(kSmearS * sample_rate));
        endless_ = samples + settled <= full;
        echoes_ = (int64_t)std::floor((samples - 1) / delay_) + 1;
        bins_ = &Bins::of((int)(endless_ ? at_least(samples + (int64_t)std::ceil(settled)) : full));
        delays();
    }

    void filter(const float* signal, float* sound) {
        const Fft& half = bins_->half();
        const int length = half.length();
        re_.assign(length, 0.0f), im_.assign(length + kLanes, 0.0f);
        float *re = re_.data(), *im = im_.data() + kLanes;
        for (int64_t n = 0; 2 * n + 1 < samples_; ++n) re[n] = signal[2 * n], im[n] = signal[2 * n + 1];
        if (samples_ % 2) re[samples_ / 2] = signal[samples_ - 1];
        half.forward(re, im);
        first_square(re, im);
        for (int size = length; size > Fft::kShortest; size /= Fft::parts(size)) {
            const int part = size / Fft::parts(size), ends = part + size;
            for (int place = part; 2 * place < ends; place += kLanes) pair(re, im, place, ends - kLanes - place);
        }
        half.inverse(re, im);
        for (int64_t n = 0; 2 * n + 1 < samples_; ++n) sound[2 * n] = re[n], sound[2 * n + 1] = im[n];
        if (samples_ % 2) sound[samples_ - 1] = re[samples_ / 2];
    }

   private:
    static constexpr double kSmearS = 0.2;
    static constexpr double kSettled = 13.815510557964274;  // nepers: 120 dB

    static int64_t at_least(int64_t samples) {
        int64_t found = 2 * Fft::kShortest;
        while (found < samples) found *= 2;
        return found;
    }

    // As `_settled_s` of dsp/comb.py, but for the level.
    static double settled_s(double frequency_hz, double feedback, double low_hz, double high_hz) {
        double low = 2.0 * kPi * low_hz, high = 2.0 * kPi * high_hz;
        double ringing = -std::log(feedback) / (1.0 / frequency_hz + 1.4 / high);
        return kSettled / std::min({0.5 * low, 0.5 * high, ringing});
    }

    // What the delay turns each bin by, as a product of what it turns the square by, the row and the lane.
    void delays() {
        const int squares = bins_->squares();
        const double turns = -delay_ / bins_->samples();
        auto turn = [&](int64_t bin, float& re, float& im) {
            double cycles = turns * bin, angle = 2.0 * kPi * (cycles - std::floor(cycles));
            re = (float)std::cos(angle), im = (float)std::sin(angle);
        };
        square_.resize(2 * squares);
        for (int k = 0; k < squares; ++k) turn(k, square_[2 * k], square_[2 * k + 1]);
        for (int k = 0; k < kLanes; ++k) {
            int64_t bin = (int64_t)squares * Fft::bin_of_row(k);
            turn(bin, lane_re_[k], lane_im_[k]), turn(bin * kLanes, row_re_[k], row_im_[k]);
        }
    }

    Complex delay(int place) const {
        const int square = bins_->half().bin(place / Fft::kShortest * Fft::kShortest), row = place / kLanes % kLanes;
        const float a = square_[2 * square], b = square_[2 * square + 1], c = row_re_[row], d = row_im_[row];
        Vector re = load(lane_re_), im = load(lane_im_);
        const float turn_re = a * c - b * d, turn_im = a * d + b * c;
        return {re * turn_re - im * turn_im, re * turn_im + im * turn_re};
    }

    // What becomes of the bins at some places.
    Complex respond(Complex x, int place) const {
        const Complex rise = bins_->rise(place);
        // 1 - p z^-1 of both poles: near DC, where z^-1 is nearly 1, a sum of what is small.
        const Complex low = {rise.re * (float)low_pole_ + (float)(1.0 - low_pole_), rise.im * (float)low_pole_};
        const Complex high = {rise.re * (float)high_pole_ + (float)(1.0 - high_pole_), rise.im * (float)high_pole_};
        const Complex poles = low * high, looped = rise * delay(place) * all((float)gain_);
        if (endless_) {
            const Complex rest = poles - looped;
            return x * poles * rest.conjugate() * (1.0f / rest.power());
        }
        const Complex loop = looped * poles.conjugate() * (1.0f / poles.power());
        Complex last = {all(1.0f), Vector{}}, power = loop;
        for (int64_t left = echoes_; left; left /= 2, power = power * power)
            if (left & 1) last = last * power;
        const Complex rest = {1.0f - loop.re, -loop.im}, cut = {1.0f - last.re, -last.im};
        return x * cut * rest.conjugate() * (1.0f / rest.power());
    }

    // Of a pair of places, the spectrum of the real signal, times the response, and back; over the transform's length.
    void pair(float* re, float* im, int place, int partner) const {
        const Complex a = load(re + place, im + place), b = reversed(load(re + partner, im + partner)).conjugate();
        const Complex turn = turned(place);
        const Complex even = a + b, odd = (b - a).quarter() * turn;
        const Complex x = respond(even + odd, place);
        const Complex y = reversed(respond(reversed((even - odd).conjugate()), partner)).conjugate();
        const float scale = 0.25f / bins_->half().length();
        const Complex out_even = (x + y) * all(scale), out_odd = ((x - y) * turn.conjugate()).quarter() * all(scale);
        store(re + place, im + place, out_even + out_odd);
        store(re + partner, im + partner, reversed((out_even - out_odd).conjugate()));
    }

    // exp(-jω).
    Complex turned(int place) const {
        const Complex rise = bins_->rise(place);
        return {1.0f - rise.re, -rise.im};
    }

    // The same for the first square, whose bins make pairs among themselves, DC and Nyquist one of their own.
    void first_square(float* re, float* im) const {
        constexpr int kPlaces = Fft::kShortest;
        using Number = std::complex<float>;
        Number turns[kPlaces], spectrum[kPlaces];
        alignas(64) float x_re[kPlaces], x_im[kPlaces];
        for (int place = 0; place < kPlaces; place += kLanes) {
            const Complex turn = turned(place);
            for (int lane = 0; lane < kLanes; ++lane) turns[place + lane] = {turn.re[lane], turn.im[lane]};
        }
        for (int place = 0; place < kPlaces; ++place) {
            const int partner = bins_->partner(place);
            const Number a(re[place], im[place]), b(re[partner], -im[partner]);
            const Number x = a + b + Number(0.0f, 1.0f) * (b - a) * turns[place];
            x_re[place] = x.real(), x_im[place] = x.imag();
        }
        const float nyquist = 2.0f * (re[0] - im[0]) * nyquist_response();
        for (int place = 0; place < kPlaces; place += kLanes)
            store(x_re + place, x_im + place, respond(load(x_re + place, x_im + place), place));
        const float scale = 0.25f / bins_->half().length();
        for (int place = 0; place < kPlaces; ++place) {
            const int partner = bins_->partner(place);
            const Number x(x_re[place], x_im[place]), y = place ? Number(x_re[partner], -x_im[partner]) : nyquist;
            spectrum[place] = (x + y + Number(0.0f, 1.0f) * (x - y) * std::conj(turns[place])) * scale;
        }
        for (int place = 0; place < kPlaces; ++place) re[place] = spectrum[place].real(), im[place] = spectrum[place].imag();
    }

    // At half the sample rate, where a real signal has no phase.
    float nyquist_response() const {
        const double cycles = -0.5 * delay_, angle = 2.0 * kPi * (cycles - std::floor(cycles));
        const std::complex<double> loop =
            std::polar(2.0 * gain_ / ((1.0 + low_pole_) * (1.0 + high_pole_)), angle);
        return (float)((endless_ ? 1.0 : 1.0 - std::pow(loop, (double)echoes_)) / (1.0 - loop)).real();
    }

    double delay_, low_pole_, high_pole_, gain_;
    int64_t samples_, echoes_;
    bool endless_;
    const Bins* bins_ = nullptr;
    std::vector<float> re_, im_, square_;
    float lane_re_[kLanes], lane_im_[kLanes], row_re_[kLanes], row_im_[kLanes];
};

}  // namespace backbeat
