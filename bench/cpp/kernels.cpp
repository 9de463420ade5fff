// Every kernel of the table by itself: on each instruction set that the machine can run, with data in each cache and in
// memory, on one thread and on two with data of their own, beside what the same memory and the same instruction set
// allow.

#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cases/kernel_case.hpp"
#include "limits/limits.hpp"
#include "register.hpp"
#include "runtime/dispatch.hpp"
#include "samples.hpp"

namespace fastgd::bench {
namespace {

// Where the data of a benchmark lie.
struct Level {
    const char* name;
    std::size_t bytes;
    // Whether all threads share it.
    bool shared;

    std::size_t bytes_a_thread(int n_threads) const {
        return shared ? bytes / static_cast<std::size_t>(n_threads) : bytes;
    }
};

std::size_t cache_bytes(int level, std::size_t otherwise) {
    for (const auto& cache : benchmark::CPUInfo::Get().caches)
        if (cache.level == level && cache.type != "Instruction") return static_cast<std::size_t>(cache.size);
    return otherwise;
}

// Half of each cache. A third-level cache of hundreds of MB serves many cores, of which a process has few.
std::vector<Level> levels() {
    constexpr std::size_t kKilo = 1024;
    constexpr std::size_t kMega = kKilo * kKilo;
    // Sizes that mean nothing have no class.
    if (small()) return {{"small", 4 * kKilo, false}};
    const std::size_t third = cache_bytes(3, 32 * kMega);
    return {{"L1", cache_bytes(1, 32 * kKilo) / 2, false},
            {"L2", cache_bytes(2, kMega) / 2, false},
            {"L3", std::min(third / 2, 32 * kMega), true},
            {"DRAM", std::clamp(2 * third, 256 * kMega, 512 * kMega), true}};
}

// Takes up blocks, or rows, where the last time has ended, so that what was just used is not used again before all the
// rest was.
class Round {
public:
    explicit Round(std::int64_t n) : n_(n) {}
    std::int64_t take(std::int64_t count) {
        const std::int64_t first = next_;
        next_ = (next_ + count) % n_;
        return first;
    }

private:
    std::int64_t n_;
    std::int64_t next_ = 0;
};

// Equal work on every thread, each on memory of its own.
class Team {
public:
    Team(const KernelCase& of, std::size_t bytes_a_thread, int n_threads) {
        for (int t = 0; t < n_threads; ++t) {
            slices_.push_back(std::make_unique<Slice>(bytes_a_thread));
            works_.push_back(of.make(*slices_.back()));
        }
        round_ = std::make_unique<Round>(work().n_blocks);
        while (!small() && run(n_) < kSeconds) n_ *= 2;
    }

    const Work& work() const { return works_.front(); }
    int n_threads() const { return static_cast<int>(works_.size()); }
    // Of a block on every thread.
    double seconds() { return run(n_) / static_cast<double>(n_); }
    std::vector<RowWalk> walks() const {
        std::vector<RowWalk> walks;
        for (std::size_t t = 0; t < works_.size(); ++t)
            walks.push_back(works_[t].walk.end > 0 ? works_[t].walk : slices_[t]->walk());
        return walks;
    }

private:
    static constexpr double kSeconds = 1e-3;

    // Seconds of so many blocks on every thread.
    double run(std::int64_t n) {
        const std::int64_t first = round_->take(n);
        return seconds_together(n_threads(), [&](int thread) {
            const Work& work = works_[static_cast<std::size_t>(thread)];
            std::ptrdiff_t block = first;
            for (std::int64_t i = 0; i < n; ++i) {
                work.run(block);
                if (++block == work.n_blocks) block = 0;
            }
        });
    }

    std::vector<std::unique_ptr<Slice>> slices_;
    std::vector<Work> works_;
    std::unique_ptr<Round> round_;
    std::int64_t n_ = 1;
};

// Bytes a second of loops over the memory of a team.
class Bandwidth {
public:
    Bandwidth(const Team& team, std::span<const MemoryLoop> loops, double passes)
        : walks_(team.walks()), loops_(loops), passes_(passes), round_(walks_.front().end) {}

