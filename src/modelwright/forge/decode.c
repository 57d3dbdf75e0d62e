/* One more token for each of n replies: the whole of `Grok.forward` for one position, in one call. See runner.py.
 *
 * For one token a small model is a few hundred thousand multiplications, less work than starting the operations that a library makes of
 * them. Here the weights are read where they lie, in the order they lie in, each once a step for all replies that want it; a reply's
 * sums are taken in the same order however many others there are and however many threads share the columns, so its logits do not
 * depend on who else is there, to the bit. Compiled without leave to reorder sums, for that reason.
 *
 * Shapes: n replies   m width   h query heads   k key heads   d head size   e experts   c chosen   f expert width   v vocabulary.
 * Matrices are (in, out) as everywhere, and may be eight-bit with a float scale for each group of rows of each column (quantise.py). */
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int8_t b8 __attribute__((vector_size(8), aligned(1), may_alias));
#define INLINE static inline __attribute__((always_inline))
enum {
    ROWS = 6, PANEL = 16, /* of a product's inner block: twelve sums, two weights and a factor fill sixteen registers */
    DEEP = 64,            /* rows of a matrix at a time: few enough pages for the processor to keep track of */
};

typedef struct {
    const void *data;
    const float *scale; /* NULL: the data are floats */
    long group;         /* rows that share a scale */
} Matrix;

typedef struct {
    const float *before_attention, *after_attention, *before_experts, *after_experts;
    Matrix query, key, value, out, linear, linear_v, linear_1;
    const float *router, *bias; /* router NULL: one MLP; bias NULL: none */
    Matrix beside, beside_v, beside_1;
} Layer;

typedef struct {
    long layers, m, h, k, d, e, c, f, residual, v, slots, positions;
    float eps, scale, cap, router_cap, final_cap, embedding_scale, output_scale, temperature_start;
    const float *embedding, *head, *final, *cosines, *sines;
    const Layer *layer;
    float *keys, *values; /* keys and values (layers, slots, k, positions, d) */
} Model;

/* e^x to about two units in the last place: 2^whole times a polynomial. Plain arithmetic, so that loops over it become vector code. */
INLINE float exp_(float x) {
    x = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    const float whole = rintf(x * 1.44269504f);
    const float r = (x - whole * 0.693145752f) - whole * 1.42860677e-6f;
    const float p = 1.0f + r * (1.0f + r * (0.5f + r * (0.166666657f + r * (0.0416666493f + r * (0.00833336823f + r * 0.00139199875f)))));
    union { int32_t i; float f; } power = {((int32_t)whole + 127) << 23};
    return p * power.f;
}
/* Near zero, where the quotient would lose what matters, by its series. */
INLINE float tanh_(float x) {
    const float s = x * x, series = x * (1.0f + s * (-0.333333333f + s * (0.133333333f + s * (-0.0539682540f + s * 0.0218694885f))));
    const float quotient = 1.0f - 2.0f / (1.0f + exp_(2.0f * x));
    return s < 0.0625f ? series : quotient;
}
/* tanh's form of gelu: x times the logistic of twice the argument. */
INLINE float gelu_(float x) { return x / (1.0f + exp_(-1.59576912f * (x + 0.044715f * x * x * x))); }

INLINE float sum8(v8 a) { return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7])); }
INLINE v8 load(const float *at) { return *(const v8 *)at; }
INLINE v8 all(float x) { return (v8){x, x, x, x, x, x, x, x}; }

static float dot(const float *a, const float *b, long n) {
    v8 s = all(0), t = all(0);
    long j = 0;
    for (; j + 16 <= n; j += 16) s += load(a + j) * load(b + j), t += load(a + j + 8) * load(b + j + 8);
    for (; j + 8 <= n; j += 8) s += load(a + j) * load(b + j);
    float rest = 0;
    for (; j < n; j++) rest += a[j] * b[j];
    return sum8(s + t) + rest;
}

static void norm(const float *x, const float *scale, float *y, long m, float eps) {
    const float r = 1.0f / sqrtf(dot(x, x, m) / m + eps);
    for (long j = 0; j < m; j++) y[j] = x[j] * r * scale[j];
}

