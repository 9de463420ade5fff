#pragma once

#include "runtime/scalar_math.hpp"
#include "schedules/schedule.hpp"

namespace fastgd {

// lr gamma^t
inline constexpr ScheduleInfo kExponential{
    "exponential", {{"lr", 0.01}, {"gamma", kRequired, 0.0}}, [](const double* p, const double*, std::int64_t t) {
        return p[0] * scalar::pow(p[1], static_cast<double>(t));
    }};

}  // namespace fastgd
