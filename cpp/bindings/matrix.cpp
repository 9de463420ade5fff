#include "bindings/matrix.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "runtime/interleave.hpp"
#include "runtime/permutation.hpp"
#include "runtime/place_rows.hpp"

namespace fastgd::bindings {
namespace {

// Of dense storages, in their order.
constexpr const char* kStorageNames[] = {"float64", "float32", "float16", "bfloat16", "uint8", "int8"};

MatrixView dense_view(const py::array& X, const std::string& storage) {
    const auto* const end = std::end(kStorageNames);
    const auto* const at = std::find(std::begin(kStorageNames), end, storage);
    require(at != end, "storage '" + storage + "' is not known");
    const auto kind = static_cast<Storage>(at - std::begin(kStorageNames));
    require(X.ndim() == 2, "X must have two dimensions");
    require(X.itemsize() == element_size(kind), "X's elements must have the size of " + storage);
    require(X.shape(1) <= 1 || X.strides(1) == X.itemsize(), "the elements of a row of X must lie side by side");
    return {X.data(), X.shape(0), X.shape(1), X.strides(0), kind};
}

template <class T>
bool holds(const py::array& array) {
    return py::isinstance<py::array_t<T, py::array::c_style>>(array) && array.ndim() == 1;
}

// Before any kernel follows them.
template <class I>
void check_entries(const I* offsets, std::int64_t n_rows, const I* indices, std::int64_t n_entries,
                   std::int64_t n_cols) {
    require(offsets[0] == 0, "X.indptr must begin with 0, got " + std::to_string(offsets[0]));
    const I* const falls = std::is_sorted_until(offsets, offsets + n_rows + 1);
    if (falls != offsets + n_rows + 1)
        throw std::invalid_argument("X.indptr must not decrease, got " + std::to_string(*falls) + " after " +
                                    std::to_string(falls[-1]) + " at row " + std::to_string(falls - offsets - 1));
    require(offsets[n_rows] <= n_entries, "X.indptr must end with at most the number of stored values, " +
                                              std::to_string(n_entries) + ", got " + std::to_string(offsets[n_rows]));
    // The sign of an index, or of what is left to the last column, of many at once: a comparison for each would take
    // several times longer than to read them.
    using Unsigned = std::make_unsigned_t<I>;
    constexpr int kTogether = 64;
    const auto last = static_cast<Unsigned>(std::min<std::int64_t>(n_cols - 1, std::numeric_limits<I>::max()));
    const auto sign_of = [last](I index) {
        return static_cast<Unsigned>(index) | (last - static_cast<Unsigned>(index));
    };
    constexpr std::int64_t kBetweenLooks = std::int64_t{kTogether} << 16;
    Unsigned signs[kTogether] = {};
    std::int64_t e = 0;
    for (; e + kTogether <= offsets[n_rows]; e += kTogether) {
        if (e % kBetweenLooks == 0) check_signals();
        for (int i = 0; i < kTogether; ++i) signs[i] |= sign_of(indices[e + i]);
    }
    for (; e < offsets[n_rows]; ++e) signs[0] |= sign_of(indices[e]);
    if (std::all_of(std::begin(signs), std::end(signs), [](Unsigned sign) { return static_cast<I>(sign) >= 0; }))
        return;
    const I* const bad =
        std::find_if(indices, indices + offsets[n_rows], [n_cols](I index) { return index < 0 || index >= n_cols; });
    const std::int64_t row = std::upper_bound(offsets, offsets + n_rows + 1, bad - indices) - offsets - 1;
    throw std::invalid_argument("X.indices must be in 0.." + std::to_string(n_cols - 1) + ", got " +
                                std::to_string(*bad) + " in row " + std::to_string(row));
}

// Elements are moved as they are, whatever they stand for.
template <class E>
void interleave_as(const std::vector<const void*>& columns, py::array& X) {
    const auto* const from = reinterpret_cast<const E* const*>(columns.data());
    auto* const to = static_cast<E*>(X.mutable_data());
    const std::int64_t n_rows = X.shape(0);
    const py::gil_scoped_release released;
    interleave(from, n_rows, static_cast<std::int64_t>(columns.size()), to);
}

void interleave_columns(const std::vector<py::array>& columns, py::array X) {
    require(X.ndim() == 2 && (X.flags() & py::array::c_style) != 0, "X must be a contiguous array of two dimensions");
    require(X.shape(1) == static_cast<py::ssize_t>(columns.size()), "X must have as many columns as are given");
    std::vector<const void*> data;
    for (const py::array& column : columns) {
        require(column.ndim() == 1 && column.shape(0) == X.shape(0) &&
                    (column.dtype().is(X.dtype()) || column.dtype().equal(X.dtype())) &&
                    (X.shape(0) <= 1 || column.strides(0) == column.itemsize()),
                "each column must be a contiguous array of X's dtype, with an element for each row");
        data.push_back(column.data());
    }
    switch (X.itemsize()) {
        case 1: return interleave_as<std::uint8_t>(data, X);
        case 2: return interleave_as<std::uint16_t>(data, X);
        case 4: return interleave_as<std::uint32_t>(data, X);
        case 8: return interleave_as<std::uint64_t>(data, X);
        default: throw std::invalid_argument("X's elements must have 1, 2, 4 or 8 bytes");
    }
}

void place_rows_of(const py::array& X, std::int64_t first, py::array out, std::uint64_t seed, std::uint64_t epoch) {
    require(out.ndim() == 2 && (out.flags() & py::array::c_style) != 0,
            "out must be a contiguous array of two dimensions");
    require(X.ndim() == 2 && X.shape(1) == out.shape(1) && X.itemsize() == out.itemsize() &&
                (X.shape(1) <= 1 || X.strides(1) == X.itemsize()),
            "X must have rows like those of out, the elements of each side by side");
    require(first >= 0 && X.shape(0) <= out.shape(0) - first, "the rows of X must be some of those of out");
    if (X.shape(0) == 0) return;
    const auto* const from = static_cast<const std::byte*>(X.data());
    auto* const to = static_cast<std::byte*>(out.mutable_data());
    const auto row_bytes = static_cast<std::size_t>(out.shape(1) * out.itemsize());
    const std::int64_t count = X.shape(0);
    const std::ptrdiff_t stride = X.strides(0);
    const Permutation order(static_cast<std::uint64_t>(out.shape(0)), seed, epoch);
    const py::gil_scoped_release released;
    place_rows(from, stride, first, count, row_bytes, order, to);
}

}  // namespace

CsrMatrix::CsrMatrix(py::array values, py::array indices, py::array offsets, std::int64_t n_cols)
    : values_(std::move(values)), indices_(std::move(indices)), offsets_(std::move(offsets)) {
    const bool is_double = holds<double>(values_);
    require(is_double || holds<float>(values_), "X's values must be a contiguous array of float32 or float64");
    const bool is_short = holds<std::int32_t>(indices_) && holds<std::int32_t>(offsets_);
    require(is_short || (holds<std::int64_t>(indices_) && holds<std::int64_t>(offsets_)),
            "X.indices and X.indptr must be contiguous arrays, both of int32 or both of int64");
    require(values_.size() == indices_.size(), "X must store as many indices as values, got " +
                                                   std::to_string(indices_.size()) + " and " +
                                                   std::to_string(values_.size()));
    require(offsets_.size() >= 2 && n_cols >= 1, "X must have at least one row and one column");
    const Storage storage = is_double ? (is_short ? Storage::csr_f64_i32 : Storage::csr_f64_i64)
                                      : (is_short ? Storage::csr_f32_i32 : Storage::csr_f32_i64);
    view_ = {offsets_.data(), offsets_.size() - 1, n_cols,         index_size(storage),
             storage,         values_.data(),      indices_.data()};
    const auto check = [&]<class I>(I) {
        check_entries(static_cast<const I*>(view_.data), view_.n_rows, static_cast<const I*>(view_.indices),
                      indices_.size(), n_cols);
    };
    const py::gil_scoped_release released;
    is_short ? check(std::int32_t{}) : check(std::int64_t{});
}

MatrixView matrix_view(const Matrix& X, const std::string& storage) {
    if (const auto* sparse = std::get_if<std::shared_ptr<CsrMatrix>>(&X)) return (*sparse)->view();
    return dense_view(std::get<py::array>(X), storage);
}

void bind_matrix(py::module_& module) {
    py::classh<CsrMatrix>(module, "CsrMatrix", py::is_final())
        .def(py::init<py::array, py::array, py::array, std::int64_t>(), py::arg("values"), py::arg("indices"),
             py::arg("offsets"), py::arg("n_cols"));
    module.def("interleave", &interleave_columns, py::arg("columns"), py::arg("X"));
    module.def("place_rows", &place_rows_of, py::arg("X"), py::arg("first"), py::arg("out"), py::arg("seed"),
               py::arg("epoch"));
}

}  // namespace fastgd::bindings
