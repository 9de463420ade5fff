#include "descent/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "runtime/dot.hpp"

namespace fastgd {
namespace {

// A pair is left out unless s.y is more than this share of the decrease that the slope promised.
constexpr double kLeastCurvature = std::numeric_limits<double>::epsilon();
// So many steps in a row without progress beyond the noise end the run.
constexpr int kMaxStalls = 10;

// u += a v
void add_scaled(std::span<double> u, double a, std::span<const double> v) {
    for (std::size_t i = 0; i < u.size(); ++i) u[i] += a * v[i];
}

// u = a v
void set_scaled(std::span<double> u, double a, std::span<const double> v) {
    for (std::size_t i = 0; i < u.size(); ++i) u[i] = a * v[i];
}

// u = v - u
void subtract_from(std::span<double> u, std::span<const double> v) {
    for (std::size_t i = 0; i < u.size(); ++i) u[i] = v[i] - u[i];
}

bool is_descent(double slope) { return std::isfinite(slope) && slope < 0.0; }

void require(bool condition, const char* allowed, double value) {
    if (!condition) throw std::invalid_argument(std::string(allowed) + ", got " + std::to_string(value));
}

}  // namespace

Lbfgs::Lbfgs(std::span<const double> start, const Options& options) : options_(options), search_(options.search) {
    const auto& search = options.search;
    require(options.memory >= 1, "memory must be >= 1", options.memory);
    require(search.max_search >= 1, "max_search must be >= 1", search.max_search);
    require(search.armijo > 0.0 && search.armijo < 1.0, "armijo must be between 0 and 1", search.armijo);
    require(search.curvature > search.armijo && search.curvature < 1.0, "curvature must be between armijo and 1",
            search.curvature);
    require(search.noise >= 0.0 && search.noise < 1.0, "noise must be >= 0 and < 1", search.noise);
    trial_.x.assign(start.begin(), start.end());
    trial_.grad.resize(size());
    direction_.resize(size());
    best_ = trial_;
    best_.value = best_.norm = std::numeric_limits<double>::quiet_NaN();
}

Lbfgs::Said Lbfgs::tell(double value, std::span<const double> grad) {
    if (grad.size() != size())
        throw std::invalid_argument("grad must have " + std::to_string(size()) + " elements, got " +
                                    std::to_string(grad.size()));
    if (is_finished_) return Said::finished;
    trial_.value = value;
    std::copy(grad.begin(), grad.end(), trial_.grad.begin());
    trial_.norm = std::sqrt(dot(grad, grad));
    if (!is_started_) return begin();

    const double slope = dot(grad, direction_);
    if (std::isfinite(value) && std::isfinite(slope)) keep_if_better();
    switch (search_.tell(value, slope)) {
        case WolfeSearch::Said::searching: go_to_trial(); return Said::searching;
        case WolfeSearch::Said::satisfied: return accept();
        case WolfeSearch::Said::failed: break;
    }
    if (best_.value < iterate_.value - options_.search.noise * std::abs(iterate_.value)) {
        trial_ = best_;
        return accept();
    }
    // Once more along the gradient alone.
    if (pairs_.empty()) return finish();
    pairs_.clear();
    return search();
}

Lbfgs::Said Lbfgs::begin() {
    is_started_ = true;
    iterate_ = best_ = trial_;
    lowest_ = mark_value_ = trial_.value;
    mark_norm_ = trial_.norm;
    if (!std::isfinite(trial_.value) || !std::isfinite(trial_.norm) || trial_.norm == 0.0) return finish();
    // The first trial has length 1, or the one that the preconditioner gives it.
    gamma_ = options_.precondition ? 1.0 : 1.0 / trial_.norm;
    return search() == Said::finished ? Said::finished : Said::accepted;
}

// Sets out from the iterate along a new direction.
Lbfgs::Said Lbfgs::search() {
    two_loop_recursion();
    double slope = dot(iterate_.grad, direction_);
    if (!is_descent(slope)) {
        pairs_.clear();
        two_loop_recursion();
        slope = dot(iterate_.grad, direction_);
        if (!is_descent(slope)) return finish();
    }
    search_.start(iterate_.value, slope);
    go_to_trial();
    return Said::searching;
}

// The trial becomes the iterate.
Lbfgs::Said Lbfgs::accept() {
    remember_pair();
    std::swap(iterate_, trial_);
    if (is_stalled()) return finish();
    return search() == Said::finished ? Said::finished : Said::accepted;
}

Lbfgs::Said Lbfgs::finish() {
    is_finished_ = true;
    trial_ = best_;
    return Said::finished;
}

void Lbfgs::keep_if_better() {
    lowest_ = std::min(lowest_, trial_.value);
    const double equal_below = lowest_ + options_.search.noise * std::abs(lowest_);
    if (trial_.value > equal_below) return;
    if (best_.value > equal_below || trial_.norm < best_.norm) best_ = trial_;
}

bool Lbfgs::is_stalled() {
    const double noise = options_.search.noise * std::abs(mark_value_);
    if (best_.value < mark_value_ - noise || best_.norm < 0.5 * mark_norm_) {
        mark_value_ = best_.value;
        mark_norm_ = best_.norm;
        n_stalls_ = 0;
        return false;
    }
    return ++n_stalls_ == kMaxStalls;
}

// Adds (s, y) from the iterate to the trial, if s.y is positive beyond rounding, in place of the oldest pair of a full
// memory. The iterate, which the trial replaces next, lends its vectors.
void Lbfgs::remember_pair() {
    std::vector<double>& s = iterate_.x;
    std::vector<double>& y = iterate_.grad;
    subtract_from(s, trial_.x);
    const double promised = -dot(y, s);
    subtract_from(y, trial_.grad);
    const double curvature = dot(s, y);
    std::vector<double> scaled = y;
    if (options_.precondition) options_.precondition(scaled);
    const double squares = dot(y, scaled);
    if (!(curvature > kLeastCurvature * promised && squares > 0.0)) return;
    if (pairs_.size() == static_cast<std::size_t>(options_.memory))
        std::rotate(pairs_.begin(), pairs_.begin() + 1, pairs_.end());
    else
        pairs_.push_back({std::vector<double>(s.size()), std::vector<double>(s.size())});
    pairs_.back().s.swap(s);
    pairs_.back().y.swap(y);
    pairs_.back().curvature = curvature;
    gamma_ = curvature / squares;
}

// direction = -H grad: H is gamma I, or gamma times the preconditioner, updated by each pair, from the oldest to the
// newest, by the formula of BFGS
//     H = (I - s y' / s.y) H (I - y s' / s.y) + s s' / s.y
// (Nocedal, Mathematics of Computation 35, 1980).
void Lbfgs::two_loop_recursion() {
    set_scaled(direction_, -1.0, iterate_.grad);
    std::vector<double> shares(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
        shares[i] = dot(pairs_[i].s, direction_) / pairs_[i].curvature;
        add_scaled(direction_, -shares[i], pairs_[i].y);
    }
    if (options_.precondition) options_.precondition(direction_);
    set_scaled(direction_, gamma_, direction_);
    for (std::size_t i = 0; i < pairs_.size(); ++i)
        add_scaled(direction_, shares[i] - dot(pairs_[i].y, direction_) / pairs_[i].curvature, pairs_[i].s);
}

void Lbfgs::go_to_trial() {
    const double step = search_.step();
    for (std::size_t i = 0; i < size(); ++i) trial_.x[i] = iterate_.x[i] + step * direction_[i];
}

}  // namespace fastgd
