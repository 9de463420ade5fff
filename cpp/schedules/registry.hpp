#pragma once

// The schedules there are: one row each. Adding one is its file, its row here and its twin in fastgd.reference.

#include "schedules/constant.hpp"
#include "schedules/inverse_scaling.hpp"

namespace fastgd {

inline constexpr ScheduleInfo kSchedules[] = {kConstant, kInverseScaling};

}  // namespace fastgd
