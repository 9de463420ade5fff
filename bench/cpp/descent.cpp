#include "descent.hpp"

#include "runtime/permutation.hpp"

namespace fastgd::bench {
namespace {

constexpr std::uint64_t kSeed = 0;

LinearOptions options_for(int n_classes) {
    LinearOptions options;
    options.loss = n_classes == 2 ? "log_loss" : "multinomial";
    options.n_outputs = n_classes == 2 ? 1 : n_classes;
    return options;
}

}  // namespace

Problem::Problem(Shape shape, Storage storage, int n_classes)
    : table(shape, storage),
      targets(shape.n_rows, n_classes, storage),
      objective(table.view(), targets.data(), options_for(n_classes)) {}

double epoch_seconds(const Problem& problem, int n_models, std::int64_t batch_size, int n_threads, int epochs) {
    DescentOptions options;
    // Small enough for bytes: parameters stay far from where losses are slow or overflow.
    options.schedule.params = {{"lr", {1e-7}}};
    options.batch_size = batch_size;
    options.max_epochs = epochs;
    options.tol.reset();
    options.seed = kSeed;
    options.n_threads = n_threads;
    const std::vector<double> start(static_cast<std::size_t>(n_models * problem.objective.n_params()));
    return minimize(problem.objective, start, options).history.seconds.back() / epochs;
}

std::vector<std::int64_t> first_order(std::int64_t n_rows) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(n_rows));
    Permutation(static_cast<std::uint64_t>(n_rows), kSeed, 0).fill(0, order.size(), order.data());
    return order;
}

}  // namespace fastgd::bench
