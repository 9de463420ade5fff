#include "objectives/online_learner.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "fastgd/errors.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"

namespace fastgd {
namespace {

constexpr std::ptrdiff_t kStride = kLaneAlign;
// A row with fewer entries than one in so many columns is not worth to be spread out.
constexpr std::ptrdiff_t kNarrow = 4;

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

// The same parameters with zeros in more columns, or without some.
Parameters<double> resized(const Parameters<double>& from, std::int64_t n_features) {
    Parameters<double> to(1, from.n_outputs, n_features, from.has_intercept);
    for (std::ptrdiff_t k = 0; k < from.n_outputs; ++k)
        std::copy_n(from.coef_row(k), std::min(from.n_features, to.n_features), to.coef_row(k));
    to.intercept = from.intercept;
    return to;
}

// A sparse row among zeros, for as long as this lives.
class Spread {
public:
    Spread(const SparseRow& row, std::vector<double>& zeros) : row_(row), zeros_(zeros) {
        for (std::size_t i = 0; i < row.column.size(); ++i) at(i) += row.value[i];
    }
    Spread(const Spread&) = delete;
    Spread& operator=(const Spread&) = delete;
    ~Spread() {
        for (std::size_t i = 0; i < row_.column.size(); ++i) at(i) = 0.0;
    }

private:
    double& at(std::size_t i) { return zeros_[static_cast<std::size_t>(row_.column[i])]; }

