/*
 * Products with weights packed in blocks of 32 (Q4_1: d q + m, Q8_0: d q), in WebAssembly SIMD on Pyodide's memory.
 *
 * Built by overrides/build/blocks_wasm.py. Nothing here uses a stack or data of its own, because the memory is not
 * ours: a test reads that off the module. The same products in numpy are in labs_py/core/llama/blocks.py.
 */
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define WEIGHTS 32
#define Q41 20 /* bytes of a block */
#define Q80 34

/* A 16-bit float: shifted into place its exponent is 112 too low, in numbers below the smallest normal one as well. */
static inline float half(const uint8_t *p) {
  uint32_t h = p[0] | p[1] << 8, bits = (h & 0x7fff) << 13, sign = (h & 0x8000) << 16;
  float value;
  __builtin_memcpy(&value, &bits, 4);
  value *= 0x1p112f;
  __builtin_memcpy(&bits, &value, 4);
  bits |= sign;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

static inline float sum(v128_t a) {
  return wasm_f32x4_extract_lane(a, 0) + wasm_f32x4_extract_lane(a, 1) + wasm_f32x4_extract_lane(a, 2) +
         wasm_f32x4_extract_lane(a, 3);
}

static inline v128_t plus(v128_t a, v128_t b) { return wasm_f32x4_add(a, b); }
static inline v128_t scaled(v128_t a, float b) { return wasm_f32x4_mul(a, wasm_f32x4_splat(b)); }

/* Activations in 16 bits: each block's largest becomes 32767. sums: of a block's activations as rounded. */
EXPORT("round_blocks") void round_blocks(const float *x, int16_t *q, float *steps, float *sums, int blocks) {
  for (int b = 0; b < blocks; b++, x += WEIGHTS, q += WEIGHTS) {
    v128_t most = wasm_f32x4_splat(0), total = wasm_i32x4_splat(0);
    for (int i = 0; i < WEIGHTS; i += 4) most = wasm_f32x4_pmax(most, wasm_f32x4_abs(wasm_v128_load(x + i)));
    float a = wasm_f32x4_extract_lane(most, 0), c;
    if ((c = wasm_f32x4_extract_lane(most, 1)) > a) a = c;
    if ((c = wasm_f32x4_extract_lane(most, 2)) > a) a = c;
    if ((c = wasm_f32x4_extract_lane(most, 3)) > a) a = c;
    float step = a / 32767, inverse = step > 0 ? 1 / step : 0;
    for (int i = 0; i < WEIGHTS; i += 8) {
      v128_t left = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(scaled(wasm_v128_load(x + i), inverse)));
      v128_t right = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(scaled(wasm_v128_load(x + i + 4), inverse)));
      total = wasm_i32x4_add(total, wasm_i32x4_add(left, right));
      wasm_v128_store(q + i, wasm_i16x8_narrow_i32x4(left, right));
    }
    steps[b] = step;
    sums[b] = step * (wasm_i32x4_extract_lane(total, 0) + wasm_i32x4_extract_lane(total, 1) +
                      wasm_i32x4_extract_lane(total, 2) + wasm_i32x4_extract_lane(total, 3));
  }
}

/* Sum of each block of activations. */
EXPORT("sum_blocks") void sum_blocks(const float *x, float *sums, int blocks) {
  for (int b = 0; b < blocks; b++, x += WEIGHTS) {
    v128_t total = wasm_v128_load(x);
    for (int i = 4; i < WEIGHTS; i += 4) total = plus(total, wasm_v128_load(x + i));
    sums[b] = sum(total);
  }
}

/* 32 whole numbers, two vectors of bytes, times 32 rounded activations: four partial sums. */
#define DOT(extend_low, extend_high, first, second, q)                                                     \
  wasm_i32x4_add(wasm_i32x4_add(wasm_i32x4_dot_i16x8(extend_low(first), wasm_v128_load(q)),                \
                                wasm_i32x4_dot_i16x8(extend_high(first), wasm_v128_load((q) + 8))),        \
                 wasm_i32x4_add(wasm_i32x4_dot_i16x8(extend_low(second), wasm_v128_load((q) + 16)),        \
                                wasm_i32x4_dot_i16x8(extend_high(second), wasm_v128_load((q) + 24))))

EXPORT("quick_q41")
void quick_q41(const uint8_t *w, const int16_t *q, const float *steps, const float *sums, float *y, int rows, int blocks) {
  const v128_t low = wasm_i8x16_splat(15);
  for (int r = 0; r < rows; r++) {
    v128_t all = wasm_f32x4_splat(0);
    float lowest = 0;
    for (int b = 0; b < blocks; b++, w += Q41) {
      v128_t pair = wasm_v128_load(w + 4);
      v128_t part = DOT(wasm_u16x8_extend_low_u8x16, wasm_u16x8_extend_high_u8x16, wasm_v128_and(pair, low),
                        wasm_u8x16_shr(pair, 4), q + b * WEIGHTS);
      all = plus(all, scaled(wasm_f32x4_convert_i32x4(part), half(w) * steps[b]));
      lowest += half(w + 2) * sums[b];
    }
    y[r] = sum(all) + lowest;
  }
}

