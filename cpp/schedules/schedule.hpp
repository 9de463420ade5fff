#pragma once

#include <cstdint>
#include <limits>

namespace fastgd {

inline constexpr int kMaxScheduleParams = 8;
inline constexpr int kMaxScheduleMemory = 5;
// The default of a parameter that has to be given.
inline constexpr double kRequired = std::numeric_limits<double>::quiet_NaN();

struct ScheduleParam {
    const char* name = nullptr;
    double default_value = 0.0;
    double least = -std::numeric_limits<double>::infinity();
};

// A learning rate as a pure function of t, the number of the optimiser's step or of the epoch, counted from 0.
struct ScheduleInfo {
    const char* name;
    ScheduleParam params[kMaxScheduleParams];
    double (*rate)(const double* params, const double* memory, std::int64_t t);
    // Where the rate depends on the losses seen: reads that of an epoch into the model's memory, which is 0 at first.
    void (*observe)(const double* params, double* memory, double loss) = nullptr;
    // Where the schedule scales another one's rate: `rate` is the factor, and this the other's t.
    std::int64_t (*inner_t)(const double* params, std::int64_t t) = nullptr;
};

}  // namespace fastgd
