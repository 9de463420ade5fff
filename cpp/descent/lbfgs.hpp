#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "descent/best_point.hpp"
#include "descent/curvature_pairs.hpp"
#include "descent/wolfe_search.hpp"
#include "runtime/archive.hpp"

namespace fastgd {

// L-BFGS (Liu and Nocedal, Mathematical Programming 45, 1989) by ask and tell: the caller evaluates the objective at
// ask() and tells value and gradient, so that many models, each in another phase of its own line search, share one
// pass over the data. Its twin is fastgd.reference.lbfgs, which takes the same steps to the bit.
//
// Values that differ by no more than `noise` times their size count as equal, and of points with equal values the one
// with the smaller gradient is the better one.
class Lbfgs {
public:
    struct Options {
        // How many pairs of steps and changes of the gradient are kept.
        int memory = 10;
        WolfeSearch::Options search = {};
        // Multiplies by an estimate of the inverse Hessian, positive definite, which may be another one for every
        // search; none: the identity.
        std::function<void(std::span<double>)> precondition{};
    };
    // finished: rounding errors, or values that are not finite, allow no further decrease.
    enum class Said { searching, accepted, finished };

    // Throws std::invalid_argument where an option is out of range.
    Lbfgs(std::span<const double> start, const Options& options);

    // Where to evaluate next; the best point once finished.
    std::span<const double> ask() const { return trial_.x; }
    // Value and gradient may be infinite or NaN: then the step shrinks. Throws std::invalid_argument where the gradient
    // has another size than the start.
    Said tell(double value, std::span<const double> grad);

    // The best point told so far, for all trials of the searches.
    std::span<const double> point() const { return best_->x; }
    double value() const { return best_->value; }
    std::span<const double> gradient() const { return best_->grad; }
    // Euclidean.
    double grad_norm() const { return best_->norm; }

    // Shows every field that changes, for checkpoints.
    void serialize(Archive& archive) {
        // Before the first value there is none.
        iterate_.x.resize(size());
        iterate_.grad.resize(size());
        iterate_.serialize(archive);
        trial_.serialize(archive);
        best_.serialize(archive);
        archive(direction_);
        pairs_.serialize(archive, size());
        archive(gamma_);
        archive(is_guessed_);
        archive(is_started_);
        archive(is_finished_);
        search_.serialize(archive);
    }

private:
    Said begin();
    Said search();
    Said accept();
    Said finish();
    void remember_pair();
    void choose_direction();
    void go_to_trial();

    std::size_t size() const { return trial_.x.size(); }

    Options options_;
    Point iterate_;
    Point trial_;
    BestPoint best_;
    std::vector<double> direction_;
    CurvaturePairs pairs_;
    // Scale of the inverse Hessian, or its estimate, before the pairs.
    double gamma_ = 1.0;
    // Whether it comes from the first value, and no step has been accepted yet.
    bool is_guessed_ = false;
    bool is_started_ = false;
    bool is_finished_ = false;
    WolfeSearch search_;
};

}  // namespace fastgd