EXPORT("quick_q80")
void quick_q80(const uint8_t *w, const int16_t *q, const float *steps, float *y, int rows, int blocks) {
  for (int r = 0; r < rows; r++) {
    v128_t all = wasm_f32x4_splat(0);
    for (int b = 0; b < blocks; b++, w += Q80) {
      v128_t part = DOT(wasm_i16x8_extend_low_i8x16, wasm_i16x8_extend_high_i8x16, wasm_v128_load(w + 2),
                        wasm_v128_load(w + 18), q + b * WEIGHTS);
      all = plus(all, scaled(wasm_f32x4_convert_i32x4(part), half(w) * steps[b]));
    }
    y[r] = sum(all);
  }
}

/* Whole numbers as floats. Without the empty line of assembly, clang 14 takes the vector apart to convert it. */
static inline v128_t as_floats(v128_t whole) {
  __asm__("" : "+r"(whole));
  return wasm_f32x4_convert_i32x4(whole);
}

/* Sixteen whole numbers as floats, four at a time, handed to USE(k, floats). */
#define EACH_U8(v, USE)                                                                                    \
  {                                                                                                        \
    v128_t lower = wasm_u16x8_extend_low_u8x16(v), upper = wasm_u16x8_extend_high_u8x16(v);                \
    USE(0, as_floats(wasm_u32x4_extend_low_u16x8(lower)))                                   \
    USE(4, as_floats(wasm_u32x4_extend_high_u16x8(lower)))                                  \
    USE(8, as_floats(wasm_u32x4_extend_low_u16x8(upper)))                                   \
    USE(12, as_floats(wasm_u32x4_extend_high_u16x8(upper)))                                 \
  }
#define EACH_I8(v, USE)                                                                                    \
  {                                                                                                        \
    v128_t lower = wasm_i16x8_extend_low_i8x16(v), upper = wasm_i16x8_extend_high_i8x16(v);                \
    USE(0, as_floats(wasm_i32x4_extend_low_i16x8(lower)))                                   \
    USE(4, as_floats(wasm_i32x4_extend_high_i16x8(lower)))                                  \
    USE(8, as_floats(wasm_i32x4_extend_low_i16x8(upper)))                                   \
    USE(12, as_floats(wasm_i32x4_extend_high_i16x8(upper)))                                 \
  }

EXPORT("exact_q41")
void exact_q41(const uint8_t *w, const float *x, const float *sums, float *y, int rows, int blocks) {
  const v128_t low = wasm_i8x16_splat(15);
  for (int r = 0; r < rows; r++) {
    v128_t all = wasm_f32x4_splat(0);
    float lowest = 0;
    for (int b = 0; b < blocks; b++, w += Q41) {
      const float *own = x + b * WEIGHTS;
      v128_t pair = wasm_v128_load(w + 4), part = wasm_f32x4_splat(0);
#define ADD(k, floats) part = plus(part, wasm_f32x4_mul(floats, wasm_v128_load(own + (k))));
      EACH_U8(wasm_v128_and(pair, low), ADD)
      own += 16;
      EACH_U8(wasm_u8x16_shr(pair, 4), ADD)
      all = plus(all, scaled(part, half(w)));
      lowest += half(w + 2) * sums[b];
    }
    y[r] = sum(all) + lowest;
  }
}

EXPORT("exact_q80") void exact_q80(const uint8_t *w, const float *x, float *y, int rows, int blocks) {
  for (int r = 0; r < rows; r++) {
    v128_t all = wasm_f32x4_splat(0);
    for (int b = 0; b < blocks; b++, w += Q80) {
      const float *own = x + b * WEIGHTS;
      v128_t part = wasm_f32x4_splat(0);
      EACH_I8(wasm_v128_load(w + 2), ADD)
      own += 16;
      EACH_I8(wasm_v128_load(w + 18), ADD)
      all = plus(all, scaled(part, half(w)));
    }
    y[r] = sum(all);
  }
}

EXPORT("expand_q41") void expand_q41(const uint8_t *w, float *out, int blocks) {
  const v128_t low = wasm_i8x16_splat(15);
  for (int b = 0; b < blocks; b++, w += Q41) {
    v128_t step = wasm_f32x4_splat(half(w)), lowest = wasm_f32x4_splat(half(w + 2)), pair = wasm_v128_load(w + 4);
#define PUT_LOWEST(k, floats) wasm_v128_store(out + (k), plus(wasm_f32x4_mul(floats, step), lowest));
    EACH_U8(wasm_v128_and(pair, low), PUT_LOWEST)
    out += 16;
    EACH_U8(wasm_u8x16_shr(pair, 4), PUT_LOWEST)
    out += 16;
  }
}

EXPORT("expand_q80") void expand_q80(const uint8_t *w, float *out, int blocks) {
  for (int b = 0; b < blocks; b++, w += Q80) {
    v128_t step = wasm_f32x4_splat(half(w));
#define PUT(k, floats) wasm_v128_store(out + (k), wasm_f32x4_mul(floats, step));
    EACH_I8(wasm_v128_load(w + 2), PUT)
    out += 16;
    EACH_I8(wasm_v128_load(w + 18), PUT)
    out += 16;
  }
}