INLINE v8 floats(const int8_t *at) {
#ifdef __AVX2__
    return (v8)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)at)));
#else
    return __builtin_convertvector(*(const b8 *)at, v8);
#endif
}

/* Eight weights, row i, columns j to j + 7; `scale` is that of the row's group. */
INLINE v8 weights(Matrix w, const float *scale, long i, long j, long columns) {
    if (!w.scale) return load((const float *)w.data + i * columns + j);
    return floats((const int8_t *)w.data + i * columns + j) * load(scale + j);
}
INLINE float weight(Matrix w, long i, long j, long columns) {
    if (!w.scale) return ((const float *)w.data)[i * columns + j];
    return (float)((const int8_t *)w.data)[i * columns + j] * w.scale[i / w.group * columns + j];
}
/* Where the rows from i on that have one scale end. */
INLINE long together(Matrix w, long i, long limit) {
    const long end = w.scale ? (i / w.group + 1) * w.group : limit;
    return end < limit ? end : limit;
}
INLINE const float *scales(Matrix w, long i, long columns) { return w.scale ? w.scale + i / w.group * columns : NULL; }
/* Expert e of a stack. */
static Matrix expert(Matrix w, long e, long rows, long columns) {
    if (!w.scale) return (Matrix){(const float *)w.data + e * rows * columns, NULL, 0};
    return (Matrix){(const int8_t *)w.data + e * rows * columns, w.scale + e * (rows / w.group) * columns, w.group};
}

/* Sixteen columns, rows `from` to `to` of w, for `count` rows of x; the sums stay in registers. `rows` are those weights, `apart` floats
 * from one to the next. What the next panel needs is asked for early: its rows lie too far apart for the processor to foresee. */
INLINE void block(const float *x, long in, long from, long to, const float *rows, long apart, float *y, long columns, const int count) {
    v8 s[ROWS][2];
#pragma GCC unroll 6 /* every loop over the sums, or they would live in memory */
    for (int r = 0; r < count; r++) {
        s[r][0] = from ? load(y + r * columns) : all(0);
        s[r][1] = from ? load(y + r * columns + 8) : all(0);
    }
    for (long i = from; i < to; i++, rows += apart) {
        const v8 a = load(rows), b = load(rows + 8);
        __builtin_prefetch(rows + 2 * PANEL);
#pragma GCC unroll 6
        for (int r = 0; r < count; r++) {
            const v8 factor = all(x[r * in + i]);
            s[r][0] += factor * a;
            s[r][1] += factor * b;
        }
    }
#pragma GCC unroll 6
    for (int r = 0; r < count; r++) *(v8 *)(y + r * columns) = s[r][0], *(v8 *)(y + r * columns + 8) = s[r][1];
}
static void some_rows(const float *x, long in, long from, long to, const float *rows, long apart, float *y, long columns, long count) {
    switch (count) {
#define CASE(r) case r: block(x, in, from, to, rows, apart, y, columns, r); break;
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#undef CASE
    }
}

/* One reply: the weights stream past once, row by row, and the sums, which are few, wait in the cache. */
INLINE void stream(const float *x, long in, Matrix w, long from, long to, long columns, float *y) {
    memset(y + from, 0, (to - from) * sizeof(float));
    for (long first = 0, end; first < in; first = end) {
        end = together(w, first, in);
        const float *scale = scales(w, first, columns);
        long i = first;
        for (; i + 4 <= end; i += 4) {
            const v8 a = all(x[i]), b = all(x[i + 1]), c = all(x[i + 2]), d = all(x[i + 3]);
            for (long j = from; j < to; j += 8) {
                v8 s = load(y + j);
                s += a * weights(w, scale, i, j, columns);
                s += b * weights(w, scale, i + 1, j, columns);
                s += c * weights(w, scale, i + 2, j, columns);
                s += d * weights(w, scale, i + 3, j, columns);
                *(v8 *)(y + j) = s;
            }
        }
        for (; i < end; i++)
            for (long j = from; j < to; j += 8) *(v8 *)(y + j) = load(y + j) + all(x[i]) * weights(w, scale, i, j, columns);
    }
}

/* Many replies: the matrix in blocks of DEEP rows and sixteen columns, which are laid side by side where they are read more than once,
 * or have to be made floats. */
