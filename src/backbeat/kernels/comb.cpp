// A comb resonator: a delay that feeds itself through a filter.
//
//   Y = gain X (1 - L^M) / (1 - L),  L(z) = g F(z) z^-D,  D = R / frequency samples, any real number
//   F(z) = k (1 - z^-1) / ((1 - a z^-1) (1 - b z^-1)),  a = exp(-2π low / R), b = exp(-2π high / R), k = (1 + a)(1 - b)
//   / 2
//
// taken in the frequency domain on a grid that holds all that rings, so that M is endless, or else on twice the sound,
// with the M echoes that start within it. F dampens below `low` and above `high`.
//
// Gradients: ∂Y/∂L = X (H - M L^(M-1)) / (1 - L) with H = Y / (gain X); ∂L/∂D = -jω L, ∂L/∂g = L / g, and by a pole p,
// L z^-1 / (1 - p z^-1), beside that of k.
#include <vector>

#include "fft.h"
#include "operation.h"

namespace backbeat {
namespace {

// The bins of a real signal's spectrum as they lie after a complex transform of half its length, whose samples are the
// even ones and, as imaginary parts, the odd ones. Of a bin k and of N/2 - k, what belongs to the even and to the odd
// samples is their sum and their difference; where the one lies follows from where the other does: from the second part
// of a step of the transform on, places are paired from both ends.
class Bins {
   public:
    // Of a signal of so many samples, twice what a transform may have.
    explicit Bins(int samples) : half_(made_once<Fft>(samples / 2)), rise_(2 * half_.length()) {
        for (int place = 0; place < half_.length(); ++place) {
            const double cycles = (double)half_.bin(place) / samples;
            const double half_sine = sine_of_cycles(0.5 * cycles);
            rise_[place] = (float)(2.0 * half_sine * half_sine);
            rise_[half_.length() + place] = (float)sine_of_cycles(cycles);
        }
        std::vector<int> place_of(Fft::kShortest);
        for (int place = 0; place < Fft::kShortest; ++place) place_of[half_.bin(place) / squares()] = place;
        for (int place = 0; place < Fft::kShortest; ++place) {
            const int bin = half_.bin(place) / squares();
            partner_.push_back(place_of[(Fft::kShortest - bin) % Fft::kShortest]);
        }
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

class Resonator : public Kept {
   public:
    void prepare(double sample_rate, int64_t samples, double frequency_hz, double feedback, double low_hz,
                 double high_hz) {
        rate_ = sample_rate;
        samples_ = samples;
        delay_ = sample_rate / frequency_hz;
        feedback_ = feedback;
        low_pole_ = exponential(-2.0 * kPi * low_hz / sample_rate);
        high_pole_ = exponential(-2.0 * kPi * high_hz / sample_rate);
        gain_ = 0.5 * (1.0 + low_pole_) * (1.0 - high_pole_);
        const double settled = maximum(settled_s(frequency_hz, feedback, low_hz, high_hz) * sample_rate, 0.0);
        const int64_t full = at_least(2 * samples + (int64_t)ceiled(kSmearS * sample_rate));
        is_endless_ = samples + settled <= full;
        echoes_ = (int64_t)clamped(floored((samples - 1) / delay_), 0.0, kMostEchoes) + 1;
        bins_ = &made_once<Bins>((int)(is_endless_ ? at_least(samples + (int64_t)ceiled(settled)) : full));
        prepare_delays();
    }

    void filter(const float* signal, float* sound) {
        transform(signal, signal_);
        for_each_bin(signal_, signal_, [&](Complex x, Complex, int place, Vector) { return respond(x, place); });
        nyquist(signal_, nyquist_response());
        transform_back(signal_, sound);
    }

    struct Gradients {
        double along;  // the sum of gradient times sound
        double frequency_hz, feedback, low_hz, high_hz;
    };

    // By the gradient of the sound, which becomes that of the signal.
    Gradients backward(const float* signal, float* gradient) {
        transform(signal, signal_);
        transform(gradient, gradient_);
        Sums sums;
        for_each_bin(signal_, gradient_,
                     [&](Complex x, Complex g, int place, Vector weight) { return felt(x, g, place, weight, sums); });
        const float response = nyquist_response();
        const double by_nyquist = 0.5 * signal_.nyquist * gradient_.nyquist * response;
        nyquist(gradient_, response);
        transform_back(gradient_, gradient);
        // All bins stand for two. Those of a pair are twice what they are, and so are four times as much together.
        const double scale = 2.0 / bins_->samples() / 4.0;
        const double turn = -2.0 * kPi / rate_;
        const double by_delay = scale * sum(sums.delay);
        const double by_feedback = scale * sum(sums.feedback);
        const double by_loop = by_feedback * feedback_;
        const double by_low = scale * sum(sums.low) + by_loop / (1.0 + low_pole_);
        const double by_high = scale * sum(sums.high) - by_loop / (1.0 - high_pole_);
        return {scale * (sum(sums.along) + by_nyquist), -by_delay * delay_ * delay_ / rate_, by_feedback,
                by_low * turn * low_pole_, by_high * turn * high_pole_};
    }

   private:
    static constexpr double kSmearS = 0.2;
    static constexpr double kMostEchoes = 1e15;
    static constexpr double kSettled = 13.815510557964274;  // nepers: 120 dB

    static int64_t at_least(int64_t samples) { return 2 * (int64_t)Fft::enough((samples + 1) / 2); }

    // When the slowest of what rings has fallen by 120 dB.
    static double settled_s(double frequency_hz, double feedback, double low_hz, double high_hz) {
        const double low = 2.0 * kPi * low_hz;
        const double high = 2.0 * kPi * high_hz;
        const double ringing = -logarithm(maximum(feedback, 1e-30)) / (1.0 / frequency_hz + 1.4 / high);
        return kSettled / minimum(minimum(0.5 * low, 0.5 * high), ringing);
    }

    // What the delay turns each bin by, as a product of what it turns the square by, the row and the lane.
    void prepare_delays() {
        const int squares = bins_->squares();
        const double turns = -delay_ / bins_->samples();
        const auto turn = [&](int64_t bin, float& re, float& im) {
            const double cycles = fraction(turns * (double)bin);
            re = (float)cosine_of_cycles(cycles);
            im = (float)sine_of_cycles(cycles);
        };
        square_.resize(2 * squares);
        for (int k = 0; k < squares; ++k) turn(k, square_[2 * k], square_[2 * k + 1]);
        for (int k = 0; k < kLanes; ++k) {
            const int64_t bin = (int64_t)squares * Fft::bin_of_row(k);
            lane_bins_[k] = (float)bin;
            turn(bin, lane_re_[k], lane_im_[k]);
            turn(bin * kLanes, row_re_[k], row_im_[k]);
        }
    }

    int square_of(int place) const { return bins_->half().bin(place / Fft::kShortest * Fft::kShortest); }

    Complex delay(int place) const {
        const int square = square_of(place);
        const int row = place / kLanes % kLanes;
        const float a = square_[2 * square];
        const float b = square_[2 * square + 1];
        const float c = row_re_[row];
        const float d = row_im_[row];
        return times(load(lane_re_, lane_im_), a * c - b * d, a * d + b * c);
    }

    // The spectrum of a signal of twice the length, as the transform of its even and odd samples leaves it.
    struct Spectrum {
        std::vector<float> re, im;
        float nyquist;
    };

    void transform(const float* signal, Spectrum& to) const {
        const size_t length = bins_->half().length();
        to.re.assign(length, 0.0f);
        to.im.assign(length + kLanes, 0.0f);
        float* re = to.re.data();
        float* im = imaginary(to);
        int64_t n = 0;
        for (; 2 * (n + kLanes) <= samples_; n += kLanes) {
            Vector even = load(signal + 2 * n);
            Vector odd = load(signal + 2 * n + kLanes);
            separate(even, odd);
            store(re + n, even);
            store(im + n, odd);
        }
        for (; 2 * n + 1 < samples_; ++n) {
            re[n] = signal[2 * n];
            im[n] = signal[2 * n + 1];
        }
        if (samples_ % 2) re[samples_ / 2] = signal[samples_ - 1];
        bins_->half().forward(re, im);
    }

    void transform_back(Spectrum& from, float* signal) const {
        float* re = from.re.data();
        float* im = imaginary(from);
        bins_->half().inverse(re, im);
        int64_t n = 0;
        for (; 2 * (n + kLanes) <= samples_; n += kLanes) {
            Vector even = load(re + n);
            Vector odd = load(im + n);
            interleave(even, odd);
            store(signal + 2 * n, even);
            store(signal + 2 * n + kLanes, odd);
        }
        for (; 2 * n + 1 < samples_; ++n) {
            signal[2 * n] = re[n];
            signal[2 * n + 1] = im[n];
        }
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
        const Complex rise = bins_->rise(place);
        const Complex one = {all(1.0f), all(0.0f)};
        Response found;
        // Near DC, where z^-1 is nearly 1, a sum of what is small.
        found.low = {rise.re * (float)low_pole_ + (float)(1.0 - low_pole_), rise.im * (float)low_pole_};
        found.high = {rise.re * (float)high_pole_ + (float)(1.0 - high_pole_), rise.im * (float)high_pole_};
        const Complex poles = found.low * found.high;
        found.once = rise * delay(place) * all((float)gain_) * poles.conjugate() * (1.0f / poles.power());
        const Complex loop = found.once * all((float)feedback_);
        const Complex rest = one - loop;
        found.inverse = rest.conjugate() * (1.0f / rest.power());
        found.whole = found.inverse;
        if (!kEndless) {
            Complex power = loop;
            found.earlier = one;
            for (int64_t left = echoes_ - 1; left > 0; left /= 2) {
                if (left & 1) found.earlier = found.earlier * power;
                power = power * power;
            }
            found.whole = (one - found.earlier * loop) * found.inverse;
        }
        return found;
    }

    Complex respond(Complex x, int place) const {
        return x * (is_endless_ ? response<true>(place).whole : response<false>(place).whole);
    }

    struct Sums {
        Vector along = all(0.0f), delay = all(0.0f), feedback = all(0.0f), low = all(0.0f), high = all(0.0f);
    };

    // The gradient of the signal, and what some bins add to those of the controls.
    Complex felt(Complex x, Complex gradient, int place, Vector weight, Sums& sums) const {
        return is_endless_ ? felt<true>(x, gradient, place, weight, sums)
                           : felt<false>(x, gradient, place, weight, sums);
    }

    template <bool kEndless>
    Complex felt(Complex x, Complex gradient, int place, Vector weight, Sums& sums) const {
        const Response loop = response<kEndless>(place);
        const Complex along = gradient.conjugate() * x * weight;
        const Complex sound = along * loop.whole;
        sums.along += sound.re;
        // ∂H/∂L is (H - M L^(M-1)) / (1 - L), and what it is of, times L / g.
        Complex by_loop = sound * loop.inverse * loop.once;
        if (!kEndless) by_loop = by_loop - along * loop.earlier * loop.inverse * loop.once * all((float)echoes_);
        sums.feedback += by_loop.re;
        const Complex by_log = by_loop * all((float)feedback_);
        const Complex late = turned(place);
        const Complex by_low = by_log * late * loop.low.conjugate();
        const Complex by_high = by_log * late * loop.high.conjugate();
        sums.delay += by_log.im * frequency(place);
        sums.low += by_low.re / loop.low.power();
        sums.high += by_high.re / loop.high.power();
        return gradient * loop.whole.conjugate();
    }

    // exp(-jω).
    Complex turned(int place) const {
        const Complex rise = bins_->rise(place);
        return {1.0f - rise.re, -rise.im};
    }

    // ω, in radians per sample.
    Vector frequency(int place) const {
        const int row = place / kLanes % kLanes;
        const int64_t first = square_of(place) + (int64_t)bins_->squares() * kLanes * Fft::bin_of_row(row);
        return (load(lane_bins_) + (float)first) * (float)(2.0 * kPi / bins_->samples());
    }

    // Twice a spectrum's bins at some places, and the conjugates of their partners.
    struct Pair {
        Complex bin, partner;
    };

    static Pair unpacked(Complex a, Complex b, Complex turn) {
        const Complex even = a + b;
        const Complex odd = (b - a).quarter() * turn;
        return {even + odd, even - odd};
    }

    // What `unpacked` takes, times four.
    static Pair packed(Complex bin, Complex partner, Complex turn) {
        const Complex even = bin + partner;
        const Complex odd = ((bin - partner) * turn.conjugate()).quarter();
        return {even + odd, even - odd};
    }

    // For all bins, what a function makes of twice those of two spectra goes into the second, over its length.
    template <typename Function>
    void for_each_bin(Spectrum& first, Spectrum& second, Function function) {
        const Vector scale = all(0.25f / bins_->half().length());
        const Vector one = all(1.0f);
        first_square(first, second, function);
        for (int size = bins_->half().length(); size > Fft::kShortest; size /= Fft::parts(size)) {
            const int part = size / Fft::parts(size);
            const int ends = part + size;
            for (int place = part; 2 * place < ends; place += kLanes) {
                const int partner = ends - kLanes - place;
                const Complex turn = turned(place);
                const Pair x = taken(first, place, partner, turn);
                const Pair y = taken(second, place, partner, turn);
                const Complex bin = function(x.bin, y.bin, place, one);
                const Complex x_other = reversed(x.partner.conjugate());
                const Complex y_other = reversed(y.partner.conjugate());
                const Complex other = function(x_other, y_other, partner, one);
                const Pair found = packed(bin, reversed(other).conjugate(), turn);
                store(&second.re[place], imaginary(second) + place, found.bin * scale);
                store(&second.re[partner], imaginary(second) + partner, reversed((found.partner * scale).conjugate()));
            }
        }
    }

    static Pair taken(Spectrum& from, int place, int partner, Complex turn) {
        const Complex a = load(&from.re[place], imaginary(from) + place);
        const Complex b = load(&from.re[partner], imaginary(from) + partner);
        return unpacked(a, reversed(b).conjugate(), turn);
    }

    // The first square, whose bins make pairs among themselves, DC and Nyquist one of their own.
    template <typename Function>
    void first_square(Spectrum& first, Spectrum& second, Function function) {
        for (Spectrum* each : {&first, &second}) each->nyquist = 2.0f * (each->re[0] - imaginary(*each)[0]);
        constexpr float kHalfOfFirst[kLanes] = {0.5f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f};  // DC stands for one
        Complex found[kLanes];
        for (int row = 0; row < kLanes; ++row) {
            const int place = row * kLanes;
            const Complex turn = turned(place);
            const Complex a = load(&first.re[place], imaginary(first) + place);
            const Complex b = load(&second.re[place], imaginary(second) + place);
            const Complex x = unpacked(a, partners(first, place), turn).bin;
            const Complex y = unpacked(b, partners(second, place), turn).bin;
            found[row] = function(x, y, place, row ? all(1.0f) : load(kHalfOfFirst));
        }
        for (int row = 0; row < kLanes; ++row)
            store(&second.re[row * kLanes], imaginary(second) + row * kLanes, found[row]);
        dc_ = second.re[0];
        const Vector scale = all(0.25f / bins_->half().length());
        for (int row = 0; row < kLanes; ++row) {
            const Complex others = partners(second, row * kLanes);
            found[row] = packed(found[row], others, turned(row * kLanes)).bin * scale;
        }
        for (int row = 0; row < kLanes; ++row)
            store(&second.re[row * kLanes], imaginary(second) + row * kLanes, found[row]);
    }

    // The conjugates of the first square's partners of some of its places.
    Complex partners(Spectrum& of, int place) const {
        float re[kLanes], im[kLanes];
        for (int lane = 0; lane < kLanes; ++lane) {
            const int partner = bins_->partner(place + lane);
            re[lane] = of.re[partner];
            im[lane] = -imaginary(of)[partner];
        }
        return load(re, im);
    }

    // Put Nyquist, times a response, and DC where both lie.
    void nyquist(Spectrum& of, float response) const {
        const float scale = 0.25f / bins_->half().length();
        const float highest = of.nyquist * response;
        of.re[0] = (dc_ + highest) * scale;
        imaginary(of)[0] = (dc_ - highest) * scale;
    }

    // At half the sample rate, where a real signal has no phase: the real part.
    float nyquist_response() const {
        const double size = 2.0 * gain_ * feedback_ / ((1.0 + low_pole_) * (1.0 + high_pole_));
        const double cycles = fraction(-0.5 * delay_);
        const double re = size * cosine_of_cycles(cycles);
        const double im = size * sine_of_cycles(cycles);
        double above_re = 1.0;
        double above_im = 0.0;
        if (!is_endless_) {
            const double last = size > 0.0 ? power(size, (double)echoes_) : 0.0;
            const double turns = fraction(cycles * (double)echoes_);
            above_re -= last * cosine_of_cycles(turns);
            above_im -= last * sine_of_cycles(turns);
        }
        const double below = (1.0 - re) * (1.0 - re) + im * im;
        return (float)((above_re * (1.0 - re) - above_im * im) / below);
    }

    double rate_, delay_, feedback_, low_pole_, high_pole_, gain_;
    float dc_;
    int64_t samples_, echoes_;
    bool is_endless_;
    const Bins* bins_ = nullptr;
    Spectrum signal_, gradient_;
    std::vector<float> square_;
    float lane_bins_[kLanes], lane_re_[kLanes], lane_im_[kLanes], row_re_[kLanes], row_im_[kLanes];
};

// Controls: frequency_hz, feedback, low_hz, high_hz, gain.
class Comb final : public Transform {
   public:
    explicit Comb(const Call& call)
        : resonator_(kept<Resonator>(call)),
          rate_(call.grid.sample_rate),
          samples_(call.grid.samples),
          controls_{call.control(0), call.control(1), call.control(2), call.control(3)},
          gain_(call.control(4)),
          is_off_(gain_ == 0.0 && !call.differentiated),
          gradient_(call.differentiated ? call.arena->allocate<float>(samples_) : nullptr) {}

    int64_t silent_after(int64_t) const override { return is_off_ ? 0 : samples_; }
    int64_t reach(int64_t output_samples) const override { return output_samples; }

    void forward(const float* input, float* output, int64_t output_samples) override {
        prepare(output_samples);
        resonator_.filter(input, output);
        for (int64_t n = 0; n < output_samples; ++n) output[n] *= (float)gain_;
    }

    void backward(const float* input, const float* grad_output, int64_t output_samples, float* grad_input,
                  double* const* grad_controls) override {
        prepare(output_samples);
        std::memcpy(gradient_, grad_output, output_samples * sizeof(float));
        const Resonator::Gradients found = resonator_.backward(input, gradient_);
        if (grad_input)
            for (int64_t n = 0; n < output_samples; ++n) grad_input[n] += gradient_[n] * (float)gain_;
        add(grad_controls, 0, found.frequency_hz * gain_);
        add(grad_controls, 1, found.feedback * gain_);
        add(grad_controls, 2, found.low_hz * gain_);
        add(grad_controls, 3, found.high_hz * gain_);
        add(grad_controls, 4, found.along);
    }

   private:
    void prepare(int64_t samples) {
        resonator_.prepare(rate_, samples, controls_[0], controls_[1], controls_[2], controls_[3]);
    }

    Resonator& resonator_;
    double rate_;
    int64_t samples_;
    double controls_[4];
    double gain_;
    bool is_off_;
    float* gradient_;
};

}  // namespace

extern const Operation kCombOperation;
const Operation kCombOperation = {"comb", Kind::transform, "1 1 1 1 1", "", make_operation<Transform, Comb>, false,
                                  false};

}  // namespace backbeat
