// Compiled once for each instruction set, with the flags and under the rules of the kernels: one exported function.

#include "limits/limit_table.hpp"
#include "simd/vec.hpp"

namespace fastgd::bench {
namespace {

FASTGD_INLINE const std::byte* row_at(const RowWalk& walk, std::int64_t i) {
    const std::int64_t last = i < walk.end ? i : walk.end - 1;
    return walk.base + (walk.order != nullptr ? walk.order[last] : last) * walk.stride;
}

FASTGD_INLINE IVec<float> load_bits(const std::byte* p) { return as_int(load_f32(p)); }

// kTogether rows side by side, kSums accumulators each; integers, so that no value of the data is slower than another.
// The rows kAhead bytes later are prefetched, if any.
template <int kTogether, int kSums, std::ptrdiff_t kAhead>
void read_rows(const RowWalk& walk, void* sink) {
    constexpr std::ptrdiff_t vector = 64;
    const std::int64_t ahead = kTogether + kAhead / walk.row_bytes;
    IVec<float> sum[kTogether][kSums];
    for (int t = 0; t < kTogether; ++t)
        for (int s = 0; s < kSums; ++s) sum[t][s] = iset1<float>(0);
    for (std::int64_t i = walk.begin; i < walk.end; i += kTogether) {
        const std::byte* row[kTogether];
        const std::byte* later[kTogether];
        for (int t = 0; t < kTogether; ++t) {
            row[t] = row_at(walk, i + t);
            later[t] = row_at(walk, i + t + ahead);
        }
        std::ptrdiff_t b = 0;
        for (; b + kSums * vector <= walk.row_bytes; b += kSums * vector)
            for (int t = 0; t < kTogether; ++t)
                for (int s = 0; s < kSums; ++s) {
                    if (kAhead > 0) prefetch(later[t] + b + s * vector);
                    sum[t][s] = sum[t][s] + load_bits(row[t] + b + s * vector);
                }
        for (; b + vector <= walk.row_bytes; b += vector)
            for (int t = 0; t < kTogether; ++t) {
                if (kAhead > 0) prefetch(later[t] + b);
                sum[t][0] = sum[t][0] + load_bits(row[t] + b);
            }
        if (b < walk.row_bytes) {
            const int left = static_cast<int>((walk.row_bytes - b) / 4);
            for (int t = 0; t < kTogether; ++t) {
                if (kAhead > 0) prefetch(later[t] + b);
                sum[t][0] = sum[t][0] + as_int(load_f32_partial(row[t] + b, left));
            }
        }
    }
    IVec<float> total = iset1<float>(0);
    for (int t = 0; t < kTogether; ++t)
        for (int s = 0; s < kSums; ++s) total = total + sum[t][s];
    store(static_cast<float*>(sink), as_float(total));
}

// Adds what `sink` holds, a 0 that the compiler does not know of, to all whole vectors of every row.
template <int kUnrolled, std::ptrdiff_t kAhead>
void update_rows(const RowWalk& walk, void* sink) {
    constexpr std::ptrdiff_t vector = 64;
    const IVec<float> nothing = load_bits(static_cast<const std::byte*>(sink));
    for (std::int64_t i = walk.begin; i < walk.end; ++i) {
        std::byte* row = const_cast<std::byte*>(row_at(walk, i));
        std::ptrdiff_t b = 0;
        for (; b + kUnrolled * vector <= walk.row_bytes; b += kUnrolled * vector)
            for (int v = 0; v < kUnrolled; ++v) {
                std::byte* at = row + b + v * vector;
                if (kAhead > 0) prefetch(at + kAhead);
                store(reinterpret_cast<float*>(at), as_float(load_bits(at) + nothing));
            }
        for (; b + vector <= walk.row_bytes; b += vector)
            store(reinterpret_cast<float*>(row + b), as_float(load_bits(row + b) + nothing));
    }
}

// Chains of multiply-adds that do not wait for one another, all in registers: how many are best depends on the
// processor, so several are tried.
template <class T, int kChains>
void fma_chains(std::int64_t rounds, T factor, T addend, void* sink) {
    const Vec<T> a = set1<T>(factor);
    const Vec<T> b = set1<T>(addend);
    Vec<T> x[kChains];
    for (int c = 0; c < kChains; ++c) x[c] = set1<T>(static_cast<T>(c));
    for (std::int64_t r = 0; r < rounds; ++r)
        for (int c = 0; c < kChains; ++c) x[c] = fma(x[c], a, b);
    Vec<T> total = x[0];
    for (int c = 1; c < kChains; ++c) total = total + x[c];
    store(static_cast<T*>(sink), total);
}

constexpr int kSums = kRegisters >= 32 ? 8 : 4;
constexpr int kSumsOfFour = kRegisters >= 32 ? 2 : 1;

constexpr MemoryLoop kReads[] = {
    {"plain", read_rows<1, 1, 0>},
    {"unrolled", read_rows<1, kSums, 0>},
    {"four rows", read_rows<4, kSumsOfFour, 0>},
    {"prefetched 2 KB", read_rows<1, kSums, 2 * 1024>},
    {"prefetched 8 KB", read_rows<1, kSums, 8 * 1024>},
    {"prefetched 32 KB", read_rows<1, kSums, 32 * 1024>},
    {"four rows prefetched 16 KB", read_rows<4, kSumsOfFour, 16 * 1024>},
    {"four rows prefetched 64 KB", read_rows<4, kSumsOfFour, 64 * 1024>},
};

constexpr MemoryLoop kUpdates[] = {
    {"plain", update_rows<1, 0>},
    {"unrolled", update_rows<4, 0>},
    {"prefetched 2 KB", update_rows<4, 2 * 1024>},
    {"prefetched 8 KB", update_rows<4, 8 * 1024>},
};

#define FASTGD_CHAINS(T, N) \
    { #N " chains", 2.0 * (N)*kLanes<T>, fma_chains<T, N> }
template <class T>
constexpr FmaLoop<T> kFma[] = {
    FASTGD_CHAINS(T, 4),  FASTGD_CHAINS(T, 5),  FASTGD_CHAINS(T, 6),  FASTGD_CHAINS(T, 8),
    FASTGD_CHAINS(T, 10), FASTGD_CHAINS(T, 12), FASTGD_CHAINS(T, 16), FASTGD_CHAINS(T, 24),
};
#undef FASTGD_CHAINS

constexpr LimitTable kTable{kIsaName,
                            kReads,
                            sizeof(kReads) / sizeof(kReads[0]),
                            kUpdates,
                            sizeof(kUpdates) / sizeof(kUpdates[0]),
                            kFma<float>,
                            kFma<double>,
                            sizeof(kFma<float>) / sizeof(kFma<float>[0])};

}  // namespace

#define FASTGD_CONCAT2(a, b) a##b
#define FASTGD_CONCAT(a, b) FASTGD_CONCAT2(a, b)
const LimitTable& FASTGD_CONCAT(limit_table_, FASTGD_ISA)();
const LimitTable& FASTGD_CONCAT(limit_table_, FASTGD_ISA)() { return kTable; }

}  // namespace fastgd::bench
