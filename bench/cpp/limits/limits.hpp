#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "limits/limit_table.hpp"

#if defined(_WIN32)
#define FASTGD_LIMITS_API __declspec(dllexport)
#else
#define FASTGD_LIMITS_API __attribute__((visibility("default")))
#endif

namespace fastgd::bench {

// The loops of an instruction set; nullptr where this build has none of that name. Whether the machine can run them is
// the caller's knowledge.
FASTGD_LIMITS_API const LimitTable* find_limits(std::string_view isa);

// A matrix, or any buffer cut into rows, in the order in which its rows are visited: as they lie where `order` is null,
// else n_rows of them as it says.
struct Visit {
    const void* data;
    std::int64_t n_rows;
    std::int64_t row_bytes;
    std::int64_t stride;
    const std::int64_t* order;
};

// Bytes a second of every loop of the table, one run each: `repeats` visits, the rows split evenly between threads.
FASTGD_LIMITS_API std::vector<double> read_rates(const LimitTable& table, const Visit& visit, int n_threads,
                                                 int repeats = 1);

// Seconds of one loop: a thread for each walk, `repeats` times.
FASTGD_LIMITS_API double walk_seconds(const MemoryLoop& loop, std::span<const RowWalk> walks, int repeats);

// Floating-point operations a second of every loop of the table, one run of so many seconds each.
FASTGD_LIMITS_API std::vector<double> fma_rates(const LimitTable& table, bool is_double, int n_threads,
                                                double seconds = 1e-3);

// Seconds of body(thread) on each of so many threads, from the first one's start to the last one's end; starting them
// costs nothing here. Threads of its own, so that no OpenMP runtime of the process is disturbed.
FASTGD_LIMITS_API double seconds_together(int n_threads, const std::function<void(int)>& body);

}  // namespace fastgd::bench
