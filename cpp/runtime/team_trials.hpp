#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace fastgd {

// Whether a team is worth trying, for the whole process. It is not where other processes or pools of threads have the
// processors: whoever has one waits there for who has none. What a team loses against one thread is the price of having
// tried it, and none is tried again before ten times as long has passed: so all tries cost at most a tenth of the time.
class TeamTrials {
public:
    using Clock = std::chrono::steady_clock;
    using Seconds = std::chrono::duration<double>;

    static bool may_begin() { return always() || now().count() >= not_before_.load(std::memory_order_relaxed); }

    // A team has just ended; negative where it was faster.
    static void lost(Seconds by) {
        constexpr double kPause = 10.0;
        if (by.count() <= 0.0) return;
        not_before_.store((now() + std::chrono::duration_cast<Clock::duration>(kPause * by)).count(),
                          std::memory_order_relaxed);
    }

private:
    // Tests of threads need teams on busy machines, too.
    static bool always() {
        static const bool is_always = [] {
            const char* wanted = std::getenv("FASTGD_TEAMS");
            return wanted != nullptr && std::string_view(wanted) == "always";
        }();
        return is_always;
    }
    static Clock::duration now() { return Clock::now().time_since_epoch(); }

    inline static std::atomic<Clock::rep> not_before_{0};
};

}  // namespace fastgd
