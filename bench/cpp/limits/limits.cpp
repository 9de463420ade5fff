#include "limits/limits.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "limit_isas.hpp"

namespace fastgd::bench {

#define FASTGD_DECLARE(NAME) const LimitTable& limit_table_##NAME();
FASTGD_LIMIT_ISAS(FASTGD_DECLARE)
#undef FASTGD_DECLARE

namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::duration<std::int64_t, std::nano>;

struct alignas(64) Sink {
    std::byte bytes[64];
};

std::int64_t now() { return std::chrono::duration_cast<Nanoseconds>(Clock::now().time_since_epoch()).count(); }

template <class T>
double fma_rate(const FmaLoop<T>& loop, int n_threads, double seconds_of_run) {
    const auto rate = [&](std::int64_t rounds) {
        const double seconds = seconds_together(n_threads, [&](int) {
            Sink sink;
            loop.run(rounds, T(0.5), T(0.25), &sink);
        });
        return static_cast<double>(n_threads) * static_cast<double>(rounds) * loop.flops_a_round /
               std::max(seconds, 1e-9);
    };
    constexpr std::int64_t kTrial = 1000;
    const double estimate = rate(kTrial) / n_threads;
    return rate(std::max(kTrial, static_cast<std::int64_t>(seconds_of_run * estimate / loop.flops_a_round)));
}

}  // namespace

const LimitTable* find_limits(std::string_view isa) {
#define FASTGD_MATCH(NAME) \
    if (isa == #NAME) return &limit_table_##NAME();
    FASTGD_LIMIT_ISAS(FASTGD_MATCH)
#undef FASTGD_MATCH
    return nullptr;
}

double seconds_together(int n_threads, const std::function<void(int)>& body) {
    std::atomic<int> missing{n_threads};
    std::vector<std::int64_t> begin(static_cast<std::size_t>(n_threads));
    std::vector<std::int64_t> end(begin.size());
    // Begun and waiting for one another before the clock starts.
    const auto work = [&](int thread) {
        const auto t = static_cast<std::size_t>(thread);
        missing.fetch_sub(1);
        for (int spins = 0; missing.load() > 0; ++spins)
            if (spins > 10000) std::this_thread::yield();
        begin[t] = now();
        body(thread);
        end[t] = now();
    };
    std::vector<std::thread> others;
    for (int t = 1; t < n_threads; ++t) others.emplace_back(work, t);
    work(0);
    for (std::thread& other : others) other.join();
    return 1e-9 * static_cast<double>(*std::max_element(end.begin(), end.end()) -
                                      *std::min_element(begin.begin(), begin.end()));
}

double walk_seconds(const MemoryLoop& loop, std::span<const RowWalk> walks, int repeats) {
    return seconds_together(static_cast<int>(walks.size()), [&](int thread) {
        const RowWalk& walk = walks[static_cast<std::size_t>(thread)];
        Sink sink{};
        for (int r = 0; r < repeats && walk.begin < walk.end; ++r) loop.run(walk, &sink);
    });
}

std::vector<double> read_rates(const LimitTable& table, const Visit& visit, int n_threads, int repeats) {
    std::vector<double> rates;
    std::vector<RowWalk> walks;
    for (int t = 0; t < n_threads; ++t)
        walks.push_back({static_cast<const std::byte*>(visit.data), visit.row_bytes, visit.stride, visit.order,
                         visit.n_rows * t / n_threads, visit.n_rows * (t + 1) / n_threads});
    const double bytes = static_cast<double>(visit.n_rows) * static_cast<double>(visit.row_bytes) * repeats;
    for (int i = 0; i < table.n_reads; ++i)
        rates.push_back(bytes / std::max(walk_seconds(table.reads[i], walks, repeats), 1e-9));
    return rates;
}

std::vector<double> fma_rates(const LimitTable& table, bool is_double, int n_threads, double seconds) {
    std::vector<double> rates;
    for (int i = 0; i < table.n_fma; ++i)
        rates.push_back(is_double ? fma_rate(table.fma_f64[i], n_threads, seconds)
                                  : fma_rate(table.fma_f32[i], n_threads, seconds));
    return rates;
}

}  // namespace fastgd::bench
