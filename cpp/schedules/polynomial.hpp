#pragma once

#include "runtime/scalar_math.hpp"
#include "schedules/schedule.hpp"

namespace fastgd {

// lr (1 - t / total_iters)^power, 0 from total_iters on
inline constexpr ScheduleInfo kPolynomial{"polynomial",
                                          {{"lr", 0.01}, {"total_iters", kRequired, 1.0}, {"power", 1.0, 0.0}},
                                          [](const double* p, const double*, std::int64_t t) {
                                              const double left = p[1] - static_cast<double>(t);
                                              return left > 0.0 ? p[0] * scalar::pow(left / p[1], p[2]) : 0.0;
                                          }};

}  // namespace fastgd
