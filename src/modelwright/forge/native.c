/* The element-wise work between the matrix products of a small model, each in one pass over memory. See native.py.
 * All arrays are float32 and contiguous unless strides are given. Rows are shared among threads in fixed blocks, and sums
 * over rows are kept apart for each thread and added in order, so that a result depends on the number of threads only. */
#include <math.h>
#include <omp.h>
#include <string.h>

static inline float tanh_(float x) { return 1.0f - 2.0f / (1.0f + expf(2.0f * x)); }

/* y = x r scale, r = 1 / sqrt(mean(x^2) + eps) */
void rms_forward(const float *x, const float *scale, float *y, float *r, long n, long m, float eps) {
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; i++) {
        const float *xi = x + i * m;
        float *yi = y + i * m, sum = 0;
#pragma omp simd reduction(+ : sum)
        for (long j = 0; j < m; j++) sum += xi[j] * xi[j];
        const float ri = r[i] = 1.0f / sqrtf(sum / m + eps);
#pragma omp simd
        for (long j = 0; j < m; j++) yi[j] = xi[j] * ri * scale[j];
    }
}

/* With u = x r and g = dy scale: dx = r (g - u mean(g u)); dscale = sum over rows of dy u. `parts` is (threads, m), zero. */
void rms_backward(const float *x, const float *scale, const float *r, const float *dy, float *dx, float *parts, long n, long m) {
#pragma omp parallel
    {
        float *part = parts + omp_get_thread_num() * m;
#pragma omp for schedule(static)
        for (long i = 0; i < n; i++) {
            const float *xi = x + i * m, *di = dy + i * m, ri = r[i];
            float *oi = dx + i * m, dot = 0;
#pragma omp simd reduction(+ : dot)
            for (long j = 0; j < m; j++) dot += di[j] * scale[j] * xi[j];
            const float mean = dot * ri * ri / m;
#pragma omp simd
            for (long j = 0; j < m; j++) {
                part[j] += di[j] * xi[j] * ri;
                oi[j] = ri * (di[j] * scale[j] - xi[j] * mean);
            }
        }
    }
}

/* Turn each pair (j, j + d/2) of x (b, t, h, d), of the given strides, by angle (t, j) of batch row b (or of row 0);
 * direction -1 turns back. y is (b, h, t, d) if heads_first, else (b, t, h, d). */
void rope(const float *x, const float *cosines, const float *sines, float *y, long b, long t, long h, long d, long xb, long xt, long xh,
          long angles_b, float direction, int heads_first) {
    const long half = d / 2;
#pragma omp parallel for collapse(2) schedule(static)
    for (long i = 0; i < b; i++)
        for (long p = 0; p < t; p++) {
            const float *c = cosines + i * angles_b + p * half, *s = sines + i * angles_b + p * half;
            for (long k = 0; k < h; k++) {
                const float *in = x + i * xb + p * xt + k * xh;
                float *out = y + (heads_first ? ((i * h + k) * t + p) : ((i * t + p) * h + k)) * d;
#pragma omp simd
                for (long j = 0; j < half; j++) {
                    const float a = in[j], e = in[j + half], w = direction * s[j];
                    out[j] = a * c[j] - e * w;
                    out[j + half] = e * c[j] + a * w;
                }
            }
        }
}

/* Logits (rows, s), where row i is query i % t and sees keys 0 … s - t + i % t: the logit becomes tanh(logit / cap) in place, and
 * weights the softmax of cap times that. What a query does not see is zero in both. */
void capped_softmax(float *logits, float *weights, long rows, long t, long s, float cap) {
#pragma omp parallel for schedule(static)
    for (long i = 0; i < rows; i++) {
        const long seen = s - t + i % t + 1;
        float *l = logits + i * s, *w = weights + i * s, sum = 0;
        const float inverse = 1.0f / cap;
#pragma omp simd reduction(+ : sum)
        for (long j = 0; j < seen; j++) {
            const float y = tanh_(l[j] * inverse);
            const float e = expf(cap * (y - 1.0f)); /* cap is the largest logit there can be: no need to look for it … */
            l[j] = y;
            w[j] = e;
            sum += e;
        }
        if (sum > 1e-25f) {
            const float scale = 1.0f / sum;
#pragma omp simd
            for (long j = 0; j < seen; j++) w[j] *= scale;
        } else { /* … unless all are so far below it that nothing is left */
            float most = -1.0f;
            for (long j = 0; j < seen; j++) most = l[j] > most ? l[j] : most;
            sum = 0;
            for (long j = 0; j < seen; j++) sum += w[j] = expf(cap * (l[j] - most));
            for (long j = 0; j < seen; j++) w[j] /= sum;
        }
        memset(l + seen, 0, (s - seen) * sizeof(float));
        memset(w + seen, 0, (s - seen) * sizeof(float));
    }
}

/* From the gradient of the weights to that of the logits, in place: softmax and tanh backward. */
void capped_softmax_backward(float *grad, const float *tanhs, const float *weights, long rows, long t, long s) {
#pragma omp parallel for schedule(static)
    for (long i = 0; i < rows; i++) {
        const long seen = s - t + i % t + 1;
        float *g = grad + i * s, dot = 0;
        const float *y = tanhs + i * s, *w = weights + i * s;
#pragma omp simd reduction(+ : dot)
        for (long j = 0; j < seen; j++) dot += g[j] * w[j];
#pragma omp simd
        for (long j = 0; j < seen; j++) g[j] = w[j] * (g[j] - dot) * (1.0f - y[j] * y[j]);
        memset(g + seen, 0, (s - seen) * sizeof(float));
    }
}

#define INNER(x) (0.7978845608028654f * ((x) + 0.044715f * (x) * (x) * (x)))

/* h = gelu_tanh(g) u */
void geglu_forward(const float *g, const float *u, float *h, long size) {
#pragma omp parallel for simd schedule(static)
    for (long j = 0; j < size; j++) h[j] = 0.5f * g[j] * (1.0f + tanh_(INNER(g[j]))) * u[j];
}

/* From dh: dg and du, and h again, so that it need not be kept. dh becomes du in place, g becomes dg in `dg`. */
void geglu_backward(const float *g, const float *u, const float *dh, float *dg, float *du, float *h, long size) {
#pragma omp parallel for simd schedule(static)
    for (long j = 0; j < size; j++) {
        const float x = g[j], y = tanh_(INNER(x));
        const float a = 0.5f * x * (1.0f + y);
        const float slope = 0.5f * (1.0f + y) + 0.5f * x * (1.0f - y * y) * 0.7978845608028654f * (1.0f + 3.0f * 0.044715f * x * x);
        h[j] = a * u[j];
        du[j] = dh[j] * a;
        dg[j] = dh[j] * u[j] * slope;
    }
}
