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
    // Of a signal of N samples, twice what a transform may have.
    explicit Bins(int samples) : half_(made_once<Fft>(samples / 2)), rise_(2 * half_.length()) {
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

   private:
    const Fft& half_;
    std::vector<float> rise_;
    std::vector<int> partner_;
};

// `Y = X (1 - L^M) / (1 - L)` of the loop `L = g F z^-D`, on a grid that holds all that rings, so that M is endless, or
// else twice the sound, with the M echoes that start within it.
class Resonator {
   public:
    void prepare(double sample_rate, int64_t samples, double frequency_hz, double feedback, double low_hz,
                 double high_hz) {
        rate_ = sample_rate, samples_ = samples, delay_ = sample_rate / frequency_hz, feedback_ = feedback;
        low_pole_ = std::exp(-2.0 * kPi * low_hz / sample_rate),
        high_pole_ = std::exp(-2.0 * kPi * high_hz / sample_rate);
        gain_ = 0.5 * (1.0 + low_pole_) * (1.0 - high_pole_);
        const double settled = settled_s(frequency_hz, feedback, low_hz, high_hz) * sample_rate;
        const int64_t full = at_least(2 * samples + (int64_t)std::ceil(kSmearS * sample_rate));
        endless_ = samples + settled <= full;
        echoes_ = (int64_t)std::floor((samples - 1) / delay_) + 1;
        bins_ = &made_once<Bins>((int)(endless_ ? at_least(samples + (int64_t)std::ceil(settled)) : full));
        delays();
    }

    void filter(const float* signal, float* sound) {
        transform(signal, signal_);
        for_each_bin(signal_, signal_, [&](Complex x, Complex, int place, Vector) { return answer(x, place); });
        nyquist(signal_, nyquist_response());
        transform_back(signal_, sound);
    }

    struct Slopes {
        double along;  // the sum of slope times sound
        double frequency_hz, feedback, low_hz, high_hz;
    };

    // Slopes of the controls, by those of the sound, which become those of the signal.
    Slopes slopes(const float* signal, float* slope) {
        transform(signal, signal_), transform(slope, slope_);
        Sums sums;
        for_each_bin(signal_, slope_,
                     [&](Complex x, Complex s, int place, Vector weight) { return felt(x, s, place, weight, sums); });
        const float response = nyquist_response();
        const double of_nyquist = 0.5 * signal_.nyquist * slope_.nyquist * response;
        nyquist(slope_, response);
        transform_back(slope_, slope);
        // All bins stand for two. Those of a pair are twice what they are, and so are four times as much together.
        const double scale = 2.0 / bins_->samples() / 4.0, turn = -2.0 * kPi / rate_;
        const double of_delay = scale * sum(sums.delay), of_loop = scale * feedback_ * sum(sums.feedback);
        const double of_low = scale * sum(sums.low) + of_loop / (1.0 + low_pole_);
        const double of_high = scale * sum(sums.high) - of_loop / (1.0 - high_pole_);
        return {scale * (sum(sums.along) + of_nyquist), -of_delay * delay_ * delay_ / rate_, scale * sum(sums.feedback),
                of_low * turn * low_pole_, of_high * turn * high_pole_};
    }

   private:
    static constexpr double kSmearS = 0.2;
    static constexpr double kSettled = 13.815510557964274;  // nepers: 120 dB