INLINE void blocks(const float *x, long n, long in, Matrix w, long from, long to, long columns, float *y, float *packed) {
    const int pack = n > ROWS || w.scale;
    for (long k = 0, end; k < in; k = end) {
        end = together(w, k, k + DEEP < in ? k + DEEP : in);
        const float *scale = scales(w, k, columns);
        for (long j = from; j < to; j += PANEL) {
            if (pack)
                for (long i = k; i < end; i++) {
                    float *to_ = packed + (i - k) * PANEL;
                    if (w.scale) __builtin_prefetch((const int8_t *)w.data + i * columns + j + 2 * PANEL);
                    else __builtin_prefetch((const float *)w.data + i * columns + j + 2 * PANEL);
                    *(v8 *)to_ = weights(w, scale, i, j, columns);
                    *(v8 *)(to_ + 8) = weights(w, scale, i, j + 8, columns);
                }
            const float *rows = pack ? packed : (const float *)w.data + k * columns + j;
            for (long r = 0; r < n; r += ROWS)
                some_rows(x + r * in, in, k, end, rows, pack ? PANEL : columns, y + r * columns + j, columns, n - r < ROWS ? n - r : ROWS);
        }
    }
}

/* y (n, columns) = x (n, in) w, this thread's columns: share `mine` of `of`. */
static void product(const float *x, long n, long in, Matrix w, long columns, float *y, float *packed, long mine, long of) {
    const long panels = columns / PANEL, from = panels * mine / of * PANEL, to = panels * (mine + 1) / of * PANEL;
    const Matrix plain = {w.data, NULL, 0}; /* known to be floats, where the compiler sees it */
    if (n == 1 && w.scale) stream(x, in, w, from, to, columns, y);
    else if (n == 1) stream(x, in, plain, from, to, columns, y);
    else if (w.scale) blocks(x, n, in, w, from, to, columns, y, packed);
    else blocks(x, n, in, plain, from, to, columns, y, packed);
    if (mine == of - 1) /* columns that fill no panel */
        for (long j = panels * PANEL; j < columns; j++)
            for (long r = 0; r < n; r++) {
                float s = 0;
                for (long i = 0; i < in; i++) s += x[r * in + i] * weight(w, i, j, columns);
                y[r * columns + j] = s;
            }
}

/* Channels j and j + d/2 turn together. */
INLINE void turn(const float *x, float *y, const float *c, const float *s, long half) {
    for (long j = 0; j < half; j++) {
        const float a = x[j], b = x[j + half];
        y[j] = a * c[j] - b * s[j];
        y[j + half] = b * c[j] + a * s[j];
    }
}

/* Reply i, key head `head`: its key and value go into the cache, and its query heads attend. `logits` has room for all positions. */
static void attend(const Model *o, const float *q, const float *key, const float *value, float *out, float *keys, float *values, long at,
                   float *logits) {
    const long d = o->d, half = d / 2, group = o->h / o->k;
    const float *c = o->cosines + at * half, *s = o->sines + at * half;
    float *turned = logits + at + 1;
    turn(key, keys + at * d, c, s, half);
    memcpy(values + at * d, value, d * sizeof(float));
    const float warmth = o->temperature_start ? logf(fmaxf((float)at, o->temperature_start)) / logf(o->temperature_start) : 1.0f;
    for (long g = 0; g < group; g++) {
        turn(q + g * d, turned, c, s, half);
        float most = -INFINITY, sum = 0;
        for (long p = 0; p <= at; p++) logits[p] = dot(turned, keys + p * d, d) * o->scale;
        if (o->cap)
#pragma omp simd
            for (long p = 0; p <= at; p++) logits[p] = o->cap * tanh_(logits[p] / o->cap) * warmth;
        else
            for (long p = 0; p <= at; p++) logits[p] *= warmth;
#pragma omp simd reduction(max : most)
        for (long p = 0; p <= at; p++) most = logits[p] > most ? logits[p] : most;
#pragma omp simd reduction(+ : sum)
        for (long p = 0; p <= at; p++) sum += logits[p] = exp_(logits[p] - most);
        float *to = out + g * d;
        memset(to, 0, d * sizeof(float));
        for (long p = 0; p <= at; p++) {
            const float part = logits[p] / sum, *from = values + p * d;
#pragma omp simd
            for (long j = 0; j < d; j++) to[j] += part * from[j];
        }
    }
}

