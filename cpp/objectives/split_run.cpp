#include "objectives/split_run.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <type_traits>
#include <utility>

#include "fastgd/optimizer_info.hpp"
#include "runtime/backoff.hpp"
#include "runtime/team_poll.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

ModelSettings settings_of(const ModelSettings& all, std::size_t first, std::size_t count) {
    ModelSettings some = all;
    const auto cut = [&](auto& values, std::size_t width) {
        if (values.empty()) return;
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first * width);
        values = std::remove_reference_t<decltype(values)>(begin, begin + static_cast<std::ptrdiff_t>(count * width));
    };
    some.n_models = static_cast<int>(count);
    some.n_threads = 1;
    cut(some.hyper, kMaxHyper);
    cut(some.penalties, 1);
    cut(some.fold_of_model, 1);
    cut(some.init_seed, 1);
    return some;
}

// The numbers of some models in a table [batch][model].
struct Taken {
    std::size_t n_models;
    std::size_t first;
    std::size_t count;
    std::size_t n_batches;

    template <class T>
    void operator()(std::span<const T> all, std::vector<T>& some) const {
        some.resize(n_batches * count);
        for (std::size_t b = 0; b < n_batches; ++b)
            std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(b * n_models + first), count,
                        some.begin() + static_cast<std::ptrdiff_t>(b * count));
    }
};

// Counts a thread whose parts are done, also where one has thrown and the others are left.
class Done {
public:
    explicit Done(std::atomic<int>& n_done) : n_done_(n_done) {}
    Done(const Done&) = delete;
    Done& operator=(const Done&) = delete;
    ~Done() { ++n_done_; }

private:
    std::atomic<int>& n_done_;
};

}  // namespace

SplitRun::SplitRun(const ModelSettings& settings, int n_parts,
                   const std::function<std::unique_ptr<Run>(ModelSettings)>& start) {
    const auto n_models = static_cast<std::size_t>(settings.n_models);
    const auto parts = static_cast<std::size_t>(n_parts);
    for (std::size_t p = 0; p < parts; ++p) {
        const std::size_t first = p * n_models / parts;
        const std::size_t count = (p + 1) * n_models / parts - first;
        parts_.push_back({first, count, start(settings_of(settings, first, count)), {}, {}, {}});
    }
}

StepPlan SplitRun::Part::of(const StepPlan& plan, std::size_t n_batches) {
    const Taken take{plan.n_models, first, count, n_batches};
    take(plan.lr, lr);
    take(plan.step, step);
    take(plan.n_rows, n_rows);
    return {count, lr, step, n_rows, among(plan.n_seen)};
}

// f(part, poll) on a thread each, or on one for several where the team is smaller. The calling thread looks on while
// others are at theirs.
template <class F>
int SplitRun::on_each_thread(const std::function<void()>& poll, F&& f) {
    const TeamPoll look(poll);
    const std::function<void()> own = look.function();
    std::atomic<int> n_done = 0;
    return parallel(static_cast<int>(parts_.size()), [&](int thread, int n_threads) {
        {
            const Done done(n_done);
            for (auto p = static_cast<std::size_t>(thread); p < parts_.size(); p += static_cast<std::size_t>(n_threads))
                f(parts_[p], own);
        }
        if (thread != 0 || !own) return;
        for (Backoff backoff(0); n_done < n_threads; backoff.pause()) own();
    });
}

const SplitRun::Part& SplitRun::part_of(int model) const {
    return *std::find_if(parts_.begin(), parts_.end(),
                         [&](const Part& part) { return static_cast<std::size_t>(model) < part.first + part.count; });
}

void SplitRun::descend(const Slice& slice, StepSums& sums, const std::function<void()>& poll) {
    const std::int64_t n_rows = std::ssize(slice.rows);
    const auto descend_part = [&](Part& part, const std::function<void()>& own) {
        StepSums of_part{part.among(sums.weight), part.among(sums.loss), part.among(sums.finite)};
        part.run->descend({slice.epoch, slice.rows, slice.batch_ends, part.of(slice.plan, slice.batch_ends.size())},
                          of_part, own);
    };
    // Within the slice where a batch alone takes long.
    const std::function<void()> within = n_rows > rows_at_once() ? poll : nullptr;
    choice_.stretch(n_rows, [&](bool as_team) {
        if (as_team) return on_each_thread(within, descend_part);
        for (Part& part : parts_) descend_part(part, within);
        return 1;
    });
}

void SplitRun::descend_full(const StepPlan& plan, std::span<double> value, std::span<double> grad_norm,
                            const std::function<void()>& poll) {
    for (Part& part : parts_) part.run->descend_full(part.of(plan, 1), part.among(value), part.among(grad_norm), poll);
}

Line SplitRun::line(int model) const {
    const Part& part = part_of(model);
    return part.run->line(model - static_cast<int>(part.first));
}

void SplitRun::retire(int model) {
    const Part& part = part_of(model);
    part.run->retire(model - static_cast<int>(part.first));
}

void SplitRun::evaluate(std::span<double> value, std::span<double> grad_norm, const std::function<void()>& poll) {
    on_each_thread(poll, [&](Part& part, const std::function<void()>& own) {
        part.run->evaluate(part.among(value), grad_norm.empty() ? grad_norm : part.among(grad_norm), own);
    });
}
void SplitRun::evaluate_held_out(std::span<double> value, const std::function<void()>& poll) {
    on_each_thread(poll, [&](Part& part, const std::function<void()>& own) {
        part.run->evaluate_held_out(part.among(value), own);
    });
}
void SplitRun::penalties(std::span<double> out) {
    for (Part& part : parts_) part.run->penalties(part.among(out));
}
void SplitRun::solution(int model, std::span<double> out) {
    const Part& part = part_of(model);
    part.run->solution(model - static_cast<int>(part.first), out);
}
void SplitRun::set_params(int model, std::span<const double> params) {
    const Part& part = part_of(model);
    part.run->set_params(model - static_cast<int>(part.first), params);
}

void SplitRun::state(int model, ModelState& to, const std::function<void()>& look) {
    const Part& part = part_of(model);
    part.run->state(model - static_cast<int>(part.first), to, look);
}
void SplitRun::set_state(int model, const ModelState& state) {
    const Part& part = part_of(model);
    part.run->set_state(model - static_cast<int>(part.first), state);
}
void SplitRun::serialize(int model, Archive& archive) {
    const Part& part = part_of(model);
    part.run->serialize(model - static_cast<int>(part.first), archive);
}

}  // namespace fastgd
