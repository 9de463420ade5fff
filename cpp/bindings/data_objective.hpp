#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/matrix.hpp"
#include "fastgd/mlp_objective.hpp"
#include "fastgd/user_loss.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"

// What the bindings of objectives on data share.
namespace fastgd::bindings {

// The core's objective, and the arrays it reads from.
template <class Core>
struct DataObjective final : AnyObjective {
    Matrix X;
    py::array y;
    std::optional<py::array> sample_weight;
    std::optional<py::array> offset;
    Core core;

    DataObjective(Matrix of_X, py::array of_y, std::optional<py::array> weights, std::optional<py::array> offsets,
                  Core made)
        : X(std::move(of_X)),
          y(std::move(of_y)),
          sample_weight(std::move(weights)),
          offset(std::move(offsets)),
          core(std::move(made)) {}
    const fastgd::Objective& get() const override { return core; }
};
using MlpObjectiveOf = DataObjective<MlpObjective>;

using Loss = std::variant<std::string, std::shared_ptr<UserLoss>>;

template <class Options>
void set_loss(Options& options, const Loss& loss, const std::map<std::string, double>& params) {
    if (const auto* name = std::get_if<std::string>(&loss))
        options.loss = *name;
    else
        options.user_loss = std::get<std::shared_ptr<UserLoss>>(loss);
    if (!params.empty()) options.loss_param = params.begin()->second;
}

// A C-contiguous array of the compute type, `size` elements long: what the core reads through a bare pointer.
inline const void* checked(const py::array& array, bool is_double, py::ssize_t size, const char* name) {
    const bool typed = is_double ? py::isinstance<py::array_t<double, py::array::c_style>>(array)
                                 : py::isinstance<py::array_t<float, py::array::c_style>>(array);
    require(typed, std::string(name) + " must be a C-contiguous array of the compute type");
    require(array.size() == size, std::string(name) + " must have " + std::to_string(size) + " elements");
    return array.data();
}

struct Targets {
    const void* y;
    const void* weight;
};

// Targets of a binary loss with a column for each output are labels of their own.
template <class Options>
Targets check_targets(const MatrixView& X, const py::array& y, Options& options,
                      const std::optional<py::array>& sample_weight) {
    const bool is_double = computes_in_double(X.storage);
    bool many = options.user_loss != nullptr && !options.user_loss->class_targets;
    if (options.user_loss == nullptr) {
        const KernelTable& table = kernels();
        const LossKind kind = table.losses[loss_index(table, options.loss)].kind;
        options.multilabel = kind == LossKind::binary && y.ndim() == 2;
        many = kind == LossKind::regression || options.multilabel;
    }
    return {checked(y, is_double, X.n_rows * (many ? options.n_outputs : 1), "y"),
            sample_weight ? checked(*sample_weight, is_double, X.n_rows, "sample_weight") : nullptr};
}

inline std::optional<std::span<const std::int64_t>> view_rows(const std::optional<Ints>& rows) {
    if (!rows) return std::nullopt;
    return view(*rows);
}

template <class Self>
std::optional<std::pair<std::int64_t, std::int64_t>> find_nonfinite(const Self& self) {
    const py::gil_scoped_release released;
    return self.core.find_nonfinite(check_signals);
}

// value, values, decision_function, find_nonfinite and the sizes.
template <class Self, class... Others>
void bind_evaluation(py::classh<Self, Others...>& objective) {
    objective
        .def(
            "value",
            [](const Self& self, const Floats& w, const std::optional<Ints>& rows, int n_threads) {
                const auto at = view(w);
                const auto chosen = view_rows(rows);
                const py::gil_scoped_release released;
                return self.core.value(at, chosen, n_threads, check_signals);
            },
            py::arg("w").noconvert(), py::arg("rows").noconvert().none(true), py::arg("n_threads"))
        .def(
            "values",
            [](const Self& self, const Floats& w, int n_threads) {
                require(w.ndim() == 2 && w.shape(1) == self.core.n_params(), "w must be (n_models, n_params)");
                Floats values(w.shape(0));
                const auto at = view(w);
                const std::span<double> out(values.mutable_data(), static_cast<std::size_t>(values.size()));
                {
                    const py::gil_scoped_release released;
                    self.core.values(at, out, n_threads, check_signals);
                }
                return values;
            },
            py::arg("w").noconvert(), py::arg("n_threads"))
        .def(
            "decision_function",
            [](const Self& self, const Floats& w, const std::optional<Ints>& rows, int n_threads) {
                const auto at = view(w);
                const auto chosen = view_rows(rows);
                const py::ssize_t n_rows = chosen ? static_cast<py::ssize_t>(chosen->size()) : self.core.n_samples();
                py::array out(self.core.computes_in_double() ? py::dtype::of<double>() : py::dtype::of<float>(),
                              std::vector<py::ssize_t>{n_rows, self.core.n_outputs()});
                void* data = out.mutable_data();
                {
                    const py::gil_scoped_release released;
                    self.core.decision_function(at, data, chosen, n_threads, check_signals);
                }
                return out;
            },
            py::arg("w").noconvert(), py::arg("rows").noconvert().none(true), py::arg("n_threads"))
        .def("find_nonfinite", &find_nonfinite<Self>)
        .def_property_readonly("n_samples", [](const Self& self) { return self.core.n_samples(); })
        .def_property_readonly("n_features", [](const Self& self) { return self.core.n_features(); })
        .def_property_readonly("n_outputs", [](const Self& self) { return self.core.n_outputs(); })
        .def_property_readonly("n_params", [](const Self& self) { return self.core.n_params(); });
}

}  // namespace fastgd::bindings
