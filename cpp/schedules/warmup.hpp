#pragma once

#include "schedules/schedule.hpp"

namespace fastgd {

// Scales another schedule: its first rate times start_factor + (1 - start_factor) t / steps for t < steps, then that
// schedule from its beginning   (Goyal et al. 2017)
inline constexpr ScheduleInfo kWarmup{"warmup",
                                      {{"steps", kRequired, 1.0}, {"start_factor", 1.0 / 3.0, 0.0}},
                                      [](const double* p, const double*, std::int64_t t) {
                                          const double part = static_cast<double>(t) / p[0];
                                          return part < 1.0 ? p[1] + (1.0 - p[1]) * part : 1.0;
                                      },
                                      nullptr,
                                      [](const double* p, std::int64_t t) {
                                          return static_cast<double>(t) < p[0] ? 0
                                                                               : t - static_cast<std::int64_t>(p[0]);
                                      }};

}  // namespace fastgd
