#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fastgd/schedule.hpp"
#include "schedules/schedule.hpp"

namespace fastgd {

// The learning rates of all models of a run.
class Rates {
public:
    // Throws std::invalid_argument for what the schedule does not have or allow.
    Rates(const ScheduleSpec& spec, std::size_t n_models);

    // Throws std::invalid_argument for a rate that is negative or not finite; what a user's function throws goes
    // through.
    double rate(std::size_t model, std::int64_t step, std::int64_t epoch) const;

    // Tells the schedule the loss of an epoch that has ended.
    void epoch_end(std::size_t model, double loss);

    // All that the schedule has learned of the losses: what a checkpoint keeps.
    std::span<double> memory();

private:
    double at(std::size_t model, std::int64_t t) const;
    const double* params(std::size_t model) const { return params_.data() + model * kMaxScheduleParams; }

    std::string name_;
    bool by_epoch_;
    // Null where the user's functions take its place.
    const ScheduleInfo* info_ = nullptr;
    std::vector<double> params_;
    std::vector<double> memory_;
    std::vector<std::function<double(std::int64_t)>> calls_;
    std::unique_ptr<Rates> inner_;
};

}  // namespace fastgd
