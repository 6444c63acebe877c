/* The engine of backbeat: it runs programs, forward and backward. A plain C interface without global state.
 *
 * A program is an instrument's signal chain as JSON (docs/programs.md). It is read once, may be used by any number of
 * threads at a time, and is freed once. All calls return a status; none throws, and none keeps a pointer.
 */
#ifndef BACKBEAT_H
#define BACKBEAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BACKBEAT_API __attribute__((visibility("default")))

enum {
    BACKBEAT_OK = 0,
    BACKBEAT_OUT_OF_MEMORY = 1,
    BACKBEAT_INVALID = 2, /* a program or a batch that is not as it must be; the message says where */
    BACKBEAT_FAILED = 3
};

typedef struct backbeat_program backbeat_program;

/* A batch of `items`, each of which is `samples` long. Of the two pointers to what the program is played with, one is
 * null: `params` are in [0, 1], `values` in physical units, both (items, entries) in the order of the program's
 * parameters. `inputs` are signals that the program asks for, (items, inputs, samples), or null. */
typedef struct {
    double sample_rate;
    int64_t samples;
    int64_t items;
    int64_t most_threads;
    int64_t seeds_apart; /* 0 where one seed serves all, else 1 */
    const int64_t* seeds;
    const float* params;
    const double* values;
    const float* inputs;
} backbeat_batch;

/* What this library is: a hash of the sources it was built from, and the processor it is built for. */
BACKBEAT_API const char* backbeat_sources(void);
BACKBEAT_API const char* backbeat_variant(void);

/* The last variant of x86-64 that the processor can run: 2, 3 or 4; elsewhere 0. */
BACKBEAT_API int backbeat_processor(void);

/* Read a program. Where it is not one, the message is written to `message`, at most `room` bytes with its end. */
BACKBEAT_API int backbeat_read(const char* json, size_t length, backbeat_program** program, char* message, size_t room);
BACKBEAT_API void backbeat_free(backbeat_program* program);

/* Numbers that a batch has for each item, and signals that it has. */
BACKBEAT_API int64_t backbeat_entries(const backbeat_program* program);
BACKBEAT_API int64_t backbeat_inputs(const backbeat_program* program);

/* Render `audio`, (items, samples). */
BACKBEAT_API int backbeat_render(const backbeat_program* program, const backbeat_batch* batch, float* audio);

/* The gradient of what was rendered, `audio`, by that of its samples: `grad_entries`, (items, entries), of the params
 * or the values, and `grad_inputs`, (items, inputs, samples), or null. */
BACKBEAT_API int backbeat_differentiate(const backbeat_program* program, const backbeat_batch* batch,
                                        const float* audio, const float* grad_audio, double* grad_entries,
                                        float* grad_inputs);

/* A hit: one sounding of a patch, at a velocity, with a number by which its noise and its values differ from those of
 * other hits; see hit.cpp. Amounts are of each entry, in its range from 0 to 1. */
enum { BACKBEAT_LINEAR = 0, BACKBEAT_SOFT = 1, BACKBEAT_HARD = 2 };

typedef struct {
    double velocity;        /* in [0, 1]; 1 is the patch as it is */
    int64_t number;         /* from 0, the patch as it is, to 2^31 - 1 */
    int64_t seed;           /* the patch's, from 0 to 2^31 - 1 */
    const double* amounts;  /* of velocity, (entries) */
    const int64_t* curves;  /* of velocity, (entries) */
    const double* humanize; /* (entries) */
} backbeat_strike;

/* The values of a hit, (entries), and its seed, of the patch's values in physical units; both may be one array. */
BACKBEAT_API int backbeat_hit(const backbeat_program* program, const backbeat_strike* strike, const double* values,
                              double* struck, int64_t* seed);

/* ---- The loss of a search: `DrumLoss` of losses/combine.py, of sounds beside one target; see drum_loss.cpp.
 *
 * What is known of the target is the caller's, who computes it once. Cells of its spectrograms are laid out by chunks
 * of BACKBEAT_LOSS_FRAMES frames: (chunks, bins or bands, BACKBEAT_LOSS_FRAMES), the last chunk filled up with any
 * numbers. A target without bands has null for what is of them. */
enum { BACKBEAT_LOSS_FRAMES = 16 };

