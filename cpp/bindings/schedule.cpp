#include <pybind11/stl.h>

#include <memory>
#include <optional>

#include "bindings/convert.hpp"
#include "descent/rates.hpp"
#include "schedules/registry.hpp"

namespace fastgd::bindings {
namespace {

py::list schedules() {
    py::list rows;
    for (const ScheduleInfo& info : kSchedules) {
        py::dict row;
        row["name"] = info.name;
        row["params"] = named_defaults(info.params);
        rows.append(row);
    }
    return rows;
}

// Rates of all models at pairs of a step and an epoch, in this order; with losses, each pair ends an epoch.
py::array_t<double> schedule_rates(const py::tuple& spec, py::ssize_t n_models, const Ints& steps, const Ints& epochs,
                                   const std::optional<Floats>& losses) {
    const auto n = steps.size();
    require(epochs.size() == n, "steps and epochs must be equally many");
    require(!losses || losses->size() == n * n_models, "losses must be (n_steps, n_models)");
    const auto models = static_cast<std::size_t>(n_models);
    Rates rates(to_schedule(spec), models);
    py::array_t<double> out({n, n_models});
    double* to = out.mutable_data();
    const double* loss = losses ? losses->data() : nullptr;
    for (py::ssize_t i = 0; i < n; ++i) {
        for (std::size_t m = 0; m < models; ++m) *to++ = rates.rate(m, steps.data()[i], epochs.data()[i]);
        for (std::size_t m = 0; loss != nullptr && m < models; ++m) rates.epoch_end(m, *loss++);
    }
    return out;
}

}  // namespace

std::vector<PerModel> per_model(const NumbersByName& given) {
    std::vector<PerModel> out;
    for (const auto& [name, values] : given) {
        const auto numbers = view(values);
        out.push_back({name, {numbers.begin(), numbers.end()}});
    }
    return out;
}

ScheduleSpec to_schedule(const py::tuple& given) {
    require(given.size() == 5, "a schedule must be (name, params, by_epoch, inner, calls)");
    ScheduleSpec spec;
    spec.name = given[0].cast<std::string>();
    spec.params = per_model(given[1].cast<NumbersByName>());
    spec.by_epoch = given[2].cast<bool>();
    if (!given[3].is_none()) spec.inner = std::make_shared<const ScheduleSpec>(to_schedule(given[3].cast<py::tuple>()));
    for (const auto& function : given[4].cast<std::vector<py::function>>()) {
        // Shared, since a Python object must not be copied without the GIL.
        spec.calls.emplace_back([call = std::make_shared<const py::function>(function)](std::int64_t t) {
            const HeldGil held;
            return unless_interrupted([&] { return (*call)(t).cast<double>(); });
        });
    }
    return spec;
}

void bind_schedule(py::module_& module) {
    module.def("schedules", &schedules);
    module.def("schedule_rates", &schedule_rates, py::arg("schedule"), py::arg("n_models"), py::arg("steps"),
               py::arg("epochs"), py::arg("losses").none(true));
}

}  // namespace fastgd::bindings
