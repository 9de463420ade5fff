#include "descent/rates.hpp"

#include <cmath>
#include <cstdio>
#include <iterator>
#include <stdexcept>

#include "descent/model_table.hpp"
#include "runtime/registry_lookup.hpp"
#include "schedules/registry.hpp"

namespace fastgd {
namespace {

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

std::string text(double value) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.9g", value);
    return buffer;
}

std::vector<double> params_of(const ScheduleInfo& info, const ScheduleSpec& spec, std::size_t n_models,
                              const std::string& owner) {
    std::vector<double> table = table_of(info.params, kMaxScheduleParams, spec.params, n_models, owner);
    for (std::size_t i = 0; i < table.size(); ++i) {
        const ScheduleParam& param = info.params[i % kMaxScheduleParams];
        if (param.name == nullptr) continue;
        require(!std::isnan(table[i]), owner + " needs " + param.name);
        require(table[i] >= param.least, std::string(param.name) + " of " + owner + " must be at least " +
                                             text(param.least) + ", got " + text(table[i]));
    }
    return table;
}

}  // namespace

Rates::Rates(const ScheduleSpec& spec, std::size_t n_models)
    : name_("schedule '" + spec.name + "'"), by_epoch_(spec.by_epoch), calls_(spec.calls) {
    if (!calls_.empty()) {
        require(calls_.size() == 1 || calls_.size() == n_models, name_ + " must have one function, or one a model");
        require(spec.params.empty() && !spec.inner, name_ + " is a function, without parameters or another schedule");
        return;
    }
    info_ = &kSchedules[registry_index(kSchedules, static_cast<int>(std::size(kSchedules)), spec.name, "schedule")];
    params_ = params_of(*info_, spec, n_models, name_);
    if (info_->observe != nullptr) memory_.resize(n_models * kMaxScheduleMemory);
    require((spec.inner != nullptr) == (info_->inner_t != nullptr),
            name_ + (spec.inner ? " does not lead to another schedule" : " needs the schedule that it leads to"));
    if (!spec.inner) return;
    inner_ = std::make_unique<Rates>(*spec.inner, n_models);
    require(!inner_->inner_, name_ + " must lead to a schedule that leads to no other, got " + inner_->name_);
    require(inner_->by_epoch_ == by_epoch_, name_ + " and " + inner_->name_ + " must both count steps, or both epochs");
}

double Rates::at(std::size_t model, std::int64_t t) const {
    if (info_ == nullptr) return calls_[calls_.size() == 1 ? 0 : model](t);
    const double* memory = memory_.empty() ? nullptr : memory_.data() + model * kMaxScheduleMemory;
    const double rate = info_->rate(params(model), memory, t);
    return inner_ ? rate * inner_->at(model, info_->inner_t(params(model), t)) : rate;
}

double Rates::rate(std::size_t model, std::int64_t step, std::int64_t epoch) const {
    // What was checked when it was given: a step of many small models takes as long as to ask again.
    if (info_ != nullptr && info_->rate == kConstant.rate) return *params(model);
    const double rate = at(model, by_epoch_ ? epoch : step);
    if (!(std::isfinite(rate) && rate >= 0.0))
        throw std::invalid_argument(name_ + " must give a finite rate >= 0, got " + text(rate) + " at step " +
                                    std::to_string(step) + (by_epoch_ ? " of epoch " + std::to_string(epoch) : ""));
    return rate;
}

void Rates::epoch_end(std::size_t model, double loss) {
    if (inner_) inner_->epoch_end(model, loss);
    if (!memory_.empty()) info_->observe(params(model), memory_.data() + model * kMaxScheduleMemory, loss);
}

std::span<double> Rates::memory() { return inner_ ? inner_->memory() : std::span<double>(memory_); }

}  // namespace fastgd