    static int64_t at_least(int64_t samples) { return 2 * (int64_t)Fft::enough((samples + 1) / 2); }

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
            const double angle = 2.0 * kPi * fraction(turns * bin);
            re = (float)std::cos(angle), im = (float)std::sin(angle);
        };
        square_.resize(2 * squares);
        for (int k = 0; k < squares; ++k) turn(k, square_[2 * k], square_[2 * k + 1]);
        for (int k = 0; k < kLanes; ++k) {
            int64_t bin = (int64_t)squares * Fft::bin_of_row(k);
            lane_bins_[k] = (float)bin;
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

    // The spectrum of a signal of twice the length, as the transform of its even and odd samples leaves it.
    struct Spectrum {
        std::vector<float> re, im;
        float nyquist;
    };

    void transform(const float* signal, Spectrum& to) const {
        const size_t length = bins_->half().length();
        to.re.assign(length, 0.0f), to.im.assign(length + kLanes, 0.0f);
        float *re = to.re.data(), *im = imaginary(to);
        for (int64_t n = 0; 2 * n + 1 < samples_; ++n) re[n] = signal[2 * n], im[n] = signal[2 * n + 1];
        if (samples_ % 2) re[samples_ / 2] = signal[samples_ - 1];
        bins_->half().forward(re, im);
    }

    void transform_back(Spectrum& from, float* signal) const {
        float *re = from.re.data(), *im = imaginary(from);
        bins_->half().inverse(re, im);
        for (int64_t n = 0; 2 * n + 1 < samples_; ++n) signal[2 * n] = re[n], signal[2 * n + 1] = im[n];
        if (samples_ % 2) signal[samples_ - 1] = re[samples_ / 2];
    }

    // Apart from the real ones by more than a power of two, after which all would lie in the same lines of the cache.
    static float* imaginary(Spectrum& of) { return of.im.data() + kLanes; }

    // A loop's response at some places, and what it is made of.
    struct Response {
        Complex low, high;    // 1 - p z^-1 of both poles
        Complex once, whole;  // L / g, and (1 - L^M) / (1 - L)
        Complex inverse;      // 1 / (1 - L)
        Complex earlier;      // L^(M-1)
    };

    template <bool kEndless>
    Response response(int place) const {
        const Complex rise = bins_->rise(place), one = {all(1.0f), Vector{}};
        Response found;
        // Near DC, where z^-1 is nearly 1, a sum of what is small.
        found.low = {rise.re * (float)low_pole_ + (float)(1.0 - low_pole_), rise.im * (float)low_pole_};
        found.high = {rise.re * (float)high_pole_ + (float)(1.0 - high_pole_), rise.im * (float)high_pole_};
        const Complex poles = found.low * found.high;
        found.once = rise * delay(place) * all((float)gain_) * poles.conjugate() * (1.0f / poles.power());
        const Complex loop = found.once * all((float)feedback_), rest = one - loop;
        found.whole = found.inverse = rest.conjugate() * (1.0f / rest.power());
        if (!kEndless) {
            Complex power = loop;
            found.earlier = one;
            for (int64_t left = echoes_ - 1; left > 0; left /= 2, power = power * power)
                if (left & 1) found.earlier = found.earlier * power;
            found.whole = (one - found.earlier * loop) * found.inverse;
        }
        return found;
    }

    Complex answer(Complex x, int place) const {
        return x * (endless_ ? response<true>(place).whole : response<false>(place).whole);
    }

    struct Sums {
        Vector along{}, delay{}, feedback{}, low{}, high{};
    };

    // The slope of the signal, and what some bins add to those of the controls.
    Complex felt(Complex x, Complex slope, int place, Vector weight, Sums& sums) const {
        return endless_ ? felt<true>(x, slope, place, weight, sums) : felt<false>(x, slope, place, weight, sums);
    }

    template <bool kEndless>
    Complex felt(Complex x, Complex slope, int place, Vector weight, Sums& sums) const {
        const Response loop = response<kEndless>(place);
        const Complex along = slope.conjugate() * x * weight;
        const Complex sound = along * loop.whole;
        sums.along += sound.re;
        // ∂H/∂L is (H - M L^(M-1)) / (1 - L), and what it is of, times L / g.
        Complex by_loop = sound * loop.inverse * loop.once;
        if (!kEndless) by_loop = by_loop - along * loop.earlier * loop.inverse * loop.once * all((float)echoes_);
        sums.feedback += by_loop.re;
        const Complex by_log = by_loop * all((float)feedback_), late = turned(place);
        sums.delay += by_log.im * frequency(place);
        const Complex by_low = by_log * late * loop.low.conjugate(), by_high = by_log * late * loop.high.conjugate();
        sums.low += by_low.re / loop.low.power(), sums.high += by_high.re / loop.high.power();
        return slope * loop.whole.conjugate();
    }

    // exp(-jω).
    Complex turned(int place) const {
        const Complex rise = bins_->rise(place);
        return {1.0f - rise.re, -rise.im};
    }

    // ω, in radians per sample.
    Vector frequency(int place) const {
        const int row = place / kLanes % kLanes, square = bins_->half().bin(place / Fft::kShortest * Fft::kShortest);
        const float first = (float)(square + (int64_t)bins_->squares() * kLanes * Fft::bin_of_row(row));
        return (load(lane_bins_) + first) * (float)(2.0 * kPi / bins_->samples());
    }

    // Twice a spectrum's bins at some places, and the conjugates of their partners.
    struct Pair {
        Complex bin, partner;
    };

    static Pair unpacked(Complex a, Complex b, Complex turn) {
        const Complex even = a + b, odd = (b - a).quarter() * turn;
        return {even + odd, even - odd};
    }

    // What `unpacked` takes, times four.
    static Pair packed(Complex bin, Complex partner, Complex turn) {
        const Complex even = bin + partner, odd = ((bin - partner) * turn.conjugate()).quarter();
        return {even + odd, even - odd};
    }

    // For all bins, what a function makes of twice those of two spectra goes into the second, over its length.
    template <typename Function>
    void for_each_bin(Spectrum& first, Spectrum& second, Function function) {
        const Vector scale = all(0.25f / bins_->half().length()), one = all(1.0f);
        first_square(first, second, function);
        for (int size = bins_->half().length(); size > Fft::kShortest; size /= Fft::parts(size)) {
            const int part = size / Fft::parts(size), ends = part + size;
            for (int place = part; 2 * place < ends; place += kLanes) {
                const int partner = ends - kLanes - place;
                const Complex turn = turned(place);
                Pair x = taken(first, place, partner, turn), y = taken(second, place, partner, turn);
                const Complex bin = function(x.bin, y.bin, place, one);
                const Complex other =
                    function(reversed(x.partner.conjugate()), reversed(y.partner.conjugate()), partner, one);
                Pair found = packed(bin, reversed(other).conjugate(), turn);
                store(&second.re[place], imaginary(second) + place, found.bin * scale);
                store(&second.re[partner], imaginary(second) + partner, reversed((found.partner * scale).conjugate()));
            }
        }
    }

    static Pair taken(Spectrum& from, int place, int partner, Complex turn) {
        const Complex a = load(&from.re[place], imaginary(from) + place);
        return unpacked(a, reversed(load(&from.re[partner], imaginary(from) + partner)).conjugate(), turn);
    }

    // The first square, whose bins make pairs among themselves, DC and Nyquist one of their own.
    template <typename Function>
    void first_square(Spectrum& first, Spectrum& second, Function function) {
        constexpr int kPlaces = Fft::kShortest;
        for (Spectrum* each : {&first, &second}) each->nyquist = 2.0f * (each->re[0] - imaginary(*each)[0]);
        Complex found[kLanes];
        for (int row = 0; row < kLanes; ++row) {
            const int place = row * kLanes;
            const Complex turn = turned(place);
            Vector weight = all(1.0f);
            if (!row) weight[0] = 0.5f;  // DC stands for one
            const Complex x =
                unpacked(load(&first.re[place], imaginary(first) + place), partners(first, place), turn).bin;
            const Complex y =
                unpacked(load(&second.re[place], imaginary(second) + place), partners(second, place), turn).bin;
            found[row] = function(x, y, place, weight);
        }
        float re[kPlaces], im[kPlaces];
        for (int row = 0; row < kLanes; ++row) store(re + row * kLanes, im + row * kLanes, found[row]);
        for (int place = 0; place < kPlaces; ++place)
            second.re[place] = re[place], imaginary(second)[place] = im[place];
        const Vector scale = all(0.25f / bins_->half().length());
        for (int row = 0; row < kLanes; ++row) {
            const int place = row * kLanes;
            const Complex others = partners(second, place);
            found[row] = packed(found[row], others, turned(place)).bin * scale;
        }
        for (int row = 0; row < kLanes; ++row)
            store(&second.re[row * kLanes], imaginary(second) + row * kLanes, found[row]);
        dc_ = re[0];
    }

    // The conjugates of the first square's partners of some of its places.
    Complex partners(Spectrum& of, int place) const {
        Complex found;
        for (int lane = 0; lane < kLanes; ++lane) {
            const int partner = bins_->partner(place + lane);
            found.re[lane] = of.re[partner], found.im[lane] = -imaginary(of)[partner];
        }
        return found;
    }

    // Put Nyquist, times a response, and DC where both lie.
    void nyquist(Spectrum& of, float response) const {
        const float scale = 0.25f / bins_->half().length(), highest = of.nyquist * response;
        of.re[0] = (dc_ + highest) * scale, imaginary(of)[0] = (dc_ - highest) * scale;
    }

    // At half the sample rate, where a real signal has no phase.
    float nyquist_response() const {
        const double angle = 2.0 * kPi * fraction(-0.5 * delay_);
        const std::complex<double> loop =
            std::polar(2.0 * gain_ * feedback_ / ((1.0 + low_pole_) * (1.0 + high_pole_)), angle);
        return (float)((endless_ ? 1.0 : 1.0 - std::pow(loop, (double)echoes_)) / (1.0 - loop)).real();
    }

    double rate_, delay_, feedback_, low_pole_, high_pole_, gain_;
    float dc_;
    int64_t samples_, echoes_;
    bool endless_;
    const Bins* bins_ = nullptr;
    Spectrum signal_, slope_;
    std::vector<float> square_;
    float lane_bins_[kLanes], lane_re_[kLanes], lane_im_[kLanes], row_re_[kLanes], row_im_[kLanes];
};

}  // namespace backbeat