    std::vector<double> rates() {
        const RowWalk& whole = walks_.front();
        const double row = static_cast<double>(whole.row_bytes);
        const auto rows = std::max<std::int64_t>(1, static_cast<std::int64_t>(kBytes / row));
        const std::int64_t part = std::min(whole.end, small() ? 1 : rows);
        const int repeats = small() ? 1 : static_cast<int>(std::max<std::int64_t>(1, rows / part));
        std::vector<double> rates;
        for (const MemoryLoop& loop : loops_) {
            const std::int64_t first = std::min(round_.take(part), whole.end - part);
            std::vector<RowWalk> walks = walks_;
            for (RowWalk& walk : walks) {
                walk.begin = first;
                walk.end = first + part;
            }
            const double bytes =
                passes_ * row * static_cast<double>(part * repeats) * static_cast<double>(walks.size());
            rates.push_back(bytes / std::max(walk_seconds(loop, walks, repeats), 1e-9));
        }
        return rates;
    }

private:
    // From memory about as long as a kernel's run: what disturbs one of them disturbs the other.
    static constexpr double kBytes = 16 << 20;

    std::vector<RowWalk> walks_;
    std::span<const MemoryLoop> loops_;
    double passes_;
    Round round_;
};

void kernel(benchmark::State& state, const KernelCase& of, const LimitTable& limits, Level level, int n_threads) {
    Team team(of, level.bytes_a_thread(n_threads), n_threads);
    const Work& work = team.work();
    const std::span reads(limits.reads, static_cast<std::size_t>(limits.n_reads));
    const std::span updates(limits.updates, static_cast<std::size_t>(limits.n_updates));
    Bandwidth memory(team, work.writes ? updates : reads, work.writes ? 2.0 : 1.0);
    LimitSamples bandwidth;
    LimitSamples fma;
    OwnTimes own;
    for (auto _ : state) {
        own.add(state, team.seconds());
        bandwidth.add(memory.rates());
        if (work.flops > 0.0) fma.add(fma_rates(limits, of.in_double, n_threads, small() ? 1e-6 : 1e-3));
    }
    const double seconds = own.median();
    const double bytes = work.bytes * n_threads;
    const double flops = work.flops * n_threads;
    double bound = bytes / bandwidth.best();
    state.counters["bytes_per_second"] = bytes / seconds;
    state.counters[work.writes ? "read_write_limit" : "read_limit"] = bandwidth.best();
    if (flops > 0.0) {
        bound = std::max(bound, flops / fma.best());
        state.counters["flop_per_second"] = flops / seconds;
        state.counters["fma_peak"] = fma.best();
    }
    state.counters["of_limit"] = bound / seconds;
}

}  // namespace

void register_kernels() {
    for (const Level& level : levels())
        benchmark::AddCustomContext(
            level.name, std::to_string(level.bytes) + " bytes" + (level.shared ? " for all threads" : " a thread"));
    for (const Isa& isa : isa_table()) {
        if (!cpu_features().contains(isa.required)) continue;
        const LimitTable& limits = *find_limits(isa.name);
        for (const KernelCase& of : kernel_cases(isa.table()))
            for (const Level& level : levels())
                for (const int threads : thread_counts()) {
                    const std::string name = "kernel/" + of.name + "/" + std::string(isa.name) + "/" + level.name +
                                             "/threads:" + std::to_string(threads);
                    benchmark::RegisterBenchmark(name.c_str(),
                                                 [of, &limits, level, threads](benchmark::State& state) {
                                                     kernel(state, of, limits, level, threads);
                                                 })
                        ->Iterations(rounds())
                        ->UseManualTime()
                        ->Unit(benchmark::kNanosecond);
                }
    }
}

}  // namespace fastgd::bench
