#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "descent/run.hpp"
#include "objectives/parameters.hpp"
#include "objectives/problem.hpp"
#include "objectives/row_block.hpp"
#include "objectives/updates.hpp"

namespace fastgd {

// Mini-batch steps on CSR rows that cost as much as the batch has entries: they move the coefficients of the batch's
// own columns. Others are idle, and catch up with all that they have missed when a batch or a reader meets them. With
// an optimiser for which there is no way to, all columns take every step, unless lazy steps are asked for: then idle
// columns stay as they are.
template <class T>
class IdleColumns {
public:
    IdleColumns(const Problem<T>& problem, const ModelSettings& settings, const OptimizerInfo& info,
                const Parameters<T>& shape)
        : problem_(&problem),
          settings_(settings),
          rule_(info.idle),
          met_in_(static_cast<std::size_t>(problem.X.n_cols)),
          models_(static_cast<std::size_t>(settings.n_models)) {
        bool misses = false;
        for (int m = 0; m < settings.n_models; ++m) {
            const bool exact = is_exact(m, info);
            models_[static_cast<std::size_t>(m)].idles = exact || settings.lazy;
            misses = misses || (exact && (settings.penalty(m).alpha > 0.0 || info.averages));
            models_[static_cast<std::size_t>(m)].catches_up = exact;
        }
        if (misses) left_at_.resize(shape.coef.size());
    }

    // Brings up to date what the rows of the coming batch look at.
    void meet(const RowBlock<T>& block, std::ptrdiff_t begin, std::ptrdiff_t end, Updates<T>& updates,
              Parameters<T>& params) {
        columns_.clear();
        ++n_batches_;
        for (std::ptrdiff_t i = begin; i < end; ++i) {
            const std::int64_t row = block.index(i);
            const std::int64_t last = problem_->offset_at(row + 1);
            for (std::int64_t e = problem_->offset_at(row); e < last; ++e) {
                const std::int64_t column = problem_->column_at(e);
                std::int64_t& met = met_in_[static_cast<std::size_t>(column)];
                if (met != n_batches_) columns_.push_back(column);
                met = n_batches_;
            }
        }
        for (std::ptrdiff_t s = 0; s < params.n_scores(); ++s) catch_up(columns_, s, updates, params);
    }

    // The step on the batch that was met.
    void step(const StepPlan& plan, std::size_t batch, Updates<T>& updates, Parameters<T>& params,
              Parameters<T>& grad) {
        for (int m = 0; m < params.n_models; ++m) {
            if (!plan.runs(batch, m)) continue;
            Model& model = models_[static_cast<std::size_t>(m)];
            const double* coef = updates.coef(batch, m);
            const Penalty& penalty = settings_.penalty(m);
            const bool all = !model.idles || (model.catches_up && rule_.moves_all(coef, penalty.l1()));
            const bool adds = model.catches_up && !all && !left_at_.empty();
            if (all) settle(m, updates, params);
            std::copy_n(coef, kMaxCoef, model.coef);
            if (adds) rule_.add(model.sums, coef, penalty.l2(), penalty.l1());
            for (std::ptrdiff_t s = first_score(params, m); s < first_score(params, m + 1); ++s) {
                if (all)
                    updates.step_row(batch, {0, params.n_features}, params, grad, s);
                else
                    updates.step_some(batch, columns_, params, grad, s);
                if (!adds) continue;
                for (const std::int64_t column : columns_)
                    left_at_[static_cast<std::size_t>(s * params.stride + column)] = model.sums;
            }
            // Numbers that nothing can be divided by.
            if (!(std::fabs(model.sums.scale) > 1e-100 && model.sums.kept > 1e-100)) settle(m, updates, params);
        }
        updates.step_intercepts(batch, params, grad);
    }

    // Parameters as they are, before anybody looks at them.
    void settle(Updates<T>& updates, Parameters<T>& params) {
        for (int m = 0; m < params.n_models; ++m) settle(m, updates, params);
    }

    // As they are, not settled, which rounds.
    void serialize(int m, const Parameters<T>& params, Archive& archive) {
        Model& model = models_[static_cast<std::size_t>(m)];
        show(model.sums, archive);
        archive(std::span<double>(model.coef));
        if (left_at_.empty()) return;
        const auto begin = left_at_.begin() + first_score(params, m) * params.stride;
        std::for_each(begin, begin + params.n_outputs * params.stride, [&](Idle& left) { show(left, archive); });
    }

private:
    struct Model {
        // Whether columns are idle, or all take every step; and whether idle ones catch up.
        bool idles = false;
        bool catches_up = false;
        Idle sums;
        // Of its last step.
        double coef[kMaxCoef] = {};
    };

    bool is_exact(int m, const OptimizerInfo& info) const {
        if (info.idle.exact == nullptr || settings_.clip_value > 0.0) return false;
        const Penalty& penalty = settings_.penalty(m);
        return info.idle.exact(settings_.hyper.data() + m * kMaxHyper, penalty.l2(), penalty.l1());
    }
    static std::ptrdiff_t first_score(const Parameters<T>& params, int m) {
        return std::ptrdiff_t{m} * params.n_outputs;
    }

    void catch_up(const std::vector<std::int64_t>& columns, std::ptrdiff_t s, Updates<T>& updates,
                  Parameters<T>& params) {
        if (left_at_.empty()) return;
        const auto m = static_cast<std::size_t>(s / params.n_outputs);
        const Model& model = models_[m];
        const double l1 = settings_.penalties[m].l1();
        T* w = params.coef_row(s);
        for (const std::int64_t column : columns) {
            Idle& left_at = left_at_[static_cast<std::size_t>(s * params.stride + column)];
            if (is_same(left_at, model.sums)) continue;
            double state[kMaxSlots];
            updates.load_state(s, column, state);
            w[column] = static_cast<T>(
                rule_.catch_up(left_at, model.sums, static_cast<double>(w[column]), state, model.coef, l1));
            updates.store_state(s, column, state);
            left_at = model.sums;
        }
    }

    void settle(int m, Updates<T>& updates, Parameters<T>& params) {
        if (left_at_.empty() || is_same(models_[static_cast<std::size_t>(m)].sums, Idle{})) return;
        all_.resize(static_cast<std::size_t>(params.n_features));
        for (std::size_t j = 0; j < all_.size(); ++j) all_[j] = static_cast<std::int64_t>(j);
        for (std::ptrdiff_t s = first_score(params, m); s < first_score(params, m + 1); ++s) {
            catch_up(all_, s, updates, params);
            std::fill_n(left_at_.begin() + s * params.stride, params.stride, Idle{});
        }
        models_[static_cast<std::size_t>(m)].sums = {};
    }

    static void show(Idle& sums, Archive& archive) {
        archive(sums.scale);
        archive(sums.threshold);
        archive(sums.kept);
        archive(sums.mixed);
    }
    static bool is_same(const Idle& a, const Idle& b) {
        return a.scale == b.scale && a.threshold == b.threshold && a.kept == b.kept && a.mixed == b.mixed;
    }

    const Problem<T>* problem_;
    const ModelSettings& settings_;
    const IdleRule& rule_;
    std::int64_t n_batches_ = 0;
    // The last batch that met each column, and the columns of this one.
    std::vector<std::int64_t> met_in_;
    std::vector<std::int64_t> columns_;
    std::vector<std::int64_t> all_;
    std::vector<Model> models_;
    // Shaped like the coefficients; empty where idle ones miss nothing.
    std::vector<Idle> left_at_;
};

}  // namespace fastgd
