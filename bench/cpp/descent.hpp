#pragma once

#include <memory>

#include "data.hpp"

namespace fastgd::bench {

// A table with random targets, and a linear objective on it.
struct Problem {
    Table table;
    Targets targets;
    LinearObjective objective;

    Problem(Shape shape, Storage storage, int n_classes);
};

// Seconds of an epoch of plain gradient descent with n_models models: the mean over `epochs`, set-up and final
// evaluation not counted.
double epoch_seconds(const Problem& problem, int n_models, std::int64_t batch_size, int n_threads, int epochs = 1);

// The order in which epoch 0 visits the rows.
std::vector<std::int64_t> first_order(std::int64_t n_rows);

}  // namespace fastgd::bench