    const SparseRow& row_;
    std::vector<double>& zeros_;
};

// How many slots a step reads that leaves a column alone whose gradient is zero; none where no step does.
std::optional<int> slots_of_local_steps(const OptimizerInfo& info, const ModelSettings& settings, bool steady_rate) {
    const std::string name = info.name;
    if (settings.penalty(0).alpha != 0.0) return std::nullopt;
    if (name == "sgd" && settings.hyper[0] == 0.0) return 0;
    if (name == "adagrad" || (name == "ftrl" && steady_rate)) return info.n_slots;
    return std::nullopt;
}

}  // namespace

OnlineLearner::OnlineLearner(const OnlineOptions& options, ModelSettings settings)
    : kernels_(kernels_for<double>(kernels())),
      storage_(kernels_.storage[static_cast<int>(Storage::f64)]),
      settings_(std::move(settings)),
      info_(kernels().optimizers[settings_.optimizer]),
      params_(1, options.n_outputs, 0, options.fit_intercept),
      grad_(params_),
      updates_(kernels_, info_, settings_, params_),
      local_slots_(slots_of_local_steps(info_, settings_, options.steady_rate)),
      scores_(static_cast<std::size_t>(options.n_outputs * kStride)),
      dloss_(scores_.size()),
      out_(static_cast<std::size_t>(options.n_outputs)),
      packed_(params_),
      packed_grad_(params_) {
    require(!info_.line_search && !info_.full_batch && info_.table == Table::none,
            "optimizer '" + std::string(info_.name) + "' needs rows that it can come back to");
    const int loss = loss_index(kernels(), options.loss);
    const LossInfo& info = kernels().losses[loss];
    require(info.kind != LossKind::multiclass || options.n_outputs >= 2, "n_outputs must be at least 2");
    loss_ = kernels_.loss_of_row[loss];
    loss_call_.n_rows = 1;
    loss_call_.n_outputs = options.n_outputs;
    loss_call_.stride = kStride;
    loss_call_.one_vs_rest = info.kind == LossKind::binary && options.n_outputs > 1;
    loss_call_.param = options.loss_param.value_or(info.param.default_value);
    if (std::string(info_.name) == "adagrad") fresh_slot_ = settings_.hyper[1];
}

void OnlineLearner::set_n_features(std::int64_t n_features) {
    if (n_features > capacity()) reserve(n_features_ == 0 ? n_features : std::max(n_features, 2 * capacity()));
    n_features_ = n_features;
}

void OnlineLearner::reserve(std::int64_t capacity) {
    // All of it or nothing: memory may run out on the way.
    Parameters<double> params = resized(params_, capacity);
    Parameters<double> grad = resized(grad_, capacity);
    std::vector<Parameters<double>> slots;
    for (int i = 0; i < info_.n_slots; ++i) {
        Parameters<double>& slot = slots.emplace_back(resized(updates_.slot(i), capacity));
        for (std::ptrdiff_t k = 0; k < n_outputs(); ++k)
            std::fill(slot.coef_row(k) + std::min(params_.n_features, capacity), slot.coef_row(k) + capacity,
                      fresh_slot_);
    }
    row_.resize(static_cast<std::size_t>(capacity));
    place_.resize(row_.size());
    params_ = std::move(params);
    grad_ = std::move(grad);
    for (int i = 0; i < info_.n_slots; ++i) updates_.slot(i) = std::move(slots[static_cast<std::size_t>(i)]);
    reported_at_ = -1;
}

// ---- sparse rows: spread out over all columns, or packed

bool OnlineLearner::is_narrow(const SparseRow& row) const { return std::ssize(row.column) * kNarrow < n_features_; }

// Whether it has all columns, in order.
bool OnlineLearner::is_full(const SparseRow& row) const {
    if (std::ssize(row.column) != n_features_) return false;
    std::int64_t at = 0;
    return std::all_of(row.column.begin(), row.column.end(), [&](std::int64_t column) { return column == at++; });
}

void OnlineLearner::pack(const SparseRow& row) {
    reserve_packed(std::ssize(row.column));
    column_.clear();
    value_.clear();
    for (std::size_t i = 0; i < row.column.size(); ++i) {
        std::int32_t& place = place_[static_cast<std::size_t>(row.column[i])];
        if (place == 0) {
            column_.push_back(row.column[i]);
            value_.push_back(row.value[i]);
            place = static_cast<std::int32_t>(column_.size());
        } else {
            value_[static_cast<std::size_t>(place - 1)] += row.value[i];
        }
    }
    for (const std::int64_t column : column_) place_[static_cast<std::size_t>(column)] = 0;
}

void OnlineLearner::reserve_packed(std::int64_t n_entries) {
    if (n_entries <= packed_.n_features) return;
    const std::int64_t room = std::max(n_entries, 2 * packed_.n_features);
    Parameters<double> params(1, n_outputs(), room, true);
    Parameters<double> grad(params);
    packed_slots_.assign(static_cast<std::size_t>(local_slots_.value_or(0)), params);
    column_.reserve(static_cast<std::size_t>(room));
    value_.reserve(static_cast<std::size_t>(room));
    packed_grad_ = std::move(grad);
    packed_ = std::move(params);
}

void OnlineLearner::gather(const Parameters<double>& from, Parameters<double>& to) const {
    for (std::ptrdiff_t k = 0; k < from.n_outputs; ++k) {
        double* out = to.coef_row(k);
        for (const std::int64_t column : column_) *out++ = from.coef_row(k)[column];
        std::fill(out, to.coef_row(k) + round_up(std::ssize(column_), kLaneAlign), 0.0);
    }
}

void OnlineLearner::scatter(const Parameters<double>& from, Parameters<double>& to) const {
    for (std::ptrdiff_t k = 0; k < from.n_outputs; ++k)
        for (std::size_t i = 0; i < column_.size(); ++i) to.coef_row(k)[column_[i]] = from.coef_row(k)[i];
}

// ---- one row

void OnlineLearner::forward(std::span<const double> row, const Parameters<double>& coef,
                            const Parameters<double>& intercept) {
    const auto* at = reinterpret_cast<const std::byte*>(row.data());
    const std::byte* const tile[kRowTile] = {at, at, at, at};
    for (std::ptrdiff_t k = 0; k < n_outputs(); ++k)
        std::fill_n(scores_.data() + k * kStride, kRowTile, intercept.bias(k));
    ForwardCall<double> call{};
    call.rows = {tile, 1};
    call.columns = {0, std::ssize(row)};
    call.coef = coef.coef.data();
    call.coef_stride = coef.stride;
    call.n_outputs = n_outputs();
    call.out = scores_.data();
    call.output_stride = kStride;
    call.accumulate = true;
    storage_.forward(call);
}

double OnlineLearner::backward(std::span<const double> row, double y, double weight, Parameters<double>& coef_grad) {
    double value = 0.0;
    LossCall<double> loss = loss_call_;
    loss.raw = scores_.data();
    loss.dloss = dloss_.data();
    loss.y = &y;
    loss.value = &value;
    loss.scale = weight;
    if (!loss_(loss)) throw NonFiniteError();
    if (weight == 0.0) return value;
    const auto* at = reinterpret_cast<const std::byte*>(row.data());
    const std::byte* const tile[kRowTile] = {at, at, at, at};
    BackwardCall<double> call{};
    call.rows = {tile, 1};
    call.columns = {0, std::ssize(row)};
    call.dloss = dloss_.data();
    call.dloss_stride = kStride;
    call.n_outputs = n_outputs();
    call.grad = coef_grad.coef.data();
    call.grad_stride = coef_grad.stride;
    storage_.backward(call);
    for (std::ptrdiff_t k = 0; grad_.has_intercept && k < n_outputs(); ++k)
        grad_.bias(k) += dloss_[static_cast<std::size_t>(k * kStride)];
    return value;
}

void OnlineLearner::prepare(double lr) {
    static constexpr std::int64_t kOne = 1;
    // What the plan refers to is read until the step is done.
    lr_ = lr;
    step_ = n_steps_++;
    updates_.prepare({1, {&lr_, 1}, {&step_, 1}, {&kOne, 1}, {&kOne, 1}});
}

// Of the parameters, where the optimiser reads it.
double OnlineLearner::penalty() {
    if (!info_.reads_value) return 0.0;
    std::vector<double> flat(static_cast<std::size_t>(params_.n_params()));
    params_.get(flat.data());
    return settings_.penalty(0).value(flat.data(), n_outputs() * params_.n_features);
}

double OnlineLearner::update(std::span<const double> row, double y, double weight, double lr) {
    // It takes memory: nothing may have changed yet.
    const double penalty_before = penalty();
    forward(row, params_, params_);
    const double loss = backward(row, y, weight, grad_);
    if (weight == 0.0) return loss;
    prepare(lr);
    if (updates_.is_whole()) {
        updates_.step_whole(0, 0, loss * weight + penalty_before, params_, grad_);
    } else {
        updates_.step_columns(0, {0, n_features_}, params_, grad_);
        updates_.step_intercepts(0, params_, grad_);
    }
    return loss;
}

double OnlineLearner::update(const SparseRow& row, double y, double weight, double lr) {
    if (is_full(row)) return update(row.value, y, weight, lr);
    if (!local_slots_ || !is_narrow(row)) {
        const Spread spread(row, row_);
        return update({row_.data(), static_cast<std::size_t>(n_features_)}, y, weight, lr);
    }
    pack(row);
    gather(params_, packed_);
    forward(value_, packed_, params_);
    const double loss = backward(value_, y, weight, packed_grad_);
    if (weight == 0.0) return loss;
    prepare(lr);
    for (int i = 0; i < *local_slots_; ++i) gather(updates_.slot(i), packed_slots_[static_cast<std::size_t>(i)]);
    updates_.step_gathered(0, std::ssize(column_), packed_, packed_grad_, packed_slots_);
    updates_.step_intercepts(0, params_, grad_);
    scatter(packed_, params_);
    for (int i = 0; i < *local_slots_; ++i) scatter(packed_slots_[static_cast<std::size_t>(i)], updates_.slot(i));
    return loss;
}

std::span<const double> OnlineLearner::scores(std::span<const double> row) {
    const Parameters<double>& from = reported();
    forward(row, from, from);
    for (std::size_t k = 0; k < out_.size(); ++k) out_[k] = scores_[k * kStride];
    return out_;
}

std::span<const double> OnlineLearner::scores(const SparseRow& row) {
    if (is_full(row)) return scores(row.value);
    if (is_narrow(row)) {
        const Parameters<double>& from = reported();
        pack(row);
        gather(from, packed_);
        forward(value_, packed_, from);
        for (std::size_t k = 0; k < out_.size(); ++k) out_[k] = scores_[k * kStride];
    } else {
        const Spread spread(row, row_);
        scores(std::span<const double>(row_.data(), static_cast<std::size_t>(n_features_)));
    }
    return out_;
}

Parameters<double>& OnlineLearner::reported() {
    if (!info_.averages || n_steps_ == 0) return params_;
    if (reported_at_ != n_steps_) {
        reported_ = params_;
        updates_.solution(0, params_, *reported_);
        reported_at_ = n_steps_;
    }
    return *reported_;
}

// ---- all that it has learnt

ModelState OnlineLearner::state() {
    ModelState state;
    updates_.save(0, params_, state);
    state.n_steps = n_steps_;
    return state;
}

void OnlineLearner::set_state(std::int64_t n_features, std::int64_t capacity, const ModelState& state) {
    require(n_features >= 0 && n_features <= capacity, "n_features must be within the capacity");
    if (capacity != this->capacity()) reserve(capacity);
    const auto n_params = static_cast<std::size_t>(params_.coef.size() + params_.intercept.size());
    require(state.params.size() == n_params &&
                state.slots.size() == n_params * static_cast<std::size_t>(info_.n_slots) &&
                state.memory.size() == kMaxMemory,
            "the state must be that of a learner with the same parameters, and of this version");
    updates_.restore(0, state, params_);
    n_features_ = n_features;
    n_steps_ = state.n_steps;
    reported_at_ = -1;
}

}  // namespace fastgd
