#pragma once

#include <algorithm>
#include <vector>

#include "objectives/parameters.hpp"
#include "objectives/problem.hpp"
#include "objectives/row_block.hpp"
#include "objectives/score_block.hpp"
#include "runtime/barrier.hpp"
#include "runtime/team_poll.hpp"

namespace fastgd {

inline std::ptrdiff_t panels_of(std::ptrdiff_t n_features) { return (n_features + kPanel - 1) / kPanel; }

// How the threads of a mini-batch step share the columns: whole panels, as even as panels allow.
inline Columns columns_of(int thread, int n_threads, std::ptrdiff_t n_features) {
    const auto edge = [&](int t) {
        if (t == n_threads) return n_features;
        return std::min(panels_of(n_features), (n_features * t / n_threads + kPanel / 2) / kPanel) * kPanel;
    };
    return {edge(thread), edge(thread + 1)};
}

// Threads worth having: each needs a panel, and work that outweighs a barrier of about a microsecond.
inline int team_for_step(std::int64_t batch_rows, std::int64_t n_features, std::int64_t n_scores, int asked) {
    constexpr std::int64_t kStepWork = 64 * 1024;
    const std::int64_t by_work = batch_rows * n_features * n_scores / kStepWork;
    return static_cast<int>(std::clamp<std::int64_t>(std::min<std::int64_t>(asked, by_work), 1, panels_of(n_features)));
}

// A team's way through the rows of a mini-batch: each thread has its own columns, all see the same scores. There is one
// barrier for some rows, between the panel sums of all threads and what each makes of them.
template <class T>
class TeamWalk {
public:
    TeamWalk(const Problem<T>& problem, const Parameters<T>& shape, std::ptrdiff_t most_rows, int team)
        : problem_(&problem),
          n_panels_(panels_of(shape.n_features)),
          at_once_(std::min(at_once(problem.row_bytes() / team, shape.n_scores()), round_up(most_rows, 16))) {
        for (int t = 0; t < team; ++t)
            workers_.emplace_back(*problem.kernels, columns_of(t, team, shape.n_features), shape, at_once_);
        for (auto& buffer : exchange_)
            buffer = AlignedBuffer<T>(
                static_cast<std::size_t>((n_panels_ + 1) * shape.n_scores() * workers_[0].scores.stride));
    }

    int size() const { return static_cast<int>(workers_.size()); }
    Columns columns(int thread) const { return workers_[static_cast<std::size_t>(thread)].columns; }

    // Called by every thread of the team alike. Adds the gradient of rows begin .. end of the block to `grad`, each
    // thread in its columns, the first one the intercepts; the sums are complete in the first thread. What `look`
    // throws ends the pass on all of them.
    const BlockSums<T>& pass(int thread, Barrier& barrier, const TeamPoll& look, const Parameters<T>& parameters,
                             const RowBlock<T>& block, std::ptrdiff_t begin, std::ptrdiff_t end, const T* scale,
                             Parameters<T>& grad) {
        Worker& worker = workers_[static_cast<std::size_t>(thread)];
        worker.sums.clear();
        for (std::ptrdiff_t first = begin; first < end; first += at_once_) {
            const std::ptrdiff_t count = std::min(at_once_, end - first);
            const Rows rows = block.rows(first, count);
            AlignedBuffer<T>& exchange = exchange_[worker.parity];
            worker.parity ^= 1;
            forward(worker, parameters, rows, exchange, thread == 0);
            look();
            barrier.wait();
            add_panels(worker.scores, parameters, exchange, count);
            worker.scores.apply_loss(*problem_, block, first, count, parameters.n_models, scale, worker.sums.finite());
            if (thread == 0) worker.sums.add(worker.scores, first - begin, count);
            worker.scores.backward(*problem_, rows, worker.columns, grad);
        }
        if (thread == 0) worker.sums.finish();
        if (thread == 0 && problem_->fit_intercept)
            for (std::ptrdiff_t s = 0; s < grad.n_scores(); ++s) grad.bias(s) += worker.sums.dloss(s);
        return worker.sums;
    }

private:
    // What a thread has of its own.
    struct Worker {
        Columns columns;
        ScoreBlock<T> scores;
        BlockSums<T> sums;
        int parity = 0;
        Worker(const Kernels<T>& kernels, Columns own, const Parameters<T>& shape, std::ptrdiff_t n_rows)
            : columns(own), scores(shape, n_rows), sums(kernels, shape) {}
    };

    // Enough rows to outweigh the barrier, few enough that they stay in each core's L2 and the exchange stays small.
    std::ptrdiff_t at_once(std::ptrdiff_t own_row_bytes, std::ptrdiff_t n_scores) const {
        const std::ptrdiff_t by_rows = 384 * 1024 / std::max<std::ptrdiff_t>(own_row_bytes, 1);
        const std::ptrdiff_t by_scores = 1024 * 1024 / (n_scores * n_panels_);
        return std::clamp<std::ptrdiff_t>(std::min(by_rows, by_scores), 16, 1024) / 16 * 16;
    }

    void forward(Worker& worker, const Parameters<T>& parameters, const Rows& rows, AlignedBuffer<T>& exchange,
                 bool writes_intercepts) const {
        const std::ptrdiff_t stride = worker.scores.stride;
        for (std::ptrdiff_t s = 0; writes_intercepts && s < parameters.n_scores(); ++s)
            std::fill_n(exchange.data() + s * stride, rows.count, parameters.bias(s));
        ForwardCall<T> call{};
        call.rows = rows;
        call.columns = worker.columns;
        call.coef = parameters.coef.data();
        call.coef_stride = parameters.stride;
        call.n_outputs = static_cast<int>(parameters.n_scores());
        call.panel_stride = parameters.n_scores() * stride;
        call.out = exchange.data() + (1 + worker.columns.begin / kPanel) * call.panel_stride;
        call.output_stride = stride;
        problem_->storage().forward(call);
    }

    // In the order in which one thread adds them.
    void add_panels(ScoreBlock<T>& scores, const Parameters<T>& parameters, const AlignedBuffer<T>& exchange,
                    std::ptrdiff_t count) const {
        const std::ptrdiff_t panel_stride = parameters.n_scores() * scores.stride;
        for (std::ptrdiff_t s = 0; s < parameters.n_scores(); ++s) {
            T* raw = scores.raw.data() + s * scores.stride;
            const T* from = exchange.data() + s * scores.stride;
            std::copy_n(from, count, raw);
            for (std::ptrdiff_t p = 1; p <= n_panels_; ++p)
                for (std::ptrdiff_t r = 0; r < count; ++r) raw[r] += from[p * panel_stride + r];
        }
    }

    const Problem<T>* problem_;
    std::ptrdiff_t n_panels_;
    std::ptrdiff_t at_once_;
    std::vector<Worker> workers_;
    // Panel sums of all threads, doubled so that one barrier is enough: [parity][1 + panel][score][row]; the first
    // plane holds the intercepts.
    AlignedBuffer<T> exchange_[2];
};

}  // namespace fastgd
