#pragma once

// The schedules there are: one row each. Adding one is its file, its row here and its twin in fastgd.reference.

#include "schedules/constant.hpp"
#include "schedules/cosine.hpp"
#include "schedules/cosine_warm_restarts.hpp"
#include "schedules/exponential.hpp"
#include "schedules/inverse_scaling.hpp"
#include "schedules/one_cycle.hpp"
#include "schedules/optimal.hpp"
#include "schedules/polynomial.hpp"
#include "schedules/reduce_on_plateau.hpp"
#include "schedules/step.hpp"
#include "schedules/warmup.hpp"

namespace fastgd {

inline constexpr ScheduleInfo kSchedules[] = {
    kConstant, kInverseScaling,     kOptimal,  kStep,   kExponential,     kPolynomial,
    kCosine,   kCosineWarmRestarts, kOneCycle, kWarmup, kReduceOnPlateau,
};

}  // namespace fastgd
