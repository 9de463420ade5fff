#include "descent/lbfgs.hpp"

#include "descent/owlqn.hpp"

#include "bindings/bindings.hpp"

namespace fastgd::bindings {
namespace {

Lbfgs make_lbfgs(const Floats& start, int memory, double armijo, double curvature, double noise, int max_search) {
    return Lbfgs(view(start), {memory, {armijo, curvature, noise, max_search}});
}

Owlqn make_owlqn(const Floats& start, const Floats& l1, int memory, double armijo, double noise, int max_search,
                 const Floats& diagonal) {
    const std::span<const double> entries = view(diagonal);
    return Owlqn(view(start), view(l1), {memory, armijo, noise, max_search, {entries.begin(), entries.end()}});
}

template <class Search>
const char* tell(Search& search, double value, const Floats& grad) {
    switch (search.tell(value, view(grad))) {
        case Search::Said::searching: return "searching";
        case Search::Said::accepted: return "accepted";
        case Search::Said::finished: return "finished";
    }
    return "";
}

Floats copy(std::span<const double> values) { return Floats(static_cast<py::ssize_t>(values.size()), values.data()); }

template <class Search>
void def_search(py::class_<Search>& type) {
    type.def("ask", [](const Search& search) { return copy(search.ask()); })
        .def("tell", &tell<Search>, py::arg("value"), py::arg("grad"))
        .def("point", [](const Search& search) { return copy(search.point()); })
        .def("value", &Search::value)
        .def("gradient", [](const Search& search) { return copy(search.gradient()); })
        .def("grad_norm", &Search::grad_norm);
}

}  // namespace

void bind_lbfgs(py::module_& module) {
    const Lbfgs::Options options;
    py::class_<Lbfgs> lbfgs(module, "Lbfgs", py::is_final());
    lbfgs.def(py::init(&make_lbfgs), py::arg("start"), py::arg("memory") = options.memory,
              py::arg("armijo") = options.search.armijo, py::arg("curvature") = options.search.curvature,
              py::arg("noise") = options.search.noise, py::arg("max_search") = options.search.max_search);
    def_search(lbfgs);

    const Owlqn::Options orthant_wise;
    py::class_<Owlqn> owlqn(module, "Owlqn", py::is_final());
    owlqn.def(py::init(&make_owlqn), py::arg("start"), py::arg("l1"), py::arg("memory") = orthant_wise.memory,
              py::arg("armijo") = orthant_wise.armijo, py::arg("noise") = orthant_wise.noise,
              py::arg("max_search") = orthant_wise.max_search, py::arg("diagonal") = Floats(0));
    def_search(owlqn);
}

}  // namespace fastgd::bindings
