#include "runtime/backoff.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "runtime/openmp_binding.hpp"

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace fastgd {
namespace {

using Clock = std::chrono::steady_clock;

// Longer than a block of rows takes: a sleeper wakes late.
constexpr std::chrono::microseconds kYields{200};
constexpr std::chrono::microseconds kSleep{50};
#if defined(_WIN32)
constexpr bool kSleeps = false;  // the shortest sleep takes milliseconds there
#else
constexpr bool kSleeps = true;
#endif

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

// How many pauses last about 20 microseconds: one takes 5 cycles on one core, 140 on another.
int calibrate_spins() {
    constexpr int trial = 200;
    constexpr double wanted_ns = 20e3;
    double shortest_ns = 1e9;
    for (int repetition = 0; repetition < 5; ++repetition) {
        Backoff backoff(trial);
        const Clock::time_point begin = Clock::now();
        for (int i = 0; i < trial; ++i) backoff.pause();
        shortest_ns = std::min(shortest_ns, std::chrono::duration<double, std::nano>(Clock::now() - begin).count());
    }
    return static_cast<int>(std::clamp(wanted_ns * trial / std::max(shortest_ns, 1.0), 50.0, 20000.0));
}

}  // namespace

int spins_of_team(int n_threads) {
    if (n_threads <= 1 || n_threads > openmp::processors()) return 0;
    static const int spins = calibrate_spins();
    return spins;
}

void Backoff::pause() {
    if (spins_ > 0) {
        --spins_;
        return pause_core();
    }
    const Clock::time_point now = Clock::now();
    if (sleeps_from_ == Clock::time_point()) sleeps_from_ = now + kYields;
    if (kSleeps && now >= sleeps_from_)
        std::this_thread::sleep_for(kSleep);
    else
        std::this_thread::yield();
}

}  // namespace fastgd
