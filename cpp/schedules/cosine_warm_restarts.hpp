#pragma once

#include <cmath>

#include "schedules/cosine.hpp"
#include "schedules/schedule.hpp"

namespace fastgd {

// eta_min + (lr - eta_min) (1 + cos(pi t_cur / t_i)) / 2 with t_cur counted from the last restart; the first period t_i
// is t_0 long, each later one t_mult times the one before   (Loshchilov and Hutter 2017)
inline constexpr ScheduleInfo kCosineWarmRestarts{
    "cosine_warm_restarts",
    {{"lr", 0.01}, {"t_0", kRequired, 1.0}, {"t_mult", 1.0, 1.0}, {"eta_min", 0.0}},
    [](const double* p, const double*, std::int64_t t) {
        double period = p[1];
        double current = static_cast<double>(t);
        if (p[2] == 1.0) current -= period * std::floor(current / period);
        while (current >= period) {
            current -= period;
            period *= p[2];
        }
        return cosine_between(p[0], p[3], current / period);
    }};

}  // namespace fastgd
