#include "objectives/full_pass.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "objectives/row_walk.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

// Under this many bytes of data a second thread costs more than it brings.
constexpr std::int64_t kSerialBytes = 256 * 1024;

template <class T>
int team_size(const LinearProblem<T>& problem, const Parameters<T>& parameters, const RowSource& rows, int asked) {
    const std::int64_t bytes = rows.count * problem.row_bytes() * std::max<std::int64_t>(1, parameters.n_scores() / 4);
    const std::int64_t n_blocks = (rows.count + kBlockRows - 1) / kBlockRows;
    return bytes < kSerialBytes ? 1 : static_cast<int>(std::min<std::int64_t>(asked, n_blocks));
}

template <class T>
struct Worker {
    RowBlock<T> block;
    RowWalk<T> walk;
    std::optional<Parameters<T>> grad;

    Worker(const LinearProblem<T>& problem, const Parameters<T>& parameters, bool want_gradient)
        : block(problem, kBlockRows), walk(problem, parameters, kBlockRows) {
        if (want_gradient)
            grad.emplace(parameters.n_models, parameters.n_outputs, parameters.n_features, parameters.has_intercept);
    }
};

// One block of rows by itself.
template <class T>
const BlockSums<T>& pass_block(const Parameters<T>& parameters, Worker<T>& worker) {
    if (worker.grad) {
        worker.grad->coef.clear();
        worker.grad->intercept.clear();
    }
    return worker.walk.pass(parameters, worker.block, 0, worker.block.count(), T(1),
                            worker.grad ? &*worker.grad : nullptr);
}

template <class T>
void add(PassSums& sums, const Worker<T>& worker, const BlockSums<T>& block) {
    sums.weight += worker.block.weight_sum(0, worker.block.count());
    sums.n_present += worker.block.count();
    for (std::size_t m = 0; m < sums.loss.size(); ++m) {
        sums.loss[m] += block.loss(static_cast<int>(m));
        sums.finite[m] = sums.finite[m] && block.finite()[m];
    }
    if (!worker.grad) return;
    const T* coef = worker.grad->coef.data();
    for (std::size_t i = 0; i < sums.coef.size(); ++i) sums.coef[i] += static_cast<double>(coef[i]);
    for (std::size_t s = 0; s < sums.intercept.size(); ++s)
        sums.intercept[s] += static_cast<double>(worker.grad->bias(static_cast<std::ptrdiff_t>(s)));
}

// Lets threads pass in the order of their tickets.
class Turnstile {
public:
    explicit Turnstile(std::int64_t first) : turn_(first) {}
    void wait_for(std::int64_t ticket) {
        for (int spins = 0; turn_.load(std::memory_order_acquire) != ticket; ++spins)
            if (spins > 1000) std::this_thread::yield();
    }
    void next(std::int64_t ticket) { turn_.store(ticket + 1, std::memory_order_release); }

private:
    alignas(64) std::atomic<std::int64_t> turn_;
};

template <class T>
std::vector<std::unique_ptr<Worker<T>>> make_workers(const LinearProblem<T>& problem, const Parameters<T>& parameters,
                                                     bool want_gradient, int n) {
    std::vector<std::unique_ptr<Worker<T>>> workers;
    for (int t = 0; t < n; ++t) workers.push_back(std::make_unique<Worker<T>>(problem, parameters, want_gradient));
    return workers;
}

// Blocks between two calls of `poll`: about 64 MB of data, less where there is more arithmetic on it.
template <class T>
std::int64_t blocks_between_polls(const LinearProblem<T>& problem, const Parameters<T>& parameters) {
    const std::int64_t work = kBlockRows * problem.row_bytes() * std::max<std::int64_t>(1, parameters.n_scores() / 4);
    return std::max<std::int64_t>(16, (std::int64_t{64} << 20) / work);
}

}  // namespace