/* A resolution of the spectrograms: its transforms, its weights, and the target at it. Frame k is of the `length`
 * samples around sample k * hop, and there are 1 + samples / hop of them. Weights are divided by the number of
 * resolutions that have the term. */
typedef struct {
    int64_t length; /* of a transform: a power of two, 8 at least; there are length / 2 + 1 bins */
    int64_t hop;
    int64_t frames;
    int64_t bands;
    double convergence; /* weights */
    double log_magnitude;
    double log_mel;
    double offset;                /* what is added to magnitudes inside the logarithm */
    double norm;                  /* of the target's magnitudes */
    double mel_reference;         /* power of the target's loudest band */
    double mel_floor;             /* relative to it */
    const float* window;          /* (length) */
    const float* magnitude;       /* of each bin */
    const float* level;           /* the logarithm of that and the offset */
    const float* mel_level;       /* of each band */
    const float* mel_audible;     /* of each band: 1 where it is above the floor, else 0 */
    const int64_t* first_share;   /* (bins + 1): where each bin's shares begin, and the last one's end */
    const int64_t* band_of_share; /* which band the bin has a share in */
    const float* share;
} backbeat_loss_resolution;

/* The target's energy, by blocks of `block` samples: none where `blocks` is 0. */
typedef struct {
    int64_t block;
    int64_t blocks;
    double weight;
    double reference; /* power of the loudest block */
    double floor;     /* relative to it */
    const float* level;
    const float* audible; /* 1 where it is above the floor, else 0 */
} backbeat_loss_envelope;

typedef struct {
    int64_t samples;
    int64_t resolutions;
    const backbeat_loss_resolution* resolution;
    backbeat_loss_envelope envelope;
} backbeat_loss_target;

/* Numbers of each item that the comparison leaves for the gradient. */
BACKBEAT_API int64_t backbeat_loss_kept(const backbeat_loss_target* target);

/* The losses, (items), of sounds, (items, samples), and what the gradient needs of them, (items, kept). */
BACKBEAT_API int backbeat_loss_compare(const backbeat_loss_target* target, int64_t items, int64_t most_threads,
                                       const float* audio, float* losses, float* kept);

/* The gradient of the sounds, (items, samples), by that of the losses, (items). */
BACKBEAT_API int backbeat_loss_differentiate(const backbeat_loss_target* target, int64_t items, int64_t most_threads,
                                             const float* audio, const float* kept, const float* grad_losses,
                                             float* grad_audio);

/* ---- A mixer of hits: voices that play buffers into stereo outputs, and are choked; see mixer.cpp.
 *
 * One thread at a time uses a mixer. Once it is made, no call allocates or waits. Frames are counted from its start. */
typedef struct backbeat_mixer backbeat_mixer;

/* A hit that is to sound. Its buffer, (channels, frames), stays the caller's, and there until the hit has ended. */
typedef struct {
    int64_t at; /* the frame it starts at, none that is past */
    int64_t frames;
    const float* audio;
    int32_t channels;    /* 1 or 2 */
    int32_t output;      /* from 0 */
    int32_t choke_group; /* silences what sounds in the same group; 0 is none */
    float gain;          /* of the amplitude, from 0 */
    float pan;           /* from -1, left, to 1, right */
} backbeat_voice;

/* A mixer of so many outputs. Where more than `most_voices` sound, the oldest fades out. */
BACKBEAT_API int backbeat_mixer_create(double sample_rate, int32_t outputs, int64_t most_voices,
                                       backbeat_mixer** mixer);
BACKBEAT_API void backbeat_mixer_free(backbeat_mixer* mixer);

/* How many voices sound, or are to. */
BACKBEAT_API int64_t backbeat_mixer_voices(const backbeat_mixer* mixer);

/* Have a hit sound; hits are told in the order of time. */
BACKBEAT_API int backbeat_mixer_start(backbeat_mixer* mixer, const backbeat_voice* voice);

/* Fade out, within 5 ms, what sounds in a group at a frame; of group 0, all that sounds. What would start at that frame
 * is not heard. */
BACKBEAT_API int backbeat_mixer_choke(backbeat_mixer* mixer, int32_t choke_group, int64_t at);

/* The next frames: `audio`, (outputs, 2, frames). */
BACKBEAT_API int backbeat_mixer_process(backbeat_mixer* mixer, int64_t frames, float* audio);

#ifdef __cplusplus
}
#endif

#endif
