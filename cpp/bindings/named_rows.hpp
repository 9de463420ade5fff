#pragma once

#include <optional>
#include <vector>

#include "bindings/bindings.hpp"
#include "objectives/online_learner.hpp"

namespace fastgd::bindings {

// Rows that are dicts: which column each name has. Either names get columns in the order in which they first appear, or
// a hash of the name is its column.
class NamedRows {
public:
    // hash_bits 0: names are learnt.
    explicit NamedRows(int hash_bits) : hash_bits_(hash_bits) {}

    bool hashes() const { return hash_bits_ > 0; }
    std::int64_t n_names() const { return static_cast<std::int64_t>(names_.size()); }
    py::list names() const { return py::list(names_); }
    void set_names(const py::list& names);

    // The row of a dict name -> value, until the next one is read; a string value is the feature "name=value" with
    // value 1. Names that are new get the next columns where they are wanted, else they are left out. Throws where a
    // value is no finite number, and then has learnt no name.
    SparseRow read(const py::dict& row, bool want_new);
    // Unlearns the new names of the row read last.
    void drop_new();

private:
    struct Place {
        std::int64_t column;
        // A hash may turn the sign.
        double sign;
    };
    // A name, and where it was found.
    struct Entry {
        py::object name;
        Place place;
        // Whether this is the name, without asking Python: mostly it is the same string, else one that is equal.
        bool is(PyObject* other) const { return name.ptr() == other || equals(other); }
        bool equals(PyObject* other) const;
    };

    void add_all(const py::dict& row, bool want_new);
    void add(std::size_t at, const py::object& name, const py::object& value, bool want_new);
    std::optional<Place> find(const py::object& name, bool want_new);
    std::optional<Place> find_entry(std::size_t at, const py::object& name, bool want_new);

    int hash_bits_;
    py::dict names_;
    std::vector<py::object> new_;
    // Of rows before, in their order: most streams have the same names in the same order.
    std::vector<Entry> entries_;
    std::vector<std::int64_t> column_;
    std::vector<double> value_;
};

// A real number, from a float, an int, a bool or what says that it is one of these; `what` is for the error.
double to_number(py::handle value, const std::string& what);
// The same where `what` is made only for the error.
template <class F>
double to_finite(py::handle value, F&& what) {
    double number = PyFloat_CheckExact(value.ptr()) ? PyFloat_AS_DOUBLE(value.ptr()) : to_number(value, what());
    if (!(number - number == 0.0))
        throw py::value_error(what() + " must be finite, got " + py::repr(value).cast<std::string>());
    return number;
}

}  // namespace fastgd::bindings
