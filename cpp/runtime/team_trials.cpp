#include "runtime/team_trials.hpp"

#include <atomic>
#include <cstdlib>
#include <string_view>

namespace fastgd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kPause = 10.0;

std::atomic<Clock::rep> not_before{0};

Clock::duration now() { return Clock::now().time_since_epoch(); }

}  // namespace

bool teams_are_forced() {
    static const bool are_forced = [] {
        const char* wanted = std::getenv("FASTGD_TEAMS");
        return wanted != nullptr && std::string_view(wanted) == "always";
    }();
    return are_forced;
}

bool team_may_begin() { return teams_are_forced() || now().count() >= not_before.load(std::memory_order_relaxed); }

void team_has_lost(std::chrono::duration<double> by) {
    if (by.count() <= 0.0) return;
    const Clock::rep until = (now() + std::chrono::duration_cast<Clock::duration>(kPause * by)).count();
    // A small loss does not shorten the pause after a great one.
    Clock::rep known = not_before.load(std::memory_order_relaxed);
    while (known < until && !not_before.compare_exchange_weak(known, until, std::memory_order_relaxed)) {
    }
}

}  // namespace fastgd
