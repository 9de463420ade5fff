#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "objectives/mlp_layers.hpp"
#include "objectives/row_block.hpp"
#include "objectives/score_block.hpp"

namespace fastgd {

// A team's way through some rows with one model: forward through the hidden layers, whose units the threads share; the
// head and the loss, whose rows they share; and back. There is one barrier a layer. Called by every thread alike, with
// what waits for the others, and what looks up every few milliseconds; once that has thrown, the walk is of no more
// use.
template <class T>
class MlpWalk {
public:
    // Without training there are no slopes and no gradients.
    MlpWalk(const Problem<T>& problem, const MlpShape<T>& shape, ActivationKernel<T> activation,
            std::ptrdiff_t most_rows, int team, bool trains = true)
        : problem_(&problem),
          shape_(&shape),
          most_rows_(most_rows),
          layers_(problem, shape, activation, most_rows, trains),
          sums_(*problem.kernels, 1, problem.n_outputs),
          head_grad_(trains ? static_cast<std::size_t>(shape.head().stride * shape.head().n_outputs) : 0),
          bias_grad_(static_cast<std::size_t>(round_up(shape.head().n_outputs, kLaneAlign))) {
        if (trains && problem.sparse() && !shape.hidden().empty())
            sparse_grad_ = AlignedBuffer<T>(static_cast<std::size_t>(shape.hidden()[0].bias));
        const std::ptrdiff_t share = round_up((most_rows + team - 1) / team, kSumLanes) + kSumLanes;
        for (int t = 0; t < team; ++t)
            workers_.push_back(std::make_unique<Worker>(problem, shape, most_rows, share, trains));
    }

    int size() const { return static_cast<int>(workers_.size()); }
    std::ptrdiff_t most_rows() const { return most_rows_; }
    // After a pass.
    double loss() const { return sums_.loss(0); }
    bool finite() const { return finite_; }

    // The scores of the whole block on one thread, which `use(scores, n_rows)` turns into what is wanted of them; false
    // where a unit is not finite before its activation.
    template <class F>
    bool scores(const T* params, const RowBlock<T>& block, F&& use) {
        const Rows rows = block.rows(0, block.count());
        Worker& worker = forward(0, kAlone, kAlone, params, rows, {}, 0);
        head(worker, params, rows);
        use(worker.scores, worker.count);
        return worker.finite;
    }

    // Losses of the first `count` rows of the block on one thread, as `problem` has them for a model.
    template <class Look>
    void losses(const Problem<T>& problem, const T* params, const RowBlock<T>& block, std::ptrdiff_t count,
                Look&& look) {
        const Rows rows = block.rows(0, count, problem.fold_of(0));
        Worker& worker = forward(0, kAlone, look, params, rows, {}, 0);
        evaluate(worker, problem, params, block, 0, rows, T(1));
        gather();
    }

    // Losses of rows begin..end of the block, derivatives times `scale`, and the gradient by and by: emit(stretch,
    // gradient) has to leave zeros behind; threads call it for different stretches. The sums are the first thread's
    // from then on. The first row is the position-th of its batch.
    template <class Sync, class Look, class Emit>
    void gradient(int thread, Sync&& sync, Look&& look, const Problem<T>& problem, const T* params,
                  const RowBlock<T>& block, std::ptrdiff_t begin, std::ptrdiff_t end, T scale, const DropoutStep& masks,
                  std::int64_t position, Emit&& emit) {
        const Rows rows = block.rows(begin, end - begin, problem.fold_of(0));
        Worker& worker = forward(thread, sync, look, params, rows, masks, position);
        evaluate(worker, problem, params, block, begin, rows, scale);
        if (layers_.count() > 0) head_backward(worker, params);
        sync();
        for (int l = layers_.count() - 1; l > 0; --l) {
            const auto [first, last] = units(thread, l - 1);
            layers_.backward(worker.room, l, params, rows.count, first, last, look);
            sync();
        }
        if (thread == 0) gather();
        head_gradient(thread, rows, emit);
        for (int l = 0; l < layers_.count(); ++l) {
            const auto [first, last] = units(thread, l);
            layers_.gradient(worker.room, l, rows, first, last, sparse_grad_.data(), emit);
        }
    }

    // For one thread alone, or where nobody asks.
    static constexpr auto kAlone = [] {};

private:
    struct Worker {
        typename MlpLayers<T>::Room room;
        // Of its own rows, `count` from `first` on.
        ScoreBlock<T> scores;
        std::vector<const std::byte*> dloss_rows;
        std::ptrdiff_t first = 0;
        std::ptrdiff_t count = 0;
        bool finite = true;

        Worker(const Problem<T>& problem, const MlpShape<T>& shape, std::ptrdiff_t most_rows, std::ptrdiff_t share,
               bool trains)
            : room(problem, shape, most_rows, trains), scores(1, problem.n_outputs, share) {
            for (std::ptrdiff_t r = 0; r < share; ++r)
                dloss_rows.push_back(reinterpret_cast<const std::byte*>(scores.dloss.data() + r));
        }
    };
    struct Range {
        std::ptrdiff_t first;
        std::ptrdiff_t last;
    };

    // A thread's share of `n` things that come in parts of `part`.
    Range share(int thread, std::ptrdiff_t n, std::ptrdiff_t part) const {
        const std::ptrdiff_t n_parts = (n + part - 1) / part;
        const auto edge = [&](int t) { return std::min(n, n_parts * t / size() * part); };
        return {edge(thread), edge(thread + 1)};
    }
    Range units(int thread, int l) const {
        return share(thread, shape_->hidden()[static_cast<std::size_t>(l)].padded, kUnitPanel<T>);
    }

