#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "objectives/block_pass.hpp"
#include "objectives/density_model.hpp"
#include "objectives/problem.hpp"
#include "objectives/row_block.hpp"

namespace fastgd {

// A mixture on its data.
template <class T>
struct DensityProblem {
    Problem<T> data;
    DensityShape shape;
    // What is subtracted from the rows before the means are, so that large means cost no precision; none without
    // standardising.
    std::vector<T> shift;

    // Multiply-adds for a row and a model, forward and back, exponentials counted.
    std::int64_t row_work() const {
        const std::int64_t of_component = 3 * shape.factor_size() + 4 * shape.n_features + 64;
        return shape.n_components * of_component;
    }
};

// Multiply-adds between two looks at a clock or for Ctrl-C: about 20 ms of one thread.
inline constexpr std::int64_t kDensityStretch = std::int64_t{1} << 29;

// Passes over rows, with the memory that they need.
template <class T>
class DensityPass {
public:
    explicit DensityPass(const DensityProblem<T>& problem);
    ~DensityPass();

    // Sums of all models over the given rows, each row read and widened once for all of them. Named rows up to
    // kLargestMiniBatch are one block. `poll` is called on the calling thread between parallel regions; what it throws
    // ends the pass.
    std::vector<DensitySums> sums(std::span<const DensityModel<T>> models, const RowSource& rows, bool want_gradient,
                                  int n_threads, const std::function<void()>& poll = {});

    // log sum_k exp(term_k) of each row, and the shares of the components (n_rows x n_components) unless that is null.
    void scores(const DensityModel<T>& model, const RowSource& rows, int n_threads, T* values, T* shares,
                const std::function<void()>& poll = {});

private:
    class Worker;

    BlockPlan plan(const RowSource& rows, std::size_t n_models, int n_threads) const;
    void prepare(const BlockPlan& plan, bool want_gradient);

    const DensityProblem<T>& problem_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace fastgd
