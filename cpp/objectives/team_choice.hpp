#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "runtime/team_trials.hpp"

namespace fastgd {

// Whether a run takes its next stretch of rows as a team. Both ways give the same bits, so the clock may decide.
class TeamChoice {
public:
    // descend(as_team) on so many rows.
    template <class Descend>
    void stretch(std::int64_t n_rows, Descend&& descend) {
        const bool as_team = alone_ && TeamTrials::may_begin();
        const auto began = TeamTrials::Clock::now();
        descend(as_team);
        const TeamTrials::Seconds time = TeamTrials::Clock::now() - began;
        const auto n = static_cast<double>(n_rows);
        if (!as_team) {
            // The least: one thread may be held up, too.
            alone_ = std::min(time / n, alone_.value_or(time / n));
        } else if (const auto lost = time - n * *alone_; lost.count() > 0.0) {
            TeamTrials::lost(lost);
            alone_.reset();  // rows may be others by now
        }
    }

private:
    // A row's time on one thread, once it is known.
    std::optional<TeamTrials::Seconds> alone_;
};

}  // namespace fastgd
