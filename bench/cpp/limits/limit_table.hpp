#pragma once

// Loops that do nothing but read, or nothing but multiply and add: compiled for each instruction set, chosen at run
// time.

#include <cstddef>
#include <cstdint>

namespace fastgd::bench {

// Rows begin .. end of a walk: its i-th row lies at base + (order != nullptr ? order[i] : i) * stride.
struct RowWalk {
    const std::byte* base;
    // Read in units of 4 bytes; what is left over shares its cache line with what is read.
    std::ptrdiff_t row_bytes;
    std::ptrdiff_t stride;
    const std::int64_t* order;
    std::int64_t begin;
    std::int64_t end;
};

// `sink` has room for 64 bytes: a result that is written somewhere cannot be optimised away.
struct ReadLoop {
    const char* name;
    void (*run)(const RowWalk& walk, void* sink);
};

template <class T>
struct FmaLoop {
    const char* name;
    double flops_a_round;
    void (*run)(std::int64_t rounds, T factor, T addend, void* sink);
};

struct LimitTable {
    const char* isa;
    const ReadLoop* reads;
    int n_reads;
    const FmaLoop<float>* fma_f32;
    const FmaLoop<double>* fma_f64;
    int n_fma;
};

}  // namespace fastgd::bench
