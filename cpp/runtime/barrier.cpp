#include "runtime/barrier.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "runtime/openmp_binding.hpp"

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace fastgd {
namespace {

constexpr std::uint32_t kAborted = 1;  // the lowest bit of the generation; the others count
constexpr std::uint32_t kOneRound = 2;

inline void pause_core() {
#if defined(_MSC_VER) && !defined(__clang__) && (defined(_M_X64) || defined(_M_IX86))
    _mm_pause();
#elif defined(_MSC_VER) && !defined(__clang__) && defined(_M_ARM64)
    __isb(_ARM64_BARRIER_SY);
#elif defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");  // `yield` takes no time on most cores
#endif
}

// How many turns of the waiting loop last about 20 microseconds: a pause takes 5 cycles on one core, 140 on another.
int calibrate_spins() {
    using Clock = std::chrono::steady_clock;
    constexpr int trial = 200;
    constexpr double wanted_ns = 20e3;
    std::atomic<std::uint32_t> word{0};
    double shortest_ns = 1e9;
    for (int repetition = 0; repetition < 5; ++repetition) {
        const Clock::time_point begin = Clock::now();
        for (int i = 0; i < trial; ++i) {
            if (word.load(std::memory_order_acquire) != 0) break;
            pause_core();
        }
        shortest_ns = std::min(shortest_ns, std::chrono::duration<double, std::nano>(Clock::now() - begin).count());
    }
    return static_cast<int>(std::clamp(wanted_ns * trial / std::max(shortest_ns, 1.0), 50.0, 20000.0));
}

int spins_for(int n_threads) {
    if (n_threads <= 1 || n_threads > openmp::processors()) return 0;  // whoever is missing waits for this very core
    static const int spins = calibrate_spins();
    return spins;
}

}  // namespace

Barrier::Barrier(int n_threads)
    : n_threads_(static_cast<std::uint32_t>(std::max(n_threads, 1))), spins_(spins_for(n_threads)) {}

void Barrier::set_size(int n_threads) noexcept {
    n_threads_.store(static_cast<std::uint32_t>(std::max(n_threads, 1)), std::memory_order_relaxed);
}

void Barrier::wait() {
    // Read before arriving: once all have arrived it moves on.
    const std::uint32_t generation = generation_.load(std::memory_order_acquire);
    if ((generation & kAborted) != 0) throw BarrierAborted();
    const std::uint32_t n_threads = n_threads_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == n_threads) {
        arrived_.store(0, std::memory_order_relaxed);
        generation_.fetch_add(kOneRound, std::memory_order_acq_rel);
        return;
    }

    std::uint32_t now = generation_.load(std::memory_order_acquire);
    for (int spins = spins_; now == generation && spins > 0; --spins) {
        pause_core();
        now = generation_.load(std::memory_order_acquire);
    }
    while (now == generation) {
        std::this_thread::yield();
        now = generation_.load(std::memory_order_acquire);
    }
    // Only a round that was not completed is given up. If a thread that is already past it aborts, whoever wakes up
    // late still goes on to the next barrier, so that which threads come to throw does not depend on their speed.
    if (now == (generation | kAborted)) throw BarrierAborted();
}

void Barrier::abort() noexcept { generation_.fetch_or(kAborted, std::memory_order_acq_rel); }

}  // namespace fastgd
