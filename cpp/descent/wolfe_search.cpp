#include "descent/wolfe_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fastgd {
namespace {

using Trial = WolfeSearch::Trial;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
// More and Thuente's constants: the longest extrapolation in units of the last advance, and by how much a bracket
// shrinks at least in two trials.
constexpr double kLongest = 4.0;
constexpr double kShrink = 0.66;

// The trial of phi(t) - tilt t.
Trial tilted(const Trial& trial, double tilt) {
    return {trial.step, trial.value - tilt * trial.step, trial.slope - tilt};
}

// The minimizer of the cubic with the values and slopes of both trials, NaN if it has none.
double cubic_minimizer(const Trial& a, const Trial& b) {
    const double theta = 3.0 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope;
    const double scale = std::max({std::abs(theta), std::abs(a.slope), std::abs(b.slope)});
    const double square = (theta / scale) * (theta / scale) - (a.slope / scale) * (b.slope / scale);
    if (!(square > 0.0)) return kNan;
    const double gamma = std::copysign(scale * std::sqrt(square), b.step - a.step);
    const double denominator = 2.0 * gamma - a.slope + b.slope;
    if (denominator == 0.0) return kNan;
    return a.step + (gamma - a.slope + theta) / denominator * (b.step - a.step);
}

// The minimizer of the parabola with both values and the slope at `a`; the value at `b` is higher.
double quadratic_minimizer(const Trial& a, const Trial& b) {
    return a.step + 0.5 * a.slope / ((a.value - b.value) / (b.step - a.step) + a.slope) * (b.step - a.step);
}

// Where the line through both slopes, which differ, is 0.
double secant_root(const Trial& a, const Trial& b) {
    return a.step + a.slope / (a.slope - b.slope) * (b.step - a.step);
}

// More and Thuente's four cases; `high` is null without a bracket. NaN where rounding leaves no step.
double next_step(const Trial& low, const Trial* high, const Trial& trial) {
    const double farthest = high == nullptr ? trial.step + kLongest * (trial.step - low.step) : high->step;

    if (trial.value > low.value) {
        const double cubic = cubic_minimizer(low, trial);
        const double quadratic = quadratic_minimizer(low, trial);
        return std::abs(cubic - low.step) < std::abs(quadratic - low.step) ? cubic : 0.5 * (cubic + quadratic);
    }

    if (trial.slope * low.slope < 0.0) {
        const double cubic = cubic_minimizer(trial, low);
        const double secant = secant_root(trial, low);
        return std::abs(cubic - trial.step) > std::abs(secant - trial.step) ? cubic : secant;
    }

    if (std::abs(trial.slope) < std::abs(low.slope)) {
        double cubic = cubic_minimizer(trial, low);
        const double secant = secant_root(trial, low);
        if (!((cubic - trial.step) * (trial.step - low.step) > 0.0)) cubic = farthest;
        const bool is_closer = std::abs(cubic - trial.step) < std::abs(secant - trial.step);
        if (high == nullptr) return std::min(is_closer ? secant : cubic, farthest);
        const double step = is_closer ? cubic : secant;
        const double limit = trial.step + kShrink * (high->step - trial.step);
        return trial.step > low.step ? std::min(step, limit) : std::max(step, limit);
    }

    return high == nullptr ? farthest : cubic_minimizer(trial, *high);
}

}  // namespace

void WolfeSearch::start(double value, double slope) {
    start_ = {0.0, value, slope};
    low_ = start_;
    high_ = {};
    is_bracketed_ = false;
    is_auxiliary_ = true;
    step_ = 1.0;
    wall_ = width_ = last_width_ = kInfinity;
    n_walls_ = n_trials_ = 0;
}

WolfeSearch::Said WolfeSearch::tell(double value, double slope) {
    const bool is_last = ++n_trials_ >= options_.max_search;
    if (!std::isfinite(value) || !std::isfinite(slope)) {
        fall_back();
        return is_last ? Said::failed : Said::searching;
    }
    const double sufficient = start_.value + options_.armijo * start_.slope * step_;
    const double equal = options_.noise * std::abs(start_.value);
    const bool is_lower = value <= sufficient || std::abs(value - start_.value) <= equal;
    if (is_lower && std::abs(slope) <= options_.curvature * -start_.slope) return Said::satisfied;

    const Trial trial{step_, std::abs(value - low_.value) <= equal ? low_.value : value, slope};
    // Until a trial is low enough and rises, what is minimised is the distance from the line of sufficient decrease.
    is_auxiliary_ = is_auxiliary_ && !(trial.value <= sufficient && slope >= 0.0);
    const bool is_between = sufficient < trial.value && trial.value <= low_.value;
    narrow(trial, is_auxiliary_ && is_between ? options_.armijo * start_.slope : 0.0);
    return is_last ? Said::failed : Said::searching;
}

// Shorter and shorter parts of the way, so that any scale is soon reached.
void WolfeSearch::fall_back() {
    wall_ = step_;
    step_ = low_.step + std::ldexp(step_ - low_.step, -++n_walls_);
}

// Puts the trial in place of one end of the interval and sets the next step.
void WolfeSearch::narrow(const Trial& trial, double tilt) {
    const Trial low = tilted(low_, tilt);
    const Trial high = tilted(high_, tilt);
    const Trial here = tilted(trial, tilt);
    step_ = next_step(low, is_bracketed_ ? &high : nullptr, here);

    if (here.value > low.value) {
        high_ = trial;
        is_bracketed_ = true;
    } else {
        if (here.slope * low.slope < 0.0) {
            high_ = low_;
            is_bracketed_ = true;
        }
        low_ = trial;
    }

    if (!is_bracketed_) {
        step_ = std::min(step_, 0.5 * (low_.step + wall_));
        return;
    }
    const bool is_inside = std::min(low_.step, high_.step) < step_ && step_ < std::max(low_.step, high_.step);
    const double before_last = last_width_;
    last_width_ = width_;
    width_ = std::abs(high_.step - low_.step);
    if (width_ >= kShrink * before_last || !is_inside) step_ = 0.5 * (low_.step + high_.step);
}

}  // namespace fastgd
