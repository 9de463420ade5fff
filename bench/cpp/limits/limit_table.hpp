#pragma once

// Loops that do nothing but read, or read and write, or multiply and add: compiled for each instruction set, chosen at
// run time.

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
struct MemoryLoop {
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
    const MemoryLoop* reads;
    int n_reads;
    // Read every number and write it back as it was; the memory of their walks must not be constant.
    const MemoryLoop* updates;
    int n_updates;
    const FmaLoop<float>* fma_f32;
    const FmaLoop<double>* fma_f64;
    int n_fma;
};

}  // namespace fastgd::bench
