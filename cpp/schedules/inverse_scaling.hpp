#pragma once

#include "runtime/scalar_math.hpp"
#include "schedules/schedule.hpp"

namespace fastgd {

// lr / (t + 1)^power_t   (Robbins and Monro 1951, with power_t in (1/2, 1])
inline constexpr ScheduleInfo kInverseScaling{
    "inverse_scaling", {{"lr", 0.01}, {"power_t", 0.5}}, [](const double* p, const double*, std::int64_t t) {
        return p[0] / scalar::pow(static_cast<double>(t) + 1.0, p[1]);
    }};

}  // namespace fastgd
