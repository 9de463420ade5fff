#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "fastgd/user_loss.hpp"
#include "kernels/kernel_table.hpp"

namespace fastgd {

// A user's loss in the place of a kernel. The rows of all models go into one call: those that weigh more than 0 and
// have finite scores, so that the function sees nothing that it need not know of.
template <class T>
class UserKernel {
public:
    void clear() {
        n_rows_ = 0;
        next_ = 0;
        y_.clear();
        raw_.clear();
    }

    // Adds the rows of a model.
    void gather(const UserLoss& loss, const LossCall<T>& call) {
        const int n_targets = loss.class_targets ? 1 : call.n_outputs;
        for (int r = 0; r < call.n_rows; ++r) {
            if (!is_present(call, r) || !is_finite(call, r)) continue;
            ++n_rows_;
            for (int k = 0; k < n_targets; ++k) y_.push_back(static_cast<double>(call.y[k * call.y_stride + r]));
            for (int k = 0; k < call.n_outputs; ++k) raw_.push_back(static_cast<double>(call.raw[k * call.stride + r]));
        }
    }

    void evaluate(const UserLoss& loss, int n_outputs) {
        // What the function does not write is not a number.
        value_.assign(static_cast<std::size_t>(n_rows_), kNaN);
        dloss_.assign(raw_.size(), kNaN);
        if (n_rows_ > 0) loss.function(y_.data(), raw_.data(), n_rows_, n_outputs, value_.data(), dloss_.data());
    }

    // What a kernel does, for the models in the order in which they were added. False where a raw score is not finite,
    // or the function returned NaN.
    bool scatter(const LossCall<T>& call) {
        bool finite = true;
        for (int r = 0; r < call.n_rows; ++r) {
            if (!is_present(call, r)) {
                write(call, r, T(0), [](int) { return T(0); });
            } else if (!is_finite(call, r)) {
                write(call, r, static_cast<T>(kNaN), [](int) { return static_cast<T>(kNaN); });
                finite = false;
            } else {
                finite = write_next(call, r) && finite;
            }
        }
        return finite;
    }

private:
    static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

    static bool is_present(const LossCall<T>& call, int r) { return call.weight == nullptr || call.weight[r] > T(0); }
    static bool is_finite(const LossCall<T>& call, int r) {
        bool finite = true;
        for (int k = 0; k < call.n_outputs; ++k) finite = finite && std::isfinite(call.raw[k * call.stride + r]);
        return finite;
    }
    // Weights and scale are applied as kernels do.
    bool write_next(const LossCall<T>& call, int r) {
        const T weight = call.weight != nullptr ? call.weight[r] : T(1);
        const T factor = weight * call.scale;
        const double value = value_[static_cast<std::size_t>(next_)];
        const double* dloss = dloss_.data() + next_ * call.n_outputs;
        ++next_;
        write(call, r, static_cast<T>(value) * weight, [&](int k) { return static_cast<T>(dloss[k]) * factor; });
        return !std::isnan(value) &&
               std::none_of(dloss, dloss + call.n_outputs, [](double slope) { return std::isnan(slope); });
    }

    template <class F>
    static void write(const LossCall<T>& call, int r, T value, F&& dloss) {
        call.value[r] = value;
        for (int k = 0; k < call.n_outputs; ++k) call.dloss[k * call.stride + r] = dloss(k);
    }

    std::int64_t n_rows_ = 0;
    // The row whose results the next one to be written has.
    std::int64_t next_ = 0;
    std::vector<double> y_;
    std::vector<double> raw_;
    std::vector<double> value_;
    std::vector<double> dloss_;
};

}  // namespace fastgd
