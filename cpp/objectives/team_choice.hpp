#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "runtime/team_trials.hpp"

namespace fastgd {

// Whether a run takes its next stretch of rows as a team. Both ways give the same bits, so the clock may decide: a
// stretch on one thread, the first one and another now and then, tells what a team has to be faster than.
class TeamChoice {
public:
    // descend(as_team) on so many rows returns how many threads it had.
    template <class Descend>
    void stretch(std::int64_t n_rows, Descend&& descend) {
        const bool as_team = teams_are_forced() || (n_as_team_ < kStretches && team_may_begin());
        const auto began = std::chrono::steady_clock::now();
        const int n_threads = descend(as_team);
        const Seconds time = std::chrono::steady_clock::now() - began;
        const auto n = static_cast<double>(n_rows);
        if (!as_team) {
            // Rows and models may be others by now; else the least, as one thread may be held up, too.
            if (n_as_team_ > 0) alone_.reset();
            alone_ = std::min(time / n, alone_.value_or(time / n));
            n_as_team_ = 0;
        } else if (n_threads > 1) {
            ++n_as_team_;
            if (!alone_ || time <= n * *alone_) return;
            team_has_lost(time - n * *alone_);
            n_as_team_ = kStretches;
        }
    }

private:
    using Seconds = std::chrono::duration<double>;
    // Before one thread is measured again, which costs half of its time where two are twice as fast: a hundredth.
    static constexpr int kStretches = 48;

    // A row's time on one thread, once it is known.
    std::optional<Seconds> alone_;
    int n_as_team_ = kStretches;
};

}  // namespace fastgd
