#pragma once

#include <cstdint>
#include <functional>

namespace fastgd {

// A caller's own loss, in place of a named one.
struct UserLoss {
    // As fastgd_user_loss in user_loss.h: a pointer to such a function will do.
    std::function<void(const double* y, const double* raw, std::int64_t n_rows, std::int64_t n_outputs, double* loss,
                       double* dloss)>
        function;
    // Whether targets are class indices, one a row, in place of a number for each output.
    bool class_targets = false;
    // Whether it is called on the thread of the caller only, and for many rows at once where there are many. Only then
    // may it throw; what it throws ends the evaluation or the run.
    bool on_calling_thread = false;
};

}  // namespace fastgd
