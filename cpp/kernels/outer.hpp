#pragma once

#include "kernels/affine.hpp"
#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

constexpr int kOuterInputs = kRegisters >= 32 ? 14 : kRegisters >= 8 ? 6 : 2;

// Keeps the compiler from taking an address apart again, to hold a part of it in a register for every element that is
// read from there.
template <class T>
FASTGD_INLINE const T* one_register(const T* p) {
    __asm__("" : "+r"(p));
    return p;
}

// kInputs x kVectors gradients stay in registers while all rows pass.
template <class T, int kInputs, int kVectors>
FASTGD_INLINE void outer_tile(const OuterCall<T>& call, std::ptrdiff_t input, std::ptrdiff_t unit) {
    constexpr int lanes = kLanes<T>;
    // Copies: what is written through the pointers below might be the call itself, for all that the compiler knows.
    const std::ptrdiff_t width = call.width;
    const std::ptrdiff_t delta_stride = call.delta_stride;
    const std::ptrdiff_t n_rows = call.rows.count;
    const std::byte* const* rows = call.rows.row;
    T* grad = call.grad + (input - call.begin) * width + unit;
    Vec<T> sum[kInputs][kVectors];
    for (int i = 0; i < kInputs; ++i)
        for (int v = 0; v < kVectors; ++v) sum[i][v] = load(grad + i * width + v * lanes);
    const T* delta = call.delta + unit;
    const std::byte* const* next = unit == 0 && call.next_bytes != 0 ? call.rows.next : nullptr;
    const std::ptrdiff_t at = input * call.next_bytes;
    for (std::ptrdiff_t r = 0; r < n_rows; ++r, delta += delta_stride) {
        // A tile is narrower than a line.
        if (next != nullptr) prefetch_far(next[r] + at);
        const T* x = one_register(reinterpret_cast<const T*>(rows[r]) + (input - call.origin));
        Vec<T> d[kVectors];
        for (int v = 0; v < kVectors; ++v) d[v] = load(delta + v * lanes);
        for (int i = 0; i < kInputs; ++i) {
            const Vec<T> element = set1<T>(scalar_at(x + i));
            for (int v = 0; v < kVectors; ++v) sum[i][v] = fma(element, d[v], sum[i][v]);
        }
    }
    for (int i = 0; i < kInputs; ++i)
        for (int v = 0; v < kVectors; ++v) store(grad + i * width + v * lanes, sum[i][v]);
}

template <class T, int kInputs, int kVectors>
FASTGD_INLINE void outer_inputs(const OuterCall<T>& call, std::ptrdiff_t input, std::ptrdiff_t unit) {
    for (; input + kInputs <= call.end; input += kInputs) outer_tile<T, kInputs, kVectors>(call, input, unit);
    if constexpr (kInputs > 1) outer_inputs<T, kInputs / 2, kVectors>(call, input, unit);
}

template <class T>
void outer_rows(const OuterCall<T>& call) {
    constexpr int lanes = kLanes<T>;
    std::ptrdiff_t unit = 0;
    for (; unit + kAffineVectors * lanes <= call.width; unit += kAffineVectors * lanes)
        outer_inputs<T, kOuterInputs, kAffineVectors>(call, call.begin, unit);
    if (unit < call.width) outer_inputs<T, kOuterInputs, 1>(call, call.begin, unit);
}

// Some rows at a time, so that those of delta stay in L1 from tile to tile.
template <class T>
void outer(const OuterCall<T>& call) {
    constexpr std::ptrdiff_t kRows = 64;
    OuterCall<T> some = call;
    for (std::ptrdiff_t left = call.rows.count; left > 0; left -= kRows) {
        some.rows.count = left < kRows ? left : kRows;
        outer_rows(some);
        some.rows.row += kRows;
        if (some.rows.next != nullptr) some.rows.next += kRows;
        some.delta += kRows * call.delta_stride;
    }
}

template <class T, int kVectors>
FASTGD_INLINE void bias_tile(const BiasGradientCall<T>& call, std::ptrdiff_t unit) {
    constexpr int lanes = kLanes<T>;
    Vec<T> sum[kVectors];
    for (int v = 0; v < kVectors; ++v) sum[v] = load(call.grad + unit + v * lanes);
    const T* delta = call.delta + unit;
    for (std::ptrdiff_t r = 0; r < call.n_rows; ++r, delta += call.delta_stride)
        for (int v = 0; v < kVectors; ++v) sum[v] = sum[v] + load(delta + v * lanes);
    for (int v = 0; v < kVectors; ++v) store(call.grad + unit + v * lanes, sum[v]);
}

// Several vectors of units side by side: each alone would wait for its own additions.
template <class T>
void bias_gradient(const BiasGradientCall<T>& call) {
    constexpr int lanes = kLanes<T>;
    constexpr int kVectors = kUnitPanel<T> / lanes;
    std::ptrdiff_t unit = 0;
    for (; unit + kVectors * lanes <= call.width; unit += kVectors * lanes) bias_tile<T, kVectors>(call, unit);
    for (; unit < call.width; unit += lanes) bias_tile<T, 1>(call, unit);
}

}  // namespace
}  // namespace fastgd
