#pragma once

#include "runtime/archive.hpp"

namespace fastgd {

// A search along a line for a step at which the strong Wolfe conditions hold, after More and Thuente (ACM Transactions
// on Mathematical Software 20, 1994), by reverse communication: the caller evaluates phi(t), the function along the
// line, at step() and tells. The conditions are
//     phi(t) <= phi(0) + armijo t phi'(0)     or     |phi(t) - phi(0)| <= noise |phi(0)|
//     |phi'(t)| <= curvature |phi'(0)|
// where the second form of the first is Hager and Zhang's (SIAM Journal on Optimization 16, 2005): where the decrease
// drowns in rounding errors, slopes alone decide. Its twin is fastgd.reference.wolfe_search.
class WolfeSearch {
public:
    struct Options {
        double armijo = 1e-3;
        double curvature = 0.9;
        // Relative rounding error of the values.
        double noise = 1e-14;
        // The largest number of trials.
        int max_search = 20;
    };
    enum class Said { searching, satisfied, failed };

    struct Trial {
        double step = 0.0;
        double value = 0.0;
        double slope = 0.0;

        void serialize(Archive& archive) {
            archive(step);
            archive(value);
            archive(slope);
        }
    };

    explicit WolfeSearch(const Options& options) : options_(options) {}

    // phi(0) and phi'(0) < 0; the first trial is 1.
    void start(double value, double slope);
    double step() const { return step_; }
    // phi and phi' at step(). Where one of them is not finite, the next step is shorter.
    Said tell(double value, double slope);

    // Shows every field that changes, for checkpoints.
    void serialize(Archive& archive) {
        start_.serialize(archive);
        low_.serialize(archive);
        high_.serialize(archive);
        archive(is_bracketed_);
        archive(is_auxiliary_);
        archive(step_);
        archive(wall_);
        archive(width_);
        archive(last_width_);
        archive(n_walls_);
        archive(n_trials_);
    }

private:
    void fall_back();
    void narrow(const Trial& trial, double tilt);

    Options options_;
    Trial start_;
    // The ends of the interval; `low_` is the better one, and without a bracket there is no `high_`.
    Trial low_;
    Trial high_;
    bool is_bracketed_ = false;
    bool is_auxiliary_ = true;
    double step_ = 1.0;
    double wall_ = 0.0;
    double width_ = 0.0;
    double last_width_ = 0.0;
    int n_walls_ = 0;
    int n_trials_ = 0;
};

}  // namespace fastgd
