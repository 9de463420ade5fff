#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "descent/run.hpp"
#include "kernels/kernel_table.hpp"
#include "objectives/team_choice.hpp"

namespace fastgd {

// The models of a run dealt out to runs of their own, each of which a thread takes through a slice of batches by
// itself: many models need no barrier between their steps. A model's bits do not depend on which others are beside it.
class SplitRun final : public Run {
public:
    // `start` makes the run of some of the models.
    SplitRun(const ModelSettings& settings, int n_parts,
             const std::function<std::unique_ptr<Run>(ModelSettings)>& start);

    std::int64_t rows_at_once() const override { return parts_[0].run->rows_at_once(); }
    void descend(const Slice& slice, StepSums& sums, const std::function<void()>& poll) override;
    void descend_full(const StepPlan& plan, std::span<double> value, std::span<double> grad_norm,
                      const std::function<void()>& poll) override;
    Line line(int model) const override;
    void retire(int model) override;

    void evaluate(std::span<double> value, std::span<double> grad_norm, const std::function<void()>& poll) override;
    void evaluate_held_out(std::span<double> value, const std::function<void()>& poll) override;
    void penalties(std::span<double> out) override;
    void solution(int model, std::span<double> out) override;
    void set_params(int model, std::span<const double> params) override;
    void state(int model, ModelState& to, const std::function<void()>& look) override;
    void set_state(int model, const ModelState& state) override;
    void serialize(int model, Archive& archive) override;

private:
    struct Part {
        std::size_t first;
        std::size_t count;
        std::unique_ptr<Run> run;
        // The plan's numbers of these models.
        std::vector<double> lr;
        std::vector<std::int64_t> step;
        std::vector<std::int64_t> n_rows;

        StepPlan of(const StepPlan& plan, std::size_t n_batches);
        template <class T>
        std::span<T> among(std::span<T> models) const {
            return models.subspan(first, count);
        }
    };

    template <class F>
    int on_each_thread(const std::function<void()>& poll, F&& f);
    const Part& part_of(int model) const;

    std::vector<Part> parts_;
    TeamChoice choice_;
};

}  // namespace fastgd