    template <class Sync, class Look>
    Worker& forward(int thread, Sync&& sync, Look&& look, const T* params, const Rows& rows, const DropoutStep& masks,
                    std::int64_t position) {
        Worker& worker = *workers_[static_cast<std::size_t>(thread)];
        const Range own = share(thread, rows.count, kSumLanes);
        worker.first = own.first;
        worker.count = own.last - own.first;
        worker.finite = true;
        for (int l = 0; l < layers_.count(); ++l) {
            const auto [first, last] = units(thread, l);
            worker.finite =
                layers_.forward(worker.room, l, params, layers_.inputs(l, rows), first, last, look) && worker.finite;
            if (masks.drops()) layers_.drop(l, masks, position, rows.count, first, last);
            sync();
        }
        return worker;
    }

    // What the head is fed with.
    Rows top(const Rows& rows, std::ptrdiff_t first, std::ptrdiff_t count) const {
        if (layers_.count() > 0) return layers_.outputs(first, count);
        return problem_->rows(rows.row + first, count);
    }
    const StorageKernels<T>& top_kernels() const {
        return layers_.count() == 0 ? problem_->storage() : problem_->kernels->native();
    }

    void head(Worker& worker, const T* params, const Rows& rows) const {
        const auto& head = shape_->head();
        for (std::ptrdiff_t k = 0; k < head.n_outputs; ++k)
            std::fill_n(worker.scores.raw.data() + k * worker.scores.stride, round_up(worker.count, kRowTile),
                        params[head.bias + k]);
        ForwardCall<T> call{};
        call.rows = top(rows, worker.first, worker.count);
        call.columns = {0, head.n_inputs};
        call.coef = params + head.weight;
        call.coef_stride = head.stride;
        call.n_outputs = static_cast<int>(head.n_outputs);
        call.out = worker.scores.raw.data();
        call.output_stride = worker.scores.stride;
        call.accumulate = true;
        if (worker.count > 0) top_kernels().forward(call);
    }

    void evaluate(Worker& worker, const Problem<T>& problem, const T* params, const RowBlock<T>& block,
                  std::ptrdiff_t begin, const Rows& rows, T scale) const {
        head(worker, params, rows);
        if (worker.count > 0)
            worker.scores.apply_loss(problem, block, begin + worker.first, worker.count, 1, &scale, &worker.finite);
    }

    // From the loss's derivatives of a thread's rows to those of the last layer's units.
    void head_backward(Worker& worker, const T* params) {
        const auto& head = shape_->head();
        AffineCall<T> call{};
        call.rows = {worker.dloss_rows.data(), worker.count};
        call.input_step = worker.scores.stride;
        call.end = head.n_outputs;
        call.last = shape_->hidden().back().padded;
        call.weight = params + head.weight;
        call.weight_stride = head.stride;
        call.panel_stride = kUnitPanel<T>;
        call.factor = call.out = layers_.top_slope().row(worker.first);
        call.out_stride = layers_.top_slope().stride();
        top_kernels().affine(call);
    }

    // Of all threads' rows, in order.
    void gather() {
        sums_.clear();
        finite_ = true;
        for (const auto& worker : workers_) {
            sums_.add(worker->scores, worker->first, worker->count);
            finite_ = finite_ && worker->finite;
        }
        sums_.finish();
    }

    template <class Emit>
    void head_gradient(int thread, const Rows& rows, Emit&& emit) {
        constexpr std::ptrdiff_t kColumns = 64;
        const auto& head = shape_->head();
        // Rows of CSR matrices have no columns to share.
        const Range all{0, head.n_inputs};
        const bool shared = layers_.count() > 0 || !problem_->sparse();
        const Range own = shared ? share(thread, head.n_inputs, kColumns) : thread == 0 ? all : Range{0, 0};
        if (own.first < own.last) {
            BackwardCall<T> call{};
            call.columns = {own.first, own.last};
            call.n_outputs = static_cast<int>(head.n_outputs);
            call.grad = head_grad_.data();
            call.grad_stride = head.stride;
            for (const auto& worker : workers_) {
                call.rows = top(rows, worker->first, worker->count);
                call.dloss = worker->scores.dloss.data();
                call.dloss_stride = worker->scores.stride;
                if (worker->count > 0) top_kernels().backward(call);
            }
            const bool whole = own.first == 0 && own.last == head.n_inputs;
            if (whole) emit(Stretch{head.weight, head.bias, true}, head_grad_.data());
            const std::ptrdiff_t last = own.last == head.n_inputs ? head.stride : own.last;
            for (std::ptrdiff_t k = 0; !whole && k < head.n_outputs; ++k) {
                const std::ptrdiff_t at = k * head.stride;
                emit(Stretch{head.weight + at + own.first, head.weight + at + last, true},
                     head_grad_.data() + at + own.first);
            }
        }
        if (thread != 0) return;
        for (std::ptrdiff_t k = 0; k < head.n_outputs; ++k) bias_grad_[static_cast<std::size_t>(k)] = sums_.dloss(k);
        emit(Stretch{head.bias, head.bias + static_cast<std::ptrdiff_t>(bias_grad_.size()), false}, bias_grad_.data());
    }

    const Problem<T>* problem_;
    const MlpShape<T>* shape_;
    std::ptrdiff_t most_rows_;
    MlpLayers<T> layers_;
    std::vector<std::unique_ptr<Worker>> workers_;
    BlockSums<T> sums_;
    bool finite_ = true;
    AlignedBuffer<T> head_grad_;
    AlignedBuffer<T> bias_grad_;
    AlignedBuffer<T> sparse_grad_;
};

}  // namespace fastgd
