#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "fastgd/penalty.hpp"

namespace fastgd {

// What the library's internals make of an objective; not part of the interface.
class Run;
struct ModelSettings;

// A function of flat parameters that can be minimised: a mean over rows, plus a penalty.
class Objective {
public:
    virtual ~Objective() = default;

    virtual std::int64_t n_samples() const = 0;
    virtual std::int64_t n_params() const = 0;
    virtual Penalty penalty() const { return {}; }
    // Whether some rows may weigh nothing, and whether this one weighs more.
    virtual bool weighted() const { return false; }
    virtual bool present(std::int64_t) const { return true; }
    // The first row and column of the data that is NaN or infinite, in rows that weigh more than 0.
    // `poll` is called now and then on the calling thread, here and below; what it throws ends the call.
    virtual std::optional<std::pair<std::int64_t, std::int64_t>> find_nonfinite(
        const std::function<void()>& /*poll*/ = {}) const {
        return std::nullopt;
    }

    // A bound on F(params) - min F; infinite where none is at hand.
    virtual double gap(std::span<const double>, int /*n_threads*/, const std::function<void()>& /*poll*/) const {
        return std::numeric_limits<double>::infinity();
    }

    virtual std::unique_ptr<Run> start_run(ModelSettings settings, const std::function<void()>& poll) const = 0;
};

}  // namespace fastgd
