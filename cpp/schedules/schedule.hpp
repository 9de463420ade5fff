#pragma once

#include <cstdint>

namespace fastgd {

inline constexpr int kMaxScheduleParams = 4;

struct ScheduleParam {
    const char* name = nullptr;
    double default_value = 0.0;
};

// A learning rate as a pure function of the optimiser's step, counted from 0.
struct ScheduleInfo {
    const char* name;
    ScheduleParam params[kMaxScheduleParams];
    double (*rate)(const double* params, std::int64_t step);
};

}  // namespace fastgd
