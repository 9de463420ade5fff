#pragma once

#include <cmath>

#include "schedules/schedule.hpp"

namespace fastgd {

// 1 / (alpha (t0 + t))   (Bottou 2012); t0 = 0 stands for the one that begins with the rate alpha^(-1/4)
inline constexpr ScheduleInfo kOptimal{
    "optimal", {{"alpha", 1e-4, 0.0}, {"t0", 0.0, 0.0}}, [](const double* p, const double*, std::int64_t t) {
        const double first_rate = std::sqrt(1.0 / std::sqrt(p[0]));
        const double t0 = p[1] > 0.0 ? p[1] : 1.0 / (first_rate * p[0]);
        return 1.0 / (p[0] * (t0 + static_cast<double>(t)));
    }};

}  // namespace fastgd
