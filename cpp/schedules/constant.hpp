#pragma once

#include "schedules/schedule.hpp"

namespace fastgd {

// lr
inline constexpr ScheduleInfo kConstant{
    "constant", {{"lr", 0.01, 0.0}}, [](const double* p, const double*, std::int64_t) { return p[0]; }};

}  // namespace fastgd