/* The router of one reply: softmax over all, the c largest by probability plus bias, gates not renormalised. */
static void choose(const Model *o, const Layer *w, const float *x, long *chosen, float *gates) {
    float p[o->e], score[o->e], most = -INFINITY, sum = 0;
    memset(p, 0, sizeof p);
    for (long i = 0; i < o->m; i++)
        for (long e = 0; e < o->e; e++) p[e] += x[i] * w->router[i * o->e + e];
    for (long e = 0; e < o->e; e++) {
        if (o->router_cap) p[e] = o->router_cap * tanh_(p[e] / o->router_cap);
        most = fmaxf(most, p[e]);
    }
    for (long e = 0; e < o->e; e++) sum += p[e] = exp_(p[e] - most);
    for (long e = 0; e < o->e; e++) p[e] /= sum, score[e] = p[e] + (w->bias ? w->bias[e] : 0.0f);
    for (long c = 0; c < o->c; c++) {
        long best = 0;
        for (long e = 1; e < o->e; e++) best = score[e] > score[best] ? e : best;
        chosen[c] = best, gates[c] = p[best];
        score[best] = -INFINITY;
    }
}

/* Gated MLPs of `groups` experts on rows that lie expert by expert (those of expert e from ends[e - 1] to ends[e]). */
static void gated(const float *x, float *a, float *b, float *y, long m, long f, Matrix w, Matrix v, Matrix w1, long groups,
                  const long *ends, float *packed, long mine, long of) {
    const long panels = f / PANEL, from = panels * mine / of * PANEL, to = mine == of - 1 ? f : panels * (mine + 1) / of * PANEL;
    for (long e = 0; e < groups; e++) {
        const long first = e ? ends[e - 1] : 0, n = ends[e] - first;
        if (!n) continue;
        product(x + first * m, n, m, expert(w, e, m, f), f, a + first * f, packed, mine, of);
        product(x + first * m, n, m, expert(v, e, m, f), f, b + first * f, packed, mine, of);
        for (long r = first; r < ends[e]; r++) {
            float *ar = a + r * f;
            const float *br = b + r * f;
#pragma omp simd
            for (long j = from; j < to; j++) ar[j] = gelu_(ar[j]) * br[j];
        }
    }
#pragma omp barrier
    for (long e = 0; e < groups; e++) {
        const long first = e ? ends[e - 1] : 0, n = ends[e] - first;
        if (n) product(a + first * f, n, f, expert(w1, e, f, m), m, y + first * m, packed, mine, of);
    }
#pragma omp barrier
}

