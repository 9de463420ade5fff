#pragma once

#include <algorithm>
#include <limits>

#include "schedules/schedule.hpp"

namespace fastgd {

// lr, times factor at the end of each stretch of more than `patience` epochs without a loss below the best one by more
// than the threshold, a share of it or, where threshold_mode is 1, a difference; never below min_lr, nor by eps or less
inline constexpr ScheduleInfo kReduceOnPlateau{
    "reduce_on_plateau",
    {{"lr", 0.01},
     {"factor", 0.1, 0.0},
     {"patience", 10.0, 0.0},
     {"threshold", 1e-4, 0.0},
     {"threshold_mode", 0.0},
     {"cooldown", 0.0, 0.0},
     {"min_lr", 0.0, 0.0},
     {"eps", 1e-8, 0.0}},
    [](const double* p, const double* memory, std::int64_t) { return memory[0] != 0.0 ? memory[1] : p[0]; },
    [](const double* p, double* memory, double loss) {
        double& begun = memory[0];
        double& rate = memory[1];
        double& best = memory[2];
        double& n_bad = memory[3];
        double& cooldown_left = memory[4];
        if (begun == 0.0) {
            begun = 1.0;
            rate = p[0];
            best = std::numeric_limits<double>::infinity();
        }
        const bool better = loss < (p[4] != 0.0 ? best - p[3] : best * (1.0 - p[3]));
        if (better) best = loss;
        n_bad = better ? 0.0 : n_bad + 1.0;
        if (cooldown_left > 0.0) {
            cooldown_left -= 1.0;
            n_bad = 0.0;
        }
        if (n_bad > p[2]) {
            const double reduced = std::max(rate * p[1], p[6]);
            if (rate - reduced > p[7]) rate = reduced;
            cooldown_left = p[5];
            n_bad = 0.0;
        }
    }};

}  // namespace fastgd
