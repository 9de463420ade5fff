#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "descent/best_point.hpp"
#include "descent/curvature_pairs.hpp"
#include "runtime/archive.hpp"

namespace fastgd {

// The orthant-wise quasi-Newton method for a smooth function plus sum_i l1_i |x_i| (Andrew and Gao, ICML 2007), by ask
// and tell, as Lbfgs. Its twin is fastgd.reference.owlqn, which takes the same steps to the bit.
//
// What stands in for the gradient is the pseudo-gradient, the subgradient of least norm. It says which coordinates are
// free, those that are not 0 or are about to leave it, and in which orthant the function is smooth; trials that would
// leave the orthant stop on its boundary, from which exact zeros come. Two things differ from the paper, and save most
// of the evaluations where features depend on each other: the pairs are cut to the free coordinates, so that they model
// the inverse of that part of the Hessian, and a direction is bent to the orthant only where a coordinate is 0.
class Owlqn {
public:
    struct Options {
        // How many pairs of steps and changes of the gradient are kept.
        int memory = 10;
        double armijo = 1e-3;
        // Relative rounding error of the values.
        double noise = 1e-14;
        // The largest number of trials of a search.
        int max_search = 20;
        // An estimate of the inverse Hessian's diagonal, positive; none: the identity.
        std::vector<double> diagonal{};
        // Multiplies by an estimate of the inverse of the Hessian's free part, given which are free (1, else 0); v is 0
        // elsewhere. Takes the diagonal's place once the free coordinates stay the same: before, its long steps would
        // end at the orthant's boundary.
        std::function<void(std::span<double> v, std::span<const double> is_free)> precondition{};
    };
    enum class Said { searching, accepted, finished };

    // l1: one a coordinate, at least 0. Throws std::invalid_argument where an option is out of range.
    Owlqn(std::span<const double> start, std::span<const double> l1, const Options& options);

    // Where to evaluate next; the best point once finished.
    std::span<const double> ask() const { return trial_.x; }
    // The value, and the gradient in which the l1 norm's share is l1 sign(x), and 0 at 0.
    Said tell(double value, std::span<const double> grad);

    // The best point told so far.
    std::span<const double> point() const { return best_->x; }
    double value() const { return best_->value; }
    std::span<const double> gradient() const { return best_->grad; }
    // Of the pseudo-gradient, Euclidean.
    double grad_norm() const { return best_->norm; }

    // Shows every field that changes, as Lbfgs::serialize.
    void serialize(Archive& archive) {
        // Before the first value there is none.
        iterate_.x.resize(size());
        iterate_.grad.resize(size());
        iterate_.serialize(archive);
        trial_.serialize(archive);
        best_.serialize(archive);
        archive(pseudo_);
        archive(direction_);
        archive(orthant_);
        pairs_.serialize(archive, size());
        bool is_known = !free_.empty();
        archive(is_known);
        free_.resize(is_known ? size() : 0);
        archive(free_);
        archive(is_modelled_);
        archive(step_);
        archive(n_trials_);
        archive(is_started_);
        archive(is_finished_);
    }

private:
    Said begin();
    Said search();
    Said accept();
    Said finish();
    void choose_direction();
    std::vector<CurvaturePair> pairs_of_the_free() const;
    void remember_pair();
    void go_to_trial();
    double pseudo(const Point& point, std::size_t i) const;

    std::size_t size() const { return trial_.x.size(); }

    Options options_;
    std::vector<double> l1_;
    Point iterate_;
    Point trial_;
    BestPoint best_;
    // Of the iterate.
    std::vector<double> pseudo_;
    std::vector<double> direction_;
    // The sign of each coordinate on the way, 0 where it has no l1 norm.
    std::vector<double> orthant_;
    CurvaturePairs pairs_;
    // 1 or 0: the free coordinates of the last search.
    std::vector<double> free_;
    // Whether the direction is more than a step down the slope.
    bool is_modelled_ = false;
    double step_ = 1.0;
    int n_trials_ = 0;
    bool is_started_ = false;
    bool is_finished_ = false;
};

}  // namespace fastgd
