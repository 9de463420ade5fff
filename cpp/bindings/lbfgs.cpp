#include "descent/lbfgs.hpp"

#include "bindings/bindings.hpp"

namespace fastgd::bindings {
namespace {

Lbfgs make_lbfgs(const Floats& start, int memory, double armijo, double curvature, double noise, int max_search) {
    return Lbfgs(view(start), {memory, {armijo, curvature, noise, max_search}});
}

const char* tell(Lbfgs& lbfgs, double value, const Floats& grad) {
    switch (lbfgs.tell(value, view(grad))) {
        case Lbfgs::Said::searching: return "searching";
        case Lbfgs::Said::accepted: return "accepted";
        case Lbfgs::Said::finished: return "finished";
    }
    return "";
}

Floats copy(std::span<const double> values) { return Floats(static_cast<py::ssize_t>(values.size()), values.data()); }

}  // namespace

void bind_lbfgs(py::module_& module) {
    const Lbfgs::Options options;
    py::class_<Lbfgs>(module, "Lbfgs", py::is_final())
        .def(py::init(&make_lbfgs), py::arg("start"), py::arg("memory") = options.memory,
             py::arg("armijo") = options.search.armijo, py::arg("curvature") = options.search.curvature,
             py::arg("noise") = options.search.noise, py::arg("max_search") = options.search.max_search)
        .def("ask", [](const Lbfgs& lbfgs) { return copy(lbfgs.ask()); })
        .def("tell", &tell, py::arg("value"), py::arg("grad"))
        .def("point", [](const Lbfgs& lbfgs) { return copy(lbfgs.point()); })
        .def("value", &Lbfgs::value)
        .def("gradient", [](const Lbfgs& lbfgs) { return copy(lbfgs.gradient()); })
        .def("grad_norm", &Lbfgs::grad_norm);
}

}  // namespace fastgd::bindings
