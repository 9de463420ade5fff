#pragma once

#include <cmath>

#include "runtime/scalar_math.hpp"
#include "schedules/schedule.hpp"

namespace fastgd {

// From `from` at part = 0 to `to` at part = 1, along half a period of the cosine.
inline double cosine_between(double from, double to, double part) {
    return to + (from - to) * (0.5 * (1.0 + scalar::cos_pi(part)));
}

// eta_min + (lr - eta_min) (1 + cos(pi t / t_max)) / 2   (Loshchilov and Hutter 2017, without restarts)
inline constexpr ScheduleInfo kCosine{"cosine",
                                      {{"lr", 0.01}, {"t_max", kRequired, 1.0}, {"eta_min", 0.0}},
                                      [](const double* p, const double*, std::int64_t t) {
                                          const double period = 2.0 * p[1];
                                          const double count = static_cast<double>(t);
                                          const double within = count - period * std::floor(count / period);
                                          return cosine_between(p[0], p[2], within / p[1]);
                                      }};

}  // namespace fastgd
