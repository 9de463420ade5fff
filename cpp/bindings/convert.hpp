#pragma once

#include <map>
#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "fastgd/errors.hpp"
#include "fastgd/per_model.hpp"
#include "fastgd/schedule.hpp"

namespace fastgd::bindings {

using NumbersByName = std::map<std::string, Floats>;

std::vector<PerModel> per_model(const NumbersByName& given);

// A registry row's parameters with their defaults, by name.
template <class Params>
py::dict named_defaults(const Params& params) {
    py::dict named;
    for (const auto& param : params)
        if (param.name != nullptr) named[param.name] = param.default_value;
    return named;
}

// From the tuple (name, params, by_epoch, inner, calls) that fastgd.schedules makes. What it returns may be copied
// without the GIL, as long as the last copy ends with it.
ScheduleSpec to_schedule(const py::tuple& given);

// Calls Python. KeyboardInterrupt ends the run with what it has; other exceptions go through.
template <class F>
auto unless_interrupted(F&& call) {
    try {
        return unless_python_has_ended(call);
    } catch (const py::error_already_set& error) {
        if (error.matches(PyExc_KeyboardInterrupt)) throw Interrupted();
        throw;
    }
}

}  // namespace fastgd::bindings
