/*
 * What one token needs beside the products with packed weights, in WebAssembly SIMD on Pyodide's memory: norm, rotary
 * positions, attention over the keys and values that are kept, the gate, an adapter's two thin products, the likeliest
 * token. overrides/labs/real/step.js calls them in turn. The same in numpy: labs_py/core/llama/model.py.
 *
 * Built with blocks.c into one module; all lengths are multiples of four.
 */
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define LOAD(p) wasm_v128_load(p)

static inline v128_t plus(v128_t a, v128_t b) { return wasm_f32x4_add(a, b); }
static inline v128_t product(v128_t a, v128_t b) { return wasm_f32x4_mul(a, b); }
static inline v128_t all(float a) { return wasm_f32x4_splat(a); }
static inline float sum(v128_t a) {
  return wasm_f32x4_extract_lane(a, 0) + wasm_f32x4_extract_lane(a, 1) + wasm_f32x4_extract_lane(a, 2) +
         wasm_f32x4_extract_lane(a, 3);
}

static inline float dot(const float *a, const float *b, int n) {
  v128_t left = all(0), right = all(0);
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    left = plus(left, product(LOAD(a + i), LOAD(b + i)));
    right = plus(right, product(LOAD(a + i + 4), LOAD(b + i + 4)));
  }
  if (i < n) left = plus(left, product(LOAD(a + i), LOAD(b + i)));
  return sum(plus(left, right));
}

/* e^x as 2^n e^r with |r| <= ln 2 / 2, the series of e^r up to r^7; at most 87 in size, else the ends of that. */
static inline v128_t exponential(v128_t x) {
  x = wasm_f32x4_max(wasm_f32x4_min(x, all(87)), all(-87));
  v128_t n = wasm_f32x4_nearest(product(x, all(1.44269504f)));
  v128_t r = wasm_f32x4_sub(wasm_f32x4_sub(x, product(n, all(0.693359375f))), product(n, all(-2.12194440e-4f)));
  v128_t e = plus(product(r, all(1.f / 5040)), all(1.f / 720));
  e = plus(product(e, r), all(1.f / 120));
  e = plus(product(e, r), all(1.f / 24));
  e = plus(product(e, r), all(1.f / 6));
  e = plus(product(e, r), all(0.5f));
  e = plus(product(plus(product(e, r), all(1)), r), all(1));
  v128_t bits = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
  return product(e, bits);
}

/* y = x over its root mean square, times a gain. */
EXPORT("norm") void norm(const float *x, const float *gain, float *y, int n, float epsilon) {
  v128_t size = all(1 / __builtin_sqrtf(dot(x, x, n) / n + epsilon));
  for (int i = 0; i < n; i += 4) wasm_v128_store(y + i, product(product(LOAD(x + i), size), LOAD(gain + i)));
}

/* x += y. */
EXPORT("add") void add(float *x, const float *y, int n) {
  for (int i = 0; i < n; i += 4) wasm_v128_store(x + i, plus(LOAD(x + i), LOAD(y + i)));
}

/* Turn each pair (x_i, x_(i + size/2)) of each head by its angle. */
EXPORT("turn") void turn(float *x, const float *cos, const float *sin, int heads, int size) {
  for (int half = size / 2; heads > 0; heads--, x += size)
    for (int i = 0; i < half; i += 4) {
      v128_t left = LOAD(x + i), right = LOAD(x + half + i), c = LOAD(cos + i), s = LOAD(sin + i);
      wasm_v128_store(x + i, wasm_f32x4_sub(product(left, c), product(right, s)));
      wasm_v128_store(x + half + i, plus(product(right, c), product(left, s)));
    }
}

/* A head's query against `count` keys, and the mix of their values; `shares` has room for `count` and three more. */
EXPORT("attend")
void attend(const float *q, const float *keys, const float *values, float *mix, float *shares, int count, int size) {
  float scale = 1 / __builtin_sqrtf(size), most = -1e30f, total;
  for (int at = 0; at < count; at++) {
    shares[at] = scale * dot(q, keys + at * size, size);
    if (shares[at] > most) most = shares[at];
  }
  for (int at = count; at & 3; at++) shares[at] = -1e30f;
  v128_t sums = all(0);
  for (int at = 0; at < count; at += 4) {
    v128_t e = exponential(wasm_f32x4_sub(LOAD(shares + at), all(most)));
    wasm_v128_store(shares + at, e);
    sums = plus(sums, e);
  }
  total = sum(sums);
  for (int i = 0; i < size; i += 4) {
    v128_t mixed = all(0);
    for (int at = 0; at < count; at++) mixed = plus(mixed, product(all(shares[at]), LOAD(values + at * size + i)));
    wasm_v128_store(mix + i, product(mixed, all(1 / total)));
  }
}

/* gate = gate times its sigmoid, times up. */
EXPORT("swiglu") void swiglu(float *gate, const float *up, int n) {
  for (int i = 0; i < n; i += 4) {
    v128_t g = LOAD(gate + i), open = plus(all(1), exponential(wasm_f32x4_neg(g)));
    wasm_v128_store(gate + i, product(wasm_f32x4_div(g, open), LOAD(up + i)));
  }
}

/* An adapter: y += B (A x), a (rank, columns), b (rank, rows). */
EXPORT("add_thin") void add_thin(const float *x, const float *a, const float *b, float *y, int rank, int columns, int rows) {
  for (; rank > 0; rank--, a += columns, b += rows) {
    v128_t inner = all(dot(a, x, columns));
    for (int i = 0; i < rows; i += 4) wasm_v128_store(y + i, plus(LOAD(y + i), product(inner, LOAD(b + i))));
  }
}

/* Of n logits: out = [number of the largest, its logit, that of the next, sum of e^(logit - largest)]. */
EXPORT("likeliest") void likeliest(const float *logits, float *out, int n) {
  int place = 0;
  float first = -1e30f, second = -1e30f;
  for (int i = 0; i < n; i++) {
    float logit = logits[i];
    if (logit <= second) continue;
    if (logit > first) {
      second = first;
      first = logit;
      place = i;
    } else
      second = logit;
  }
  v128_t sums = all(0);
  for (int i = 0; i < n; i += 4) sums = plus(sums, exponential(wasm_f32x4_sub(LOAD(logits + i), all(first))));
  out[0] = place;
  out[1] = first;
  out[2] = second;
  out[3] = sum(sums);
}
