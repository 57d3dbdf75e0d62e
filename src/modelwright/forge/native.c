/* What stands between the matrix products of a small model, each in one pass over memory, and attention whole. See native.py.
 * All arrays are float32 and contiguous unless strides are given. Rows are shared among threads in fixed blocks, and sums
 * over rows are kept apart for each thread and added in order, so that a result depends on the number of threads only. */
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Both are inlined into loops over whole vectors, which a call of the mathematical library is not. tanh: a rational function, least squares
 * on [0, 8], within 4e-7 of it, also in proportion; beyond 8 it is 1. exp, for x <= 87: a power of 2 times Taylor's series, within 2e-7 of
 * it in proportion; the logarithm of 2 comes in two parts, so that the first product is exact. */
static inline float tanh_(float x) {
    x = x > 8.0f ? 8.0f : x;
    x = x < -8.0f ? -8.0f : x;
    const float u = x * x;
    const float p = 1.0f + u * (0.13444510f + u * (3.5716123e-3f + u * (2.1894894e-5f + u * 1.5230738e-8f)));
    const float q = 1.0f + u * (0.46777838f + u * (2.6164497e-2f + u * (3.4113152e-4f + u * 8.5225776e-7f)));
    return x * p / q;
}

static inline float exp_(float x) {
    x = x < -80.0f ? -80.0f : x; /* what is smaller might become denormal, which is slow */
    const float k = rintf(x * 1.44269504f), r = (x - k * 0.693145752f) - k * 1.42860677e-6f;
    const float y = 1.0f + r * (1.0f + r * (0.5f + r * (1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f + r * (1 / 720.0f))))));
    const int32_t power = ((int32_t)k + 127) << 23;
    float scale;
    memcpy(&scale, &power, sizeof scale);
    return y * scale;
}

/* y = x r scale, r = 1 / sqrt(mean(x^2) + eps); and h added to it, if there is an h. */
void rms_forward(const float *x, const float *scale, const float *h, float *y, float *r, long n, long m, float eps) {
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; i++) {
        const float *xi = x + i * m, *hi = h + i * m;
        float *yi = y + i * m, sum = 0;
#pragma omp simd reduction(+ : sum)
        for (long j = 0; j < m; j++) sum += xi[j] * xi[j];
        const float ri = r[i] = 1.0f / sqrtf(sum / m + eps);
        if (h) {
#pragma omp simd
            for (long j = 0; j < m; j++) yi[j] = hi[j] + xi[j] * ri * scale[j];
        } else {
#pragma omp simd
            for (long j = 0; j < m; j++) yi[j] = xi[j] * ri * scale[j];
        }
    }
}

/* With u = x r and g = dy scale: dx = r (g - u mean(g u)), and base added to it, if there is one; dscale = sum over rows of dy u.
 * `parts` is (threads, m), zero; its first row becomes dscale. */
void rms_backward(const float *x, const float *scale, const float *r, const float *dy, const float *base, float *dx, float *parts,
                  long n, long m) {
    long threads = 1;
#pragma omp parallel
    {
        float *part = parts + omp_get_thread_num() * m;
#pragma omp single nowait
        threads = omp_get_num_threads();
#pragma omp for schedule(static)
        for (long i = 0; i < n; i++) {
            const float *xi = x + i * m, *di = dy + i * m, *bi = base + i * m, ri = r[i];
            float *oi = dx + i * m, dot = 0;
#pragma omp simd reduction(+ : dot)
            for (long j = 0; j < m; j++) dot += di[j] * scale[j] * xi[j];
            const float mean = dot * ri * ri / m;
#pragma omp simd
            for (long j = 0; j < m; j++) part[j] += di[j] * xi[j] * ri;
            if (base) {
#pragma omp simd
                for (long j = 0; j < m; j++) oi[j] = bi[j] + ri * (di[j] * scale[j] - xi[j] * mean);
            } else {
#pragma omp simd
                for (long j = 0; j < m; j++) oi[j] = ri * (di[j] * scale[j] - xi[j] * mean);
            }
        }
    }
    for (long i = 1; i < threads; i++)
        for (long j = 0; j < m; j++) parts[j] += parts[i * m + j];
}

#define INNER(x) (0.7978845608028654f * ((x) + 0.044715f * (x) * (x) * (x)))

/* h = gelu_tanh(g) u */
void geglu_forward(const float *g, const float *u, float *h, long size) {
#pragma omp parallel for simd schedule(static)
    for (long j = 0; j < size; j++) h[j] = 0.5f * g[j] * (1.0f + tanh_(INNER(g[j]))) * u[j];
}

