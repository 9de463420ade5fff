#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "runtime/scalar_math.hpp"

namespace fastgd {

// What f(x) + f*(t) - t x is for functions f whose conjugate f* is known: never negative, and 0 where t is a derivative
// of f at x. Written so that little cancels.

enum class DualLoss { squared_error, log_loss, hinge, squared_hinge };

inline std::optional<DualLoss> dual_loss(const std::string& name) {
    if (name == "squared_error") return DualLoss::squared_error;
    if (name == "log_loss") return DualLoss::log_loss;
    if (name == "hinge") return DualLoss::hinge;
    if (name == "squared_hinge") return DualLoss::squared_hinge;
    return std::nullopt;
}

// Of a binary loss, a function of the margin m, at the slope -a: a is at least 0, at most 1 but for the squared hinge.
inline double fenchel_young(DualLoss loss, double m, double a) {
    if (loss == DualLoss::log_loss) {
        // Kullback and Leibler's divergence of 1 / (1 + exp(m)) from a.
        const double softplus = std::fmax(-m, 0.0) + scalar::log(1.0 + scalar::exp(-std::fabs(m)));
        const double entropy =
            (a > 0.0 ? a * scalar::log(a) : 0.0) + (a < 1.0 ? (1.0 - a) * scalar::log(1.0 - a) : 0.0);
        return std::fmax(softplus + a * m + entropy, 0.0);
    }
    const double shortfall = 1.0 - m;
    if (loss == DualLoss::hinge) return shortfall > 0.0 ? shortfall * (1.0 - a) : -shortfall * a;
    const double difference = 0.5 * a - shortfall;
    return shortfall > 0.0 ? difference * difference : 0.25 * a * a - shortfall * a;
}

// Of l2 / 2 x^2 + l1 |x|.
inline double fenchel_young(double l2, double l1, double x, double t) {
    const double excess = std::fabs(t) - l1;
    if (excess <= 0.0) return 0.5 * l2 * x * x + l1 * std::fabs(x) - t * x;
    if (l2 == 0.0) return std::numeric_limits<double>::infinity();
    const double side = t < 0.0 ? -1.0 : 1.0;
    const double difference = l2 * x - side * excess;
    return 0.5 * difference * difference / l2 + l1 * (std::fabs(x) - side * x);
}

}  // namespace fastgd