/* tokens and lengths (n) in; logits (n, v) out. Reply i has lengths[i] positions, and its token is the next. Not 0: no memory. */
int decode(const Model *o, const long *tokens, const long *lengths, long n, float *logits, long threads) {
    const long m = o->m, q = o->h * o->d, kv = o->k * o->d, rows = n * o->c, group = o->h / o->k;
    const long wide = o->f > o->residual ? o->f : o->residual;
    const long own_size = PANEL * DEEP + o->positions + o->d + 16;
    float *work = malloc((n * (4 * m + 2 * q + 2 * kv) + rows * (2 * m + 2 * wide + 1) + threads * own_size) * sizeof(float)), *left = work;
    if (!work) return 1;
#define TAKE(size) (left += (size), left - (size))
    float *h = TAKE(n * m), *x = TAKE(n * m), *y = TAKE(n * m), *queries = TAKE(n * q), *mixed = TAKE(n * q), *key = TAKE(n * kv),
          *value = TAKE(n * kv), *xr = TAKE(rows * m), *yr = TAKE(rows * m), *a = TAKE(rows * wide), *b = TAKE(rows * wide),
          *gates = TAKE(rows), *beside = TAKE(n * m), *own = TAKE(0);
    long chosen[rows], place[rows], ends[o->e], whole = n;
#pragma omp parallel num_threads(threads)
    {
        const long mine = omp_get_thread_num(), of = omp_get_num_threads(), first = n * mine / of, last = n * (mine + 1) / of;
        float *packed = own + mine * own_size, *scratch = packed + PANEL * DEEP;
        for (long i = first; i < last; i++)
            for (long j = 0; j < m; j++) h[i * m + j] = o->embedding[tokens[i] * m + j] * o->embedding_scale;
        for (long l = 0; l < o->layers; l++) {
            const Layer *w = o->layer + l;
            for (long i = first; i < last; i++) norm(h + i * m, w->before_attention, x + i * m, m, o->eps);
#pragma omp barrier
            product(x, n, m, w->query, q, queries, packed, mine, of);
            product(x, n, m, w->key, kv, key, packed, mine, of);
            product(x, n, m, w->value, kv, value, packed, mine, of);
#pragma omp barrier
#pragma omp for schedule(static)
            for (long t = 0; t < n * o->k; t++) {
                const long i = t / o->k, head = t % o->k, at = ((l * o->slots + i) * o->k + head) * o->positions * o->d;
                attend(o, queries + i * q + head * group * o->d, key + i * kv + head * o->d, value + i * kv + head * o->d,
                       mixed + i * q + head * group * o->d, o->keys + at, o->values + at, lengths[i], scratch);
            }
            product(mixed, n, q, w->out, m, y, packed, mine, of);
#pragma omp barrier
            for (long i = first; i < last; i++) {
                float *hi = h + i * m, *yi = y + i * m;
                norm(yi, w->after_attention, yi, m, o->eps);
                for (long j = 0; j < m; j++) hi[j] += yi[j];
                norm(hi, w->before_experts, x + i * m, m, o->eps);
                if (w->router) choose(o, w, x + i * m, chosen + i * o->c, gates + i * o->c);
            }
#pragma omp barrier
            const float *made = yr;
            if (w->router) {
#pragma omp single
                { /* rows, expert by expert */
                    memset(ends, 0, sizeof ends);
                    for (long r = 0; r < rows; r++) ends[chosen[r]]++;
                    long next[o->e];
                    for (long e = 0, sum = 0; e < o->e; e++) next[e] = sum, sum += ends[e], ends[e] = sum;
                    for (long r = 0; r < rows; r++) {
                        place[r] = next[chosen[r]]++;
                        memcpy(xr + place[r] * m, x + r / o->c * m, m * sizeof(float));
                    }
                }
                gated(xr, a, b, yr, m, o->f, w->linear, w->linear_v, w->linear_1, o->e, ends, packed, mine, of);
            } else
                gated(x, a, b, yr, m, o->f, w->linear, w->linear_v, w->linear_1, 1, &whole, packed, mine, of);
            if (w->beside.data)
                gated(x, a, b, beside, m, o->residual, w->beside, w->beside_v, w->beside_1, 1, &whole, packed, mine, of);
            for (long i = first; i < last; i++) {
                float *hi = h + i * m, *yi = y + i * m;
                if (w->router) {
                    memset(yi, 0, m * sizeof(float));
                    for (long c = 0; c < o->c; c++) {
                        const float gate = gates[i * o->c + c], *from = made + place[i * o->c + c] * m;
                        for (long j = 0; j < m; j++) yi[j] += gate * from[j];
                    }
                } else
                    memcpy(yi, made + i * m, m * sizeof(float));
                if (w->beside.data)
                    for (long j = 0; j < m; j++) yi[j] = (yi[j] + beside[i * m + j]) * 0.707106781f;
                norm(yi, w->after_experts, yi, m, o->eps);
                for (long j = 0; j < m; j++) hi[j] += yi[j];
            }
        }
        for (long i = first; i < last; i++) {
            norm(h + i * m, o->final, x + i * m, m, o->eps);
            for (long j = 0; j < m; j++) x[i * m + j] *= o->output_scale;
        }
#pragma omp barrier
#pragma omp for schedule(static)
        for (long t = 0; t < o->v; t++)
            for (long i = 0; i < n; i++) {
                const float logit = dot(x + i * m, o->head + t * m, m);
                logits[i * o->v + t] = o->final_cap ? o->final_cap * tanh_(logit / o->final_cap) : logit;
            }
    }
    free(work);
    return 0;
}