template <class T>
PassSums full_pass(const LinearProblem<T>& problem, const Parameters<T>& parameters, const RowSource& rows,
                   bool want_gradient, int n_threads, const std::function<void()>& poll) {
    const auto n_models = static_cast<std::size_t>(parameters.n_models);
    PassSums sums;
    sums.loss.assign(n_models, 0.0);
    sums.finite = std::make_unique<bool[]>(n_models);
    std::fill_n(sums.finite.get(), n_models, true);
    sums.coef.assign(want_gradient ? parameters.coef.size() : 0, 0.0);
    sums.intercept.assign(want_gradient ? static_cast<std::size_t>(parameters.n_scores()) : 0, 0.0);
    const std::int64_t n_blocks = (rows.count + kBlockRows - 1) / kBlockRows;
    const int team = team_size(problem, parameters, rows, n_threads);
    const auto workers = make_workers(problem, parameters, want_gradient, team);
    const std::int64_t stretch = poll ? blocks_between_polls(problem, parameters) : n_blocks;
    for (std::int64_t begin = 0; begin < n_blocks; begin += stretch) {
        if (poll) poll();
        const std::int64_t end = std::min(n_blocks, begin + stretch);
        std::atomic<std::int64_t> next_block{begin};
        Turnstile turnstile(begin);
        parallel(team, [&](int thread, int) {
            Worker<T>& worker = *workers[static_cast<std::size_t>(thread)];
            for (std::int64_t b = next_block++; b < end; b = next_block++) {
                worker.block.gather(rows, b * kBlockRows, std::min(rows.count, (b + 1) * kBlockRows));
                const BlockSums<T>& block = pass_block(parameters, worker);
                turnstile.wait_for(b);
                add(sums, worker, block);
                turnstile.next(b);
            }
        });
    }
    return sums;
}

template <class T>
void raw_scores(const LinearProblem<T>& problem, const Parameters<T>& parameters, const RowSource& rows, int n_threads,
                T* out) {
    LinearProblem<T> unweighted = problem;
    unweighted.weight = nullptr;
    const std::int64_t n_blocks = (rows.count + kBlockRows - 1) / kBlockRows;
    const int team = team_size(problem, parameters, rows, n_threads);
    const auto workers = make_workers(unweighted, parameters, false, team);
    std::atomic<std::int64_t> next_block{0};
    parallel(team, [&](int thread, int) {
        Worker<T>& worker = *workers[static_cast<std::size_t>(thread)];
        for (std::int64_t b = next_block++; b < n_blocks; b = next_block++) {
            worker.block.gather(rows, b * kBlockRows, std::min(rows.count, (b + 1) * kBlockRows));
            for (std::ptrdiff_t first = 0; first < worker.block.count(); first += worker.walk.at_once()) {
                const std::ptrdiff_t count = std::min(worker.walk.at_once(), worker.block.count() - first);
                const ScoreBlock<T>& scores = worker.walk.raw(parameters, worker.block, first, count);
                const T* offset = worker.block.offset(first);
                for (std::ptrdiff_t r = 0; r < count; ++r)
                    for (int k = 0; k < problem.n_outputs; ++k) {
                        const T score = scores.raw[static_cast<std::size_t>(k * scores.stride + r)];
                        out[(b * kBlockRows + first + r) * problem.n_outputs + k] =
                            offset != nullptr ? score + offset[k * worker.block.stride() + r] : score;
                    }
            }
        }
    });
}

template PassSums full_pass<float>(const LinearProblem<float>&, const Parameters<float>&, const RowSource&, bool, int,
                                   const std::function<void()>&);
template PassSums full_pass<double>(const LinearProblem<double>&, const Parameters<double>&, const RowSource&, bool,
                                    int, const std::function<void()>&);
template void raw_scores<float>(const LinearProblem<float>&, const Parameters<float>&, const RowSource&, int, float*);
template void raw_scores<double>(const LinearProblem<double>&, const Parameters<double>&, const RowSource&, int,
                                 double*);

}  // namespace fastgd
