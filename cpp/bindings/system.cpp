#include <pybind11/stl.h>

#include <algorithm>

#include "bindings/convert.hpp"
#include "fastgd/matrix_view.hpp"
#include "kernels/kernel_table.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/permutation.hpp"
#include "runtime/philox.hpp"
#include "runtime/threads.hpp"

namespace fastgd::bindings {
namespace {

const char* kind_name(LossKind kind) {
    switch (kind) {
        case LossKind::regression: return "regression";
        case LossKind::binary: return "binary";
        case LossKind::multiclass: return "multiclass";
    }
    return "";
}

py::list losses() {
    const KernelTable& table = kernels();
    py::list rows;
    for (int i = 0; i < table.n_losses; ++i) {
        const LossInfo& info = table.losses[i];
        py::dict row;
        row["name"] = info.name;
        row["kind"] = kind_name(info.kind);
        row["params"] = named_defaults(std::span(&info.param, 1));
        row["trainable"] = true;
        row["curvature"] = info.curvature;
        rows.append(row);
    }
    return rows;
}

// The optimisers' names, parameters with defaults, and what they can do.
py::list optimizers() {
    const KernelTable& table = kernels();
    py::list rows;
    for (int i = 0; i < table.n_optimizers; ++i) {
        const OptimizerInfo& info = table.optimizers[i];
        py::dict row;
        row["name"] = info.name;
        row["params"] = named_defaults(info.hyper);
        row["l1"] = info.l1 != L1Step::refused;
        row["whole"] = info.n_sums > 0;
        row["finite_sums"] = info.table != Table::none;
        row["line_search"] = info.line_search;
        row["full_batch"] = info.full_batch;
        row["averages"] = info.averages;
        rows.append(row);
    }
    return rows;
}

py::array vector_math(const std::string& name, const py::array& x) {
    const KernelTable& table = kernels();
    for (int i = 0; i < table.n_math; ++i) {
        const VectorMath& math = table.math[i];
        if (name != math.name) continue;
        if (py::isinstance<py::array_t<float, py::array::c_style>>(x)) {
            py::array_t<float> out(x.size());
            math.f32(static_cast<const float*>(x.data()), out.mutable_data(), x.size());
            return out;
        }
        require(py::isinstance<Floats>(x), "x must be a C-contiguous array of float32 or float64");
        py::array_t<double> out(x.size());
        math.f64(static_cast<const double*>(x.data()), out.mutable_data(), x.size());
        return out;
    }
    throw std::invalid_argument("there is no vector function '" + name + "'");
}

Ints permutation(std::uint64_t n, std::uint64_t seed, std::uint64_t epoch) {
    constexpr std::uint64_t kAtOnce = 1 << 20;
    const Permutation order(n, seed, epoch);
    Ints out(static_cast<py::ssize_t>(n));
    std::int64_t* const data = out.mutable_data();
    const py::gil_scoped_release released;
    for (std::uint64_t begin = 0; begin < n; begin += kAtOnce) {
        check_signals();
        order.fill(begin, std::min(kAtOnce, n - begin), data + begin);
    }
    return out;
}

py::array_t<std::uint64_t> philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t epoch, std::uint64_t block) {
    const auto words = fastgd::philox({block, epoch, 0, 0}, {seed, stream});
    return to_array(std::vector<std::uint64_t>(words.begin(), words.end()), {4});
}

std::map<std::string, std::string> build_info() {
    return {{"version", FASTGD_VERSION}, {"compiler", FASTGD_COMPILER}, {"build_type", FASTGD_BUILD_TYPE}};
}

}  // namespace

void bind_system(py::module_& module) {
    module.def("losses", &losses);
    module.def("optimizers", &optimizers);
    module.def("storages",
               [] { return std::vector<std::string>{"float64", "float32", "float16", "bfloat16", "uint8", "int8"}; });
    module.def("simd_level", [] { return std::string(simd_level()); });
    module.def("simd_levels", &simd_levels);
    module.def("build_info", &build_info);
    module.def("max_threads", &max_threads);
    module.def("set_num_threads", &set_num_threads, py::arg("n"));
    module.def("openmp_runtime", &openmp_runtime);
    module.def("permutation", &permutation, py::arg("n"), py::arg("seed"), py::arg("epoch"));
    module.def("philox", &philox, py::arg("seed"), py::arg("stream"), py::arg("epoch"), py::arg("block"));
    module.def("vector_math", &vector_math, py::arg("name"), py::arg("x"));
}

}  // namespace fastgd::bindings
