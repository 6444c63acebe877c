// The wave and the spectrum of a hit.

const LOW_HZ = 30;
const HIGH_HZ = 20000;
const RANGE_DB = 80;
const LENGTH = 8192;

function cleared(canvas) {
  const scale = Math.min(2, devicePixelRatio || 1);
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * scale));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * scale));
  const paint = canvas.getContext("2d");
  paint.fillStyle = paint.strokeStyle = getComputedStyle(canvas).color;
  paint.lineWidth = scale;
  return paint;
}

/** Draw the least and the greatest sample of each column. */
export function drawWave(canvas, sound) {
  const paint = cleared(canvas);
  const { width, height } = canvas;
  let peak = 1e-9;
  for (const each of sound) peak = Math.max(peak, Math.abs(each));
  for (let x = 0; x < width; ++x) {
    let [least, most] = [0, 0];
    const last = Math.max(Math.ceil(((x + 1) * sound.length) / width), 1);
    for (let n = Math.floor((x * sound.length) / width); n < last; ++n) {
      least = Math.min(least, sound[n]);
      most = Math.max(most, sound[n]);
    }
    const top = (0.5 - (0.48 * most) / peak) * height;
    paint.fillRect(x, top, 1, Math.max(1, (0.5 - (0.48 * least) / peak) * height - top));
  }
}

/** Draw the power of the whole sound by frequency: that of windows, half overlapping, added up. */
export function drawSpectrum(canvas, sound, sampleRate) {
  const paint = cleared(canvas);
  const power = new Float64Array(LENGTH / 2);
  for (let start = -LENGTH / 2; start < sound.length; start += LENGTH / 2) {
    const [real, imaginary] = [new Float64Array(LENGTH), new Float64Array(LENGTH)];
    for (let n = Math.max(0, -start); n < LENGTH && start + n < sound.length; ++n)
      real[n] = sound[start + n] * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / LENGTH));
    transform(real, imaginary);
    for (let k = 0; k < power.length; ++k) power[k] += real[k] ** 2 + imaginary[k] ** 2;
  }
  const most = power.reduce((found, each) => Math.max(found, each), 1e-30);
  const highest = Math.min(HIGH_HZ, sampleRate / 2);
  paint.beginPath();
  for (let x = 0; x < canvas.width; ++x) {
    const hz = LOW_HZ * (highest / LOW_HZ) ** (x / canvas.width);
    const next = LOW_HZ * (highest / LOW_HZ) ** ((x + 1) / canvas.width);
    const [from, to] = [hz, next].map((each) => (each * LENGTH) / sampleRate);
    const below = Math.floor(from);
    let found = power[below] + (from - below) * ((power[below + 1] ?? 0) - power[below]);
    for (let k = below + 1; k < to && k < power.length; ++k) found = Math.max(found, power[k]);
    const down = Math.min(1, (-10 * Math.log10(found / most + 1e-30)) / RANGE_DB);
    paint.lineTo(x, (0.02 + 0.96 * down) * canvas.height);
  }
  paint.stroke();
}

/** The Fourier transform, in place, of a power of two. */
function transform(real, imaginary) {
  const size = real.length;
  for (let k = 1, turned = 0; k < size; ++k) {
    let bit = size >> 1;
    for (; turned & bit; bit >>= 1) turned ^= bit;
    turned ^= bit;
    if (k < turned) [real[k], real[turned]] = [real[turned], real[k]];
  }
  for (let half = 1; half < size; half *= 2)
    for (let k = 0; k < half; ++k) {
      const [cosine, sine] = [Math.cos((-Math.PI * k) / half), Math.sin((-Math.PI * k) / half)];
      for (let n = k; n < size; n += 2 * half) {
        const m = n + half;
        const [a, b] = [cosine * real[m] - sine * imaginary[m], sine * real[m] + cosine * imaginary[m]];
        [real[m], imaginary[m]] = [real[n] - a, imaginary[n] - b];
        real[n] += a;
        imaginary[n] += b;
      }
    }
}
