#pragma once

#include <cmath>

#include "runtime/scalar_math.hpp"
#include "schedules/schedule.hpp"

namespace fastgd {

// lr gamma^floor(t / step_size)
inline constexpr ScheduleInfo kStep{"step",
                                    {{"lr", 0.01}, {"step_size", kRequired, 1.0}, {"gamma", 0.1, 0.0}},
                                    [](const double* p, const double*, std::int64_t t) {
                                        return p[0] * scalar::pow(p[2], std::floor(static_cast<double>(t) / p[1]));
                                    }};

}  // namespace fastgd
