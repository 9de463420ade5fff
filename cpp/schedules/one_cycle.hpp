#pragma once

#include <algorithm>

#include "schedules/cosine.hpp"
#include "schedules/schedule.hpp"

namespace fastgd {

// Up from lr / div_factor to lr in the first pct_start of total_steps, then down to lr / (div_factor final_div_factor),
// in three phases by way of lr / div_factor; along cosines, or lines where anneal_strategy is 1   (Smith and Topin
// 2019)
inline constexpr ScheduleInfo kOneCycle{
    "one_cycle",
    {{"lr", 0.01},
     {"total_steps", kRequired, 1.0},
     {"pct_start", 0.3, 0.0},
     {"anneal_strategy", 0.0},
     {"div_factor", 25.0},
     {"final_div_factor", 1e4},
     {"three_phase", 0.0}},
    [](const double* p, const double*, std::int64_t t) {
        const double first = p[0] / p[4];
        const double last = first / p[5];
        const double end = p[1] - 1.0;
        const double now = std::min(static_cast<double>(t), end);
        const double top = p[2] * p[1] - 1.0;
        const double back = 2.0 * top;
        const auto between = [&](double from, double to, double begin, double finish) {
            // A phase without length is at its end.
            const double part = finish > begin ? (now - begin) / (finish - begin) : 1.0;
            return p[3] != 0.0 ? from + (to - from) * part : cosine_between(from, to, part);
        };
        if (now <= top) return between(first, p[0], 0.0, top);
        if (p[6] == 0.0) return between(p[0], last, top, end);
        return now <= back ? between(p[0], first, top, back) : between(first, last, back, end);
    }};

}  // namespace fastgd