/* From dh: dg and du, and h again, so that it need not be kept. du may be dh. */
void geglu_backward(const float *g, const float *u, const float *dh, float *dg, float *du, float *h, long size) {
#pragma omp parallel for simd schedule(static)
    for (long j = 0; j < size; j++) {
        const float x = g[j], d = dh[j], y = tanh_(INNER(x));
        const float a = 0.5f * x * (1.0f + y);
        const float slope = 0.5f * (1.0f + y) + 0.5f * x * (1.0f - y * y) * 0.7978845608028654f * (1.0f + 3.0f * 0.044715f * x * x);
        h[j] = a * u[j];
        dg[j] = d * u[j] * slope;
        du[j] = d * a;
    }
}

/* Attention. Each pair of a batch row and a key head is one task, whose tables fit the processor's cache: queries are taken ROWS at a
 * time, and of a block's keys only those up to its last query are looked at. Nothing of size (t, t) is kept for the backward pass, which
 * computes the weights again from two numbers a query. */
enum { ROWS = 16 };
typedef float v8 __attribute__((vector_size(32), aligned(4)));
/* Keeps a vector that is used several times from being read from memory each time. */
#if defined(__x86_64__) && defined(__GNUC__)
#define IN_REGISTER(x) __asm__("" : "+x"(x))
#else
#define IN_REGISTER(x)
#endif
static inline long up(long x, long to) { return (x + to - 1) & -to; } /* to the next multiple of a power of two */

/* Zeros that start with a cache line: a vector across two lines is read twice. */
static float *table(long size) {
    float *found = aligned_alloc(64, up(size, 16) * sizeof(float));
    return memset(found, 0, up(size, 16) * sizeof(float));
}

/* C (+)= A B for tables in the cache: A (m, k) of any strides, B and C rows of bs and cs. m is a multiple of 4, n of 8. */
static void product(long m, long n, long k, const float *A, long ar, long ac, const float *B, long bs, float *C, long cs, int add) {
    for (long i = 0; i < m; i += 4) {
        long j = 0;
        for (; j + 16 <= n; j += 16) {
            v8 c00 = {0}, c01 = {0}, c10 = {0}, c11 = {0}, c20 = {0}, c21 = {0}, c30 = {0}, c31 = {0};
            const float *a = A + i * ar, *b = B + j;
            for (long l = 0; l < k; l++, a += ac, b += bs) {
                v8 b0 = *(const v8 *)b, b1 = *(const v8 *)(b + 8);
                IN_REGISTER(b0);
                IN_REGISTER(b1);
                const float a0 = a[0], a1 = a[ar], a2 = a[2 * ar], a3 = a[3 * ar];
                c00 += a0 * b0, c01 += a0 * b1, c10 += a1 * b0, c11 += a1 * b1;
                c20 += a2 * b0, c21 += a2 * b1, c30 += a3 * b0, c31 += a3 * b1;
            }
            v8 *o0 = (v8 *)(C + i * cs + j), *o1 = (v8 *)(C + (i + 1) * cs + j);
            v8 *o2 = (v8 *)(C + (i + 2) * cs + j), *o3 = (v8 *)(C + (i + 3) * cs + j);
            if (add) c00 += o0[0], c01 += o0[1], c10 += o1[0], c11 += o1[1], c20 += o2[0], c21 += o2[1], c30 += o3[0], c31 += o3[1];
            o0[0] = c00, o0[1] = c01, o1[0] = c10, o1[1] = c11, o2[0] = c20, o2[1] = c21, o3[0] = c30, o3[1] = c31;
        }
        for (; j < n; j += 8)
            for (long p = i; p < i + 4; p++) {
                v8 c = {0}, *o = (v8 *)(C + p * cs + j);
                for (long l = 0; l < k; l++) c += A[p * ar + l * ac] * *(const v8 *)(B + l * bs + j);
                *o = add ? *o + c : c;
            }
    }
}

/* y (rows of ys) = x (rows of xs) times `scale`, pairs (j, j + d/2) turned by the position's angles; direction -1 turns back. */
static inline void turn(const float *x, long xs, const float *cosines, const float *sines, float *y, long ys, long t, long d, float scale,
                        float direction) {
    const long half = d / 2;
    for (long p = 0; p < t; p++) {
        const float *c = cosines + p * half, *s = sines + p * half, *in = x + p * xs;
        float *out = y + p * ys;
#pragma omp simd
        for (long j = 0; j < half; j++) {
            const float a = in[j] * scale, e = in[j + half] * scale, w = direction * s[j];
            out[j] = a * c[j] - e * w;
            out[j + half] = e * c[j] + a * w;
        }
    }
}

static inline void transpose(const float *x, long xs, float *y, long ys, long rows, long columns) {
    long i = 0;
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define PAIR(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
    for (; i + 8 <= rows; i += 8) {
        long j = 0;
        for (; j + 8 <= columns; j += 8) {
            v8 r[8], q[8];
            for (long p = 0; p < 8; p++) r[p] = *(const v8 *)(x + (i + p) * xs + j);
            for (long p = 0; p < 8; p += 2) {
                q[p] = PAIR(r[p], r[p + 1], 0, 8, 1, 9, 4, 12, 5, 13);
                q[p + 1] = PAIR(r[p], r[p + 1], 2, 10, 3, 11, 6, 14, 7, 15);
            }
            for (long p = 0; p < 8; p += 4)
                for (long o = 0; o < 2; o++) {
                    r[p + 2 * o] = PAIR(q[p + o], q[p + o + 2], 0, 1, 8, 9, 4, 5, 12, 13);
                    r[p + 2 * o + 1] = PAIR(q[p + o], q[p + o + 2], 2, 3, 10, 11, 6, 7, 14, 15);
                }
            for (long p = 0; p < 4; p++) {
                *(v8 *)(y + (j + p) * ys + i) = PAIR(r[p], r[p + 4], 0, 1, 2, 3, 8, 9, 10, 11);
                *(v8 *)(y + (j + p + 4) * ys + i) = PAIR(r[p], r[p + 4], 4, 5, 6, 7, 12, 13, 14, 15);
            }
        }
        for (; j < columns; j++)
            for (long p = i; p < i + 8; p++) y[j * ys + p] = x[p * xs + j];
    }
#endif
#endif
    for (; i < rows; i++)
        for (long j = 0; j < columns; j++) y[j * ys + i] = x[i * xs + j];
}

/* In place: row p of the block's logits (divided by the cap, if there is one), which sees keys 0 … first + p, becomes its weights; what it
 * does not see is zero. `tanhs` takes the tanh. seen[0] is what was taken from each logit, seen[1] one over the sum; `again` takes them as they are. */
static void soften(float *logits, float *tanhs, float *seen, long rows, long first, long width, long stride, float cap, int again) {
    for (long p = 0; p < rows; p++, seen += 2) {
        const long end = first + p + 1, whole = up(end, 8); /* whole vectors: a loop's last odd elements would cost as much again */
        float *restrict l = logits + p * stride, *restrict y = tanhs + p * stride, sum = 0;
        if (cap > 0) {
#pragma omp simd
            for (long j = 0; j < whole; j++) {
                y[j] = tanh_(l[j]);
                l[j] = cap * y[j];
            }
        }
        for (long j = end; j < whole; j++) l[j] = -1e30f;
        float most = again ? seen[0] : 0; /* what is capped needs no largest to be taken away: exp(30) is no large number */
        if (!again && (cap <= 0 || cap > 60)) {
            most = l[0];
#pragma omp simd reduction(max : most)
            for (long j = 0; j < whole; j++) most = l[j] > most ? l[j] : most;
        }
#pragma omp simd reduction(+ : sum)
        for (long j = 0; j < whole; j++) sum += l[j] = exp_(l[j] - most);
        const float inverse = again ? seen[1] : 1.0f / sum;
#pragma omp simd
        for (long j = 0; j < whole; j++) l[j] *= inverse;
        memset(l + end, 0, (width - end) * sizeof(float));
        seen[0] = most, seen[1] = inverse;
    }
}

/* qkv (b, t, h d + 2 k d) holds queries, keys and values side by side, not yet turned. out is (b, t, h, d), seen (b, h, t, 2). */
void attend_forward(const float *qkv, const float *cosines, const float *sines, float *out, float *seen, long b, long t, long h, long k,
                    long d, float scale, float cap) {
    const long dp = up(d, 8), tp = up(t, ROWS), row = (h + 2 * k) * d, group = h / k;
    const float to_logit = cap > 0 ? scale / cap : scale;
#pragma omp parallel
    {
        const long size = tp * dp * 3 + ROWS * (2 * dp + 2 * tp);
        float *K = table(size), *KT = K + tp * dp, *V = KT + tp * dp; /* what lies past t stays zero */
        float *Q = V + tp * dp, *O = Q + ROWS * dp, *W = O + ROWS * dp, *Y = W + ROWS * tp;
#pragma omp for schedule(static)
        for (long task = 0; task < b * k; task++) {
            const float *base = qkv + task / k * t * row, *key = base + (h + task % k) * d, *value = key + k * d;
            turn(key, row, cosines, sines, K, dp, t, d, 1.0f, 1.0f);
            transpose(K, dp, KT, tp, t, d);
            for (long i = 0; i < t; i++) memcpy(V + i * dp, value + i * row, d * sizeof(float));
            for (long head = task % k * group; head < (task % k + 1) * group; head++)
                for (long i = 0; i < t; i += ROWS) {
                    const long rows = t - i < ROWS ? t - i : ROWS, rp = up(rows, 4), end = i + rows, width = up(end, 8);
                    turn(base + i * row + head * d, row, cosines + i * d / 2, sines + i * d / 2, Q, dp, rows, d, to_logit, 1.0f);
                    product(rp, width, d, Q, dp, 1, KT, tp, W, tp, 0);
                    soften(W, Y, seen + ((task / k * h + head) * t + i) * 2, rows, i, width, tp, cap, 0);
                    product(rp, dp, end, W, tp, 1, V, dp, O, dp, 0);
                    for (long p = 0; p < rows; p++)
                        memcpy(out + ((task / k * t + i + p) * h + head) * d, O + p * dp, d * sizeof(float));
                }
        }
        free(K);
    }
}

/* From dout: dqkv, laid out as qkv. */
void attend_backward(const float *qkv, const float *cosines, const float *sines, const float *seen, const float *dout, float *dqkv, long b,
                     long t, long h, long k, long d, float scale, float cap) {
    const long dp = up(d, 8), tp = up(t, ROWS), row = (h + 2 * k) * d, group = h / k;
    const float to_logit = cap > 0 ? scale / cap : scale;
#pragma omp parallel
    {
        const long size = tp * dp * 5 + ROWS * (3 * dp + 3 * tp);
        float *K = table(size), *KT = K + tp * dp, *VT = KT + tp * dp, *DK = VT + tp * dp, *DV = DK + tp * dp;
        float *Q = DV + tp * dp, *DO = Q + ROWS * dp, *DQ = DO + ROWS * dp, *W = DQ + ROWS * dp, *Y = W + ROWS * tp, *DL = Y + ROWS * tp;
        float kept[2 * ROWS];
#pragma omp for schedule(static)
        for (long task = 0; task < b * k; task++) {
            const long offset = task / k * t * row, at_key = offset + (h + task % k) * d, at_value = at_key + k * d;
            turn(qkv + at_key, row, cosines, sines, K, dp, t, d, 1.0f, 1.0f);
            transpose(K, dp, KT, tp, t, d);
            transpose(qkv + at_value, row, VT, tp, t, d);
            memset(DK, 0, 2 * tp * dp * sizeof(float));
            for (long head = task % k * group; head < (task % k + 1) * group; head++)
                for (long i = 0; i < t; i += ROWS) {
                    const long rows = t - i < ROWS ? t - i : ROWS, rp = up(rows, 4), end = i + rows, width = up(end, 8);
                    const float *c = cosines + i * d / 2, *s = sines + i * d / 2;
                    turn(qkv + offset + i * row + head * d, row, c, s, Q, dp, rows, d, to_logit, 1.0f);
                    for (long p = 0; p < rows; p++)
                        memcpy(DO + p * dp, dout + ((task / k * t + i + p) * h + head) * d, d * sizeof(float));
                    product(rp, width, d, Q, dp, 1, KT, tp, W, tp, 0);
                    memcpy(kept, seen + ((task / k * h + head) * t + i) * 2, 2 * rows * sizeof(float));
                    soften(W, Y, kept, rows, i, width, tp, cap, 1);
                    product(rp, width, d, DO, dp, 1, VT, tp, DL, tp, 0);
                    for (long p = 0; p < rows; p++) {
                        float *restrict dl = DL + p * tp, dot = 0;
                        const float *restrict w = W + p * tp, *restrict y = Y + p * tp;
#pragma omp simd reduction(+ : dot)
                        for (long j = 0; j < width; j++) dot += dl[j] * w[j];
                        if (cap > 0) {
#pragma omp simd
                            for (long j = 0; j < width; j++) dl[j] = cap * w[j] * (dl[j] - dot) * (1.0f - y[j] * y[j]);
                        } else {
#pragma omp simd
                            for (long j = 0; j < width; j++) dl[j] = w[j] * (dl[j] - dot);
                        }
                    }
                    product(width, dp, rows, W, 1, tp, DO, dp, DV, dp, 1);
                    product(width, dp, rows, DL, 1, tp, Q, dp, DK, dp, 1);
                    product(rp, dp, end, DL, tp, 1, K, dp, DQ, dp, 0);
                    turn(DQ, dp, c, s, dqkv + offset + i * row + head * d, row, rows, d, to_logit, -1.0f);
                }
            turn(DK, dp, cosines, sines, dqkv + at_key, row, t, d, 1.0f, -1.0f);
            for (long i = 0; i < t; i++) memcpy(dqkv + at_value + i * row, DV + i * dp, d * sizeof(float));
        }
        free(K);
    }
}

/* The router: probabilities (n, e), in place of the logits; the c largest, with `bias` added for the choice alone; and where each (token,
 * place) stands when they are sorted by expert: `slots` (n, c), `tokens` (n c) the other way, `ends` (e). */
void route(float *probs, const float *bias, int64_t *chosen, int64_t *slots, int64_t *tokens, int32_t *ends, long n, long e, long c) {
    long next[e];
    memset(next, 0, sizeof next);
    for (long i = 0; i < n; i++) {
        float *p = probs + i * e, most = p[0], sum = 0;
        int64_t *best = chosen + i * c;
        for (long j = 1; j < e; j++) most = p[j] > most ? p[j] : most;
        for (long j = 0; j < e; j++) sum += p[j] = expf(p[j] - most);
        for (long j = 0; j < e; j++) p[j] /= sum;
        for (long q = 0; q < c; q++) {
            long found = -1;
            for (long j = 0; j < e; j++) {
                int taken = 0;
                for (long o = 0; o < q; o++) taken |= best[o] == j;
                if (!taken && (found < 0 || p[j] + bias[j] > p[found] + bias[found])) found = j;
            }
            best[q] = found;
            next[found]++;
        }
    }
    long start = 0;
    for (long j = 0; j < e; j++) {
        const long count = next[j];
        next[j] = start;
        ends[j] = (int32_t)(start += count);
    }
    for (long r = 0; r < n * c; r++) {
        slots[r] = next[chosen[r]]++;
        tokens[slots[r]] = r / c;
    }
}

/* dlogits from the gradient of the probabilities and that of the gates (n, c), which are the chosen ones' probabilities. */
void route_backward(const float *probs, const int64_t *chosen, const float *dprobs, const float *dgates, float *dlogits, long n, long e, long c) {
    for (long i = 0; i < n; i++) {
        const float *p = probs + i * e;
        float *d = dlogits + i * e, dot = 0;
        for (long j = 0; j < e; j++) d[j] = dprobs ? dprobs[i * e + j] : 0.0f;
        for (long q = 0; q < c; q++) d[chosen[i * c + q]] += dgates[i * c + q];
        for (long j = 0; j < e; j++) dot += d[j] * p[j];
        for (long j = 0; j < e; j++) d[j] = p[j] * (d[j] - dot);
    }
}

/* out (n, m) = (out +) the sum over a token's places of gate times its row of y; without probabilities each gate is 1. */
void gather_sum(const float *y, const int64_t *slots, const float *probs, const int64_t *chosen, float *out, long n, long e, long c, long m,
                int add) {
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; i++) {
        float *o = out + i * m;
        if (!add) memset(o, 0, m * sizeof(float));
        for (long q = i * c; q < (i + 1) * c; q++) {
            const float *row = y + slots[q] * m, gate = probs ? probs[i * e + chosen[q]] : 1.0f;
#pragma omp simd
            for (long j = 0; j < m; j++) o[j] += gate * row[j];
        }
    }
}

/* The other way: dy's rows = gate dout, in place of y; and each gate's gradient. */
void gather_sum_backward(float *y, const int64_t *slots, const float *probs, const int64_t *chosen, const float *dout, float *dgates, long n,
                         long e, long c, long m) {
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; i++) {
        const float *d = dout + i * m;
        for (long q = i * c; q < (i + 1) * c; q++) {
            float *row = y + slots[q] * m, gate = probs[i * e + chosen[q]], dot = 0;
#pragma omp simd reduction(+ : dot)
            for (long j = 0; j < m; j++) {
                dot += row[j] * d[j];
                row[j] = gate * d[j];
            }
            dgates[q] = dot;
        }
    }
}
